//! Why an account was not connected or disconnected.

use std::borrow::Cow;

use domain::PlanRefusal;
use serde::Serialize;
use store::{ActivateError, StoreError};

use crate::registrations::RegistrationError;
use crate::subscription::SubscriptionError;

/// Why an account was not connected. To connect it again is safe.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Another tenant has connected it. Nobody is told which one.
    #[error("another tenant has connected the account")]
    TakenElsewhere,
    /// The tenant's plan does not allow it.
    #[error("the plan does not allow the connection")]
    Plan(PlanRefusal),
    /// Meta did not switch the account's webhooks on. What the tenant had for the account is as it was; a new account is
    /// not connected.
    #[error("Meta did not confirm the subscription")]
    NotSubscribed(#[source] SubscriptionError),
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
            // Without room the caller names the plan; to be asked for it here means that it keeps changing.
            ActivateError::Conflict | ActivateError::NoRoom => Self::Conflict,
            ActivateError::Store(error) => Self::Store(error),
        }
    }
}

/// What a person is told, and the word that programs know it by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// A stable word.
    pub reason: &'static str,
    /// One sentence, without ids.
    pub title: Cow<'static, str>,
}

impl Refusal {
    /// The cause is in the log.
    pub const INTERNAL: Self = Self::new("internal", "Something went wrong on our side");
    /// What we depend on, as the database, does not do its part.
    pub const UNAVAILABLE: Self = Self::new("unavailable", "This does not work at the moment. Please connect again");
    /// Meta has stored no subscription, or another one: messages may not arrive.
    pub const SUBSCRIPTION_FAILED: Self =
        Self::new("subscription_failed", "Meta did not switch messages on for this account. Please connect again");
    pub(crate) const ACCOUNT_TAKEN: Self = Self::new("account_taken", "This account is connected elsewhere");
    /// No Meta app is registered for the login.
    pub const NOT_CONFIGURED: Self = Self::new("not_configured", "Connecting is not set up here yet");

    /// A refusal whose title is always the same.
    #[must_use]
    pub const fn new(reason: &'static str, title: &'static str) -> Self {
        Self { reason, title: Cow::Borrowed(title) }
    }

    /// What failed is none of the person's: [`Refusal::UNAVAILABLE`] where it may well pass, else [`Refusal::INTERNAL`].
    #[must_use]
    pub const fn failure(passes: bool) -> Self {
        if passes { Self::UNAVAILABLE } else { Self::INTERNAL }
    }
}

impl From<&PlanRefusal> for Refusal {
    fn from(refusal: &PlanRefusal) -> Self {
        Self { reason: refusal.reason(), title: Cow::Owned(refusal.title()) }
    }
}

impl From<&RegistrationError> for Refusal {
    fn from(error: &RegistrationError) -> Self {
        match error {
            RegistrationError::NotConfigured => Self::NOT_CONFIGURED,
            RegistrationError::Secrets(error) => Self::failure(error.passes()),
        }
    }
}

impl From<&ConnectError> for Refusal {
    fn from(error: &ConnectError) -> Self {
        match error {
            ConnectError::TakenElsewhere => Self::ACCOUNT_TAKEN,
            ConnectError::Plan(refusal) => Self::from(refusal),
            ConnectError::NotSubscribed(_) => Self::SUBSCRIPTION_FAILED,
            ConnectError::Conflict => {
                Self::new("changed_meanwhile", "This account was changed meanwhile. Please try again")
            }
            ConnectError::Registration(error) => Self::from(error),
            ConnectError::Store(error) => Self::failure(error.passes()),
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
