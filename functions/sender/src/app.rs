//! What the function needs.

use accounts::{AppWatch, Connector};
use audit::AuditLog;
use edge::{Clock, ConfigError, Setup};
use outbound::OutboundQueue;
use store::{InboxStore, OutboundStore, Tables};

use crate::access::Accounts;

/// What the function needs.
pub struct App {
    pub(crate) outbound: OutboundStore,
    pub(crate) inbox: InboxStore,
    pub(crate) watch: AppWatch,
    pub(crate) audit: AuditLog,
    pub(crate) accounts: Accounts,
    pub(crate) queue: OutboundQueue,
    pub(crate) clock: Clock,
}

impl App {
    /// Reads the configuration and makes the clients; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the environment is incomplete.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let dynamodb = store::client(&setup.aws);
        let tables = Tables::from(&setup.env);
        Ok(Self {
            outbound: OutboundStore::new(dynamodb.clone(), &tables),
            inbox: InboxStore::new(dynamodb, &tables),
            watch: AppWatch::new(setup),
            audit: AuditLog::new(setup),
            accounts: Accounts::new(Connector::new(setup)?),
            queue: OutboundQueue::new(setup)?,
            clock: setup.clock.clone(),
        })
    }
}
