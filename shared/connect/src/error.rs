//! Why an account was not connected or disconnected.

use serde::Serialize;
use store::{ActivateError, StoreError};

use crate::registrations::RegistrationError;

/// Why an account was not connected. To connect it again is safe.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Another tenant has connected it. Nobody is told which one.
    #[error("another tenant has connected the account")]
    TakenElsewhere,
    /// Others keep changing the same connection.
    #[error("the connection was changed meanwhile")]
    Conflict,
    /// Meta cannot be reached as the Meta app that the login needs.
    #[error("the Meta app is not available")]
    Registration(#[from] RegistrationError),
    /// The database failed: nothing was stored, or the connection was left pending.
    #[error("the connection was not stored")]
    Store(#[from] StoreError),
}

impl From<ActivateError> for ConnectError {
    fn from(error: ActivateError) -> Self {
        match error {
            ActivateError::OwnedByAnother => Self::TakenElsewhere,
            ActivateError::Conflict => Self::Conflict,
            ActivateError::Store(error) => Self::Store(error),
        }
    }
}

/// What a person is told, and the word that programs know it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// A stable word.
    pub reason: &'static str,
    /// One sentence, without ids.
    pub title: &'static str,
}

impl Refusal {
    /// The cause is in the log.
    pub const INTERNAL: Self = Self { reason: "internal", title: "Something went wrong on our side" };
    /// Meta has stored no subscription, or another one: messages may not arrive.
    pub const SUBSCRIPTION_FAILED: Self = Self {
        reason: "subscription_failed",
        title: "Instagram did not switch messages on for this account. Please connect again",
    };
    pub(crate) const ACCOUNT_TAKEN: Self =
        Self { reason: "account_taken", title: "This Instagram account is connected elsewhere" };
    /// No Meta app is registered for the login.
    pub const NOT_CONFIGURED: Self =
        Self { reason: "not_configured", title: "Connecting Instagram is not set up here yet" };
}

impl From<&RegistrationError> for Refusal {
    fn from(error: &RegistrationError) -> Self {
        match error {
            RegistrationError::NotConfigured => Self::NOT_CONFIGURED,
            RegistrationError::Secrets(_) => Self::INTERNAL,
        }
    }
}

impl From<&ConnectError> for Refusal {
    fn from(error: &ConnectError) -> Self {
        match error {
            ConnectError::TakenElsewhere => Self::ACCOUNT_TAKEN,
            ConnectError::Conflict => {
                Self { reason: "changed_meanwhile", title: "This account was changed meanwhile. Please try again" }
            }
            ConnectError::Registration(error) => Self::from(error),
            ConnectError::Store(_) => Self::INTERNAL,
        }
    }
}

/// Why an account was not disconnected.
#[derive(Debug, thiserror::Error)]
pub enum DisconnectError {
    /// The tenant has never connected it.
    #[error("the tenant has no connection to the account")]
    NotConnected,
    /// The connection was not revoked.
    #[error("the connection was not revoked")]
    Store(#[from] StoreError),
}
