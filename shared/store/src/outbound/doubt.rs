//! A message of which nobody knows whether it went out.

use domain::outbox::LastChange;
use domain::{ConversationId, Message, MessageId, Status, TenantId, UnixMillis};

use super::OutboundStore;
use crate::error::StoreError;
use crate::expiry::{self, Conditional as _};
use crate::item::{Item, Written, number, time, to_value, written};
use crate::threads::TRIED_AT;
use crate::told::Telling as _;

/// When the provider's list was first found without a message that is in doubt.
const ABSENT_AT: &str = "absent_at";

/// How far the search for a message has come that may or may not have gone out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// When the last call to the provider was begun.
    pub tried_at: UnixMillis,
    /// When the provider's list was first found without it, since then.
    pub absent_at: Option<UnixMillis>,
}

impl Doubt {
    pub(super) fn read(item: &Item, message: &Message) -> Self {
        let tried_at = time(item, TRIED_AT).unwrap_or(message.created_at);
        Self { tried_at, absent_at: time(item, ABSENT_AT) }
    }
}

impl OutboundStore {
    /// Notes that the provider's list does not show a message that is in doubt. The first time counts.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn note_absent(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let update = self
            .update(tenant, conversation, id)
            .update_expression("SET absent_at = if_not_exists(absent_at, :now)")
            .telling(LastChange::Kept)
            .if_living("#status = :uncertain", expiry::now(&self.threads.client))
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":now", number(now.get()))
            .expression_attribute_values(":uncertain", to_value(&Status::Uncertain)?);
        let (Written::Done(_) | Written::Refused(_)) = written(update.send().await, |_| None)?;
        Ok(())
    }

    /// Leaves a message in doubt to people: it leaves the index of unsettled ones, so nothing waits for it any more and the
    /// sweep does not find it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn leave_in_doubt(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
    ) -> Result<(), StoreError> {
        let update = self
            .update(tenant, conversation, id)
            .update_expression("REMOVE outbound_shard, outbound_at")
            .telling(LastChange::Kept)
            .condition_expression("attribute_exists(outbound_shard)");
        // Refused: it was settled meanwhile, which is as good.
        let (Written::Done(_) | Written::Refused(_)) = written(update.send().await, |_| None)?;
        Ok(())
    }
}
