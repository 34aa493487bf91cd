//! Why a login was not started.

use accounts::RegistrationError;
use edge::Problem;
use plans::PlanError;
use store::StoreError;

use crate::return_to::ReturnToError;

/// Why a request to connect led to no login page.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The caller may not, or the body cannot be read.
    #[error("the request was refused")]
    Refused(Problem),
    /// The login that was asked for leads to accounts of other channels.
    #[error("the login does not lead to the channel")]
    OtherChannels,
    /// No Meta app is registered for the login that was asked for, or none at all.
    #[error("no Meta app is registered for the login")]
    NotConfigured,
    /// The plan has no room for another account, or is not known.
    #[error("the plan was not asked or does not allow it")]
    Plan(#[from] PlanError),
    /// The person would have been sent to another site afterwards.
    #[error("the page to return to was refused")]
    ReturnTo(#[from] ReturnToError),
    /// The request came past API Gateway and no redirect URI is configured.
    #[error("the address of the callback is not known")]
    NoRedirectUri,
    /// The registrations could not be read.
    #[error("the registrations at Meta could not be read")]
    Registrations(#[from] RegistrationError),
    /// The authorization request was not stored.
    #[error("the authorization request was not stored")]
    Store(#[from] StoreError),
}

impl From<Problem> for StartError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<&StartError> for Problem {
    fn from(error: &StartError) -> Self {
        use StartError::{NoRedirectUri, NotConfigured, OtherChannels, Plan, Refused, Registrations, ReturnTo, Store};
        match error {
            Refused(problem) => problem.clone(),
            OtherChannels => Self::LOGIN_OF_ANOTHER_CHANNEL,
            Plan(PlanError::Refused(refusal)) => Self::from(refusal),
            NotConfigured | Registrations(RegistrationError::NotConfigured) => {
                Self::new(409, "login-not-configured", "This login is not set up")
                    .detail("No Meta app is registered for it")
            }
            ReturnTo(ReturnToError) => Self::new(400, "invalid-return-to", "The page to return to is not allowed")
                .detail("return_to is a path of the web application that begins with a single '/'"),
            NoRedirectUri => Self::INTERNAL,
            Registrations(RegistrationError::Secrets(error)) => Self::failure(error.passes()),
            Plan(PlanError::Store(error)) | Store(error) => Self::failure(error.passes()),
        }
    }
}
