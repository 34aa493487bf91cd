//! An event arrives.

use domain::contact::Occasion;
use domain::event::{NewMessage, ReadUpTo};
use domain::{Change, Conversation, Direction, Event, Kind, Message, Payload, TenantId, UnixMillis};

use super::identity::{DELIVERED_AGAIN_MS, Standing};
use super::waiting::Parked;
use super::{InboxStore, Outcome, Place, Prefetched, Received};
use crate::error::StoreError;
use crate::expiry;
use crate::retention::Retention;
use crate::retry::{ATTEMPTS, pause};
use crate::threads::{Thread, Threads};

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
            && matches!(&event.payload, Payload::Message { message, .. } if message.direction == Direction::Inbound)
        {
            return Ok(Received { outcome: Outcome::Paused, place: None, profile_wanted: None });
        }
        let tenant = route.tenant;
        let contact = match &event.payload {
            Payload::Message { contact, .. }
            | Payload::Read { contact, .. }
            | Payload::Delivered { contact, .. }
            | Payload::Change { contact: Some(contact), .. } => contact,
            Payload::Change { contact: None, .. } => return Ok(about_account(Outcome::Unplaced, tenant)),
            Payload::Test | Payload::Enforced { .. } | Payload::AccountNotice { .. } | Payload::Nothing { .. } => {
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
    match &event.payload {
        Payload::Message { message, .. } if message.opens_window && came(message) => Some(Occasion::Came),
        Payload::Message { message, .. } if message.opens_window => Some(Occasion::Wrote),
        Payload::Message { message, .. } if message.kind != Kind::Comment => Some(Occasion::Answered),
        _ => None,
    }
}

/// Whether something brought the contact here, and nothing says that they wrote by themselves.
fn came(message: &NewMessage) -> bool {
    message.referral.is_some() || matches!(message.kind, Kind::Referral | Kind::Optin)
}

impl Threads {
    async fn place(&self, thread: &mut Thread, event: &Event, now: UnixMillis) -> Result<Outcome, StoreError> {
        if thread.is_erased() {
            return Ok(Outcome::Erased);
        }
        match &event.payload {
            Payload::Message { message, .. } if message.direction == Direction::Outbound => {
                self.place_echo(thread, message).await
            }
            Payload::Message { message, .. } => self.store(thread, message).await,
            Payload::Change { mid, change, .. } => {
                let change = self.dated(thread, event, change).await?;
                let outcome = self.change(thread, mid, &change.clone().into(), now).await?;
                self.open_window_by(thread, &change).await?;
                Ok(outcome)
            }
            Payload::Read { up_to: ReadUpTo::Message(mid), .. } => self.change(thread, mid, &Parked::Read, now).await,
            Payload::Read { up_to: ReadUpTo::Time(until), .. } => self.read_until(thread, *until).await,
            Payload::Delivered { until, .. } => self.delivered_until(thread, *until).await,
            Payload::Test | Payload::Enforced { .. } | Payload::AccountNotice { .. } | Payload::Nothing { .. } => {
                Ok(Outcome::NotForInbox)
            }
        }
    }

    /// What an event of a paused account comes to: what is stored changes, and nothing is added.
    async fn amend_stored(&self, thread: &mut Thread, event: &Event) -> Result<Outcome, StoreError> {
        let applied = match &event.payload {
            Payload::Message { message, .. } if message.direction == Direction::Outbound => {
                return Ok(self.merge_echo(thread, message).await?.unwrap_or(Outcome::Paused));
            }
            Payload::Change { mid, change, .. } if thread.is_stored() => {
                let change = self.dated(thread, event, change).await?;
                self.change_stored(thread, mid, &change.into()).await?
            }
            Payload::Read { up_to: ReadUpTo::Message(mid), .. } => {
                self.change_stored(thread, mid, &Parked::Read).await?
            }
            Payload::Read { up_to: ReadUpTo::Time(until), .. } => {
                return self.read_until(thread, *until).await;
            }
            Payload::Delivered { until, .. } => return self.delivered_until(thread, *until).await,
            _ => false,
        };
        Ok(if applied { Outcome::Applied } else { Outcome::Paused })
    }

    /// A change with the time of its first delivery, if it has none of its own.
    async fn dated(&self, thread: &Thread, event: &Event, change: &Change) -> Result<Change, StoreError> {
        let change = change.clone();
        Ok(match &event.untimed {
            Some(id) => change.dated(self.first_delivered(thread, id).await?),
            None => change,
        })
    }

    /// Opens the window where the change does that, whether or not its message is there.
    async fn open_window_by(&self, thread: &mut Thread, change: &Change) -> Result<(), StoreError> {
        if thread.is_stored() {
            self.amend(thread, |conversation| conversation.open_window_by(change)).await?;
        }
        Ok(())
    }

    /// Counts a message, then stores it, then applies what waited for it.
    pub(super) async fn store(&self, thread: &mut Thread, new: &NewMessage) -> Result<Outcome, StoreError> {
        let new_conversation = thread.conversation.last_message.is_none();
        let (message, standing) = self.count(thread, new).await?;
        let stored = match standing {
            Standing::Erased => return Ok(Outcome::Erased),
            Standing::Stored => false,
            Standing::New | Standing::Counted => self.insert_message(thread, &message).await?,
        };
        if let Some(mid) = &message.provider_message_id {
            self.apply_waiting(thread, mid, &message.id).await?;
        }
        Ok(if stored { Outcome::Stored { new_conversation } } else { Outcome::Duplicate })
    }

    /// Counts a message that was not counted before. Answers it under the id that it is known by, and what was found.
    async fn count(&self, thread: &mut Thread, new: &NewMessage) -> Result<(Message, Standing), StoreError> {
        for attempt in 0..ATTEMPTS {
            let (id, standing) = self.identify(thread, new).await?;
            let message = Message::from_event(thread.id().clone(), NewMessage { id, ..new.clone() });
            if standing != Standing::New {
                return Ok((message, standing));
            }
            let mut next = counted(&thread.conversation, &message, new);
            next.outlive(thread.retention.end(message.created_at));
            next.forget_expired(expiry::now(&self.client));
            if self.save(thread, next).await? {
                return Ok((message, standing));
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }
}

/// The conversation with one more message.
fn counted(conversation: &Conversation, message: &Message, new: &NewMessage) -> Conversation {
    let mut next = conversation.clone();
    if next.counted.is_newest(&message.id) {
        next.handled_elsewhere = new.handled_elsewhere;
    }
    next.count(message, new.opens_window);
    next.counted.untimed |= new.untimed;
    if let Some(ahead) = new.ahead.filter(|at| *at <= new.id.at().plus(DELIVERED_AGAIN_MS)) {
        next.counted.ahead = next.counted.ahead.max(ahead);
    }
    next.contact.username = next.contact.username.or_else(|| new.username.clone());
    next
}
