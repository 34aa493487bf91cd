//! What the function needs.

use std::time::Duration;

use accounts::Connector;
use edge::{Clock, ConfigError, Setup};

use crate::queue::UpkeepQueue;

/// How long one invocation scans, unless configured otherwise: well below the function's timeout.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the function needs.
pub struct App {
    pub(crate) connector: Connector,
    pub(crate) queue: UpkeepQueue,
    pub(crate) clock: Clock,
    pub(crate) patience: Duration,
}

impl App {
    /// Reads the configuration and makes the clients; calls nobody. `SCAN_SECONDS` is how long one invocation scans.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the environment is incomplete.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let url = setup.env.required("UPKEEP_QUEUE_URL")?;
        Ok(Self {
            connector: Connector::new(setup)?,
            queue: UpkeepQueue { client: aws_sdk_sqs::Client::new(&setup.aws), url },
            clock: setup.clock.clone(),
            patience: setup.env.parsed("SCAN_SECONDS")?.map_or(PATIENCE, Duration::from_secs),
        })
    }
}
