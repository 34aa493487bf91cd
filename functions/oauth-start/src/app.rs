//! What the function needs.

use accounts::Registrations;
use audit::AuditLog;
use edge::{ClaimNames, Clock, ConfigError, Setup};
use login::RedirectUris;
use plans::Plans;
use store::{AuthorizationStore, Tables};

/// What the function needs.
pub struct App {
    pub(crate) clock: Clock,
    pub(crate) claims: ClaimNames,
    pub(crate) redirect_uris: RedirectUris,
    pub(crate) registrations: Registrations,
    pub(crate) plans: Plans,
    pub(crate) authorizations: AuthorizationStore,
    pub(crate) audit: AuditLog,
}

impl App {
    /// Reads the configuration and makes the clients; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a variable is missing.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let tables = Tables::from(&setup.env);
        Ok(Self {
            clock: setup.clock.clone(),
            claims: ClaimNames::new(&setup.env)?,
            redirect_uris: RedirectUris::from(&setup.env),
            registrations: Registrations::new(setup)?,
            plans: Plans::new(setup)?,
            authorizations: AuthorizationStore::new(store::client(&setup.aws), &tables),
            audit: AuditLog::new(setup),
        })
    }
}
