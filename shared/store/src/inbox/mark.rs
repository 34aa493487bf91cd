//! What people do to a conversation, and what is learned about its contact.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::conversation::ConversationState;
use domain::{Contact, Conversation, ConversationId, TenantId};

use super::InboxStore;
use crate::error::StoreError;
use crate::item::{Written, from_item, number, to_value, written};
use crate::key::Key;

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
            .condition_expression("unread > :zero")
            .expression_attribute_values(":zero", number(0));
        marked(counted_as_change(update)).await
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
            .condition_expression("attribute_exists(pk) AND #state <> :state")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", to_value(&state)?);
        marked(counted_as_change(update)).await
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
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":contact", to_value(contact)?);
        Ok(marked(update).await?.is_some())
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
}

/// Makes whoever has read the conversation before and writes it now read it again.
fn counted_as_change(update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
    update.expression_attribute_names("#version", "version").expression_attribute_values(":one", number(1))
}

/// The conversation after the update, or as it is when there was nothing to change.
async fn marked(update: UpdateItemFluentBuilder) -> Result<Option<Conversation>, StoreError> {
    let (Written::Done(found) | Written::Refused(found)) = written(update.send().await, |output| output.attributes)?;
    found.map(|item| from_item("conversation", item)).transpose()
}
