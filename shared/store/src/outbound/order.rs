//! Which answers wait in a conversation, and before which others.

use domain::{ConversationId, Message, MessageId, TenantId};

use super::OutboundStore;
use crate::error::StoreError;
use crate::item::{Item, from_item};
use crate::key::Key;
use crate::threads::OUTBOUND_SHARD;

/// Whether a message may still go out: it is in the index of unsettled ones.
pub(super) fn is_waiting(item: &Item) -> bool {
    item.contains_key(OUTBOUND_SHARD)
}

impl OutboundStore {
    /// Whose turn it is before `after` and all that wait before it are settled: the oldest of them, `None` when none of them
    /// waits. One strongly consistent read for each that does, and one more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn first_waiting(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        after: &MessageId,
    ) -> Result<Option<MessageId>, StoreError> {
        let mut first = None;
        let mut next = Some(after.clone());
        while let Some(id) = next {
            let item = self.threads.get(&self.threads.messages, &Key::message(tenant, conversation, &id)).await?;
            let Some(item) = item.filter(is_waiting) else { break };
            let message: Message = from_item("message", item)?;
            first = Some(id);
            next = message.after;
        }
        Ok(first)
    }
}
