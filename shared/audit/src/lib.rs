//! The audit trail, as the functions of the integration write it.

use domain::{AuditEvent, MessageId};
use edge::Setup;
use edge::telemetry::Chain;
use store::{AuditStore, StoreError, TRAIL_DAYS, Tables};
use tracing::error;

/// Notes what happened.
#[derive(Clone, Debug)]
pub struct Trail(AuditStore);

impl Trail {
    /// The trail in the table that `EVENTS_TABLE` names. No call is made.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let tables = Tables::from(&setup.env);
        Self(AuditStore::new(store::client(&setup.aws), &tables))
    }

    /// Adds a line that must not be missing: the caller will do it again, and there will be one.
    ///
    /// # Errors
    ///
    /// See [`AuditStore::append_once`].
    pub async fn append_once(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.0.append_once(event, Some(TRAIL_DAYS)).await
    }

    /// As [`Self::append_once`], for an event that has no time of its own.
    ///
    /// # Errors
    ///
    /// See [`AuditStore::append_untimed`].
    pub async fn append_untimed(&self, event: &AuditEvent, identity: &MessageId) -> Result<(), StoreError> {
        self.0.append_untimed(event, identity, Some(TRAIL_DAYS)).await
    }

    /// Adds a line. What happened has happened, so a line that cannot be stored is left to the log.
    pub async fn note(&self, event: AuditEvent) {
        if let Err(failure) = self.0.append(&event, Some(TRAIL_DAYS)).await {
            let event = serde_json::to_string(&event).unwrap_or_default();
            error!(error = %Chain(&failure), event, "A line of the audit trail was not stored");
        }
    }
}
