//! Conversations and messages: received exactly once, listed, marked.

mod change;
mod echo;
mod identity;
mod list;
mod mark;
mod prefetch;
mod receive;
mod waiting;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use domain::contact::Occasion;
use domain::{Account, Conversation, ConversationId, Message, MessageId, TenantId};

pub use self::list::Filter;
pub use self::prefetch::Prefetched;
pub(crate) use self::waiting::ANY;
use crate::error::StoreError;
use crate::tables::Tables;
use crate::threads::Threads;

/// Conversations and messages of all tenants.
///
/// # Exactly once
///
/// A message and its conversation are two items, written one after the other, without a transaction (which would double
/// the price). What makes that safe:
///
/// 1. The id of a message is derived from the event, so every delivery names the same item. Where deliveries have
///    different times, the first one's stays.
/// 2. The conversation is counted first, under a condition on its version, and remembers what it has counted
///    ([`domain::conversation::Counted`]). The message's item is put second, if it is not there.
/// 3. A delivery that finds its message counted only puts the item. So a process may die between any two calls: the
///    redelivery completes what is missing and repeats nothing.
///
/// A warm new message in a known conversation costs one `BatchGetItem` (shared by its whole SQS batch), one
/// `UpdateItem` (1 write unit, and 2 for the list's index, where the entry moves) and one `PutItem` (1 write unit).
#[derive(Clone, Debug)]
pub struct InboxStore {
    pub(crate) threads: Threads,
    connections: String,
    /// Whose accounts were when last looked. Only predicts which conversations to read along; never decides.
    owners: Arc<Mutex<HashMap<Account, TenantId>>>,
}

/// What receiving an event came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A message was stored.
    Stored {
        /// It began a conversation.
        new_conversation: bool,
    },
    /// The message was there already.
    Duplicate,
    /// An echo of a message that was sent from here: the two are one now, or were before.
    Merged,
    /// A change was applied, or a read mark set; or it had been before.
    Applied,
    /// The message that it is about is not there yet: it waits for it.
    Parked,
    /// The message that it is about has expired.
    Expired,
    /// It belongs to what was deleted since: it is not stored.
    Erased,
    /// Meta did not say whose conversation it is about, so nothing can be found.
    Unplaced,
    /// No tenant has connected the account.
    NoRoute,
    /// The tenant's plan has no room for the account: nothing new is stored until an upgrade. What is stored still changes.
    Paused,
    /// It concerns no conversation: a test, a notice, nothing.
    NotForInbox,
}

/// Where an event belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose inbox.
    pub tenant: TenantId,
    /// Which conversation; `None` for an event about the account.
    pub conversation: Option<ConversationId>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What was done.
    pub outcome: Outcome,
    /// Where; `None` without a route.
    pub place: Option<Place>,
    /// Why the provider is to be asked now who the contact is, if it is.
    pub profile_wanted: Option<Occasion>,
}

impl InboxStore {
    /// A store on the tables of connections (routes only), conversations and messages. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        let threads =
            Threads { client, conversations: tables.conversations.clone(), messages: tables.messages.clone() };
        Self { threads, connections: tables.connections.clone(), owners: Arc::default() }
    }

    /// Reads a conversation, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn conversation(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        self.threads.conversation(tenant, id).await
    }

    /// Reads a message, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn message(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
    ) -> Result<Option<Message>, StoreError> {
        self.threads.message(tenant, conversation, id).await
    }
}
