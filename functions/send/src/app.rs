//! What the function needs.

use audit::AuditLog;
use domain::Catalogue;
use edge::{ClaimNames, Clock, ConfigError, Setup};
use outbound::OutboundQueue;
use store::{InboxStore, OutboundStore, Tables};
use vault::AppSecrets;

/// What the function needs.
pub struct App {
    pub(crate) secrets: AppSecrets,
    pub(crate) outbound: OutboundStore,
    pub(crate) inbox: InboxStore,
    pub(crate) audit: AuditLog,
    pub(crate) queue: OutboundQueue,
    pub(crate) catalogue: Catalogue,
    pub(crate) claims: ClaimNames,
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
        let secrets = aws_sdk_secretsmanager::Client::new(&setup.aws);
        Ok(Self {
            secrets: AppSecrets::new(secrets, setup.env.required("META_APPS_SECRET_ID")?),
            outbound: OutboundStore::new(dynamodb.clone(), &tables),
            inbox: InboxStore::new(dynamodb, &tables),
            audit: AuditLog::new(setup),
            queue: OutboundQueue::new(setup)?,
            catalogue: Catalogue::deployed().map_err(|error| ConfigError::invalid("plans.json", error))?,
            claims: ClaimNames::new(&setup.env)?,
            clock: setup.clock.clone(),
        })
    }
}
