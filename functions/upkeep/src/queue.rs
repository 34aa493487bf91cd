//! The `upkeep` queue.

use std::error::Error;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::{Login, UnixSeconds};
use edge::telemetry::Chain;
use futures::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use store::{Due, DueCursor};
use tracing::error;

/// `SQS`'s limit for one call.
const PER_CALL: usize = 10;

/// Calls under way at once.
const CALLS: usize = 8;

/// What the queue carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "task")]
pub enum Order {
    /// Renew and check a connection.
    Upkeep {
        /// Which.
        #[serde(flatten)]
        due: Due,
        /// Its login, so that it can be skipped unread.
        login: Login,
        /// Whether it goes to Meta although Meta refuses the app.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        probe: bool,
    },
    /// Go on with a scan.
    Scan {
        /// Of which login.
        login: Login,
        /// What was due then: every part of a scan looks at the same.
        due_at: UnixSeconds,
        /// Where to go on; from the beginning if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<DueCursor>,
    },
}

/// Why an order was not queued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueueError {
    #[error("the order could not be written")]
    Write(#[from] serde_json::Error),
    #[error("the queue did not take the order")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Where orders wait.
pub(crate) struct UpkeepQueue {
    pub(crate) client: Client,
    pub(crate) url: String,
}

impl UpkeepQueue {
    /// Hands over one order.
    pub(crate) async fn send(&self, order: &Order) -> Result<(), QueueError> {
        let body = serde_json::to_string(order)?;
        let call = self.client.send_message().queue_url(&self.url).message_body(body).send();
        call.await.map(|_| ()).map_err(|failure| QueueError::Unavailable(Box::new(failure)))
    }

    /// Hands over many orders, ten in a call, several calls at once. Answers how many the queue took: what it did not take
    /// is still due, and the next scan finds it.
    pub(crate) async fn send_all(&self, orders: &[Order]) -> usize {
        let batches: Vec<_> = orders.chunks(PER_CALL).map(<[Order]>::to_vec).collect();
        let calls = stream::iter(batches).map(|batch| self.send_batch(batch));
        calls.buffer_unordered(CALLS).fold(0, async |taken, more| taken + more).await
    }

    async fn send_batch(&self, orders: Vec<Order>) -> usize {
        match self.try_batch(&orders).await {
            Ok(taken) => taken,
            Err(failure) => {
                error!(error = %Chain(&failure), orders = orders.len(), "Orders were not queued");
                0
            }
        }
    }

    async fn try_batch(&self, orders: &[Order]) -> Result<usize, QueueError> {
        let entry = |(place, order): (usize, &Order)| {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .message_body(serde_json::to_string(order)?)
                .build();
            entry.map_err(|failure| QueueError::Unavailable(Box::new(failure)))
        };
        let entries = orders.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let call = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send();
        let output = call.await.map_err(|failure| QueueError::Unavailable(Box::new(failure)))?;
        for failed in output.failed() {
            error!(code = failed.code(), "An order was not queued");
        }
        Ok(output.successful().len())
    }
}
