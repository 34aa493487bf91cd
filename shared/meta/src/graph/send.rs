//! The Send API.
//!
//! Source: <https://developers.facebook.com/docs/messenger-platform/reference/send-api>

use domain::channel::{Channel, ContactId};
use domain::id::Mid;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use super::outbound::OutboundMessage;
use super::transport::{Answer, Usage, execute};
use super::{AccountAccess, GraphClient, GraphError};
use crate::{instagram, messenger};

/// Meta has taken the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its id, under which the echo will come.
    pub mid: Mid,
    /// How near the limits are.
    pub usage: Usage,
}

/// What a contact sees apart from messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderAction {
    /// "typing…" on.
    TypingOn,
    /// "typing…" off.
    TypingOff,
    /// "seen".
    MarkSeen,
}

impl SenderAction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::TypingOn => "typing_on",
            Self::TypingOff => "typing_off",
            Self::MarkSeen => "mark_seen",
        }
    }
}

#[derive(Deserialize)]
struct SendAnswer {
    message_id: Mid,
}

impl GraphClient<'_> {
    /// Sends one message. Called once for each message: Meta has no idempotency key.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`]. Class [`Uncertain`](super::FailureClass::Uncertain): it may have gone out.
    pub async fn send(&self, access: AccountAccess<'_>, message: OutboundMessage<'_>) -> Result<Sent, GraphError> {
        let body = match access.account.channel {
            Channel::Instagram => instagram::send::body(message),
            Channel::Messenger => messenger::send::body(message),
        };
        let Answer { body, usage } = self.post_message::<SendAnswer>(access, Call::Send, &body).await?;
        Ok(Sent { mid: body.message_id, usage })
    }

    /// Shows the contact what the business is doing.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`].
    pub async fn sender_action(
        &self,
        access: AccountAccess<'_>,
        recipient: &ContactId,
        action: SenderAction,
    ) -> Result<(), GraphError> {
        let body = json!({"recipient": {"id": recipient}, "sender_action": action.as_str()});
        self.post_message::<Value>(access, Call::Change, &body).await.map(drop)
    }

    /// Reacts to a message with `love` or an emoji; `None` takes the reaction back.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`].
    pub async fn react(
        &self,
        access: AccountAccess<'_>,
        recipient: &ContactId,
        mid: &Mid,
        reaction: Option<&str>,
    ) -> Result<(), GraphError> {
        let (action, payload) = match reaction {
            Some(reaction) => ("react", json!({"message_id": mid, "reaction": reaction})),
            None => ("unreact", json!({"message_id": mid})),
        };
        let body = json!({"recipient": {"id": recipient}, "sender_action": action, "payload": payload});
        self.post_message::<Value>(access, Call::Change, &body).await.map(drop)
    }

    async fn post_message<T: serde::de::DeserializeOwned>(
        &self,
        access: AccountAccess<'_>,
        call: Call,
        body: &Value,
    ) -> Result<Answer<T>, GraphError> {
        let path = format!("{}/messages", self.node(access));
        execute(call, self.request(Method::POST, &path, access.token).json(body)).await
    }
}
