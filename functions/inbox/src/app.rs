//! What the function needs.

use edge::{ClaimNames, Clock, ConfigError, Setup};
use store::{AuditStore, InboxStore, ListenerStore, Tables};

use crate::profile::Profiles;

/// What the function needs.
pub struct App {
    pub(crate) inbox: InboxStore,
    pub(crate) audit: AuditStore,
    pub(crate) profiles: Profiles,
    pub(crate) listeners: ListenerStore,
    /// Where browsers open sockets; `None` where live updates are off.
    pub(crate) live_url: Option<String>,
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
            inbox: InboxStore::new(dynamodb.clone(), &tables),
            audit: AuditStore::new(dynamodb.clone(), &tables),
            listeners: ListenerStore::new(dynamodb, &tables),
            live_url: setup.env.optional("LIVE_URL"),
            profiles: Profiles {
                client: aws_sdk_sqs::Client::new(&setup.aws),
                url: setup.env.required("INBOUND_QUEUE_URL")?,
            },
            claims: ClaimNames::new(&setup.env)?,
            clock: setup.clock.clone(),
        })
    }
}
