//! How an account is connected.

use std::time::Duration;

use domain::{Connection, PlanRefusal, UnixMillis, UnixSeconds};
use edge::telemetry::Chain;
use meta::GraphClient;
use store::ActivateError;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::audit_events;
use crate::choice::{Choice, deliverer, works};
use crate::connector::Connector;
use crate::error::ConnectError;
use crate::subscription::SubscriptionError;

/// How often a connection is stored anew when it changed between reading and writing.
const ATTEMPTS: usize = 3;

/// How long Meta may take for what the new connection does not depend on: a person waits, and the login and the subscription
/// may have used up most of API Gateway's time.
const BY_THE_WAY: Duration = Duration::from_secs(2);

/// A connection that was stored.
struct Stored {
    connection: Connection,
    /// What the tenant had for the account.
    previous: Option<Connection>,
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
        let Stored { connection: stored, previous } = self.store(&graph, choice, now).await?;
        let superseded = previous.clone().filter(|previous| deliverer(previous) != deliverer(&stored));
        // Also where Meta was asked before anything was stored: who changed the Page's subscription meanwhile did not know of it.
        let subscribed = Box::pin(self.subscribe(&graph, choice, stored, previous.as_ref(), now));
        let left = Box::pin(self.leave(superseded, now.seconds()));
        let looked = timeout(BY_THE_WAY, Box::pin(self.fields.look(&graph, choice.candidate.account.channel, now)));
        let (connection, (), _) = tokio::join!(subscribed, left, looked);
        let connection = connection?;
        self.watch.works(choice.login, now).await;
        self.audit.record(audit_events::connected(&connection, now)).await;
        info!(
            tenant = %connection.tenant, account = %connection.account, login = connection.login.as_str(),
            "Connected account {}", connection.account
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
        let account = &choice.candidate.account;
        let (mut attempts, mut begun) = (0, false);
        loop {
            let (profile, previous) =
                tokio::join!(self.plans.profile(choice.tenant), self.connections.find(choice.tenant, account));
            let (profile, previous) = (profile?, previous?);
            let plan = self.plans.plan(&profile);
            if let Err(refusal) = plan.check_channel(account.channel) {
                return Err(self.refused_by_plan(choice, refusal, now).await);
            }
            let moves = |previous: &Connection| works(previous) && deliverer(previous) != choice.deliverer();
            if !begun && previous.as_ref().is_some_and(moves) {
                Box::pin(self.begin(graph, choice)).await.map_err(ConnectError::NotSubscribed)?;
                begun = true;
            }
            let expected = previous.as_ref().map(|previous| previous.version);
            let retention_days = plan.limits.retention_days;
            let next = Connection { retention_days, ..choice.connection(previous.as_ref(), now.seconds()) };
            let outcome =
                self.connections.activate(&next, expected, &self.plans.allowance(&profile, account.channel)).await;
            attempts += 1;
            match outcome {
                Err(ActivateError::Conflict) if attempts < ATTEMPTS => {}
                // The plan was changed meanwhile, or a place was taken: only what is read anew tells.
                Err(ActivateError::NoRoom)
                    if attempts < ATTEMPTS && plan.check_connection(account.channel, profile.connected()).is_ok() => {}
                Err(ActivateError::NoRoom) => {
                    let refusal = plan.no_connection_left(account.channel, profile.connected());
                    return Err(self.refused_by_plan(choice, refusal, now).await);
                }
                Err(ActivateError::OwnedByAnother) => {
                    self.audit.record(audit_events::refused(choice, now)).await;
                    return Err(ConnectError::TakenElsewhere);
                }
                outcome => return Ok(Stored { connection: outcome?, previous }),
            }
        }
    }

    /// Has Meta deliver for the choice.
    async fn begin(&self, graph: &GraphClient<'_>, choice: &Choice<'_>) -> Result<(), SubscriptionError> {
        self.subscribe_to(graph, choice.access(), &choice.grant.scopes).await
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
        let Err(failure) = self.begin(graph, choice).await else { return self.confirm(stored, now.seconds()).await };
        warn!(
            tenant = %stored.tenant, account = %stored.account, error = %Chain(&failure),
            "Meta did not confirm the webhook subscription of account {}", stored.account
        );
        if works(&stored) {
            return Ok(stored);
        }
        self.audit.record(audit_events::not_subscribed(&stored, now)).await;
        if failure.is_final() && !previous.is_some_and(Connection::counts) {
            let is_own = |found: &Connection| found.version == stored.version;
            self.connections.revoke_if(&stored.tenant, &stored.account, now.seconds(), is_own).await?;
            return Err(ConnectError::NotSubscribed(failure));
        }
        Ok(stored)
    }

    /// Ends the subscription of a connection that now receives in another way: two would deliver everything twice.
    async fn leave(&self, superseded: Option<Connection>, now: UnixSeconds) {
        let Some(connection) = superseded else { return };
        let (tenant, account) = (&connection.tenant, &connection.account);
        match timeout(BY_THE_WAY, self.unsubscribe(&connection, now)).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => warn!(
                %tenant, %account, error = %Chain(&failure),
                "The earlier subscription of account {account} did not end"
            ),
            Err(_) => {
                warn!(%tenant, %account, "The earlier subscription of account {account} did not end in time");
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
        self.unsubscribe_if_ended(&stored, now).await;
        let found = self.connections.find(&stored.tenant, &stored.account).await?;
        Ok(found.unwrap_or(stored))
    }
}
