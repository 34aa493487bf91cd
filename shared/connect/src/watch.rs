//! Tells the operator when Meta refuses an app as a whole, and when that is over.

use domain::breaker::Seen;
use domain::{AuditEvent, AuditKind, Breaker, Login, TenantId, UnixMillis};
use edge::Setup;
use edge::telemetry::metric;
use store::{BreakerStore, StoreError, Tables};
use tracing::{error, warn};

use crate::trail::Trail;

/// Watches over our apps at Meta, one for each login.
#[derive(Clone, Debug)]
pub struct AppWatch {
    breakers: BreakerStore,
    trail: Trail,
}

impl AppWatch {
    /// Watches with the table that `CONNECTIONS_TABLE` names. No call is made.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let tables = Tables::from_variables(|name| setup.env.optional(name));
        let client = aws_sdk_dynamodb::Client::new(&setup.aws);
        Self { breakers: BreakerStore::new(client, &tables), trail: Trail::new(setup) }
    }

    /// What is known of an app.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn find(&self, login: Login) -> Result<Breaker, StoreError> {
        self.breakers.find(login).await
    }

    /// Meta refused the app in a call for this tenant. Whose refusal makes it certain tells the operator.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the refusal was not noted.
    pub async fn refused(
        &self,
        login: Login,
        tenant: &TenantId,
        seen: Seen,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        metric("app_level_failures", 1, &[("login", login.as_str())]);
        let opened = self.breakers.change(login, |breaker| breaker.refused(tenant, seen, now.seconds())).await?;
        if opened {
            error!(login = login.as_str(), "Meta refuses the app: no account is asked for until a probe succeeds");
            metric("app_unavailable", 1, &[("login", login.as_str())]);
            let line = AuditEvent::new(TenantId::operator(), AuditKind::AppUnavailable, now);
            self.trail.note(line.with("login", login.as_str())).await;
        }
        Ok(())
    }

    /// Meta served an app that it had refused before. Tells whether that ended an outage; then the operator is told too.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the app still counts as refused.
    pub async fn served(&self, login: Login, now: UnixMillis) -> Result<bool, StoreError> {
        let Some(since) = self.breakers.change(login, Breaker::served).await? else { return Ok(false) };
        warn!(login = login.as_str(), "Meta serves the app again");
        metric("app_recovered", 1, &[("login", login.as_str())]);
        let line = AuditEvent::new(TenantId::operator(), AuditKind::AppRecovered, now);
        self.trail.note(line.with("login", login.as_str()).with("since", since.rfc3339())).await;
        Ok(true)
    }

    /// Takes the right to make a probe, if the app is refused and it is time for one.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn take_probe(&self, login: Login, now: UnixMillis) -> Result<bool, StoreError> {
        self.breakers.change(login, |breaker| breaker.take_probe(now.seconds())).await
    }
}
