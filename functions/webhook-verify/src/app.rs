//! What the function needs.

use edge::{Clock, ConfigError, Setup};
use vault::AppSecrets;

/// What the function needs.
pub struct App {
    pub(crate) secrets: AppSecrets,
    pub(crate) clock: Clock,
}

impl App {
    /// Reads the configuration and makes the clients; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the environment is incomplete.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let client = aws_sdk_secretsmanager::Client::new(&setup.aws);
        let secrets = AppSecrets::new(client, setup.env.required("META_APPS_SECRET_ID")?);
        Ok(Self { secrets, clock: setup.clock.clone() })
    }
}
