//! Why a request about the inbox is refused, and the answers.

use edge::Problem;
use store::StoreError;

use crate::query::MAX_LIMIT;

/// Why a request about the inbox was not answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The caller may not, or the body cannot be read.
    #[error("the request was refused")]
    Request(Problem),
    /// No such route, conversation, or tenant of the caller's.
    #[error("there is no such thing")]
    NotFound,
    /// Not a number from 1 to 100.
    #[error("the limit is out of range")]
    Limit,
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
        use InboxError::{Filter, Limit, NotFound, Request, Store};
        match error {
            Request(problem) => problem.clone(),
            NotFound => Self::NOT_FOUND,
            Limit => Self::new(400, "invalid-limit", "The limit cannot be used")
                .detail(format!("Use a number from 1 to {MAX_LIMIT}.")),
            Filter(name) => Self::new(400, "invalid-filter", "A filter has an unknown value").with("field", *name),
            Store(StoreError::BadCursor) => Self::new(400, "invalid-cursor", "The cursor cannot be used")
                .detail("Use next_cursor of the page before, in the same list, or start without a cursor."),
            Store(StoreError::Unavailable(_) | StoreError::Shape { .. } | StoreError::Conflict) => Self::INTERNAL,
        }
    }
}
