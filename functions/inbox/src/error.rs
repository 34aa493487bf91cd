//! Why a request about the inbox is refused, and the answers.

use edge::Problem;
use edge::page::invalid_cursor;
use store::StoreError;

/// Why a request about the inbox was not answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The caller may not, or the body cannot be read.
    #[error("the request was refused")]
    Request(Problem),
    /// No such route, conversation, or tenant of the caller's.
    #[error("there is no such thing")]
    NotFound,
    /// Nobody is told live here.
    #[error("live updates are off")]
    LiveOff,
    /// A filter's value is none that it knows.
    #[error("a filter has an unknown value")]
    Filter(&'static str),
    /// The database did not do its part, or the cursor is not its own.
    #[error("the inbox could not be read or changed")]
    Store(#[from] StoreError),
}

impl From<Problem> for InboxError {
    fn from(problem: Problem) -> Self {
        Self::Request(problem)
    }
}

impl From<&InboxError> for Problem {
    fn from(error: &InboxError) -> Self {
        use InboxError::{Filter, LiveOff, NotFound, Request, Store};
        match error {
            Request(problem) => problem.clone(),
            NotFound => Self::NOT_FOUND,
            LiveOff => Self::new(404, "live-off", "Live updates are switched off")
                .detail("Ask again every few seconds instead."),
            Filter(name) => Self::new(400, "invalid-filter", "A filter has an unknown value").with("field", *name),
            Store(StoreError::BadCursor) => invalid_cursor(),
            Store(error) => Self::failure(error.passes()),
        }
    }
}
