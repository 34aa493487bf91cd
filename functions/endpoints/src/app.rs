//! What the function needs.

use audit::AuditLog;
use delivery::Reach;
use edge::{ClaimNames, Clock, ConfigError, Setup};
use outbox::DeliveryQueue;
use plans::Plans;
use store::{DeliveryStore, EndpointStore, Tables};
use vault::Vault;

/// What the function needs.
pub struct App {
    pub(crate) endpoints: EndpointStore,
    pub(crate) deliveries: DeliveryStore,
    pub(crate) vault: Vault,
    pub(crate) reach: Reach,
    pub(crate) queue: DeliveryQueue,
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
        let dynamodb = store::client(&setup.aws);
        let tables = Tables::from(&setup.env);
        Ok(Self {
            endpoints: EndpointStore::new(dynamodb.clone(), &tables),
            deliveries: DeliveryStore::new(dynamodb, &tables),
            vault: Vault::new(aws_sdk_kms::Client::new(&setup.aws), setup.env.required("KMS_KEY_ID")?),
            reach: Reach::new(&setup.env)?,
            queue: DeliveryQueue::new(setup)?,
            plans: Plans::new(setup)?,
            audit: AuditLog::new(setup),
            claims: ClaimNames::new(&setup.env)?,
            clock: setup.clock.clone(),
        })
    }
}
