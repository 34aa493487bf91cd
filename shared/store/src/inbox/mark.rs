//! What people do to a conversation, and what is learned about its contact.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::conversation::ConversationState;
use domain::outbox::LastChange;
use domain::{Contact, Conversation, ConversationId, MessageId, TenantId};

use super::InboxStore;
use crate::error::StoreError;
use crate::expiry::{self, Conditional as _};
use crate::item::{Written, number, to_value, written};
use crate::key::Key;
use crate::retry::{ATTEMPTS, pause};
use crate::threads::{Stored, Walk};
use crate::told::Telling as _;

impl InboxStore {
    /// Marks a conversation as read up to a message, or as a whole. Idempotent; answers it as it is then, `None` when there
    /// is none. What was counted after the message stays unread, though its time be older (see
    /// [`Conversation::read_up_to`]). Costs a read and a write where nothing was.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when others keep changing the conversation, [`StoreError::Unavailable`],
    /// [`StoreError::Shape`].
    pub async fn mark_read(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
        up_to: Option<&MessageId>,
    ) -> Result<Option<Conversation>, StoreError> {
        let now = expiry::now(&self.threads.client);
        let Some(up_to) = up_to else {
            return self.marked(self.read_all(tenant, id).if_living_conversation("unread > :zero", now)).await;
        };
        let mut found = self.conversation(tenant, id).await?;
        for attempt in 0..ATTEMPTS {
            let Some(conversation) = found else { return Ok(None) };
            let unread = self.unread_after(tenant, &conversation, up_to).await?;
            if unread >= conversation.unread {
                return Ok(Some(conversation));
            }
            let update = self
                .update(tenant, id)
                .update_expression("SET unread = :unread ADD #version :one")
                .telling(LastChange::Read)
                .if_living_conversation("#version = :version", now)
                .expression_attribute_values(":unread", number(unread))
                .expression_attribute_values(":version", number(conversation.version));
            found = self.marked(counted_as_change(update)).await?;
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }

    fn read_all(&self, tenant: &TenantId, id: &ConversationId) -> UpdateItemFluentBuilder {
        let update =
            self.update(tenant, id).update_expression("SET unread = :zero ADD #version :one").telling(LastChange::Read);
        counted_as_change(update.expression_attribute_values(":zero", number(0)))
    }

    /// How many messages of the contact's came after one; of one that came long ago, how many are newer.
    async fn unread_after(
        &self,
        tenant: &TenantId,
        conversation: &Conversation,
        shown: &MessageId,
    ) -> Result<u32, StoreError> {
        if conversation.unread == 0 {
            return Ok(0);
        }
        if let Some(later) = conversation.counted.after(shown) {
            return self.unread_among(tenant, &conversation.id, later).await;
        }
        let mut walk = Walk::since(tenant, &conversation.id, shown.at());
        let mut newer = 0;
        while let Some(messages) = self.threads.next(&mut walk).await? {
            newer += messages.iter().filter(|message| message.id > *shown && message.is_contacts()).count();
        }
        Ok(u32::try_from(newer).unwrap_or(u32::MAX))
    }

    /// How many of these are the contact's. One that is counted and not stored yet may be.
    async fn unread_among(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        ids: &[MessageId],
    ) -> Result<u32, StoreError> {
        let mut unread = 0;
        for id in ids {
            let found = self.threads.message(tenant, conversation, id).await?;
            unread += u32::from(found.is_none_or(|message| message.is_contacts()));
        }
        Ok(unread)
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
            .telling(if state == ConversationState::Closed { LastChange::Closed } else { LastChange::Opened })
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
            .telling(LastChange::Contact)
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
