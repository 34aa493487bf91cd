//! An event arrives.

use domain::contact::Occasion;
use domain::conversation::WasCounted;
use domain::event::NewMessage;
use domain::{Direction, Event, Happening, Kind, Message, TenantId, UnixMillis};

use super::{InboxStore, Outcome, Place, Prefetched, Received};
use crate::error::StoreError;
use crate::expiry;
use crate::retention::Retention;
use crate::retry::{ATTEMPTS, pause};
use crate::threads::{Thread, Threads};

/// What counting a message came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counting {
    /// It was counted now.
    Now,
    /// It was counted before; its item may be missing.
    Before,
    /// Its item exists.
    Stored,
    /// It belongs to what was deleted.
    Erased,
}

impl InboxStore {
    /// Stores or applies an event exactly once, whatever is redelivered, concurrent or killed in between.
    ///
    /// Events of one conversation are expected in order (a FIFO group); every other order ends in the same state.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when others keep changing the conversation, [`StoreError::Unavailable`]: deliver it
    /// again. [`StoreError::Shape`]: no retry can help.
    pub async fn receive(
        &self,
        prefetched: &mut Prefetched,
        event: &Event,
        now: UnixMillis,
    ) -> Result<Received, StoreError> {
        let Some(route) = self.owner(prefetched, &event.account).await? else {
            return Ok(Received { outcome: Outcome::NoRoute, place: None, profile_wanted: None });
        };
        if route.paused
            && matches!(&event.happening, Happening::Message { message, .. } if message.direction == Direction::Inbound)
        {
            return Ok(Received { outcome: Outcome::Paused, place: None, profile_wanted: None });
        }
        let tenant = route.tenant;
        let contact = match &event.happening {
            Happening::Message { contact, .. }
            | Happening::Read { contact, .. }
            | Happening::Change { contact: Some(contact), .. } => contact,
            Happening::Change { contact: None, .. } => return Ok(about_account(Outcome::Unplaced, tenant)),
            Happening::Test | Happening::AccountNotice { .. } | Happening::Nothing { .. } => {
                return Ok(about_account(Outcome::NotForInbox, tenant));
            }
        };
        let thread = self.take_thread(prefetched, tenant.clone(), &event.account, contact, now).await?;
        let mut thread = thread.kept(Retention(route.retention_days)).reading(event, route.erased_before);
        let outcome = if route.paused {
            self.threads.amend_stored(&mut thread, event).await?
        } else {
            self.threads.place(&mut thread, event, now).await?
        };
        let received = Received {
            profile_wanted: (matches!(outcome, Outcome::Stored { .. } | Outcome::Duplicate) && !route.paused)
                .then(|| occasion(event))
                .flatten()
                .filter(|occasion| thread.conversation.contact.profile_due(*occasion, now)),
            place: (outcome != Outcome::Paused).then(|| Place { tenant, conversation: Some(thread.id().clone()) }),
            outcome,
        };
        prefetched.give_back(thread);
        Ok(received)
    }
}

fn about_account(outcome: Outcome, tenant: TenantId) -> Received {
    Received { outcome, place: Some(Place { tenant, conversation: None }), profile_wanted: None }
}

/// What a stored message is a reason to ask for its contact's profile. A comment alone is none: Meta would refuse.
fn occasion(event: &Event) -> Option<Occasion> {
    match &event.happening {
        Happening::Message { message, .. } if message.opens_window => Some(Occasion::Wrote),
        Happening::Message { message, .. } if message.kind != Kind::Comment => Some(Occasion::Answered),
        _ => None,
    }
}

impl Threads {
    async fn place(&self, thread: &mut Thread, event: &Event, now: UnixMillis) -> Result<Outcome, StoreError> {
        if thread.is_erased() {
            return Ok(Outcome::Erased);
        }
        match &event.happening {
            Happening::Message { message, .. } if message.direction == Direction::Outbound => {
                self.place_echo(thread, message).await
            }
            Happening::Message { message, .. } => self.store(thread, message).await,
            Happening::Change { mid, change, .. } => self.change(thread, mid, &change.clone().into(), now).await,
            Happening::Read { mid, .. } => self.change(thread, mid, &super::waiting::Parked::Read, now).await,
            Happening::Test | Happening::AccountNotice { .. } | Happening::Nothing { .. } => Ok(Outcome::NotForInbox),
        }
    }

    /// What an event of a paused account comes to: what is stored changes, and nothing is added.
    async fn amend_stored(&self, thread: &mut Thread, event: &Event) -> Result<Outcome, StoreError> {
        let applied = match &event.happening {
            Happening::Message { message, .. } if message.direction == Direction::Outbound => {
                return Ok(self.merge_echo(thread, message).await?.unwrap_or(Outcome::Paused));
            }
            Happening::Change { mid, change, .. } => self.change_stored(thread, mid, &change.clone().into()).await?,
            Happening::Read { mid, .. } => self.change_stored(thread, mid, &super::waiting::Parked::Read).await?,
            _ => false,
        };
        Ok(if applied { Outcome::Applied } else { Outcome::Paused })
    }

    /// Counts a message, then stores it, then applies what waited for it.
    pub(super) async fn store(&self, thread: &mut Thread, new: &NewMessage) -> Result<Outcome, StoreError> {
        let new_conversation = thread.conversation.last_message.is_none();
        let message = Message::from_event(thread.id().clone(), new.clone());
        let stored = match self.count(thread, &message, new).await? {
            Counting::Erased => return Ok(Outcome::Erased),
            Counting::Stored => false,
            Counting::Now | Counting::Before => self.insert_message(thread, &message).await?,
        };
        if let Some(mid) = &message.provider_message_id {
            self.apply_waiting(thread, mid, &message.id).await?;
        }
        Ok(if stored { Outcome::Stored { new_conversation } } else { Outcome::Duplicate })
    }

    async fn count(&self, thread: &mut Thread, message: &Message, new: &NewMessage) -> Result<Counting, StoreError> {
        for attempt in 0..ATTEMPTS {
            if thread.is_erased() {
                return Ok(Counting::Erased);
            }
            match thread.conversation.counted.contains(&message.id) {
                WasCounted::Yes => return Ok(Counting::Before),
                WasCounted::IfStored if self.message(&thread.tenant, thread.id(), &message.id).await?.is_some() => {
                    return Ok(Counting::Stored);
                }
                WasCounted::IfStored | WasCounted::No => {}
            }
            let mut next = thread.conversation.clone();
            next.count(message, new.opens_window);
            next.outlive(thread.retention.end(message.created_at));
            next.forget_expired(expiry::now(&self.client));
            if next.last_message.as_ref().is_some_and(|shown| shown.id == message.id) {
                next.handled_elsewhere = new.handled_elsewhere;
            }
            if self.save(thread, next).await? {
                return Ok(Counting::Now);
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }
}
