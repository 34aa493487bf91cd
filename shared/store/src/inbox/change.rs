//! Something happened to a message that is known by its mid: a reaction, an edit, an unsend, a read mark.

use domain::{Message, Mid, UnixMillis};

use super::Outcome;
use super::waiting::{Parked, digest, is_awaited};
use crate::error::StoreError;
use crate::retry::{ATTEMPTS, pause};
use crate::threads::{Thread, Threads};

impl Threads {
    /// Applies a change to its message, or lets it wait for it.
    pub(super) async fn change(
        &self,
        thread: &mut Thread,
        mid: &Mid,
        parked: &Parked,
        now: UnixMillis,
    ) -> Result<Outcome, StoreError> {
        if self.change_stored(thread, mid, parked).await? {
            return Ok(Outcome::Applied);
        }
        self.park(thread, mid, parked, now).await?;
        // The message may have been stored between the look and the note, by somebody who did not see the note.
        if self.change_stored(thread, mid, parked).await? {
            return Ok(Outcome::Applied);
        }
        if is_being_stored(thread, mid) {
            return Err(StoreError::Conflict);
        }
        Ok(Outcome::Parked)
    }

    /// Applies a change to its message if that is stored.
    async fn change_stored(&self, thread: &mut Thread, mid: &Mid, parked: &Parked) -> Result<bool, StoreError> {
        if !thread.is_stored() {
            return Ok(false);
        }
        for attempt in 0..ATTEMPTS {
            let Some(message) = self.locate(thread, mid).await? else { return Ok(false) };
            let id = message.id.clone();
            if self.apply_to(thread, message, parked).await? {
                if is_awaited(&thread.conversation, mid) {
                    self.apply_waiting(thread, mid, &id).await?;
                }
                return Ok(true);
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }

    /// Finds a message by its mid. Most changes are about one of the last few messages, whose ids the conversation
    /// remembers and which end with the digest of their mid: those cost one read.
    async fn locate(&self, thread: &Thread, mid: &Mid) -> Result<Option<Message>, StoreError> {
        let ending = digest(mid);
        let recent = &thread.conversation.counted.recent;
        if let Some(id) = recent.iter().find(|id| id.as_str().ends_with(&ending)) {
            let found = self.message(&thread.tenant, thread.id(), id).await?;
            if let Some(found) = found.filter(|message| message.provider_message_id.as_ref() == Some(mid)) {
                return Ok(Some(found));
            }
        }
        self.find_by_mid(&thread.tenant, thread.id(), mid).await
    }
}

/// Whether the message was counted but not yet stored when the conversation was last written: whoever stores it may
/// not know that something waits. The next delivery of the change will find it.
fn is_being_stored(thread: &Thread, mid: &Mid) -> bool {
    let ending = digest(mid);
    thread.conversation.counted.recent.iter().any(|id| id.as_str().ends_with(&ending))
}
