//! Names and pictures that are old are asked for again when somebody opens the conversation.

use std::time::Duration;

use aws_sdk_sqs::Client;
use domain::contact::Occasion;
use domain::{Conversation, ProfileRequest, TenantId, UnixMillis};
use edge::telemetry::{Chain, metric};
use tokio::time::timeout;
use tracing::warn;

/// Why an order did not reach the queue.
#[derive(Debug, thiserror::Error)]
enum EnqueueError {
    #[error("the order could not be written")]
    Write(#[from] serde_json::Error),
    #[error("the queue did not take the order")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the queue did not answer in time")]
    Late,
}

/// How long the queue may take: somebody waits for the conversation.
const PATIENCE: Duration = Duration::from_secs(1);

/// The `inbound` queue, whose processor may open tokens and ask Meta. The inbox may do neither.
pub(crate) struct Profiles {
    pub(crate) client: Client,
    pub(crate) url: String,
}

impl Profiles {
    /// Somebody opened the conversation. A failure is only logged: they will open it again.
    pub(crate) async fn opened(&self, tenant: &TenantId, conversation: &Conversation, now: UnixMillis) {
        if !conversation.contact.profile_due(Occasion::Opened, now) {
            return;
        }
        let enqueued = timeout(PATIENCE, self.enqueue(tenant, conversation)).await;
        if let Err(failure) = enqueued.unwrap_or(Err(EnqueueError::Late)) {
            warn!(error = %Chain(&failure), "An old profile is not asked for");
            metric("profile_not_enqueued", 1, &[]);
        }
    }

    /// In a group of its own, so that the contact's messages do not wait for Meta's answer. What is known so far is part of the
    /// deduplication id: an inbox that polls asks once in five minutes.
    async fn enqueue(&self, tenant: &TenantId, conversation: &Conversation) -> Result<(), EnqueueError> {
        let Conversation { id, account, contact, .. } = conversation;
        let request = ProfileRequest::new(tenant.clone(), account.clone(), id.clone(), Occasion::Opened);
        let asked_at = contact.profile_checked_at.map_or(0, UnixMillis::get);
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_group_id(format!("profile:{id}"))
            .message_deduplication_id(format!("{id}:{asked_at}"))
            .message_body(serde_json::to_string(&request)?)
            .send()
            .await
            .map_err(|error| EnqueueError::Unavailable(Box::new(error)))?;
        Ok(())
    }
}
