//! Why a notification was not accepted, and the answers.

use edge::Problem;
use meta::SignatureError;
use meta::webhook::ParseError;
use vault::SecretsError;

use crate::queue::QueueError;

/// Why a notification was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// Not from Meta.
    #[error("the notification is not signed by a registered app")]
    Signature(#[from] SignatureError),
    /// Signed, yet no JSON.
    #[error("the notification cannot be read")]
    Parse(#[from] ParseError),
    /// An event could not be written as JSON.
    #[error("an event could not be written for the queue")]
    Write(#[from] serde_json::Error),
    /// The app secrets are not known.
    #[error("the app secrets could not be read")]
    Secrets(#[from] SecretsError),
    /// Something was not queued: Meta has to deliver again.
    #[error("not every event was queued")]
    Queue(#[from] QueueError),
}

impl ReceiveError {
    /// Whether the fault is on our side.
    pub(crate) const fn is_ours(&self) -> bool {
        match self {
            Self::Signature(_) | Self::Parse(_) => false,
            Self::Write(_) | Self::Secrets(_) | Self::Queue(_) => true,
        }
    }
}

impl From<&ReceiveError> for Problem {
    fn from(error: &ReceiveError) -> Self {
        use ReceiveError::{Parse, Queue, Secrets, Signature, Write};
        match error {
            Signature(_) => Self::new(401, "wrong-signature", "The signature is missing or wrong"),
            Parse(_) => Self::new(400, "malformed-json", "The request is not valid JSON"),
            Secrets(SecretsError::Unfilled) => Self::NOT_SET_UP,
            Secrets(error) => Self::failure(error.passes()),
            Queue(_) => Self::UNAVAILABLE,
            Write(_) => Self::INTERNAL,
        }
    }
}
