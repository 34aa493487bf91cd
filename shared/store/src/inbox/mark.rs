//! What people do to a conversation, and what is learned about its contact.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::conversation::ConversationState;
use domain::{Contact, Conversation, ConversationId, TenantId};

use super::InboxStore;
use crate::error::StoreError;
use crate::expiry::{self, Conditional as _};
use crate::item::{Written, number, to_value, written};
use crate::key::Key;
use crate::threads::Stored;

impl InboxStore {
    /// Marks a conversation as read. Idempotent; answers it as it is then, `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn mark_read(&self, tenant: &TenantId, id: &ConversationId) -> Result<Option<Conversation>, StoreError> {
        let update = self
            .update(tenant, id)
            .update_expression("SET unread = :zero ADD #version :one")
            .if_living_conversation("unread > :zero", expiry::now(&self.threads.client))
            .expression_attribute_values(":zero", number(0));
        self.marked(counted_as_change(update)).await
    }

    /// Opens or closes a conversation. Idempotent; answers it as it is then, `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn set_state(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
        state: ConversationState,
    ) -> Result<Option<Conversation>, StoreError> {
        let update = self
            .update(tenant, id)
            .update_expression("SET #state = :state ADD #version :one")
            .if_living_conversation("#state <> :state", expiry::now(&self.threads.client))
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", to_value(&state)?);
        self.marked(counted_as_change(update)).await
    }

    /// Replaces what is known of the contact, also that asking failed ([`Contact::profile_checked_at`]). Nothing else
    /// writes the contact, so this takes part in no race. Tells whether the conversation exists.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn set_profile(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
        contact: &Contact,
    ) -> Result<bool, StoreError> {
        let update = self
            .update(tenant, id)
            .update_expression("SET contact = :contact")
            .if_living_conversation("attribute_exists(contact)", expiry::now(&self.threads.client))
            .expression_attribute_values(":contact", to_value(contact)?);
        Ok(self.marked(update).await?.is_some())
    }

    fn update(&self, tenant: &TenantId, id: &ConversationId) -> UpdateItemFluentBuilder {
        self.threads
            .client
            .update_item()
            .table_name(&self.threads.conversations)
            .set_key(Some(Key::conversation(tenant, id).attributes()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// The conversation after the update, or as it is when there was nothing to change.
    async fn marked(&self, update: UpdateItemFluentBuilder) -> Result<Option<Conversation>, StoreError> {
        let outcome = written(update.send().await, |output| output.attributes)?;
        let (Written::Done(found) | Written::Refused(found)) = outcome;
        let found = found.filter(|item| expiry::living(item, expiry::now(&self.threads.client)));
        Ok(found.map(Stored::read).transpose()?.and_then(Stored::conversation))
    }
}

/// Makes whoever has read the conversation before and writes it now read it again.
fn counted_as_change(update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
    update.expression_attribute_names("#version", "version").expression_attribute_values(":one", number(1))
}
