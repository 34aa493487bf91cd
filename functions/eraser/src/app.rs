//! What the function needs.

use std::time::Duration;

use audit::AuditLog;
use edge::{Clock, ConfigError, Setup};
use erasure::ErasureQueue;
use store::{ConnectionStore, EraseStore, ErasureStore, Tables, TenantStore};

/// How long one step works, unless configured otherwise: well below the function's timeout.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long after the first look the second one follows, unless configured otherwise: longer than any function that
/// receives or sends runs.
const SETTLING: Duration = Duration::from_mins(1);

/// What the function needs.
pub struct App {
    pub(crate) erasures: ErasureStore,
    pub(crate) eraser: EraseStore,
    pub(crate) connections: ConnectionStore,
    pub(crate) tenants: TenantStore,
    pub(crate) audit: AuditLog,
    pub(crate) queue: ErasureQueue,
    pub(crate) clock: Clock,
    pub(crate) patience: Duration,
    pub(crate) settling: Duration,
}

impl App {
    /// Reads the configuration and makes the clients; calls nobody. `STEP_SECONDS` is how long one step works, `SETTLING_SECONDS` how long
    /// after the first look the second one follows.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the environment is incomplete.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let tables = Tables::from(&setup.env);
        let client = store::client(&setup.aws);
        Ok(Self {
            erasures: ErasureStore::new(client.clone(), &tables),
            eraser: EraseStore::new(client.clone(), &tables),
            connections: ConnectionStore::new(client.clone(), &tables),
            tenants: TenantStore::new(client, &tables),
            audit: AuditLog::new(setup),
            queue: ErasureQueue::new(setup)?,
            clock: setup.clock.clone(),
            patience: setup.env.parsed("STEP_SECONDS")?.map_or(PATIENCE, Duration::from_secs),
            settling: setup.env.parsed("SETTLING_SECONDS")?.map_or(SETTLING, Duration::from_secs),
        })
    }
}
