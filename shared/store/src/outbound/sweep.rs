//! Messages that were left on their way.

use domain::outbox::LastChange;
use domain::{Conversation, ConversationId, Message, MessageId, Status, TenantId, UnixMillis};
use sha2::{Digest, Sha256};

use super::OutboundStore;
use crate::batch;
use crate::error::StoreError;
use crate::item::{Item, Written, number, readable, readable_as, text, written};
use crate::key::{Key, place_of_messages};
use crate::threads::Stored;
use crate::told::Telling as _;

/// The index of unsettled messages; it holds keys only.
const BY_OUTBOUND: &str = "by-outbound";

/// Partitions of that index: one takes a thousand writes a second, and a message is two.
pub const SHARDS: u8 = 4;

/// Messages of one page, as many as one read of several items takes.
const PAGE: i32 = 50;

/// A message that is not settled yet, with its conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsettled {
    /// Whose.
    pub tenant: TenantId,
    /// Where it stands.
    pub conversation: Conversation,
    /// The message: `Queued`, `Sending` or `Uncertain`.
    pub message: Message,
}

/// A part of what is unsettled.
#[derive(Debug, Default)]
pub struct Stuck {
    /// What was found, oldest first.
    pub found: Vec<Unsettled>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<Item>,
}

impl OutboundStore {
    /// Messages of one of the [`SHARDS`] that were due before this time and are still not settled, oldest first,
    /// page by page. Costs what is found, not what exists. What cannot be read, or has lost its conversation, is left out.
    ///
    /// The index may be behind: what it lacks is found by the next sweep, and what it still has is read again here.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn stuck(&self, shard: u8, before: UnixMillis, from: Option<Item>) -> Result<Stuck, StoreError> {
        let output = self
            .threads
            .client
            .query()
            .table_name(&self.threads.messages)
            .index_name(BY_OUTBOUND)
            .key_condition_expression("outbound_shard = :shard AND outbound_at < :before")
            .expression_attribute_values(":shard", text(shard.to_string()))
            .expression_attribute_values(":before", number(before.get()))
            .set_exclusive_start_key(from)
            .limit(PAGE)
            .send()
            .await?;
        let keys = output.items.unwrap_or_default().iter().filter_map(Key::of).collect();
        Ok(Stuck { found: self.unsettled(keys).await?, next: output.last_evaluated_key })
    }

    async fn unsettled(&self, keys: Vec<Key>) -> Result<Vec<Unsettled>, StoreError> {
        let places: Vec<_> = keys.into_iter().filter_map(|key| Some((place_of_messages(&key.pk)?, key))).collect();
        let wanted: Vec<_> = places
            .iter()
            .flat_map(|((tenant, conversation), key)| {
                let thread = Key::conversation(tenant, conversation);
                [(self.threads.messages.as_str(), key.clone()), (self.threads.conversations.as_str(), thread)]
            })
            .collect();
        let found = batch::get(&self.threads.client, &wanted).await?;
        let read = |(tenant, conversation): (TenantId, ConversationId), key: &Key| {
            let message: Message = readable("message", found.get(key)?.clone())?;
            let thread = found.get(&Key::conversation(&tenant, &conversation))?.clone();
            let conversation = readable_as("conversation", thread, Stored::read)?.conversation()?;
            let waits = matches!(message.status, Status::Queued | Status::Sending | Status::Uncertain);
            waits.then_some(Unsettled { tenant, conversation, message })
        };
        Ok(places.into_iter().filter_map(|(place, key)| read(place, &key)).collect())
    }

    /// Leaves an unsettled message alone until then: it was handed to the queue again, or asked about in vain.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn postpone(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
        until: UnixMillis,
    ) -> Result<(), StoreError> {
        let update = self
            .threads
            .client
            .update_item()
            .table_name(&self.threads.messages)
            .set_key(Some(Key::message(tenant, conversation, id).attributes()))
            .update_expression("SET outbound_at = :until")
            .telling(LastChange::Kept)
            .condition_expression("attribute_exists(outbound_at)")
            .expression_attribute_values(":until", number(until.get()));
        // Refused: it was settled meanwhile, which is as good.
        let (Written::Done(_) | Written::Refused(_)) = written(update.send().await, |_| None)?;
        Ok(())
    }
}

/// The partition of a conversation's messages.
pub(super) fn shard(conversation: &ConversationId) -> String {
    let digest = Sha256::digest(conversation.as_str());
    (digest[0] % SHARDS).to_string()
}
