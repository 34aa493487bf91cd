//! Why a demand was not met, and the answers.

use edge::Problem;
use erasure::RequestError;
use meta::signed_request::SignedRequestError;
use store::StoreError;
use vault::SecretsError;

/// Why a demand was not met.
#[derive(Debug, thiserror::Error)]
pub enum DataRequestError {
    /// The caller may not, or the request cannot be read.
    #[error("the request was refused")]
    Refused(Problem),
    /// The body is larger than a signed request can be.
    #[error("the request is too large")]
    TooLarge,
    /// The form has no `signed_request`.
    #[error("the form has no signed request")]
    Missing,
    /// Not from Meta.
    #[error("the request is not signed by a registered app")]
    Signature(#[from] SignedRequestError),
    /// The app secrets are not known.
    #[error("the app secrets could not be read")]
    Secrets(#[from] SecretsError),
    /// The database failed.
    #[error("a connection was not read or ended")]
    Store(#[from] StoreError),
    /// The deletion was not taken.
    #[error("the deletion was not taken")]
    Request(#[from] RequestError),
}

impl From<Problem> for DataRequestError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<&DataRequestError> for Problem {
    fn from(error: &DataRequestError) -> Self {
        use DataRequestError::{Missing, Refused, Request, Secrets, Signature, Store, TooLarge};
        match error {
            Refused(problem) => problem.clone(),
            TooLarge => Self::new(413, "body-too-large", "The request is too large"),
            Missing | Signature(SignedRequestError::Malformed) => {
                Self::new(400, "malformed-signed-request", "The request has no readable signed_request")
            }
            Signature(SignedRequestError::WrongSignature | SignedRequestError::UnknownPayload) => {
                Self::new(401, "wrong-signature", "The signature is missing or wrong")
            }
            Secrets(SecretsError::Unfilled) => Self::NOT_SET_UP,
            Secrets(error) => Self::failure(error.passes()),
            Store(error) => Self::failure(error.passes()),
            Request(error) => Self::failure(error.passes()),
        }
    }
}
