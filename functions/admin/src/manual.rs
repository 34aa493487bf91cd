//! An account is connected by hand, with its id and a token: for support, and for trying things out.

use accounts::Choice;
use domain::channel::TokenLife;
use domain::connection::Grant;
use domain::view::NamedAccount;
use domain::{
    AccessToken, Account, AccountId, Candidate, Channel, ConnectionStatus, Login, PageId, SealedToken, TenantId,
    UnixSeconds,
};
use edge::http::{self, StatusCode};
use edge::{Caller, Problem, Role};
use lambda_http::{Body, Request, Response};
use meta::GraphClient;
use meta::graph::{DiscoveredAccount, Renewal};
use serde::Deserialize;
use tracing::info;

use crate::app::App;
use crate::connections::ConnectionHealth;
use crate::error::AdminError;

const MAX_BODY_BYTES: usize = 8 * 1024;

/// When a token whose end Meta does not tell is looked at again: from its second day on it can be renewed, and the renewal
/// tells.
const UNTOLD_LIFE_SECONDS: i64 = 2 * 24 * 60 * 60;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManualConnection {
    /// Instagram where absent.
    channel: Option<Channel>,
    ig_user_id: Option<AccountId>,
    token: AccessToken,
    page_id: Option<PageId>,
    /// Which login the token is of; with a Page Facebook's, else Instagram's.
    login: Option<Login>,
    /// Whose account it will be; only operators have a choice.
    tenant_id: Option<TenantId>,
}

/// Reads the caller and checks that they may use the route. The tenant's own switch `integration_debug` is read only where
/// it would make a difference.
pub(crate) async fn admit(app: &App, request: &Request) -> Result<Caller, AdminError> {
    let caller = Caller::of(request, &app.claims)?;
    let Err(refusal) = caller.check_route(request, caller.debug) else { return Ok(caller) };
    let switch_would_help = caller.check_route(request, true).is_ok();
    if switch_would_help && app.connector.plans.profile(&caller.tenant).await?.settings.integration_debug {
        return Ok(caller);
    }
    Err(refusal.into())
}

/// `POST /api/admin/connections`. Meta is asked whose token it is before anything is stored.
pub(crate) async fn connect(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, AdminError> {
    let asked: ManualConnection = http::body_json(request, MAX_BODY_BYTES)?;
    let tenant = owner(caller, asked.tenant_id.as_ref())?;
    let Wanted { account: wanted, page_id, login } = Wanted::of(&asked)?;
    let now = app.clock.now_ms();
    if tenant == caller.tenant {
        // What the caller's token says of the plan counts here as well.
        app.connector.plans.profile_of(caller, now).await?;
    }
    let registered = app.connector.registrations.current(now.seconds()).await?;
    let graph = registered.graph(login)?;
    let pasted = pasted(&asked.token)?;
    let account = graph.account_of(wanted.channel, &pasted).await.map_err(AdminError::Token)?;
    if account.account != wanted || (page_id.is_some() && account.page_id != page_id) {
        return Err(AdminError::TokenOfAnother);
    }
    let (token, grant) = grant(&graph, pasted, &account, now.seconds()).await?;
    let sealed = app.connector.seal(&tenant, &account.account, &token, now.seconds()).await?;
    let candidate = candidate(account, sealed);
    let choice =
        Choice { tenant: &tenant, user: &caller.user, login, grant: &grant, candidate: &candidate, token: &token };
    let connection = app.connector.connect(&choice, now).await?;
    info!(tenant = %connection.tenant, account = %connection.account, "Connected an account by hand");
    let status =
        if connection.status == ConnectionStatus::Pending { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    Ok(http::json(status, &ConnectionHealth::new(&connection, now.seconds())))
}

/// What is to be connected.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    account: Account,
    /// The Page that it is linked to, where that was named.
    page_id: Option<PageId>,
    login: Login,
}

impl Wanted {
    fn of(asked: &ManualConnection) -> Result<Self, AdminError> {
        let channel = asked.channel.unwrap_or(Channel::Instagram);
        let named = NamedAccount { ig_user_id: asked.ig_user_id.clone(), page_id: asked.page_id.clone() };
        let of_token = if named.page_id.is_some() { Login::Facebook } else { Login::Instagram };
        let login = asked.login.unwrap_or(of_token);
        let account = named.on(channel).ok_or(AdminError::AccountRequired(channel))?;
        if !login.leads_to(channel) {
            return Err(AdminError::Request(Problem::LOGIN_OF_ANOTHER_CHANNEL));
        }
        Ok(Self { account, page_id: named.page_beside(channel).cloned(), login })
    }
}

/// The token without what came along when it was copied.
fn pasted(token: &AccessToken) -> Result<AccessToken, AdminError> {
    let text = token.expose().trim();
    let is_one_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_one_word.then(|| AccessToken::new(text.to_owned())).ok_or(AdminError::NoToken)
}

/// An operator says whose account it is. For everybody else it is their own tenant's, whatever they say.
fn owner(caller: &Caller, named: Option<&TenantId>) -> Result<TenantId, AdminError> {
    match (caller.role, named) {
        (Role::Operator, Some(tenant)) => TenantId::of_customer(tenant.as_str()).map_err(|_| AdminError::NotFound),
        (Role::Operator, None) => Err(AdminError::TenantRequired),
        (_, Some(tenant)) if *tenant != caller.tenant => Err(AdminError::NotFound),
        _ => Ok(caller.tenant.clone()),
    }
}

/// What the token brings. Of one that a call renews only the renewal tells when it ends: it is tried at once, and again in two
/// days where the token is too young for it.
async fn grant(
    graph: &GraphClient<'_>,
    token: AccessToken,
    account: &DiscoveredAccount,
    now: UnixSeconds,
) -> Result<(AccessToken, Grant), AdminError> {
    let untold = Grant {
        app_scoped_user_id: account.app_scoped_user_id.clone(),
        scopes: Vec::new(),
        token_expires_at: None,
        token_issued_at: now,
        data_access_expires_at: None,
    };
    match graph.login().facts().token_life {
        TokenLife::RenewedByCall { .. } => Ok(match graph.refresh(&token, now).await {
            Ok(Renewal::Renewed(renewed)) => (renewed.token, Grant { token_expires_at: renewed.expires_at, ..untold }),
            Ok(Renewal::TooYoung | Renewal::NotNeeded) | Err(_) => {
                (token, Grant { token_expires_at: Some(now.plus(UNTOLD_LIFE_SECONDS)), ..untold })
            }
        }),
        TokenLife::NeverRenewed => {
            let info = graph.debug_token(&token).await.map_err(AdminError::Token)?;
            let grant = Grant {
                app_scoped_user_id: info.user_id.clone(),
                token_expires_at: info.expires_at(),
                data_access_expires_at: info.data_access_expires_at(),
                scopes: info.scopes,
                ..untold
            };
            Ok((token, grant))
        }
    }
}

fn candidate(account: DiscoveredAccount, token: SealedToken) -> Candidate {
    Candidate {
        account: account.account,
        name: account.username,
        picture_url: account.picture_url,
        page_id: account.page_id,
        page_name: account.page_name,
        token,
        unavailable: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn caller(role: Role) -> Caller {
        Caller {
            tenant: "acme".try_into().expect("a tenant"),
            user: "ana".try_into().expect("a user"),
            role,
            plan: None,
            debug: true,
        }
    }

    #[test]
    fn only_an_operator_connects_for_another_tenant() {
        let rival: TenantId = "rival".try_into().expect("a tenant");
        assert_eq!(owner(&caller(Role::Operator), Some(&rival)).expect("theirs to say"), rival);
        assert!(matches!(owner(&caller(Role::Operator), None), Err(AdminError::TenantRequired)));
        for role in [Role::Agent, Role::Admin, Role::Service] {
            assert!(matches!(owner(&caller(role), Some(&rival)), Err(AdminError::NotFound)));
            assert_eq!(owner(&caller(role), None).expect("their own").as_str(), "acme");
        }
    }

    #[test]
    fn what_came_along_with_a_copied_token_is_no_part_of_it() {
        let token = |text: &str| pasted(&AccessToken::new(text.to_owned()));
        assert_eq!(token(" IGAAx1\r\n").expect("a token").expose(), "IGAAx1");
        for text in ["", "  \n", "IGAA\nx1", "IGAA x1", "IGAAé"] {
            assert!(matches!(token(text), Err(AdminError::NoToken)), "{text:?}");
        }
    }

    #[test]
    fn what_is_wanted_is_of_instagram_unless_it_is_said() {
        let wanted = |body: serde_json::Value| {
            let mut body = body;
            body["token"] = "IGAAx1".into();
            Wanted::of(&serde_json::from_value(body).expect("a request"))
        };
        let alone = wanted(json!({"ig_user_id": "17841"})).expect("an account");
        assert_eq!((alone.account.to_string().as_str(), alone.login), ("meta_instagram#17841", Login::Instagram));
        let linked = wanted(json!({"ig_user_id": "17841", "page_id": "77"})).expect("an account");
        assert_eq!((linked.account, linked.login), (alone.account, Login::Facebook));
        assert_eq!(linked.page_id.as_ref().map(PageId::as_str), Some("77"));
        let page = wanted(json!({"channel": "messenger", "page_id": "77"})).expect("a Page");
        assert_eq!(
            (page.account.to_string().as_str(), page.page_id, page.login),
            ("meta_messenger#77", None, Login::Facebook)
        );
        for (body, channel) in [
            (json!({"page_id": "77"}), Channel::Instagram),
            (json!({"channel": "messenger", "ig_user_id": "17841"}), Channel::Messenger),
        ] {
            assert!(matches!(wanted(body), Err(AdminError::AccountRequired(found)) if found == channel));
        }
        let other = wanted(json!({"channel": "messenger", "page_id": "77", "login": "instagram"}));
        assert!(matches!(other, Err(AdminError::Request(problem)) if problem.kind() == "login-of-another-channel"));
    }

    #[test]
    fn a_token_is_in_no_debug_output() {
        let body = r#"{"ig_user_id": "17841", "token": "IGAA-secret"}"#;
        let asked: ManualConnection = serde_json::from_str(body).expect("a request");
        assert!(!format!("{:?}", asked.token).contains("secret"));
    }
}
