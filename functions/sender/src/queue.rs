//! The `outbound` queue.

use std::time::Duration;

use aws_sdk_sqs::Client;
use domain::Dispatch;
use edge::telemetry::Chain;
use tracing::warn;

use crate::backoff::LONGEST_VISIBILITY;

/// Why a message was not handed to the queue.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnqueueError {
    #[error("the order could not be written")]
    Write(#[from] serde_json::Error),
    #[error("the queue did not take the order")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where messages wait for being sent.
pub(crate) struct OutboundQueue {
    pub(crate) client: Client,
    pub(crate) url: String,
}

impl OutboundQueue {
    /// Hides a delivery that failed, and with it the rest of its conversation, until it is worth another try.
    ///
    /// Where that fails the queue's own visibility timeout applies: sooner or later, but in order.
    pub(crate) async fn hide(&self, receipt: &str, wait: Duration) {
        let seconds = i32::try_from(wait.min(LONGEST_VISIBILITY).as_secs()).unwrap_or(i32::MAX);
        let call = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        if let Err(failure) = call.visibility_timeout(seconds).send().await {
            warn!(error = %Chain(&failure), "A delivery could not be hidden until its next try");
        }
    }

    /// Hands a message over once more. Deliveries that are under way already are no harm.
    pub(crate) async fn enqueue(&self, dispatch: &Dispatch, deduplication: &str) -> Result<(), EnqueueError> {
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_group_id(dispatch.group_id())
            .message_deduplication_id(deduplication)
            .message_body(serde_json::to_string(dispatch)?)
            .send()
            .await
            .map_err(|error| EnqueueError::Unavailable(Box::new(error)))?;
        Ok(())
    }
}
