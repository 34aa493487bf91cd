//! What the function needs.

use edge::{Clock, ConfigError, Setup};
use vault::AppSecrets;

use crate::queue::InboundQueue;

/// What the function needs.
pub struct App {
    pub(crate) secrets: AppSecrets,
    pub(crate) queue: InboundQueue,
    pub(crate) clock: Clock,
}

impl App {
    /// Reads the configuration and makes the clients; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the environment is incomplete.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let secrets = aws_sdk_secretsmanager::Client::new(&setup.aws);
        let queue = aws_sdk_sqs::Client::new(&setup.aws);
        Ok(Self {
            secrets: AppSecrets::new(secrets, setup.env.required("META_APPS_SECRET_ID")?),
            queue: InboundQueue { client: queue, url: setup.env.required("INBOUND_QUEUE_URL")? },
            clock: setup.clock.clone(),
        })
    }
}
