//! What the function needs.

use audit::AuditLog;
use delivery::{Names, Poster, Reach};
use edge::{Clock, ConfigError, Setup};
use outbox::DeliveryQueue;
use store::{DeliveryStore, EndpointStore, Tables};
use vault::Vault;

/// What the function needs.
pub struct App {
    pub(crate) endpoints: EndpointStore,
    pub(crate) deliveries: DeliveryStore,
    pub(crate) vault: Vault,
    pub(crate) poster: Poster,
    pub(crate) reach: Reach,
    pub(crate) queue: DeliveryQueue,
    pub(crate) audit: AuditLog,
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
        let reach = Reach::new(&setup.env)?;
        Ok(Self {
            endpoints: EndpointStore::new(dynamodb.clone(), &tables),
            deliveries: DeliveryStore::new(dynamodb, &tables),
            vault: Vault::new(aws_sdk_kms::Client::new(&setup.aws), setup.env.required("KMS_KEY_ID")?),
            poster: Poster::new(&Names::new(&reach), &setup.clock),
            reach,
            queue: DeliveryQueue::new(setup)?,
            audit: AuditLog::new(setup),
            clock: setup.clock.clone(),
        })
    }
}
