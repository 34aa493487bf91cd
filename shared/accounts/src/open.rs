//! An account is opened for calls to Meta: its token unsealed, the app that it was connected through at hand.

use domain::{AccessToken, Connection, Login, UnixSeconds};
use meta::{AccountAccess, GraphClient};
use vault::VaultError;

use crate::connector::Connector;
use crate::registrations::{Registered, RegistrationError};

/// An account that can be called for.
pub struct OpenAccount<'a> {
    /// Its connection, as it was when the account was opened.
    pub connection: Connection,
    pub(crate) token: AccessToken,
    registered: Registered<'a>,
}

/// Why an account was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The connection has no token (any more).
    #[error("the connection has no token")]
    NoToken,
    /// The token was not unsealed.
    #[error("the token was not opened")]
    Vault(#[from] VaultError),
    /// The registrations at Meta could not be read.
    #[error("the Meta app is not available")]
    Registration(#[from] RegistrationError),
    /// The login that the account was connected through is not registered any more.
    #[error("no Meta app is registered for the {} login any more", .0.as_str())]
    NoApp(Login),
}

impl Connector {
    /// Opens an account for calls. Usually without any call of its own: data keys and registrations are in memory.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub async fn open_account(&self, connection: Connection, now: UnixSeconds) -> Result<OpenAccount<'_>, OpenError> {
        let sealed = connection.token.as_ref().ok_or(OpenError::NoToken)?;
        let token = self.open(&connection.tenant, &connection.account, sealed, now).await?;
        let registered = self.registrations.current(now).await?;
        registered.graph(connection.login).map_err(|_| OpenError::NoApp(connection.login))?;
        Ok(OpenAccount { connection, token, registered })
    }
}

impl OpenAccount<'_> {
    /// A client of the app that the account was connected through.
    ///
    /// # Panics
    ///
    /// Never: an account is opened only where its login is registered.
    #[must_use]
    pub fn graph(&self) -> GraphClient<'_> {
        self.registered.graph(self.connection.login).expect("an account is opened only where its login is registered")
    }

    /// Whom to call for, and with which token.
    #[must_use]
    pub fn access(&self) -> AccountAccess<'_> {
        let Connection { account, page_id, .. } = &self.connection;
        AccountAccess { account, page_id: page_id.as_ref(), token: &self.token }
    }

    /// Whether a person may answer with the tag `HUMAN_AGENT`: Meta has approved the app for it.
    #[must_use]
    pub fn human_agent(&self) -> bool {
        self.registered.human_agent(self.connection.login)
    }
}
