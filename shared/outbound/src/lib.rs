//! The `outbound` queue: where accepted answers wait for being sent.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue, SendMessageBatchRequestEntry,
};
use domain::{Dispatch, TraceId, UnixSeconds};
use edge::telemetry::Chain;
use edge::{ConfigError, Setup};
use tracing::warn;

/// The most orders that one call hands over.
pub const BATCH: usize = 10;

/// The longest time that a delivery is hidden.
///
/// A queue hides a message for twelve hours in all, counted from its receipt, and refuses what goes beyond: the margin is for
/// the function's own time.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html>
pub const LONGEST_HIDING: Duration = Duration::from_mins(12 * 60 - 10);

/// Why a message was not handed to the queue.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// Cannot happen with what we write.
    #[error("the order could not be written")]
    Write(#[from] serde_json::Error),
    /// Cannot happen with what we write.
    #[error("the order could not be put together")]
    Build(#[from] BuildError),
    /// It may have been taken all the same; the queue recognises a second try.
    #[error("the queue did not take the order")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// As well.
    #[error("the queue did not answer in time")]
    Late,
}

/// An order, and the trace that it goes on under.
#[derive(Clone, Debug)]
pub struct Order {
    /// What to send.
    pub dispatch: Dispatch,
    /// That of the message that it answers.
    pub trace: Option<TraceId>,
}

type SystemAttributes = HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue>;

impl Order {
    /// Makes the sender's work part of the trace that began with the webhook.
    fn attributes(&self) -> Result<Option<SystemAttributes>, BuildError> {
        let Some(trace) = &self.trace else { return Ok(None) };
        let header = format!("Root={trace}");
        let value = MessageSystemAttributeValue::builder().data_type("String").string_value(header).build()?;
        Ok(Some(HashMap::from([(MessageSystemAttributeNameForSends::AwsTraceHeader, value)])))
    }
}

/// The queue.
#[derive(Clone, Debug)]
pub struct OutboundQueue {
    client: Client,
    url: String,
}

impl OutboundQueue {
    /// The queue that `OUTBOUND_QUEUE_URL` names. No call is made.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the variable is missing.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        Ok(Self { client: Client::new(&setup.aws), url: setup.env.required("OUTBOUND_QUEUE_URL")? })
    }

    /// Hands a message over. Within five minutes the queue takes it once, however often this is called.
    ///
    /// # Errors
    ///
    /// See [`EnqueueError`].
    pub async fn enqueue(&self, order: &Order) -> Result<(), EnqueueError> {
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_group_id(order.dispatch.group_id())
            .message_deduplication_id(order.dispatch.message.as_str())
            .message_body(serde_json::to_string(&order.dispatch)?)
            .set_message_system_attributes(order.attributes()?)
            .send()
            .await
            .map_err(|error| EnqueueError::Unavailable(Box::new(error)))?;
        Ok(())
    }

    /// Hands up to [`BATCH`] messages over once more, also those that the queue still remembers; tells which it did not take.
    /// Deliveries that are under way already are no harm: whoever comes second finds the message settled.
    ///
    /// # Errors
    ///
    /// See [`EnqueueError`]: none was taken, as far as is known.
    pub async fn enqueue_again(&self, orders: &[Order], now: UnixSeconds) -> Result<Vec<usize>, EnqueueError> {
        let entries = orders.iter().enumerate().map(|(place, order)| {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .message_group_id(order.dispatch.group_id())
                .message_deduplication_id(format!("{}-{}", order.dispatch.message, now.get()))
                .message_body(serde_json::to_string(&order.dispatch)?)
                .set_message_system_attributes(order.attributes()?);
            Ok::<_, EnqueueError>(entry.build()?)
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let call = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let answer = call.send().await.map_err(|error| EnqueueError::Unavailable(Box::new(error)))?;
        Ok(answer.failed().iter().filter_map(|failed| failed.id().parse().ok()).collect())
    }

    /// Hides a delivery, and with it the rest of its lane, until it is worth another try.
    ///
    /// Where that fails the queue's own visibility timeout applies: sooner or later, but in order.
    pub async fn hide(&self, receipt: &str, wait: Duration) {
        let seconds = i32::try_from(wait.min(LONGEST_HIDING).as_secs()).unwrap_or(i32::MAX);
        let call = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        if let Err(failure) = call.visibility_timeout(seconds).send().await {
            warn!(error = %Chain(&failure), "A delivery could not be hidden until its next try");
        }
    }
}
