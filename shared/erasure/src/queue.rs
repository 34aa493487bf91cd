//! The `erasure` queue.

use std::error::Error;

use aws_sdk_sqs::Client;
use domain::ErasureCode;
use edge::{ConfigError, Setup};
use serde::{Deserialize, Serialize};

/// What the queue carries: which deletion to go on with. How far it is stands in the deletion itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureOrder {
    /// Which.
    pub code: ErasureCode,
}

/// Why an order was not queued.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The order could not be written as JSON.
    #[error("the order could not be written")]
    Write(#[from] serde_json::Error),
    /// SQS did not take it.
    #[error("the queue did not take the order")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl QueueError {
    /// Whether the same may well work a moment later.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Where deletions wait for their next step.
#[derive(Clone, Debug)]
pub struct ErasureQueue {
    client: Client,
    url: String,
}

impl ErasureQueue {
    /// The queue that `ERASURE_QUEUE_URL` names. No call is made.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the variable is missing.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        Ok(Self { client: Client::new(&setup.aws), url: setup.env.required("ERASURE_QUEUE_URL")? })
    }

    /// Enqueues the next step of a deletion. Enqueuing twice is harmless.
    ///
    /// # Errors
    ///
    /// See [`QueueError`].
    pub async fn send(&self, code: &ErasureCode) -> Result<(), QueueError> {
        let body = serde_json::to_string(&ErasureOrder { code: code.clone() })?;
        let call = self.client.send_message().queue_url(&self.url).message_body(body).send();
        call.await.map(|_| ()).map_err(|failure| QueueError::Unavailable(Box::new(failure)))
    }

    /// Hides a delivery for so many seconds, after which the queue makes it again.
    ///
    /// # Errors
    ///
    /// [`QueueError::Unavailable`]: the queue's own visibility timeout applies.
    pub async fn hide(&self, receipt: &str, seconds: i32) -> Result<(), QueueError> {
        let call = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        let call = call.visibility_timeout(seconds).send();
        call.await.map(|_| ()).map_err(|failure| QueueError::Unavailable(Box::new(failure)))
    }
}
