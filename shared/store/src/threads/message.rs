//! Reading and writing the item of a message.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::outbox::{LastChange, of_message};
use domain::{ConversationId, Message, MessageId, TenantId};

use super::thread::Thread;
use super::{RECEIVED_AT, Threads};
use crate::error::StoreError;
use crate::expiry::{self, Conditional as _};
use crate::item::{Difference, IndexValue, Keyed, Written, from_item, number, to_item, written};
use crate::key::Key;
use crate::metrics;
use crate::told::{Telling as _, told};

impl Threads {
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
            .set_item(Some(told(keyed.item()?, LastChange::first_of(&of_message(None, message)))))
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
            .telling(LastChange::first_of(&of_message(Some(before), &after)))
            .expression_attribute_values(":version", number(before.version))
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)).then_some(after))
    }
}
