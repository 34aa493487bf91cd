//! Messages that were left on their way.

use domain::{ConversationId, Message, MessageId, Status, TenantId, UnixMillis};

use super::OutboundStore;
use super::queue::SHARDS;
use crate::batch;
use crate::error::StoreError;
use crate::item::{Written, number, readable, text, written};
use crate::key::{Key, tenant_of_messages};

/// The index of unsettled messages; it holds keys only.
const BY_OUTBOUND: &str = "by-outbound";

/// A message that is not settled yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsettled {
    /// Whose.
    pub tenant: TenantId,
    /// The message: `Queued`, `Sending` or `Uncertain`.
    pub message: Message,
}

impl OutboundStore {
    /// Messages that were due before this time and are still not settled, about `limit` at most, oldest first. Costs
    /// what is found, not what exists.
    ///
    /// The index may be behind: what it lacks is found by the next sweep, and what it still has is read again here.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn stuck(&self, before: UnixMillis, limit: u32) -> Result<Vec<Unsettled>, StoreError> {
        let per_shard = i32::try_from(limit.div_ceil(u32::from(SHARDS)).max(1)).unwrap_or(i32::MAX);
        let mut keys = Vec::new();
        for shard in 0..SHARDS {
            keys.extend(self.due(shard, before, per_shard).await?);
        }
        let wanted: Vec<_> = keys.into_iter().map(|key| (self.threads.messages.as_str(), key)).collect();
        let mut stuck = Vec::new();
        for (key, item) in batch::get(&self.threads.client, &wanted).await? {
            let Some(tenant) = tenant_of_messages(&key.pk) else { continue };
            let Some(message) = readable::<Message>("message", item) else { continue };
            if matches!(message.status, Status::Queued | Status::Sending | Status::Uncertain) {
                stuck.push(Unsettled { tenant, message });
            }
        }
        stuck.sort_by(|one, other| one.message.id.cmp(&other.message.id));
        Ok(stuck)
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
            .condition_expression("attribute_exists(outbound_at)")
            .expression_attribute_values(":until", number(until.get()));
        // Refused: it was settled meanwhile, which is as good.
        let (Written::Done(_) | Written::Refused(_)) = written(update.send().await, |_| None)?;
        Ok(())
    }

    async fn due(&self, shard: u8, before: UnixMillis, limit: i32) -> Result<Vec<Key>, StoreError> {
        let output = self
            .threads
            .client
            .query()
            .table_name(&self.threads.messages)
            .index_name(BY_OUTBOUND)
            .key_condition_expression("outbound_shard = :shard AND outbound_at < :before")
            .expression_attribute_values(":shard", text(shard.to_string()))
            .expression_attribute_values(":before", number(before.get()))
            .limit(limit)
            .send()
            .await?;
        Ok(output.items.unwrap_or_default().iter().filter_map(batch::key_of).collect())
    }
}
