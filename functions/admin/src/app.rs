//! What the function needs.

use accounts::Connector;
use edge::{ClaimNames, Clock, ConfigError, Setup};
use erasure::Erasures;
use store::{AuditStore, EraseStore, Tables};

use crate::dead_letters::DeadLetters;

/// What the function needs.
pub struct App {
    pub(crate) clock: Clock,
    pub(crate) claims: ClaimNames,
    pub(crate) connector: Connector,
    pub(crate) erasures: Erasures,
    pub(crate) conversations: EraseStore,
    pub(crate) audit: AuditStore,
    pub(crate) dead_letters: DeadLetters,
}

impl App {
    /// Reads the configuration and makes the clients; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the environment is incomplete.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let tables = Tables::from(&setup.env);
        Ok(Self {
            clock: setup.clock.clone(),
            claims: ClaimNames::new(&setup.env)?,
            connector: Connector::new(setup)?,
            erasures: Erasures::new(setup)?,
            conversations: EraseStore::new(store::client(&setup.aws), &tables),
            audit: AuditStore::new(store::client(&setup.aws), &tables),
            dead_letters: DeadLetters::new(setup),
        })
    }
}
