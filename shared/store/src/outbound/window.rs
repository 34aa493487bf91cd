//! What Meta has said about a reply window, and how an answer goes out for it.

use domain::outbox::LastChange;
use domain::policy::WindowClosed;
use domain::{ConversationId, MessageId, Status, TenantId};

use super::OutboundStore;
use crate::error::StoreError;
use crate::expiry::{self, Conditional as _};
use crate::item::{Written, number, text, to_value, written};
use crate::key::Key;
use crate::told::Telling as _;

impl OutboundStore {
    /// Notes that Meta has called the conversation's window closed. Nothing is noted where the contact has acted since the
    /// answer was tried.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn close_window(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        closed: WindowClosed,
    ) -> Result<(), StoreError> {
        let update = self
            .threads
            .client
            .update_item()
            .table_name(&self.threads.conversations)
            .set_key(Some(Key::conversation(tenant, conversation).attributes()))
            .update_expression("SET window_closed = :closed ADD #version :one")
            .telling(LastChange::Window)
            .if_living_conversation("window_opened_at < :at", expiry::now(&self.threads.client))
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":closed", to_value(&closed)?)
            .expression_attribute_values(":at", number(closed.at.get()))
            .expression_attribute_values(":one", number(1));
        let (Written::Done(_) | Written::Refused(_)) = written(update.send().await, |_| None)?;
        Ok(())
    }

    /// Notes with which tag a message that is being sent goes out, where that has changed since it was accepted.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn retag(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
        tag: Option<&str>,
    ) -> Result<(), StoreError> {
        let update = self
            .update(tenant, conversation, id)
            .if_living("#status = :sending", expiry::now(&self.threads.client))
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":sending", to_value(&Status::Sending)?)
            .expression_attribute_values(":one", number(1));
        let update = match tag {
            Some(tag) => update
                .update_expression("SET tag = :tag ADD #version :one")
                .telling(LastChange::Kept)
                .expression_attribute_values(":tag", text(tag)),
            None => update.update_expression("ADD #version :one REMOVE tag").telling(LastChange::Kept),
        };
        let (Written::Done(_) | Written::Refused(_)) = written(update.send().await, |_| None)?;
        Ok(())
    }
}
