//! The `deliveries` queue: events on their way to the integrator's endpoints.
//!
//! It carries first tries, and at most one order an endpoint to work off what is due: what was not delivered waits in a table, since
//! the messages of a queue that wait are in flight, and of those there are only so many.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::UnixSeconds;
use domain::outbox::Delivery;
use edge::{ConfigError, Setup};
use sha2::{Digest, Sha256};

/// The most that one call hands over.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
pub const BATCH: usize = 10;

/// For so long the queue takes an order to work off a backlog once: about as often as the schedule asks.
const BACKLOG_SECONDS: i64 = 20;

/// Why orders were not handed to the queue.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// Cannot happen with what we write.
    #[error("the order could not be written")]
    Write(#[from] serde_json::Error),
    /// Cannot happen with what we write.
    #[error("the order could not be put together")]
    Build(#[from] BuildError),
    /// They may have been taken all the same; the queue recognises a second try.
    #[error("the queue did not take the orders")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The queue.
#[derive(Clone, Debug)]
pub struct DeliveryQueue {
    client: Client,
    url: String,
}

impl DeliveryQueue {
    /// The queue that `DELIVERIES_QUEUE_URL` names. No call is made.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the variable is missing.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        Ok(Self { client: Client::new(&setup.aws), url: setup.env.required("DELIVERIES_QUEUE_URL")? })
    }

    /// Hands up to [`BATCH`] orders over, in order; tells which the queue did not take. Within five minutes it takes each once, however
    /// often this is called.
    ///
    /// # Errors
    ///
    /// See [`EnqueueError`]: none was taken, as far as is known.
    pub async fn enqueue(&self, orders: &[Delivery], now: UnixSeconds) -> Result<Vec<usize>, EnqueueError> {
        let entries = orders.iter().enumerate().map(|(place, order)| {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .message_group_id(order.group_id())
                .message_deduplication_id(distinction(order, now))
                .message_body(serde_json::to_string(order)?);
            Ok::<_, EnqueueError>(entry.build()?)
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let call = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let answer = call.send().await.map_err(|error| EnqueueError::Unavailable(Box::new(error)))?;
        Ok(answer.failed().iter().filter_map(|failed| failed.id().parse().ok()).collect())
    }
}

/// What makes an order this one: the events that it carries; of a backlog, about when.
fn distinction(order: &Delivery, now: UnixSeconds) -> String {
    let mut digest = Sha256::new().chain_update(order.endpoint().id.as_str());
    match order {
        Delivery::First { events, .. } => events.iter().for_each(|event| digest.update(event.id.as_str())),
        Delivery::Backlog { .. } => digest.update((now.get() / BACKLOG_SECONDS).to_be_bytes()),
    }
    hex::encode(digest.finalize())
}
