//! Reading and writing the item of a conversation.

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::outbox::{LastChange, of_conversation};
use domain::{Account, ContactId, Conversation, ConversationId, TenantId, UnixMillis};

use super::Threads;
use super::thread::{Standing, Stored, Thread};
use crate::error::StoreError;
use crate::expiry::{self, TTL};
use crate::item::{Difference, Item, Written, number, to_item, written};
use crate::key::Key;
use crate::retention::OUTLIVES_SECONDS;
use crate::retry::{ATTEMPTS, pause};
use crate::told::{Telling as _, told};

/// A conversation's attributes; the list's index holds only those that have a message to show. In the table it outlives
/// what it holds.
fn conversation_attributes(conversation: &Conversation) -> Result<Item, StoreError> {
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
        account: &Account,
        contact: &ContactId,
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
        let item = told(item, LastChange::first_of(&of_conversation(None, next)));
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
            .telling(LastChange::first_of(&of_conversation(Some(&thread.conversation), next)))
            .expression_attribute_values(":version", number(thread.conversation.version))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        written(outcome, |_| None)
    }
}
