//! What the function needs.

use accounts::Connector;
use edge::{ClaimNames, Clock, ConfigError, Setup};
use store::{AuthorizationStore, Tables};

/// What the function needs.
pub struct App {
    pub(crate) clock: Clock,
    pub(crate) claims: ClaimNames,
    pub(crate) authorizations: AuthorizationStore,
    pub(crate) connector: Connector,
}

impl App {
    /// Reads the configuration and makes the clients; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a variable is missing.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let tables = Tables::from(&setup.env);
        Ok(Self {
            clock: setup.clock.clone(),
            claims: ClaimNames::new(&setup.env)?,
            authorizations: AuthorizationStore::new(store::client(&setup.aws), &tables),
            connector: Connector::new(setup)?,
        })
    }
}
