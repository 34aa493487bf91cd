//! Which message an event brings: the mid decides, the time only sorts.
//!
//! A delivery whose time is newer than everything that the conversation has forgotten costs nothing. An older one costs a
//! look among the messages of its two seconds. An event without a time of its own takes that of its first delivery, which
//! is noted beside the messages under the event's identity. So does one that was delivered before the time it gives itself:
//! until the last such time has passed, a newer delivery costs a look for that note.

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::conversation::{SAME_MESSAGE_MS, WasCounted};
use domain::event::NewMessage;
use domain::{MessageId, UnixMillis, UnixSeconds};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::expiry::{self, Conditional as _};
use crate::item::{Keyed, Written, from_item, written};
use crate::key::Key;
use crate::threads::{Thread, Threads, Walk};

/// For so long Meta delivers again: 36 hours and a little more.
pub(super) const DELIVERED_AGAIN_MS: i64 = 37 * 60 * 60 * 1000;

/// For so long a dead-letter queue hands out what it was given: SQS keeps nothing for more than 14 days.
const REPLAYED_SECONDS: i64 = 15 * 24 * 60 * 60;

/// What the conversation knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing: it was never counted.
    New,
    /// It was counted; its item may be missing.
    Counted,
    /// Its item exists.
    Stored,
    /// It belongs to what was deleted.
    Erased,
}

/// The note of a first delivery.
#[derive(Serialize, Deserialize)]
struct First {
    id: MessageId,
    /// A deletion of what was received before leaves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    received_at: Option<UnixMillis>,
}

impl Threads {
    /// The id that a message is known by, or will be: the same for every delivery, whatever time it has.
    pub(super) async fn identify(
        &self,
        thread: &Thread,
        new: &NewMessage,
    ) -> Result<(MessageId, Standing), StoreError> {
        if thread.is_erased() {
            return Ok((new.id.clone(), Standing::Erased));
        }
        let counted = &thread.conversation.counted;
        if let Some(known) = counted.find(&new.id) {
            return Ok((known.clone(), Standing::Counted));
        }
        if new.untimed {
            return self.identify_untimed(thread, new).await;
        }
        let (at, was_counted) = (new.id.at(), counted.contains(&new.id));
        if was_counted == WasCounted::No && !counted.may_have_come_early(at) {
            return Ok((new.id.clone(), Standing::New));
        }
        if was_counted == WasCounted::IfStored
            && let Some(stored) =
                self.stored_between(thread, &new.id, SAME_MESSAGE_MS, at.plus(SAME_MESSAGE_MS)).await?
        {
            return Ok((stored, Standing::Stored));
        }
        if counted.untimed
            && let Some(first) = self.first_delivery(thread, &new.id).await?
        {
            return self.standing_of(thread, first).await;
        }
        Ok((new.id.clone(), Standing::New))
    }

    /// The event does not say when it happened: an earlier delivery may have, or was the first.
    async fn identify_untimed(&self, thread: &Thread, new: &NewMessage) -> Result<(MessageId, Standing), StoreError> {
        let at = new.id.at();
        if thread.conversation.counted.horizon > at.plus(-DELIVERED_AGAIN_MS)
            && let Some(stored) = self.stored_between(thread, &new.id, DELIVERED_AGAIN_MS, at).await?
        {
            return Ok((stored, Standing::Stored));
        }
        let end = thread.retention.end(at);
        let first = self.note_first_delivery(thread, &new.id, end).await?;
        self.standing_of(thread, first).await
    }

    async fn standing_of(&self, thread: &Thread, id: MessageId) -> Result<(MessageId, Standing), StoreError> {
        let standing = match thread.conversation.counted.contains(&id) {
            WasCounted::Yes => Standing::Counted,
            WasCounted::IfStored if self.message(&thread.tenant, thread.id(), &id).await?.is_some() => Standing::Stored,
            WasCounted::IfStored | WasCounted::No => Standing::New,
        };
        Ok((id, standing))
    }

    /// The stored message with the identity of `id`, of those from so much earlier than its time until `last`.
    async fn stored_between(
        &self,
        thread: &Thread,
        id: &MessageId,
        earlier_ms: i64,
        last: UnixMillis,
    ) -> Result<Option<MessageId>, StoreError> {
        let mut walk = Walk::between(&thread.tenant, thread.id(), id.at().plus(-earlier_ms), last);
        while let Some(messages) = self.next(&mut walk).await? {
            if let Some(found) = messages.into_iter().find(|message| message.id.is_same(id)) {
                return Ok(Some(found.id));
            }
        }
        Ok(None)
    }

    /// When an event without a time was first delivered, as the id that its message got.
    async fn first_delivery(&self, thread: &Thread, id: &MessageId) -> Result<Option<MessageId>, StoreError> {
        let found = self.get(&self.messages, &first_key(thread, id)).await?;
        Ok(found.map(|item| from_item::<First>("first delivery", item)).transpose()?.map(|first| first.id))
    }

    /// When a change without a time was first delivered. That is known for as long as any queue keeps it.
    pub(super) async fn first_delivered(&self, thread: &Thread, id: &MessageId) -> Result<UnixMillis, StoreError> {
        let end = id.at().seconds().plus(REPLAYED_SECONDS);
        let end = thread.retention.end(id.at()).map_or(end, |kept| kept.min(end));
        Ok(self.note_first_delivery(thread, id, Some(end)).await?.at())
    }

    /// Notes this delivery of an event without a time, unless an earlier one was; answers the earliest.
    async fn note_first_delivery(
        &self,
        thread: &Thread,
        id: &MessageId,
        end: Option<UnixSeconds>,
    ) -> Result<MessageId, StoreError> {
        let first = First { id: id.clone(), received_at: thread.received_at() };
        let key = first_key(thread, id);
        let outcome = self
            .client
            .put_item()
            .table_name(&self.messages)
            .set_item(Some(Keyed::new(&key, &first).expiring_at(end).item()?))
            .if_absent(expiry::now(&self.client))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match written(outcome, |_| None)? {
            Written::Refused(Some(earlier)) => Ok(from_item::<First>("first delivery", earlier)?.id),
            Written::Refused(None) | Written::Done(_) => Ok(first.id),
        }
    }
}

fn first_key(thread: &Thread, id: &MessageId) -> Key {
    Key::first_delivery(&thread.tenant, thread.id(), id)
}
