//! A connection stops working at Meta.

use domain::connection::ConnectionError;
use domain::{AuditEvent, AuditKind, Connection, UnixMillis};
use meta::graph::AccountProblem;
use store::StoreError;

use crate::connector::Connector;

impl Connector {
    /// Notes that Meta refuses a connection until somebody connects again, and writes it into the audit log unless that was
    /// known. Tells whether it was noted: of all who find out at the same time one does, and a reconnect that was faster
    /// stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing was noted.
    pub async fn mark_broken(
        &self,
        used: &Connection,
        problem: AccountProblem,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let error = ConnectionError { reason: problem.as_str().to_owned(), since: now.seconds() };
        if self.connections.set_error(used, &error, now.seconds()).await?.is_none() {
            return Ok(false);
        }
        if used.error.is_some() {
            return Ok(true);
        }
        let event = AuditEvent::new(used.tenant.clone(), AuditKind::ConnectionError, now)
            .with("reason", problem.as_str())
            .with("login", used.login.as_str())
            .about(&used.account)
            .with("account_name", used.name.as_str());
        self.audit.record(event).await;
        Ok(true)
    }
}
