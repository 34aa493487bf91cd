//! What the function needs.

use audit::AuditLog;
use edge::{ClaimNames, Clock, ConfigError, Setup};
use erasure::Erasures;
use plans::Plans;
use store::{ConnectionStore, EraseStore, Tables};
use vault::AppSecrets;

/// What the function needs.
pub struct App {
    pub(crate) secrets: AppSecrets,
    pub(crate) connections: ConnectionStore,
    pub(crate) conversations: EraseStore,
    pub(crate) erasures: Erasures,
    pub(crate) plans: Plans,
    pub(crate) audit: AuditLog,
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
        let tables = Tables::from(&setup.env);
        let secrets = aws_sdk_secretsmanager::Client::new(&setup.aws);
        let dynamodb = store::client(&setup.aws);
        Ok(Self {
            secrets: AppSecrets::new(secrets, setup.env.required("META_APPS_SECRET_ID")?),
            connections: ConnectionStore::new(dynamodb.clone(), &tables),
            conversations: EraseStore::new(dynamodb, &tables),
            erasures: Erasures::new(setup)?,
            plans: Plans::new(setup)?,
            audit: AuditLog::new(setup),
            claims: ClaimNames::new(&setup.env)?,
            clock: setup.clock.clone(),
        })
    }
}
