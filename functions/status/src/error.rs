//! Why the status was not told.

use edge::Problem;
use store::StoreError;

/// Why a question for the status was not answered.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The caller's token cannot be used.
    #[error("the request was refused")]
    Refused(Problem),
    /// The connections could not be read.
    #[error("the connections could not be read")]
    Store(#[from] StoreError),
}

impl From<Problem> for StatusError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<&StatusError> for Problem {
    fn from(error: &StatusError) -> Self {
        match error {
            StatusError::Refused(problem) => problem.clone(),
            StatusError::Store(error) => Self::failure(error.passes()),
        }
    }
}
