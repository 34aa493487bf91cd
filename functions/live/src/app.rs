//! What the function needs.

use edge::{Clock, ConfigError, Setup};
use store::{ListenerStore, Tables};

/// What the function needs.
pub struct App {
    pub(crate) listeners: ListenerStore,
    pub(crate) clock: Clock,
}

impl App {
    /// Makes the clients; calls nobody.
    ///
    /// # Errors
    ///
    /// None so far.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let tables = Tables::from(&setup.env);
        Ok(Self { listeners: ListenerStore::new(store::client(&setup.aws), &tables), clock: setup.clock.clone() })
    }
}
