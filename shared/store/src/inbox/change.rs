//! Something happened to a message that is known by its mid: a reaction, an edit, an unsend, a read mark.

use domain::{Message, MessageId, Mid, UnixMillis};

use super::Outcome;
use super::waiting::{Parked, digest, is_awaited};
use crate::error::StoreError;
use crate::expiry;
use crate::retry::{ATTEMPTS, pause};
use crate::threads::{Thread, Threads};

/// Meta delivers an event for 36 hours; a queue keeps it for some time after that.
const LONGEST_DELIVERY_MS: i64 = 3 * 24 * 60 * 60 * 1000;

/// Far longer than any function runs that counts a message and then stores it.
const LONGEST_STORING_MS: i64 = 10 * 60 * 1000;

impl Threads {
    /// Applies a change to its message, or lets it wait for it.
    pub(super) async fn change(
        &self,
        thread: &mut Thread,
        mid: &Mid,
        parked: &Parked,
        now: UnixMillis,
    ) -> Result<Outcome, StoreError> {
        let counted = thread.conversation.counted.clone();
        if self.change_stored(thread, mid, parked).await? {
            return Ok(Outcome::Applied);
        }
        if has_expired(thread, mid, now) {
            return Ok(Outcome::Expired);
        }
        self.park(thread, mid, parked, now).await?;
        // The message may have been stored between the look and the note, by somebody who did not see the note. Then it was
        // counted meanwhile or just before: without that the look into the past need not be repeated.
        let may_be_there = thread.conversation.counted != counted || remembered(thread, mid).is_some();
        if may_be_there && self.change_stored(thread, mid, parked).await? {
            return Ok(Outcome::Applied);
        }
        if thread.is_erased() {
            return Ok(Outcome::Erased);
        }
        let waits_already = thread.received_at().is_some_and(|at| at.plus(LONGEST_STORING_MS) <= now);
        if remembered(thread, mid).is_some() && !waits_already {
            // It is being stored now, by somebody who may not know that something waits: the next delivery finds it.
            return Err(StoreError::Conflict);
        }
        Ok(Outcome::Parked)
    }

    /// The contact has read what was sent until then. Meta says so by a time, so nothing waits for a message.
    pub(super) async fn read_until(&self, thread: &mut Thread, until: UnixMillis) -> Result<Outcome, StoreError> {
        if thread.is_stored() {
            self.amend(thread, |conversation| {
                conversation.read_by_contact(until);
            })
            .await?;
        }
        Ok(Outcome::Applied)
    }

    /// The same of what has reached the contact's phone.
    pub(super) async fn delivered_until(&self, thread: &mut Thread, until: UnixMillis) -> Result<Outcome, StoreError> {
        if thread.is_stored() {
            self.amend(thread, |conversation| {
                conversation.delivered_to_contact(until);
            })
            .await?;
        }
        Ok(Outcome::Applied)
    }

    /// Applies a change to its message if that is stored.
    pub(super) async fn change_stored(
        &self,
        thread: &mut Thread,
        mid: &Mid,
        parked: &Parked,
    ) -> Result<bool, StoreError> {
        if !thread.is_stored() {
            return Ok(false);
        }
        for attempt in 0..ATTEMPTS {
            let Some(message) = self.locate(thread, mid, parked).await? else { return Ok(false) };
            let id = message.id.clone();
            if self.apply_to(thread, message, parked).await? {
                if is_awaited(&thread.conversation, mid, expiry::now(&self.client)) {
                    self.apply_waiting(thread, mid, &id).await?;
                }
                return Ok(true);
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }

    /// Finds a message by its mid. Most changes are about one of the last few messages, whose ids the conversation
    /// remembers and which end with the digest of their mid: those cost one read. For others the conversation is read
    /// backwards, as far as the change is worth.
    async fn locate(&self, thread: &Thread, mid: &Mid, parked: &Parked) -> Result<Option<Message>, StoreError> {
        if let Some(id) = remembered(thread, mid) {
            let found = self.message(&thread.tenant, thread.id(), id).await?;
            if let Some(found) = found.filter(|message| message.provider_message_id.as_ref() == Some(mid)) {
                return Ok(Some(found));
            }
        }
        match self.find_by_mid(&thread.tenant, thread.id(), mid, parked.reach()).await? {
            // As it is now: what the walk saw may be behind.
            Some(found) => self.message(&thread.tenant, thread.id(), &found.id).await,
            None => Ok(None),
        }
    }
}

/// The id of a message that the conversation remembers to have counted.
fn remembered<'t>(thread: &'t Thread, mid: &Mid) -> Option<&'t MessageId> {
    let ending = digest(mid);
    thread.conversation.counted.recent.iter().find(|id| id.as_str().ends_with(&ending))
}

/// Whether a message that is remembered and not there has expired. One that is being stored now is not there either, but
/// it is younger than anything that Meta still delivers.
fn has_expired(thread: &Thread, mid: &Mid, now: UnixMillis) -> bool {
    remembered(thread, mid).is_some_and(|id| {
        let over = thread.retention.end(id.at()).is_some_and(|end| end <= now.seconds());
        over || id.at().plus(LONGEST_DELIVERY_MS) <= now
    })
}
