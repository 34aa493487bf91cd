//! A conversation in memory, and what stands in its place where there is none.

use domain::{Account, ContactId, Conversation, ConversationId, Event, TenantId, UnixMillis, UnixSeconds};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::expiry;
use crate::item::{Item, from_item};
use crate::retention::Retention;

/// What stands under a conversation's key.
#[derive(Clone, Debug)]
pub(crate) enum Stored {
    Nothing,
    Tombstone(Tombstone),
    Conversation(Box<Conversation>),
}

/// What is left of a conversation whose contact was erased. Nothing in it, nor its key, says who that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tombstone {
    pub(crate) erased_before: UnixMillis,
    /// Follows that of the conversation, so that whoever has read that writes in vain.
    pub(crate) version: u64,
}

impl Stored {
    /// Reads a living item.
    pub(crate) fn read(item: Item) -> Result<Self, StoreError> {
        if item.contains_key("id") {
            Ok(Self::Conversation(Box::new(from_item("conversation", item)?)))
        } else {
            Ok(Self::Tombstone(from_item("tombstone", item)?))
        }
    }

    pub(crate) fn conversation(self) -> Option<Conversation> {
        match self {
            Self::Conversation(conversation) => Some(*conversation),
            Self::Nothing | Self::Tombstone(_) => None,
        }
    }
}

/// What a write of a thread meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// There is no item.
    Absent,
    /// There is an item of this version that is no conversation any more: a tombstone, or expired.
    Replaces(u64),
    /// There is the conversation.
    Stored,
}

/// A conversation as last read or written here.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    pub(crate) tenant: TenantId,
    pub(crate) conversation: Conversation,
    pub(crate) retention: Retention,
    pub(super) standing: Standing,
    occasion: Option<Occasion>,
}

/// The event that a thread is read for.
#[derive(Clone, Debug)]
struct Occasion {
    event_at: UnixMillis,
    received_at: UnixMillis,
    /// Everything of the account until then was deleted.
    account_erased_before: Option<UnixMillis>,
}

impl Thread {
    /// A conversation that was read.
    pub(crate) const fn stored(tenant: TenantId, conversation: Conversation) -> Self {
        let (retention, standing) = (Retention(None), Standing::Stored);
        Self { tenant, conversation, retention, standing, occasion: None }
    }

    /// What was found where a contact's conversation is, or would be.
    pub(crate) fn found(
        tenant: TenantId,
        stored: Stored,
        account: &Account,
        contact: &ContactId,
        now: UnixMillis,
    ) -> Self {
        let tombstone = match stored {
            Stored::Conversation(conversation) => return Self::stored(tenant, *conversation),
            Stored::Tombstone(tombstone) => Some(tombstone),
            Stored::Nothing => None,
        };
        let id = ConversationId::derive(&tenant, account, contact);
        let mut thread = Self::stored(tenant, Conversation::new(id, account.clone(), contact.clone(), now));
        thread.standing = Standing::Absent;
        if let Some(tombstone) = tombstone {
            thread.replace(tombstone.version, Some(tombstone.erased_before));
        }
        thread
    }

    /// What stands in the table, as far as this thread knows.
    pub(crate) fn into_stored(self) -> Stored {
        match (self.standing, self.conversation.erased_before) {
            (Standing::Stored, _) => Stored::Conversation(Box::new(self.conversation)),
            (Standing::Replaces(version), Some(erased_before)) => {
                Stored::Tombstone(Tombstone { erased_before, version })
            }
            (Standing::Replaces(_) | Standing::Absent, _) => Stored::Nothing,
        }
    }

    /// The same thread, whose messages are kept for so long.
    pub(crate) const fn kept(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// The same thread, read for an event of an account whose data until then was deleted.
    pub(crate) const fn reading(mut self, event: &Event, account_erased_before: Option<UnixMillis>) -> Self {
        let (event_at, received_at) = (event.at, event.received_at);
        self.occasion = Some(Occasion { event_at, received_at, account_erased_before });
        self
    }

    pub(crate) fn is_stored(&self) -> bool {
        self.standing == Standing::Stored
    }

    pub(crate) const fn id(&self) -> &ConversationId {
        &self.conversation.id
    }

    /// When the event that the thread was read for was received.
    pub(crate) fn received_at(&self) -> Option<UnixMillis> {
        self.occasion.as_ref().map(|occasion| occasion.received_at)
    }

    /// Whether the event that the thread was read for belongs to what was deleted: it was received by then, or had
    /// happened by then and is delivered again.
    pub(crate) fn is_erased(&self) -> bool {
        self.occasion.as_ref().is_some_and(|occasion| {
            let erased_before = self.conversation.erased_before.max(occasion.account_erased_before);
            erased_before.is_some_and(|cutoff| occasion.received_at.min(occasion.event_at) <= cutoff)
        })
    }

    /// Takes over what a refused write found in the table.
    pub(super) fn catch_up(&mut self, found: Option<Item>, now: UnixSeconds) -> Result<(), StoreError> {
        let gone = &self.conversation;
        let (id, contact) = (gone.id.clone(), gone.contact.id.clone());
        let empty = Conversation::new(id, gone.account.clone(), contact, gone.created_at);
        let Some(item) = found else {
            self.standing = Standing::Absent;
            self.conversation = empty;
            return Ok(());
        };
        if !expiry::living(&item, now) {
            let Versioned { version } = from_item("conversation", item)?;
            self.conversation = empty;
            self.replace(version, None);
            return Ok(());
        }
        match Stored::read(item)? {
            Stored::Conversation(conversation) => {
                self.standing = Standing::Stored;
                self.conversation = *conversation;
            }
            Stored::Tombstone(tombstone) => {
                self.conversation = empty;
                self.replace(tombstone.version, Some(tombstone.erased_before));
            }
            Stored::Nothing => {}
        }
        Ok(())
    }

    fn replace(&mut self, version: u64, erased_before: Option<UnixMillis>) {
        self.standing = Standing::Replaces(version);
        self.conversation.version = version;
        self.conversation.erased_before = erased_before;
    }
}

#[derive(Deserialize)]
struct Versioned {
    #[serde(default)]
    version: u64,
}
