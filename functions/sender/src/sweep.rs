//! Finds messages that were stored and then left: by a crash before the queue had them, or by a queue that gave up.

use std::collections::HashMap;

use domain::{Conversation, ConversationId, Dispatch, Message, Status, TenantId, UnixMillis};
use edge::telemetry::{Chain, metric};
use store::{StoreError, Unsettled};
use tracing::warn;

use crate::handler::App;

/// How long a message may be unsettled before that is suspicious: longer than a try with its first waits.
const SUSPICIOUS_MS: i64 = 5 * 60 * 1000;

/// How long a message is left alone once it was handed over again.
const PAUSE_MS: i64 = 15 * 60 * 1000;

/// Messages of one sweep, at three calls each: what is left is the next one's.
const MOST: u32 = 400;

/// How old an uncertain message is once the queue has certainly given it up. Until then somebody is asking already.
const UNCERTAIN_MS: i64 = 60 * 60 * 1000;

/// Hands unsettled messages to the queue again; tells how many. To hand over one that is under way is no harm: whoever
/// comes second finds it settled.
pub(crate) async fn sweep(app: &App) -> Result<usize, StoreError> {
    let now = app.clock.now_ms();
    let mut handed_over = 0;
    let mut conversations = Conversations::new();
    for unsettled in app.outbound.stuck(now.plus(-SUSPICIOUS_MS), MOST).await? {
        if is_lost(&unsettled.message, now) && hand_over(app, &unsettled, &mut conversations).await? {
            handed_over += 1;
        }
    }
    metric("swept", u64::try_from(handed_over).unwrap_or(u64::MAX), &[]);
    Ok(handed_over)
}

fn is_lost(message: &Message, now: UnixMillis) -> bool {
    message.status != Status::Uncertain || message.created_at.plus(UNCERTAIN_MS) <= now
}

type Conversations = HashMap<(TenantId, ConversationId), Option<Conversation>>;

async fn hand_over(app: &App, unsettled: &Unsettled, read: &mut Conversations) -> Result<bool, StoreError> {
    let Unsettled { tenant, message } = unsettled;
    let now = app.clock.now_ms();
    let key = (tenant.clone(), message.conversation.clone());
    if !read.contains_key(&key) {
        read.insert(key.clone(), app.inbox.conversation(tenant, &message.conversation).await?);
    }
    let enqueued = match read.get(&key) {
        Some(Some(Conversation { id, account, contact, .. })) => {
            let contact = contact.igsid.clone();
            let dispatch = Dispatch::new(tenant.clone(), account.clone(), contact, id.clone(), message.id.clone());
            // Another id than the first time, which the queue may still remember.
            let deduplication = format!("{}-{}", message.id, now.seconds().get());
            app.queue.enqueue(&dispatch, &deduplication).await.map_err(|failure| {
                warn!(message_id = %message.id, error = %Chain(&failure), "A message could not be handed over again");
            })
        }
        // Deleted with its tenant's data.
        Some(None) | None => Err(()),
    };
    // Also after a failure: one message must not keep the sweep from all that come after it.
    app.outbound.postpone(tenant, &message.conversation, &message.id, now.plus(PAUSE_MS)).await?;
    Ok(enqueued.is_ok())
}
