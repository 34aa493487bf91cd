//! What the function needs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::UnixMillis;
use domain::endpoint::Endpoint;
use edge::{Clock, ConfigError, Setup};
use outbox::DeliveryQueue;
use store::{ListenerStore, OutboxReader, Tables};

use crate::aside::Aside;
use crate::bus::Bus;
use crate::hints::Sockets;

/// What the function needs.
pub struct App {
    pub(crate) outbox: OutboxReader,
    pub(crate) listeners: ListenerStore,
    pub(crate) deliveries: DeliveryQueue,
    pub(crate) aside: Aside,
    /// Where live updates are on.
    pub(crate) sockets: Option<Sockets>,
    /// Where there is one.
    pub(crate) bus: Option<Bus>,
    /// The operator's endpoints, and when they were read.
    operators: Mutex<Option<(UnixMillis, Vec<Endpoint>)>>,
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
        let client = store::client(&setup.aws);
        Ok(Self {
            outbox: OutboxReader::new(client.clone(), &tables),
            listeners: ListenerStore::new(client, &tables),
            deliveries: DeliveryQueue::new(setup)?,
            aside: Aside::new(setup)?,
            sockets: Sockets::new(setup),
            bus: Bus::new(setup),
            operators: Mutex::default(),
            clock: setup.clock.clone(),
        })
    }

    pub(crate) fn operators(&self) -> MutexGuard<'_, Option<(UnixMillis, Vec<Endpoint>)>> {
        self.operators.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
