//! The audit log, as functions write it.

use domain::{AuditEvent, MessageId};
use edge::Setup;
use edge::telemetry::Chain;
use store::{AUDIT_DAYS, AuditStore, StoreError, Tables};
use tracing::error;

/// Records what was done.
#[derive(Clone, Debug)]
pub struct AuditLog(AuditStore);

impl AuditLog {
    /// The audit log in the table that `EVENTS_TABLE` names. No call is made.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let tables = Tables::from(&setup.env);
        Self(AuditStore::new(store::client(&setup.aws), &tables))
    }

    /// Records an event that must not be missing: the caller will do it again, and there will be one.
    ///
    /// # Errors
    ///
    /// See [`AuditStore::append_once`].
    pub async fn record_once(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.0.append_once(event, Some(AUDIT_DAYS)).await
    }

    /// As [`Self::record_once`], for an event that has no time of its own.
    ///
    /// # Errors
    ///
    /// See [`AuditStore::append_untimed`].
    pub async fn record_untimed(&self, event: &AuditEvent, identity: &MessageId) -> Result<(), StoreError> {
        self.0.append_untimed(event, identity, Some(AUDIT_DAYS)).await
    }

    /// Records an event. What happened has happened: where it cannot be stored it is left to the log.
    pub async fn record(&self, event: AuditEvent) {
        if let Err(failure) = self.0.append(&event, Some(AUDIT_DAYS)).await {
            let event = serde_json::to_string(&event).unwrap_or_default();
            error!(error = %Chain(&failure), event, "An event of the audit log was not stored");
        }
    }
}
