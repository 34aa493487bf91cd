//! An echo was taken for a message of ours and was somebody else's identical text: the two are split again.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::event::NewMessage;
use domain::outbox::LastChange;
use domain::{Author, Message, MessageId, Mid, TenantId, UnixMillis};

use super::OutboundStore;
use crate::error::StoreError;
use crate::item::{Item, Written, from_item, time, to_value, written};
use crate::retention::Retention;
use crate::threads::{ECHOED_AT, Thread};
use crate::told::Telling as _;

/// An echo that was taken for a message of ours and was not: kept with that message until it has its own.
const DISPLACED_ECHO: &str = "displaced_echo";

impl OutboundStore {
    /// Gives a message that an echo was taken for its true mid, and the echo its own message. `None` when the message
    /// has changed meanwhile.
    pub(super) async fn correct(
        &self,
        tenant: &TenantId,
        item: Item,
        mid: &Mid,
    ) -> Result<Option<Message>, StoreError> {
        let echoed_at = time(&item, ECHOED_AT);
        let message: Message = from_item("message", item.clone())?;
        let retention = Retention::of_message(&item, message.created_at);
        let Some(wrong) = message.provider_message_id.clone().filter(|known| known != mid) else {
            // Unsent meanwhile, under its own mid or before it had one: nothing to correct.
            return Ok(Some(message));
        };
        let at = echoed_at.or(message.sent_at).unwrap_or(message.created_at);
        let echo = foreign(&message, wrong, at);
        let corrected = Message { provider_message_id: Some(mid.clone()), ..message.clone() };
        let beside = [(DISPLACED_ECHO, Some(to_value(&echo)?)), (ECHOED_AT, None)];
        let Some(corrected) = self.threads.replace_message(tenant, &message, corrected, &beside).await? else {
            return Ok(None);
        };
        self.place_echo_of(tenant, &corrected, mid, echo, retention).await?;
        Ok(Some(corrected))
    }

    /// Completes a correction whose process died before the echo had its own message.
    pub(super) async fn place_displaced(&self, tenant: &TenantId, item: &Item) -> Result<(), StoreError> {
        let Some(AttributeValue::M(echo)) = item.get(DISPLACED_ECHO) else { return Ok(()) };
        let echo = from_item("displaced echo", echo.clone())?;
        let message: Message = from_item("message", item.clone())?;
        let retention = Retention::of_message(item, message.created_at);
        match message.provider_message_id.clone() {
            Some(mid) => self.place_echo_of(tenant, &message, &mid, echo, retention).await,
            None => Ok(()),
        }
    }

    /// Gives the echo that was taken for `corrected` its own message. Every step may be repeated: the note of what is
    /// left to do goes last.
    async fn place_echo_of(
        &self,
        tenant: &TenantId,
        corrected: &Message,
        mid: &Mid,
        mut echo: NewMessage,
        retention: Retention,
    ) -> Result<(), StoreError> {
        let Message { id, conversation, .. } = corrected;
        if let Some(conversation) = self.threads.conversation(tenant, conversation).await? {
            echo.handled_elsewhere = conversation.handled_elsewhere;
            let mut thread = Thread::stored(tenant.clone(), conversation).kept(retention);
            self.threads.absorb_twin(&mut thread, id, mid).await?;
            self.threads.place_echo(&mut thread, &echo).await?;
        }
        // Without a condition the update would make an item of a message that was deleted meanwhile.
        let update = self
            .update(tenant, conversation, id)
            .update_expression("REMOVE displaced_echo")
            .telling(LastChange::Kept)
            .condition_expression("attribute_exists(pk)");
        let (Written::Done(_) | Written::Refused(_)) = written(update.send().await, |_| None)?;
        Ok(())
    }
}

/// The echo that was taken for `message`, as far as an echo can be told from it: its content was the same.
fn foreign(message: &Message, mid: Mid, at: UnixMillis) -> NewMessage {
    NewMessage {
        id: MessageId::derive(at, &mid),
        untimed: false,
        ahead: None,
        mid: Some(mid),
        direction: message.direction,
        author: Author::App,
        kind: message.kind,
        text: message.text.clone(),
        attachments: message.attachments.clone(),
        reply_to: message.reply_to.clone(),
        referral: None,
        username: None,
        opens_window: false,
        handled_elsewhere: false,
        sent_as: None,
        metadata: serde_json::Map::new(),
        trace_id: None,
    }
}
