//! Conversations and messages, item by item: what receiving and sending are made of.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::{
    Conversation, ConversationId, Event, IgId, Igsid, Message, MessageId, Mid, TenantId, UnixMillis, UnixSeconds,
};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::expiry::{self, Conditional as _, TTL};
use crate::item::{Difference, IndexValue, Item, Keyed, Written, from_item, number, readable, text, to_item, written};
use crate::key::{Key, MESSAGE, message_sort, messages_partition};
use crate::metrics;
use crate::retention::{OUTLIVES_SECONDS, Retention};
use crate::retry::{ATTEMPTS, pause};

/// Attributes that place a message in the index of unsettled ones.
pub(crate) const OUTBOUND_SHARD: &str = "outbound_shard";
/// Sorts the index of unsettled messages, in milliseconds.
pub(crate) const OUTBOUND_AT: &str = "outbound_at";
/// When the echo came that gave a message its mid; tells later that the mid was a conclusion, not Meta's answer.
pub(crate) const ECHOED_AT: &str = "echoed_at";

/// When a message was received: what deletions go by. One that was written here has none: that is when it was written.
pub(crate) const RECEIVED_AT: &str = "received_at";

/// The tables of conversations and messages.
#[derive(Clone, Debug)]
pub(crate) struct Threads {
    pub(crate) client: Client,
    pub(crate) conversations: String,
    pub(crate) messages: String,
}

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
enum Standing {
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
    standing: Standing,
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
    pub(crate) fn found(tenant: TenantId, stored: Stored, account: &IgId, contact: &Igsid, now: UnixMillis) -> Self {
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
    fn catch_up(&mut self, found: Option<Item>, now: UnixSeconds) -> Result<(), StoreError> {
        let gone = &self.conversation;
        let (id, contact) = (gone.id.clone(), gone.contact.igsid.clone());
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

/// A conversation's attributes; the list's index holds only those that have a message to show. In the table it outlives
/// what it holds.
pub(crate) fn conversation_attributes(conversation: &Conversation) -> Result<Item, StoreError> {
    let mut item = to_item(conversation)?;
    if conversation.last_message.is_none() {
        item.remove("last_message_at");
    }
    if let Some(end) = conversation.kept_until {
        item.insert(TTL.to_owned(), number(end.plus(OUTLIVES_SECONDS).get()));
    }
    Ok(item)
}

impl Threads {
    /// Reads a conversation, strongly consistent.
    pub(crate) async fn conversation(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        let key = Key::conversation(tenant, id);
        let found = self.get(&self.conversations, &key).await?;
        Ok(found.map(Stored::read).transpose()?.and_then(Stored::conversation))
    }

    /// Reads the thread of a contact, or starts one in memory.
    pub(crate) async fn thread(
        &self,
        tenant: &TenantId,
        account: &IgId,
        contact: &Igsid,
        now: UnixMillis,
    ) -> Result<Thread, StoreError> {
        let key = Key::conversation(tenant, &ConversationId::derive(tenant, account, contact));
        let found = self.get(&self.conversations, &key).await?;
        let stored = found.map_or(Ok(Stored::Nothing), Stored::read)?;
        Ok(Thread::found(tenant.clone(), stored, account, contact, now))
    }

    /// Writes `next` if nobody has changed the conversation meanwhile. Otherwise the thread becomes what is there now
    /// and the answer is `false`: the refused write brings it along, so that no read is needed.
    pub(crate) async fn save(&self, thread: &mut Thread, mut next: Conversation) -> Result<bool, StoreError> {
        next.version = thread.conversation.version + 1;
        let outcome = if thread.is_stored() {
            self.update_conversation(thread, &next).await?
        } else {
            self.insert_conversation(thread, &next).await?
        };
        match outcome {
            Written::Done(_) => {
                thread.conversation = next;
                thread.standing = Standing::Stored;
                Ok(true)
            }
            Written::Refused(found) => {
                thread.catch_up(found, expiry::now(&self.client))?;
                Ok(false)
            }
        }
    }

    /// Changes a conversation, again and again on top of what others did. Writes nothing when `change` changes
    /// nothing, or when what it is about has been deleted meanwhile.
    pub(crate) async fn amend(
        &self,
        thread: &mut Thread,
        change: impl Fn(&mut Conversation),
    ) -> Result<(), StoreError> {
        for attempt in 0..ATTEMPTS {
            let mut next = thread.conversation.clone();
            change(&mut next);
            if next == thread.conversation || thread.is_erased() || self.save(thread, next).await? {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }

    async fn insert_conversation(&self, thread: &Thread, next: &Conversation) -> Result<Written, StoreError> {
        let key = Key::conversation(&thread.tenant, &next.id);
        let mut item = conversation_attributes(next)?;
        item.extend(key.attributes());
        let write = self
            .client
            .put_item()
            .table_name(&self.conversations)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let write = match thread.standing {
            Standing::Replaces(version) => write
                .condition_expression("#version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", number(version)),
            Standing::Absent | Standing::Stored => write.condition_expression("attribute_not_exists(pk)"),
        };
        written(write.send().await, |_| None)
    }

    async fn update_conversation(&self, thread: &Thread, next: &Conversation) -> Result<Written, StoreError> {
        let (before, after) = (conversation_attributes(&thread.conversation)?, conversation_attributes(next)?);
        let Some(difference) = Difference::between(&before, &after) else {
            return Ok(Written::Done(None));
        };
        let outcome = self
            .client
            .update_item()
            .table_name(&self.conversations)
            .set_key(Some(Key::conversation(&thread.tenant, &next.id).attributes()))
            .update_expression(difference.expression)
            .condition_expression("#version = :version")
            .set_expression_attribute_names(Some(difference.names))
            .expression_attribute_names("#version", "version")
            .set_expression_attribute_values(Some(difference.values))
            .expression_attribute_values(":version", number(thread.conversation.version))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        written(outcome, |_| None)
    }

    /// Reads a message, strongly consistent.
    pub(crate) async fn message(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
    ) -> Result<Option<Message>, StoreError> {
        let found = self.get(&self.messages, &Key::message(tenant, conversation, id)).await?;
        found.map(|item| from_item("message", item)).transpose()
    }

    /// Stores a message that is not there yet; tells whether it was this call that did. What the database cannot hold is
    /// reduced, so that it holds nobody up.
    pub(crate) async fn insert_message(&self, thread: &Thread, message: &Message) -> Result<bool, StoreError> {
        match self.put_message(thread, message).await {
            Err(StoreError::Unfit) => {
                metrics::reduced();
                self.put_message(thread, &message.clone().reduced()).await
            }
            outcome => outcome,
        }
    }

    async fn put_message(&self, thread: &Thread, message: &Message) -> Result<bool, StoreError> {
        let key = Key::message(&thread.tenant, &message.conversation, &message.id);
        let keyed = Keyed::new(&key, message).expiring_at(thread.retention.end(message.created_at));
        let keyed = match thread.received_at() {
            Some(at) => keyed.indexed(RECEIVED_AT, IndexValue::Number(at.get())),
            None => keyed,
        };
        let outcome = self
            .client
            .put_item()
            .table_name(&self.messages)
            .set_item(Some(keyed.item()?))
            .if_absent(expiry::now(&self.client))
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)))
    }

    /// Writes a changed message if nobody else has changed it since `before` was read, else answers `None`.
    ///
    /// `beside` sets or removes attributes that are not the message's own. What the database cannot hold is reduced.
    pub(crate) async fn replace_message(
        &self,
        tenant: &TenantId,
        before: &Message,
        after: Message,
        beside: &[(&str, Option<AttributeValue>)],
    ) -> Result<Option<Message>, StoreError> {
        match self.update_message(tenant, before, after.clone(), beside).await {
            Err(StoreError::Unfit) => {
                metrics::reduced();
                self.update_message(tenant, before, after.reduced(), beside).await
            }
            outcome => outcome,
        }
    }

    async fn update_message(
        &self,
        tenant: &TenantId,
        before: &Message,
        mut after: Message,
        beside: &[(&str, Option<AttributeValue>)],
    ) -> Result<Option<Message>, StoreError> {
        after.version = before.version + 1;
        let (mut old, mut new) = (to_item(before)?, to_item(&after)?);
        for (name, value) in beside {
            match value {
                Some(value) => new.insert((*name).to_owned(), value.clone()),
                None => old.insert((*name).to_owned(), AttributeValue::Null(true)),
            };
        }
        let Some(difference) = Difference::between(&old, &new) else { return Ok(Some(after)) };
        // The first version is zero, which is left out of the item.
        let condition = if before.version == 0 {
            "attribute_exists(pk) AND (attribute_not_exists(#version) OR #version = :version)"
        } else {
            "#version = :version"
        };
        let outcome = self
            .client
            .update_item()
            .table_name(&self.messages)
            .set_key(Some(Key::message(tenant, &before.conversation, &before.id).attributes()))
            .update_expression(difference.expression)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(difference.names))
            .expression_attribute_names("#version", "version")
            .set_expression_attribute_values(Some(difference.values))
            .expression_attribute_values(":version", number(before.version))
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)).then_some(after))
    }

    /// Finds the message that has this mid among so many, newest first (`None`: among all). Only the newest are read
    /// consistently: the others have been there for longer than any read is behind, but may have changed since.
    pub(crate) async fn find_by_mid(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        mid: &Mid,
        reach: Option<usize>,
    ) -> Result<Option<Message>, StoreError> {
        let walk = Walk::all(tenant, conversation).only("provider_message_id", mid.as_str());
        let mut walk = Walk { consistent: false, reach: reach.unwrap_or(usize::MAX), ..walk };
        while let Some(messages) = self.next(&mut walk).await? {
            if let Some(found) = messages.into_iter().next() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The next messages of a walk, without any that cannot be read; `None` at its end.
    pub(crate) async fn next(&self, walk: &mut Walk) -> Result<Option<Vec<Message>>, StoreError> {
        if walk.done {
            return Ok(None);
        }
        let mut query = self
            .client
            .query()
            .table_name(&self.messages)
            .key_condition_expression("pk = :pk AND sk BETWEEN :low AND :high")
            .expression_attribute_values(":pk", text(&walk.partition))
            .expression_attribute_values(":low", text(&walk.low))
            .expression_attribute_values(":high", text(&walk.high))
            .scan_index_forward(false)
            .consistent_read(walk.consistent || walk.limit == FIRST_PAGE)
            .limit(walk.limit.min(i32::try_from(walk.reach).unwrap_or(i32::MAX)))
            .set_exclusive_start_key(walk.start.take());
        if let Some((name, value)) = &walk.only {
            query = query
                .filter_expression("#only = :only")
                .expression_attribute_names("#only", *name)
                .expression_attribute_values(":only", text(value));
        }
        let output = query.send().await?;
        walk.start = output.last_evaluated_key;
        walk.reach = walk.reach.saturating_sub(usize::try_from(output.scanned_count).unwrap_or_default());
        walk.done = walk.start.is_none() || walk.reach == 0;
        walk.limit = walk.limit.saturating_mul(8);
        let now = expiry::now(&self.client);
        let messages = output.items.unwrap_or_default().into_iter().filter(|item| expiry::living(item, now));
        Ok(Some(messages.filter_map(|item| readable("message", item)).collect()))
    }

    /// Reads a living item, strongly consistent.
    pub(crate) async fn get(&self, table: &str, key: &Key) -> Result<Option<Item>, StoreError> {
        let read = self.client.get_item().table_name(table).set_key(Some(key.attributes())).consistent_read(true);
        let found = read.send().await?.item;
        Ok(found.filter(|item| expiry::living(item, expiry::now(&self.client))))
    }
}

/// Messages on the first page of a walk.
const FIRST_PAGE: i32 = 10;

/// A walk through a conversation's messages, newest first.
///
/// What is looked for is nearly always among the newest, and a page is paid by its size, so the first is small and each
/// next one eight times as large.
#[derive(Debug)]
pub(crate) struct Walk {
    partition: String,
    low: String,
    high: String,
    only: Option<(&'static str, String)>,
    /// Whether all of it is read consistently, or only the first page.
    consistent: bool,
    /// Messages that are still to be looked at, at most.
    reach: usize,
    limit: i32,
    start: Option<Item>,
    done: bool,
}

impl Walk {
    /// Through all messages.
    pub(crate) fn all(tenant: &TenantId, conversation: &ConversationId) -> Self {
        // ':' is the character after '9', so it ends the range of all times.
        Self::range(tenant, conversation, MESSAGE.to_owned(), format!("{MESSAGE}:"))
    }

    /// Through those written from `first` to `last`, both included.
    pub(crate) fn between(
        tenant: &TenantId,
        conversation: &ConversationId,
        first: UnixMillis,
        last: UnixMillis,
    ) -> Self {
        let low = message_sort(&MessageId::new(first, [0; 8]));
        let high = message_sort(&MessageId::new(last, [u8::MAX; 8]));
        Self::range(tenant, conversation, low, high)
    }

    /// Through those written from `first` on.
    pub(crate) fn since(tenant: &TenantId, conversation: &ConversationId, first: UnixMillis) -> Self {
        Self { low: message_sort(&MessageId::new(first, [0; 8])), ..Self::all(tenant, conversation) }
    }

    /// Leaves out messages whose attribute has another text.
    pub(crate) fn only(mut self, name: &'static str, value: &str) -> Self {
        self.only = Some((name, value.to_owned()));
        self
    }

    fn range(tenant: &TenantId, conversation: &ConversationId, low: String, high: String) -> Self {
        let partition = messages_partition(tenant, conversation);
        let (consistent, reach, limit) = (true, usize::MAX, FIRST_PAGE);
        Self { partition, low, high, only: None, consistent, reach, limit, start: None, done: false }
    }
}
