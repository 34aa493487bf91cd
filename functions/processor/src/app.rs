//! What the function needs.

use accounts::Connector;
use edge::{Clock, ConfigError, Setup};
use store::{InboxStore, Tables};

/// What the function needs.
pub struct App {
    pub(crate) inbox: InboxStore,
    pub(crate) connector: Connector,
    pub(crate) clock: Clock,
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
            inbox: InboxStore::new(store::client(&setup.aws), &tables),
            connector: Connector::new(setup)?,
            clock: setup.clock.clone(),
        })
    }
}
