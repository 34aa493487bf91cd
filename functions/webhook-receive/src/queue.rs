//! The `inbound` queue.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
    SendMessageBatchRequestEntry,
};
use futures::stream::{self, StreamExt, TryStreamExt};
use tracing::warn;

use crate::batch::{Batch, Chain, Entry};

/// How many chains are sent at once: 1000 events, the most that Meta batches, take a second at worst.
const CONCURRENT_CHAINS: usize = 8;

/// How often refused messages of an otherwise accepted call are tried again.
const RETRIES: usize = 2;

/// Why not every event was queued.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// No call went through, after the SDK's own retries.
    #[error("the queue did not take the batch")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The queue kept refusing some of the messages.
    #[error("the queue refused {0} messages of a batch")]
    Refused(usize),
}

impl From<BuildError> for QueueError {
    fn from(error: BuildError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

/// What SQS hands over beside a message.
type Trace = HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue>;

/// Where events wait for the processor.
pub(crate) struct InboundQueue {
    pub(crate) client: Client,
    pub(crate) url: String,
}

impl InboundQueue {
    /// Queues everything, or tells that some of it may be missing. The queue drops what it has already.
    ///
    /// The trace goes along, so that what the processor does belongs to it.
    pub(crate) async fn enqueue(&self, chains: Vec<Chain>, trace_header: Option<&str>) -> Result<(), QueueError> {
        let trace = trace_header.map(trace_attribute).transpose()?;
        stream::iter(chains)
            .map(|chain| self.send_chain(chain, trace.as_ref()))
            .buffer_unordered(CONCURRENT_CHAINS)
            .try_collect::<()>()
            .await
    }

    async fn send_chain(&self, chain: Chain, trace: Option<&Trace>) -> Result<(), QueueError> {
        for batch in chain {
            self.send_batch(batch, trace).await?;
        }
        Ok(())
    }

    /// Tries again what was refused. A message that comes late only is later: what the processor stores does not
    /// depend on the order of deliveries.
    async fn send_batch(&self, batch: Batch, trace: Option<&Trace>) -> Result<(), QueueError> {
        let mut left = into_requests(batch, trace)?;
        for _ in 0..=RETRIES {
            let refused = self.call(left.clone()).await?;
            left.retain(|request| refused.iter().any(|refusal| refusal.id == request.id));
            let Some(first) = refused.first() else { return Ok(()) };
            warn!(refused = refused.len(), code = %first.code, "The queue refused messages of a batch");
        }
        Err(QueueError::Refused(left.len()))
    }

    async fn call(
        &self,
        requests: Vec<SendMessageBatchRequestEntry>,
    ) -> Result<Vec<BatchResultErrorEntry>, QueueError> {
        let call = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(requests));
        let output = call.send().await.map_err(|error| QueueError::Unavailable(Box::new(error)))?;
        Ok(output.failed)
    }
}

fn trace_attribute(header: &str) -> Result<Trace, BuildError> {
    let value = MessageSystemAttributeValue::builder().data_type("String").string_value(header).build()?;
    Ok(HashMap::from([(MessageSystemAttributeNameForSends::AwsTraceHeader, value)]))
}

fn into_requests(batch: Batch, trace: Option<&Trace>) -> Result<Vec<SendMessageBatchRequestEntry>, QueueError> {
    let request = |(position, entry): (usize, Entry)| {
        SendMessageBatchRequestEntry::builder()
            .id(position.to_string())
            .message_group_id(entry.group)
            .message_deduplication_id(entry.deduplication)
            .message_body(entry.body)
            .set_message_system_attributes(trace.cloned())
            .build()
    };
    Ok(batch.into_iter().enumerate().map(request).collect::<Result<_, _>>()?)
}
