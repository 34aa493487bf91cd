//! How an account is connected.

use std::time::Duration;

use domain::connection::{Grant, Notice, PROVIDER};
use domain::{
    AccessToken, AppScopedId, Candidate, Connection, ConnectionStatus, Login, PageId, PlanRefusal, TenantId,
    UnixMillis, UnixSeconds, UserId,
};
use edge::telemetry::Chain;
use meta::{AccountAccess, GraphClient};
use store::ActivateError;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::connector::Connector;
use crate::error::ConnectError;
use crate::subscription::SubscriptionError;
use crate::{audit_events, subscription};

/// How often a connection is stored anew when it changed between reading and writing.
const ATTEMPTS: usize = 3;

/// How long Meta may take for what the new connection does not depend on: a person waits, and the login and the subscription
/// may have used up most of API Gateway's time.
const BY_THE_WAY: Duration = Duration::from_secs(2);

/// Who connects what, and on which grounds.
#[derive(Clone, Copy)]
pub struct Choice<'a> {
    /// Who will own the connection.
    pub tenant: &'a TenantId,
    /// Who connects.
    pub user: &'a UserId,
    /// Through which login.
    pub login: Login,
    /// What Meta granted.
    pub grant: &'a Grant,
    /// The account, with its token sealed for `tenant`.
    pub candidate: &'a Candidate,
    /// The same token, open.
    pub token: &'a AccessToken,
}

/// A connection that was stored.
struct Stored {
    connection: Connection,
    /// What the tenant had for the account.
    previous: Option<Connection>,
    /// Meta delivers for it already.
    begun: bool,
}

impl Choice<'_> {
    const fn access(&self) -> AccountAccess<'_> {
        AccountAccess {
            ig_user_id: &self.candidate.ig_user_id,
            page_id: self.candidate.page_id.as_ref(),
            token: self.token,
        }
    }

    /// Through what Meta will deliver.
    const fn deliverer(&self) -> (Login, Option<&PageId>) {
        (self.login, self.candidate.page_id.as_ref())
    }

    async fn begin(&self, graph: &GraphClient<'_>) -> Result<(), SubscriptionError> {
        subscription::begin(graph, self.access(), &self.grant.scopes).await
    }
}

impl Connector {
    /// Connects an account, or connects it again: stores it, has Meta deliver its webhooks, and checks that Meta will.
    ///
    /// Answers an active connection, or a pending one where Meta did not answer about the subscription. A connection to the
    /// same account is replaced, also one through the other login; its history stays, its error is healed. An active one is
    /// never made worse: through another login or Page it is replaced only once Meta delivers there.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`]. What is refused, as another tenant's account or one too many for the plan, is noted in this
    /// tenant's audit log.
    pub async fn connect(&self, choice: &Choice<'_>, now: UnixMillis) -> Result<Connection, ConnectError> {
        let registered = self.registrations.current(now.seconds()).await?;
        let graph = registered.graph(choice.login)?;
        let Stored { connection: stored, previous, begun } = self.store(&graph, choice, now).await?;
        let superseded = previous.clone().filter(|previous| deliverer(previous) != deliverer(&stored));
        let subscribed = Box::pin(async {
            if begun {
                self.confirm(stored, now.seconds()).await
            } else {
                self.subscribe(&graph, choice, stored, previous.as_ref(), now).await
            }
        });
        let left = Box::pin(self.leave(superseded, now.seconds()));
        let looked = timeout(BY_THE_WAY, Box::pin(self.fields.look(&graph, now)));
        let (connection, (), _) = tokio::join!(subscribed, left, looked);
        let connection = connection?;
        self.watch.works(choice.login, now).await;
        self.audit.record(audit_events::connected(&connection, now)).await;
        info!(
            tenant = %connection.tenant, ig.id = %connection.ig_user_id, login = connection.login.as_str(),
            "Connected account {}", connection.ig_user_id
        );
        Ok(connection)
    }

    /// Stores the connection, as pending where none worked, over whatever the tenant had for the account. What the plan
    /// allows is checked in that very write; so is that nothing else was there when it was decided whether Meta has to deliver
    /// before.
    async fn store(
        &self,
        graph: &GraphClient<'_>,
        choice: &Choice<'_>,
        now: UnixMillis,
    ) -> Result<Stored, ConnectError> {
        let account = &choice.candidate.ig_user_id;
        let (mut attempts, mut begun) = (0, false);
        loop {
            let (profile, previous) =
                tokio::join!(self.plans.profile(choice.tenant), self.connections.find(choice.tenant, account));
            let (profile, previous) = (profile?, previous?);
            let plan = self.plans.plan(&profile);
            if let Err(refusal) = plan.check_instagram() {
                return Err(self.refused_by_plan(choice, refusal, now).await);
            }
            let moves = |previous: &Connection| works(previous) && deliverer(previous) != choice.deliverer();
            if !begun && previous.as_ref().is_some_and(moves) {
                Box::pin(choice.begin(graph)).await.map_err(ConnectError::NotSubscribed)?;
                begun = true;
            }
            let expected = previous.as_ref().map(|previous| previous.version);
            let retention_days = plan.limits.retention_days;
            let next = Connection { retention_days, ..connection(choice, previous.as_ref(), now.seconds()) };
            let outcome = self.connections.activate_within(&next, expected, &self.plans.allowance(&profile)).await;
            attempts += 1;
            match outcome {
                Err(ActivateError::Conflict) if attempts < ATTEMPTS => {}
                // The plan was changed meanwhile, or a place was taken: only what is read anew tells.
                Err(ActivateError::NoRoom)
                    if attempts < ATTEMPTS && plan.check_connection(profile.connected()).is_ok() => {}
                Err(ActivateError::NoRoom) => {
                    let refusal = plan.no_connection_left(profile.connected());
                    return Err(self.refused_by_plan(choice, refusal, now).await);
                }
                Err(ActivateError::OwnedByAnother) => {
                    self.audit.record(audit_events::refused(choice, now)).await;
                    return Err(ConnectError::TakenElsewhere);
                }
                outcome => return Ok(Stored { connection: outcome?, previous, begun }),
            }
        }
    }

    async fn refused_by_plan(&self, choice: &Choice<'_>, refusal: PlanRefusal, now: UnixMillis) -> ConnectError {
        self.audit.record(audit_events::refused_by_plan(choice, &refusal, now)).await;
        ConnectError::Plan(refusal)
    }

    /// Has Meta deliver the account's webhooks. Without Meta's word a connection that worked stays as it is, since what
    /// Meta delivered until now it goes on delivering; another one stays pending. Where Meta refuses for good, an account
    /// that took no place in the plan before takes none now, unless somebody has connected it otherwise meanwhile.
    async fn subscribe(
        &self,
        graph: &GraphClient<'_>,
        choice: &Choice<'_>,
        stored: Connection,
        previous: Option<&Connection>,
        now: UnixMillis,
    ) -> Result<Connection, ConnectError> {
        let Err(failure) = choice.begin(graph).await else { return self.confirm(stored, now.seconds()).await };
        warn!(
            tenant = %stored.tenant, ig.id = %stored.ig_user_id, error = %Chain(&failure),
            "Meta did not confirm the webhook subscription of account {}", stored.ig_user_id
        );
        if works(&stored) {
            return Ok(stored);
        }
        self.audit.record(audit_events::not_subscribed(&stored, now)).await;
        if failure.is_final() && !previous.is_some_and(Connection::counts) {
            let is_own = |found: &Connection| found.version == stored.version;
            self.connections.revoke_if(&stored.tenant, &stored.ig_user_id, now.seconds(), is_own).await?;
            return Err(ConnectError::NotSubscribed(failure));
        }
        Ok(stored)
    }

    /// Ends the subscription of a connection that now receives in another way: two would deliver everything twice.
    async fn leave(&self, superseded: Option<Connection>, now: UnixSeconds) {
        let Some(connection) = superseded else { return };
        let (tenant, account) = (&connection.tenant, &connection.ig_user_id);
        match timeout(BY_THE_WAY, self.unsubscribe(&connection, now)).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => warn!(
                %tenant, ig.id = %account, error = %Chain(&failure),
                "The earlier subscription of account {account} did not end"
            ),
            Err(_) => {
                warn!(%tenant, ig.id = %account, "The earlier subscription of account {account} did not end in time");
            }
        }
    }

    /// The connection receives. Where somebody changed it meanwhile, as by disconnecting it, theirs is what holds.
    async fn confirm(&self, stored: Connection, now: UnixSeconds) -> Result<Connection, ConnectError> {
        if works(&stored) {
            return Ok(stored);
        }
        if let Some(active) = self.connections.clear_error(&stored, now).await? {
            return Ok(active);
        }
        let found = self.connections.find(&stored.tenant, &stored.ig_user_id).await?;
        Ok(found.unwrap_or(stored))
    }
}

/// Whether Meta delivers for the connection, as far as anybody knows.
const fn works(connection: &Connection) -> bool {
    matches!(connection.status, ConnectionStatus::Active)
}

/// Through what Meta delivers a connection's webhooks.
const fn deliverer(connection: &Connection) -> (Login, Option<&PageId>) {
    (connection.login, connection.page_id.as_ref())
}

/// The connection before Meta has confirmed anything: what the tenant had for the account lends its history.
fn connection(choice: &Choice<'_>, previous: Option<&Connection>, now: UnixSeconds) -> Connection {
    let Choice { candidate, grant, .. } = choice;
    let status = if previous.is_some_and(works) { ConnectionStatus::Active } else { ConnectionStatus::Pending };
    // One that has worked is never given up, whatever comes of this try.
    let has_worked = previous.is_some_and(|it| works(it) || (it.counts() && !it.waits_for_its_first_delivery()));
    Connection {
        tenant: choice.tenant.clone(),
        ig_user_id: candidate.ig_user_id.clone(),
        provider: PROVIDER.to_owned(),
        login: choice.login,
        status,
        app_scoped_user_id: grant.app_scoped_user_id.clone().or_else(|| known_person(choice, previous)),
        ig_username: candidate.ig_username.clone(),
        picture_url: candidate.picture_url.clone(),
        page_id: candidate.page_id.clone(),
        page_name: candidate.page_name.clone(),
        token: Some(candidate.token.clone()),
        token_expires_at: grant.token_expires_at,
        token_refreshed_at: grant.token_issued_at,
        data_access_expires_at: grant.data_access_expires_at,
        scopes: grant.scopes.clone(),
        last_webhook_at: previous.and_then(|previous| previous.last_webhook_at),
        error: None,
        notice: (!has_worked).then(|| Notice::not_subscribed(now)),
        profiles_refused: None,
        throttled_until: None,
        retention_days: None,
        erased_before: previous.and_then(|previous| previous.erased_before),
        connected_by: choice.user.clone(),
        version: previous.map_or(0, |previous| previous.version),
        created_at: previous.map_or(now, |previous| previous.created_at),
        updated_at: now,
    }
}

/// Who made the earlier connection in the same way, where Meta does not tell whose token it is.
fn known_person(choice: &Choice<'_>, previous: Option<&Connection>) -> Option<AppScopedId> {
    let previous = previous?;
    let same = previous.login == choice.login && previous.page_id == choice.candidate.page_id;
    previous.app_scoped_user_id.clone().filter(|_| same)
}

#[cfg(test)]
mod tests {
    use domain::SealedToken;
    use domain::connection::ConnectionError;

    use super::*;

    const NOW: UnixSeconds = UnixSeconds::new(2_000_000_000);

    /// The connection that a login leads to where the tenant had `previous`.
    fn reconnected(previous: Option<&Connection>) -> Connection {
        let (tenant, user) = ("acme".try_into().expect("a tenant"), "ana".try_into().expect("a user"));
        let grant = Grant {
            app_scoped_user_id: None,
            scopes: vec!["instagram_business_basic".to_owned()],
            token_expires_at: Some(NOW.plus(5_184_000)),
            token_issued_at: NOW,
            data_access_expires_at: None,
        };
        let candidate = Candidate {
            ig_user_id: "17841".try_into().expect("an account"),
            ig_username: "luna.cafe".to_owned(),
            picture_url: None,
            page_id: None,
            page_name: None,
            token: SealedToken::new("new".to_owned()),
            unavailable: None,
        };
        let choice = Choice {
            tenant: &tenant,
            user: &user,
            login: Login::Instagram,
            grant: &grant,
            candidate: &candidate,
            token: &AccessToken::new("token".to_owned()),
        };
        connection(&choice, previous, NOW)
    }

    #[test]
    fn a_new_connection_waits_for_metas_word() {
        let connection = reconnected(None);
        assert_eq!((connection.status, connection.created_at), (ConnectionStatus::Pending, NOW));
        assert_eq!(connection.notice, Some(Notice::not_subscribed(NOW)));
    }

    #[test]
    fn reconnecting_keeps_the_history_and_heals_the_error() {
        let previous = Connection {
            status: ConnectionStatus::Error,
            error: Some(ConnectionError { reason: "token_expired".to_owned(), since: NOW }),
            token: Some(SealedToken::new("old".to_owned())),
            created_at: NOW.plus(-86_400),
            last_webhook_at: Some(NOW.plus(-3_600)),
            ..reconnected(None)
        };
        let connection = reconnected(Some(&previous));
        assert_eq!(connection.created_at, previous.created_at);
        assert_eq!(connection.last_webhook_at, previous.last_webhook_at);
        assert_eq!(connection.token, Some(SealedToken::new("new".to_owned())));
        assert_eq!((connection.status, connection.error), (ConnectionStatus::Pending, None));
    }

    #[test]
    fn one_that_works_is_not_put_in_doubt_by_connecting_it_again() {
        let previous = Connection { status: ConnectionStatus::Active, ..reconnected(None) };
        let connection = reconnected(Some(&previous));
        assert_eq!((connection.status, connection.notice), (ConnectionStatus::Active, None));
    }

    #[test]
    fn an_account_that_has_worked_gets_no_time_limit_from_a_try_and_one_that_never_has_gets_a_new_one() {
        let notice_after = |status, notice| {
            let previous = Connection { status, notice, ..reconnected(None) };
            reconnected(Some(&previous)).notice
        };
        for status in [ConnectionStatus::Pending, ConnectionStatus::Error] {
            assert_eq!(notice_after(status, None), None, "{status:?}");
            let earlier = Some(Notice::not_subscribed(NOW.plus(-3_600)));
            assert_eq!(notice_after(status, earlier), Some(Notice::not_subscribed(NOW)), "{status:?}");
        }
        assert_eq!(notice_after(ConnectionStatus::Revoked, None), Some(Notice::not_subscribed(NOW)), "it begins anew");
    }

    #[test]
    fn another_login_or_page_means_another_subscription() {
        let instagram = reconnected(None);
        let page = |id: &str| Connection {
            login: Login::Facebook,
            page_id: Some(id.try_into().expect("a Page")),
            ..reconnected(None)
        };
        assert_eq!(deliverer(&instagram), deliverer(&reconnected(Some(&instagram))));
        assert_ne!(deliverer(&instagram), deliverer(&page("1")));
        assert_ne!(deliverer(&page("1")), deliverer(&page("2")));
    }
}
