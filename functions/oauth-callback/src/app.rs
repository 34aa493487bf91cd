//! What the function needs.

use accounts::Connector;
use edge::{Clock, ConfigError, Setup};
use login::RedirectUris;
use store::{AuthorizationStore, Tables};

/// What the function needs.
pub struct App {
    pub(crate) clock: Clock,
    pub(crate) web_url: String,
    pub(crate) redirect_uris: RedirectUris,
    pub(crate) authorizations: AuthorizationStore,
    pub(crate) connector: Connector,
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
            web_url: setup.env.optional("WEB_URL").unwrap_or_default().trim_end_matches('/').to_owned(),
            redirect_uris: RedirectUris::from(&setup.env),
            authorizations: AuthorizationStore::new(store::client(&setup.aws), &tables),
            connector: Connector::new(setup)?,
        })
    }
}
