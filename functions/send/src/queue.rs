//! The `outbound` queue.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use domain::{Conversation, Dispatch, Message, TenantId, TraceId};
use edge::telemetry::{Chain, metric};
use tracing::error;

/// Why a message was not handed to the queue.
#[derive(Debug, thiserror::Error)]
enum EnqueueError {
    #[error("the order could not be written")]
    Write(#[from] serde_json::Error),
    #[error("the trace could not be handed over")]
    Trace(#[from] BuildError),
    #[error("the queue did not take the order")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where accepted messages wait for being sent.
pub(crate) struct OutboundQueue {
    pub(crate) client: Client,
    pub(crate) url: String,
}

impl OutboundQueue {
    /// Hands an accepted message over. A failure is only logged: the message is stored, so the sweep will find it.
    pub(crate) async fn hand_over(&self, tenant: &TenantId, conversation: &Conversation, message: &Message) {
        let dispatch = Dispatch::new(
            tenant.clone(),
            conversation.account.clone(),
            conversation.contact.igsid.clone(),
            conversation.id.clone(),
            message.id.clone(),
        );
        if let Err(failure) = self.enqueue(&dispatch, message.trace_id.as_ref()).await {
            error!(message_id = %message.id, error = %Chain(&failure), "An accepted message waits for the sweep");
            metric("enqueue_failed", 1, &[]);
        }
    }

    async fn enqueue(&self, dispatch: &Dispatch, trace: Option<&TraceId>) -> Result<(), EnqueueError> {
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_group_id(dispatch.group_id())
            .message_deduplication_id(dispatch.message.as_str())
            .message_body(serde_json::to_string(dispatch)?)
            .set_message_system_attributes(trace.map(trace_attribute).transpose()?)
            .send()
            .await
            .map_err(|error| EnqueueError::Unavailable(Box::new(error)))?;
        Ok(())
    }
}

/// Makes the sender's work part of the trace that began with the webhook.
fn trace_attribute(
    trace: &TraceId,
) -> Result<HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue>, BuildError> {
    let header = format!("Root={trace}");
    let value = MessageSystemAttributeValue::builder().data_type("String").string_value(header).build()?;
    Ok(HashMap::from([(MessageSystemAttributeNameForSends::AwsTraceHeader, value)]))
}
