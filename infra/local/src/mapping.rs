//! Hands queue messages to functions as Lambda's SQS event source mapping does.
//!
//! Batches, a limit of concurrent invocations, partial batch responses. What failed stays in the queue until its visibility
//! timeout ends; its order and its way to the dead-letter queue are the queue's own matter. A FIFO queue gives no message of a
//! group away while another of it is in flight, so a group is never in two invocations.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use aws_sdk_sqs::{
    Client,
    operation::receive_message::ReceiveMessageError,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageAttributeValue,
        MessageSystemAttributeName,
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::Instant,
};
use tracing::{Instrument, info_span, warn};

use crate::{
    invoke::SharedInvoker,
    provision::BoxError,
    template::{Mapping, REGION},
};

/// The most that one `ReceiveMessage` returns, and one batch call takes.
const MOST_AT_ONCE: usize = 10;
/// How long one receive waits for a first message, in seconds.
const LONG_POLL_SECONDS: i32 = 20;
/// After a failed receive.
const PAUSE: Duration = Duration::from_millis(200);

/// A queue joined to a function.
#[derive(Clone)]
pub(crate) struct EventSource {
    pub(crate) mapping: Mapping,
    pub(crate) queue_url: String,
    /// The function's name in the template.
    pub(crate) function: String,
    pub(crate) sqs: Client,
    pub(crate) invoker: SharedInvoker,
    pub(crate) stack: u64,
    /// Replaces what is left of the visibility timeout after a failure: the one deviation from Lambda, for those who do not
    /// want to wait three minutes for a retry.
    pub(crate) retry_delay: Option<Duration>,
}

impl EventSource {
    /// Polls until the task is aborted.
    pub(crate) async fn run(self) {
        let span = info_span!("event_source", stack = self.stack);
        async move {
            let source = Arc::new(self);
            let places = Arc::new(Semaphore::new(source.mapping.max_concurrency));
            let mut running = JoinSet::new();
            while let Ok(place) = Arc::clone(&places).acquire_owned().await {
                match source.batch().await {
                    Ok(batch) if batch.is_empty() => {}
                    Ok(batch) => {
                        let work = Arc::clone(&source).work(batch, place);
                        running.spawn(work.in_current_span());
                    }
                    Err(error) => {
                        warn!(queue = source.queue_url, error = %edge::telemetry::Chain(&*error), "Receiving failed");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                while running.try_join_next().is_some() {}
            }
        }
        .instrument(span)
        .await;
    }

    /// The next messages: one receive, or for a large batch as many as fit into the batching window.
    async fn batch(&self) -> Result<Vec<Message>, BoxError> {
        let mut batch = self.receive(self.mapping.batch_size, LONG_POLL_SECONDS).await?;
        let until = Instant::now() + self.mapping.window;
        while !batch.is_empty() && batch.len() < self.mapping.batch_size && Instant::now() < until {
            let more = self.receive(self.mapping.batch_size - batch.len(), 1).await?;
            batch.extend(more);
        }
        Ok(batch)
    }

    async fn receive(
        &self,
        most: usize,
        wait_seconds: i32,
    ) -> Result<Vec<Message>, aws_sdk_sqs::error::SdkError<ReceiveMessageError>> {
        let most = i32::try_from(most.min(MOST_AT_ONCE)).unwrap_or(1);
        let answer = self
            .sqs
            .receive_message()
            .queue_url(&self.queue_url)
            .max_number_of_messages(most)
            .wait_time_seconds(wait_seconds)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Invokes, deletes what succeeded, leaves what failed.
    async fn work(self: Arc<Self>, batch: Vec<Message>, place: OwnedSemaphorePermit) {
        let event = sqs_event(&batch, &self.mapping.queue_arn);
        let outcome = self.invoker.invoke(&self.function, event.to_string()).await;
        let failed = match &outcome {
            Ok(answer) if self.mapping.reports_failures => failures(answer, &batch),
            Ok(_) => BTreeSet::new(),
            Err(_) => identities(&batch).collect(),
        };
        let (failed, done): (Vec<&Message>, Vec<&Message>) =
            batch.iter().partition(|message| failed.contains(message.message_id().unwrap_or_default()));
        if let Err(error) = self.delete(&done).await {
            warn!(error = %edge::telemetry::Chain(&*error), "Deleting failed: the messages will come again");
        }
        if let Err(error) = self.shorten(&failed).await {
            warn!(error = %edge::telemetry::Chain(&*error), "The retry delay was not set");
        }
        drop(place);
    }

    async fn delete(&self, messages: &[&Message]) -> Result<(), BoxError> {
        for chunk in messages.chunks(MOST_AT_ONCE) {
            let entries = chunk.iter().enumerate().map(|(index, message)| {
                let handle = message.receipt_handle().unwrap_or_default();
                DeleteMessageBatchRequestEntry::builder().id(index.to_string()).receipt_handle(handle).build()
            });
            let entries = entries.collect::<Result<_, _>>()?;
            let answer =
                self.sqs.delete_message_batch().queue_url(&self.queue_url).set_entries(Some(entries)).send().await?;
            for failure in answer.failed() {
                warn!(code = failure.code(), "A message was not deleted and will come again");
            }
        }
        Ok(())
    }

    async fn shorten(&self, messages: &[&Message]) -> Result<(), BoxError> {
        let Some(delay) = self.retry_delay else { return Ok(()) };
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(i32::MAX);
        for chunk in messages.chunks(MOST_AT_ONCE) {
            let entries = chunk.iter().enumerate().map(|(index, message)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(message.receipt_handle().unwrap_or_default())
                    .visibility_timeout(seconds)
                    .build()
            });
            let entries = entries.collect::<Result<_, _>>()?;
            self.sqs
                .change_message_visibility_batch()
                .queue_url(&self.queue_url)
                .set_entries(Some(entries))
                .send()
                .await?;
        }
        Ok(())
    }
}

/// The event that Lambda makes of a batch.
fn sqs_event(batch: &[Message], queue_arn: &str) -> Json {
    let records: Vec<Json> = batch.iter().map(|message| record(message, queue_arn)).collect();
    json!({ "Records": records })
}

fn record(message: &Message, queue_arn: &str) -> Json {
    let attributes = message.attributes().into_iter().flatten();
    let attributes: BTreeMap<&str, &String> = attributes.map(|(name, value)| (name.as_str(), value)).collect();
    let own = message.message_attributes().into_iter().flatten();
    let own: BTreeMap<&String, Json> = own.map(|(name, value)| (name, message_attribute(value))).collect();
    let mut record = json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body(),
        "attributes": attributes,
        "messageAttributes": own,
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    });
    if let Some(digest) = message.md5_of_message_attributes() {
        record["md5OfMessageAttributes"] = json!(digest);
    }
    record
}

fn message_attribute(value: &MessageAttributeValue) -> Json {
    let binary = value.binary_value().map(|bytes| BASE64_STANDARD.encode(bytes.as_ref()));
    json!({
        "stringValue": value.string_value(),
        "binaryValue": binary,
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.data_type(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartialResponse {
    #[serde(default)]
    batch_item_failures: Option<Vec<ItemFailure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    #[serde(default)]
    item_identifier: Option<String>,
}

/// The ids of the messages that failed. An answer that Lambda would call invalid fails all of them.
fn failures(answer: &[u8], batch: &[Message]) -> BTreeSet<String> {
    let all = || identities(batch).collect::<BTreeSet<_>>();
    let named = match serde_json::from_slice::<Option<PartialResponse>>(answer) {
        Ok(response) => response.and_then(|response| response.batch_item_failures).unwrap_or_default(),
        Err(_) => return all(),
    };
    let known = all();
    let named: Option<BTreeSet<String>> = named.into_iter().map(|failure| failure.item_identifier).collect();
    match named {
        Some(named) if named.is_subset(&known) => named,
        _ => known,
    }
}

fn identities(batch: &[Message]) -> impl Iterator<Item = String> {
    batch.iter().map(|message| message.message_id().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests;
