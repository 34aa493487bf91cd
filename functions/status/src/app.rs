//! What the function needs.

use edge::{ClaimNames, Clock, ConfigError, Setup};
use plans::Plans;
use store::{ConnectionStore, Tables};

/// What the function needs.
pub struct App {
    pub(crate) clock: Clock,
    pub(crate) claims: ClaimNames,
    pub(crate) plans: Plans,
    pub(crate) connections: ConnectionStore,
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
            plans: Plans::new(setup)?,
            connections: ConnectionStore::new(store::client(&setup.aws), &tables),
        })
    }
}
