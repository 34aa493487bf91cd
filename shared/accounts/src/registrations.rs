//! Our registrations at Meta, and what is done as one of them.

use std::sync::Arc;
use std::time::Duration;

use domain::secret::AppSecret;
use domain::{Channel, Login, UnixSeconds};
use edge::{ConfigError, Setup};
use meta::{AppCredentials, GraphClient, Hosts, Pool};
use vault::{AppSecrets, MetaApp, Secrets, SecretsError};

use login::Nonce;

/// Why nothing can be done at Meta.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// No Meta app is registered for the login (any more).
    #[error("no Meta app is registered for the login")]
    NotConfigured,
    /// The registrations could not be read.
    #[error("the registrations could not be read")]
    Secrets(#[from] SecretsError),
}

impl RegistrationError {
    /// Whether the same may well work a moment later.
    #[must_use]
    pub const fn passes(&self) -> bool {
        match self {
            Self::NotConfigured => false,
            Self::Secrets(error) => error.passes(),
        }
    }
}

/// Reads the registrations when they are needed. Connections to Meta are opened with the first call.
pub struct Registrations {
    secrets: AppSecrets,
    hosts: Hosts,
    pool: Pool,
}

impl Registrations {
    /// Reads `META_APPS_SECRET_ID`, `META_URL_PREFIX`, and `META_CALL_MILLISECONDS`, which is how long a whole call may take
    /// where it is not as long as Meta's calls have to be given; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the secret's id is missing, or the time is no number.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let client = aws_sdk_secretsmanager::Client::new(&setup.aws);
        let prefix = setup.env.optional("META_URL_PREFIX");
        let clock = setup.clock.clone();
        let pool = Pool::new(move || clock.now_ms());
        let call_timeout = setup.env.parsed("META_CALL_MILLISECONDS")?.map(Duration::from_millis);
        Ok(Self {
            secrets: AppSecrets::new(client, setup.env.required("META_APPS_SECRET_ID")?),
            hosts: prefix.as_deref().map_or_else(Hosts::default, Hosts::new),
            pool: match call_timeout {
                Some(call_timeout) => pool.with_call_timeout(call_timeout),
                None => pool,
            },
        })
    }

    /// The registrations as they are now; in memory for some minutes.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`].
    pub async fn current(&self, now: UnixSeconds) -> Result<Registered<'_>, RegistrationError> {
        let secrets = self.secrets.current(now).await.map_err(|error| match error {
            SecretsError::Unfilled => RegistrationError::NotConfigured,
            error => RegistrationError::Secrets(error),
        })?;
        Ok(Registered { secrets, hosts: &self.hosts, pool: &self.pool })
    }
}

/// The registrations at one moment.
pub struct Registered<'a> {
    secrets: Arc<Secrets>,
    hosts: &'a Hosts,
    pool: &'a Pool,
}

impl Registered<'_> {
    /// The login for who does not ask for one: the first that is registered and leads to the channel.
    #[must_use]
    pub fn default_login(&self, channel: Channel) -> Option<Login> {
        Login::ALL.into_iter().find(|login| login.leads_to(channel) && self.secrets.apps.of(*login).is_some())
    }

    /// The address of Meta's consent page, which asks for what a channel needs.
    ///
    /// # Errors
    ///
    /// [`RegistrationError::NotConfigured`].
    pub fn authorize_url(
        &self,
        login: Login,
        channel: Channel,
        redirect_uri: &str,
        state: &Nonce,
    ) -> Result<String, RegistrationError> {
        let app = self.app(login)?;
        let config_id = app.config_id(channel);
        Ok(meta::authorize_url(self.hosts, &credentials(app), &[channel], config_id, redirect_uri, state.as_str()))
    }

    /// A Graph client for the login.
    ///
    /// # Errors
    ///
    /// [`RegistrationError::NotConfigured`].
    pub fn graph(&self, login: Login) -> Result<GraphClient<'_>, RegistrationError> {
        Ok(GraphClient::new(self.pool, self.hosts, self.credentials(login)?))
    }

    /// Whether Meta has approved the Human Agent feature of the login's app.
    #[must_use]
    pub fn human_agent(&self, login: Login) -> bool {
        self.secrets.apps.of(login).is_some_and(|app| app.human_agent)
    }

    /// The secret of the login's app, for what only its owner may be able to make.
    ///
    /// # Errors
    ///
    /// [`RegistrationError::NotConfigured`].
    pub fn app_secret(&self, login: Login) -> Result<&AppSecret, RegistrationError> {
        Ok(&self.app(login)?.app_secret)
    }

    fn credentials(&self, login: Login) -> Result<AppCredentials<'_>, RegistrationError> {
        self.app(login).map(credentials)
    }

    fn app(&self, login: Login) -> Result<&MetaApp, RegistrationError> {
        self.secrets.apps.of(login).ok_or(RegistrationError::NotConfigured)
    }
}

fn credentials(app: &MetaApp) -> AppCredentials<'_> {
    AppCredentials { login: app.login, app_id: &app.app_id, app_secret: &app.app_secret, version: &app.graph_version }
}
