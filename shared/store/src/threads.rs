//! Conversations and messages, item by item: what receiving and sending are made of.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::{Conversation, ConversationId, IgId, Igsid, Message, MessageId, Mid, TenantId, UnixMillis};

use crate::error::StoreError;
use crate::item::{Difference, Item, Keyed, Written, from_item, number, text, to_item, written};
use crate::key::{Key, MESSAGE, message_sort, messages_partition};
use crate::retention::Retention;
use crate::retry::{ATTEMPTS, pause};

/// Attributes that place a message in the index of unsettled ones.
pub(crate) const OUTBOUND_SHARD: &str = "outbound_shard";
/// Sorts the index of unsettled messages, in milliseconds.
pub(crate) const OUTBOUND_AT: &str = "outbound_at";
/// When the echo came that gave a message its mid; tells later that the mid was a conclusion, not Meta's answer.
pub(crate) const ECHOED_AT: &str = "echoed_at";

/// The tables of conversations and messages.
#[derive(Clone, Debug)]
pub(crate) struct Threads {
    pub(crate) client: Client,
    pub(crate) conversations: String,
    pub(crate) messages: String,
}

/// A conversation as last read or written here.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    pub(crate) tenant: TenantId,
    pub(crate) conversation: Conversation,
    retention: Retention,
    stored: bool,
}

impl Thread {
    /// A conversation that was read.
    pub(crate) const fn stored(tenant: TenantId, conversation: Conversation) -> Self {
        Self { tenant, conversation, retention: Retention::Unread, stored: true }
    }

    /// A conversation that was looked for and is not there.
    pub(crate) fn absent(tenant: TenantId, account: &IgId, contact: &Igsid, now: UnixMillis) -> Self {
        let id = ConversationId::derive(&tenant, account, contact);
        let conversation = Conversation::new(id, account.clone(), contact.clone(), now);
        Self { tenant, conversation, retention: Retention::Unread, stored: false }
    }

    /// The same thread, whose messages are kept for so long.
    pub(crate) const fn kept(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    pub(crate) const fn is_stored(&self) -> bool {
        self.stored
    }

    pub(crate) const fn id(&self) -> &ConversationId {
        &self.conversation.id
    }

    /// Takes over what a refused write found in the table.
    fn catch_up(&mut self, found: Option<Item>) -> Result<(), StoreError> {
        self.stored = found.is_some();
        self.conversation = if let Some(item) = found {
            from_item("conversation", item)?
        } else {
            let gone = &self.conversation;
            let contact = gone.contact.igsid.clone();
            Conversation::new(gone.id.clone(), gone.account.clone(), contact, gone.created_at)
        };
        Ok(())
    }
}

/// A conversation's attributes; the list's index holds only those that have a message to show.
pub(crate) fn conversation_attributes(conversation: &Conversation) -> Result<Item, StoreError> {
    let mut item = to_item(conversation)?;
    if conversation.last_message.is_none() {
        item.remove("last_message_at");
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
        found.map(|item| from_item("conversation", item)).transpose()
    }

    /// Reads the thread of a contact, or starts one in memory.
    pub(crate) async fn thread(
        &self,
        tenant: &TenantId,
        account: &IgId,
        contact: &Igsid,
        now: UnixMillis,
    ) -> Result<Thread, StoreError> {
        let found = self.conversation(tenant, &ConversationId::derive(tenant, account, contact)).await?;
        Ok(match found {
            Some(conversation) => Thread::stored(tenant.clone(), conversation),
            None => Thread::absent(tenant.clone(), account, contact, now),
        })
    }

    /// Writes `next` if nobody has changed the conversation meanwhile. Otherwise the thread becomes what is there now
    /// and the answer is `false`: the refused write brings it along, so that no read is needed.
    pub(crate) async fn save(&self, thread: &mut Thread, mut next: Conversation) -> Result<bool, StoreError> {
        next.version = thread.conversation.version + 1;
        let outcome = if thread.stored {
            self.update_conversation(thread, &next).await?
        } else {
            self.insert_conversation(thread, &next).await?
        };
        match outcome {
            Written::Done(_) => {
                thread.conversation = next;
                thread.stored = true;
                Ok(true)
            }
            Written::Refused(found) => {
                thread.catch_up(found)?;
                Ok(false)
            }
        }
    }

    /// Changes a conversation, again and again on top of what others did. Writes nothing when `change` changes
    /// nothing.
    pub(crate) async fn amend(
        &self,
        thread: &mut Thread,
        change: impl Fn(&mut Conversation),
    ) -> Result<(), StoreError> {
        for attempt in 0..ATTEMPTS {
            let mut next = thread.conversation.clone();
            change(&mut next);
            if next == thread.conversation || self.save(thread, next).await? {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }

    async fn insert_conversation(&self, thread: &Thread, next: &Conversation) -> Result<Written, StoreError> {
        let key = Key::conversation(&thread.tenant, &next.id);
        let mut item = conversation_attributes(next)?;
        thread.retention.stamp(next, &mut item);
        item.extend(key.attributes());
        let outcome = self
            .client
            .put_item()
            .table_name(&self.conversations)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        written(outcome, |_| None)
    }

    async fn update_conversation(&self, thread: &Thread, next: &Conversation) -> Result<Written, StoreError> {
        let (mut before, mut after) = (conversation_attributes(&thread.conversation)?, conversation_attributes(next)?);
        thread.retention.stamp_change((&thread.conversation, next), &mut before, &mut after);
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

    /// Stores a message that is not there yet; tells whether it was this call that did.
    pub(crate) async fn insert_message(&self, thread: &Thread, message: &Message) -> Result<bool, StoreError> {
        let key = Key::message(&thread.tenant, &message.conversation, &message.id);
        let keyed = Keyed::new(&key, message).expiring_at(thread.retention.end(message.created_at));
        let outcome = self
            .client
            .put_item()
            .table_name(&self.messages)
            .set_item(Some(keyed.item()?))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)))
    }

    /// Writes a changed message if nobody else has changed it since `before` was read, else answers `None`.
    ///
    /// `beside` sets or removes attributes that are not the message's own.
    pub(crate) async fn replace_message(
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

    /// Finds the message that has this mid, newest first through the whole conversation, strongly consistent.
    pub(crate) async fn find_by_mid(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        mid: &Mid,
    ) -> Result<Option<Message>, StoreError> {
        let mut walk = Walk::all(tenant, conversation).only("provider_message_id", mid.as_str());
        while let Some(messages) = self.next(&mut walk).await? {
            if let Some(found) = messages.into_iter().next() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The next messages of a walk; `None` at its end.
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
            .consistent_read(true)
            .limit(walk.limit)
            .set_exclusive_start_key(walk.start.take());
        if let Some((name, value)) = &walk.only {
            query = query
                .filter_expression("#only = :only")
                .expression_attribute_names("#only", *name)
                .expression_attribute_values(":only", text(value));
        }
        let output = query.send().await?;
        walk.start = output.last_evaluated_key;
        walk.done = walk.start.is_none();
        walk.limit = walk.limit.saturating_mul(8);
        let messages = output.items.unwrap_or_default().into_iter().map(|item| from_item("message", item));
        Ok(Some(messages.collect::<Result<_, _>>()?))
    }

    pub(crate) async fn get(&self, table: &str, key: &Key) -> Result<Option<Item>, StoreError> {
        let read = self.client.get_item().table_name(table).set_key(Some(key.attributes())).consistent_read(true);
        Ok(read.send().await?.item)
    }
}

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
        Self { partition, low, high, only: None, limit: 10, start: None, done: false }
    }
}
