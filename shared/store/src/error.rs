//! What can go wrong, without anything that an item holds.

use std::error::Error;
use std::fmt::Write as _;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Why the store did not do as it was asked. Never holds or prints an item's contents.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `DynamoDB` did not answer, or refused for a reason of its own. Nothing is known of the outcome; do it again.
    #[error("the database is unavailable")]
    Unavailable(#[source] AwsFailure),
    /// A stored item is not of the shape that this version knows.
    #[error("a stored {entity} cannot be read")]
    Shape {
        /// What it should have been.
        entity: &'static str,
    },
    /// The database cannot hold what was to be written: it is too large or too deep, or a number is out of its range.
    #[error("the database cannot hold what was to be written")]
    Unfit,
    /// Others changed the same item again and again meanwhile. Do it again later.
    #[error("others were faster too often")]
    Conflict,
    /// The cursor was not made here, or for another list.
    #[error("the cursor belongs to no page of this list")]
    BadCursor,
}

/// What the SDK said, cut down to words that may be logged: its own errors print the items they are about.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsFailure {
    /// `DynamoDB`'s code, as `ProvisionedThroughputExceededException`, or what kind of failure it was.
    pub code: String,
    /// Causes of a call without an answer; empty when `DynamoDB` answered, whose sentences quote values.
    pub message: String,
}

/// Refusals that no waiting ends: a permission or a table is missing.
const UNTIL_A_PERSON_ACTS: [&str; 3] =
    ["AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException"];

impl AwsFailure {
    fn new(code: &str) -> Self {
        Self { code: code.to_owned(), message: String::new() }
    }
}

impl StoreError {
    /// `DynamoDB` kept handing a part of the work back.
    pub(crate) fn throttled() -> Self {
        Self::Unavailable(AwsFailure::new("UnprocessedItems"))
    }

    /// `DynamoDB` refused with this code.
    pub(crate) fn refused(code: &str) -> Self {
        match code {
            "TransactionConflictException" | "TransactionConflict" => Self::Conflict,
            // Our requests are valid but for what they carry; an item of a transaction says it in its own words.
            "ValidationException" | "ValidationError" => Self::Unfit,
            _ => Self::Unavailable(AwsFailure::new(code)),
        }
    }

    /// Whether the same may well work a moment later.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::Unavailable(failure) => !UNTIL_A_PERSON_ACTS.contains(&failure.code.as_str()),
            Self::Conflict => true,
            Self::Unfit | Self::Shape { .. } | Self::BadCursor => false,
        }
    }
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    fn from(error: SdkError<E, R>) -> Self {
        match &error {
            SdkError::ServiceError(answer) => Self::refused(answer.err().code().unwrap_or("unknown code")),
            unanswered => {
                Self::Unavailable(AwsFailure { code: kind(unanswered).to_owned(), message: causes(unanswered) })
            }
        }
    }
}

const fn kind<E, R>(error: &SdkError<E, R>) -> &'static str {
    match error {
        SdkError::ConstructionFailure(_) => "the request could not be made",
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "the request could not be sent",
        _ => "the answer could not be read",
    }
}

fn causes(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let separator = if text.is_empty() { "" } else { ": " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{cause}");
        next = cause.source();
    }
    text
}
