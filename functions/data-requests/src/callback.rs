//! What Meta posts when a person removes the app, or wants their data deleted.

use domain::erasure::{AppUser, Origin};
use domain::{AuditEvent, AuditKind, Connection, ConnectionStatus, ErasureCode, Login, UnixMillis};
use edge::telemetry::metric;
use lambda_http::Request;
use meta::signed_request::{self, SignedRequest, SignedRequestError};
use store::{AppUserAccount, StoreError};
use tracing::info;
use vault::{MetaApp, Secrets};

use crate::app::App;
use crate::confirmation::Confirmation;
use crate::error::DataRequestError;

/// A signed request is a few hundred bytes.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// By how much Meta's clock and ours may differ, in seconds.
const SKEW_SECONDS: i64 = 300;

/// A demand that Meta has signed.
struct Demand {
    request: SignedRequest,
    /// The login of the app that signed it.
    login: Login,
    /// What the deletion is known by: the same for each delivery of the same demand, and nobody else can make it.
    code: ErasureCode,
}

/// Ends what the person has connected, on every channel.
///
/// The history stays until somebody asks for its deletion: the tenant's conversations are the tenant's.
pub(crate) async fn deauthorize(app: &App, request: &Request) -> Result<(), DataRequestError> {
    let demand = read(app, request).await?;
    let (person, accounts) = find_person(app, &demand).await?;
    let now = app.clock.now_ms();
    let meant = |connection: &Connection| is_meant(connection, &person, &demand.request);
    for AppUserAccount { tenant, account } in accounts {
        if let Some(revoked) = app.connections.revoke_if(&tenant, &account, now.seconds(), meant).await? {
            info!(%tenant, %account, "A person removed the app: account {account} is disconnected");
            app.audit.record(deauthorized(&revoked, now)).await;
            app.plans.make_room(&tenant, now).await;
            metric("deauthorized", 1, &[("channel", account.channel.as_str())]);
        }
    }
    Ok(())
}

/// Takes the deletion of everything that the person has connected.
pub(crate) async fn delete_data(app: &App, request: &Request) -> Result<Confirmation, DataRequestError> {
    let demand = read(app, request).await?;
    let (person, _) = find_person(app, &demand).await?;
    let erasure = app.erasures.erase_person(&person, demand.code, Origin::Person, app.clock.now_ms()).await?;
    Ok(Confirmation::new(&app.erasures, request, erasure))
}

/// Checks the form's `signed_request` against every secret that may have signed it.
async fn read(app: &App, request: &Request) -> Result<Demand, DataRequestError> {
    let body: &[u8] = request.body();
    if body.len() > MAX_BODY_BYTES {
        return Err(DataRequestError::TooLarge);
    }
    let mut fields = url::form_urlencoded::parse(body);
    let (_, text) = fields.find(|(name, _)| name == "signed_request").ok_or(DataRequestError::Missing)?;
    let now = app.clock.now();
    let verify = |secrets: &Secrets| match verify(&text, &secrets.signers(now)) {
        Err(SignedRequestError::WrongSignature) => None,
        outcome => Some(outcome),
    };
    Ok(app.secrets.find(now, verify).await?.ok_or(SignedRequestError::WrongSignature)??)
}

fn verify(text: &str, apps: &[&MetaApp]) -> Result<Demand, SignedRequestError> {
    let (request, signer) = signed_request::verify(text, apps.iter().map(|app| (&app.app_secret, app)))?;
    // By what the demand says and not by its text, which has several forms with the same signature.
    let code = erasure::demand_code(&signer.app_secret, &request.user_id, request.issued_at);
    Ok(Demand { code, login: signer.login, request })
}

/// The person, and what they have connected. Meta does not document which of the two apps' secrets signs for an account
/// of Instagram Login, so a person whom the signing app does not know is looked for at the others.
async fn find_person(app: &App, demand: &Demand) -> Result<(AppUser, Vec<AppUserAccount>), StoreError> {
    let others = Login::ALL.into_iter().filter(|login| *login != demand.login);
    let person = |login| AppUser { login, id: demand.request.user_id.clone() };
    for login in std::iter::once(demand.login).chain(others) {
        let accounts = app.connections.accounts_of(login, &demand.request.user_id).await?;
        if !accounts.is_empty() {
            return Ok((person(login), accounts));
        }
    }
    Ok((person(demand.login), Vec::new()))
}

/// Whether the demand is about this connection, and not about an earlier one: a token that was issued or renewed since
/// then shows that access was given again, so an old demand that is played back ends nothing.
fn is_meant(connection: &Connection, person: &AppUser, request: &SignedRequest) -> bool {
    connection.status != ConnectionStatus::Revoked
        && connection.login == person.login
        && connection.app_scoped_user_id.as_ref() == Some(&person.id)
        && request.issued_at.is_none_or(|at| connection.token_refreshed_at <= at.plus(SKEW_SECONDS))
}

fn deauthorized(revoked: &Connection, now: UnixMillis) -> AuditEvent {
    AuditEvent::new(revoked.tenant.clone(), AuditKind::Deauthorized, now)
        .with("login", revoked.login.as_str())
        .about(&revoked.account)
        .with("account_name", revoked.name.as_str())
}

#[cfg(test)]
mod tests {
    use domain::{SealedToken, UnixSeconds, samples};
    use lambda_http::request;
    use vault::MetaApps;

    use super::*;

    const SAMPLES: [&str; 2] = [
        include_str!("../../../events/data-requests-deauthorize.json"),
        include_str!("../../../events/data-requests-data-deletion.json"),
    ];

    fn apps(secret: &str) -> MetaApps {
        let document = format!(
            r#"{{"apps":[{{"login":"instagram","app_id":"1","app_secret":"{secret}","verify_token":"token",
                "graph_version":"v25.0"}}]}}"#
        );
        MetaApps::parse(&document).expect("a registration")
    }

    /// Reads a demand where these are the secrets that may have signed it.
    fn verified(text: &str, secrets: [&str; 2]) -> Result<Demand, SignedRequestError> {
        let registrations = secrets.map(apps);
        verify(text, &registrations.iter().flat_map(MetaApps::iter).collect::<Vec<_>>())
    }

    fn signed(sample: &str) -> String {
        let request = request::from_str(sample).expect("a request");
        let body: &[u8] = request.body();
        let mut fields = url::form_urlencoded::parse(body);
        fields.find(|(name, _)| name == "signed_request").expect("a form").1.into_owned()
    }

    fn connection(token_refreshed_at: i64) -> Connection {
        Connection {
            app_scoped_user_id: Some("27640875392278831".try_into().expect("an id")),
            token: Some(SealedToken::new("sealed".to_owned())),
            token_refreshed_at: UnixSeconds::new(token_refreshed_at),
            ..samples::connection(UnixSeconds::new(0))
        }
    }

    #[test]
    fn the_sample_events_are_believed_with_the_present_and_the_previous_secret() {
        for sample in SAMPLES {
            let text = signed(sample);
            let present = verified(&text, ["app-secret-for-samples", "older"]).expect("signed");
            let previous = verified(&text, ["newer", "app-secret-for-samples"]).expect("signed");
            assert_eq!(present.request.user_id.as_str(), "27640875392278831");
            assert_eq!(present.code, previous.code);
            assert!(verified(&text, ["newer", "newest"]).is_err());
        }
    }

    #[test]
    fn only_a_connection_of_the_person_that_is_older_than_the_demand_is_meant() {
        let Demand { request, .. } = verified(&signed(SAMPLES[0]), ["app-secret-for-samples", "older"]).expect("ok");
        let issued_at = request.issued_at.expect("a time").get();
        let person = |login| AppUser { login, id: request.user_id.clone() };
        let meant = |connection: &Connection, login| is_meant(connection, &person(login), &request);
        assert!(meant(&connection(issued_at), Login::Instagram));
        assert!(!meant(&connection(issued_at + SKEW_SECONDS + 1), Login::Instagram), "connected since");
        assert!(!meant(&connection(issued_at), Login::Facebook), "another login's person");
        let other = Connection { app_scoped_user_id: None, ..connection(issued_at) };
        assert!(!meant(&other, Login::Instagram), "somebody else connected it");
    }
}
