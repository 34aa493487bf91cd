//! Tells the operator when Meta refuses an app as a whole, and when that is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::breaker::Seen;
use domain::{AuditEvent, AuditKind, Breaker, Login, TenantId, UnixMillis};
use edge::Setup;
use edge::telemetry::{Chain, metric};
use store::{BreakerStore, StoreError, Tables};
use tracing::{error, warn};

use audit::AuditLog;

/// How long a process that works takes no further look at whether the app had been refused.
const LOOK_MS: i64 = 60_000;

/// Watches over our apps at Meta, one for each login.
#[derive(Clone, Debug)]
pub struct AppWatch {
    breakers: BreakerStore,
    audit: AuditLog,
    /// When this process looked last, by login.
    looked_at_ms: Arc<[AtomicI64; 2]>,
}

impl AppWatch {
    /// Watches with the table that `CONNECTIONS_TABLE` names. No call is made.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let tables = Tables::from(&setup.env);
        let client = store::client(&setup.aws);
        Self { breakers: BreakerStore::new(client, &tables), audit: AuditLog::new(setup), looked_at_ms: Arc::default() }
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
            let event = AuditEvent::new(TenantId::operator(), AuditKind::AppUnavailable, now);
            self.audit.record(event.with("login", login.as_str())).await;
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
        let event = AuditEvent::new(TenantId::operator(), AuditKind::AppRecovered, now);
        self.audit.record(event.with("login", login.as_str()).with("since", since.rfc3339())).await;
        Ok(true)
    }

    /// Meta took a call, as it does all day long: that ends an outage as a probe does. Looks at most once a minute, so that
    /// working costs nothing; a failure is logged, never fatal.
    pub async fn works(&self, login: Login, now: UnixMillis) {
        let looked_at_ms = match login {
            Login::Instagram => &self.looked_at_ms[0],
            Login::Facebook => &self.looked_at_ms[1],
        };
        if now.get() < looked_at_ms.load(Ordering::Relaxed).saturating_add(LOOK_MS) {
            return;
        }
        looked_at_ms.store(now.get(), Ordering::Relaxed);
        if let Err(failure) = self.served(login, now).await {
            warn!(error = %Chain(&failure), "It was not noted that Meta serves the app");
        }
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
