//! What the function needs.

use edge::{ConfigError, Setup};

use crate::discovery::Discovery;
use crate::settings::Settings;

/// What the function needs.
pub struct App {
    pub(crate) settings: Settings,
    pub(crate) discovery: Discovery,
}

impl App {
    /// Reads the configuration; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where a setting is missing or could not stand in a header.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let settings = Settings::read(&setup.env)?;
        let discovery = Discovery::new(&settings.issuer, setup.clock.clone());
        Ok(Self { settings, discovery })
    }
}
