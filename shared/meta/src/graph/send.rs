//! The Send API.
//!
//! Source: <https://developers.facebook.com/docs/messenger-platform/reference/send-api>

use domain::id::{Igsid, Mid};
use domain::policy::HUMAN_AGENT;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::transport::{Answer, Call, execute};
use super::usage::Usage;
use super::{AccountAccess, GraphClient, GraphError};

/// What to send to whom.
#[derive(Clone, Copy, Debug)]
pub struct OutboundMessage<'a> {
    /// The contact.
    pub recipient: &'a Igsid,
    /// The message.
    pub content: Content<'a>,
    /// The message that it answers.
    pub reply_to: Option<&'a Mid>,
    /// With the `HUMAN_AGENT` tag: written by a person, after the standard window.
    pub human_agent: bool,
}

/// One message: Meta takes text or attachments, not both.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// At most 1000 bytes.
    Text(&'a str),
    /// One of any kind, or up to ten images.
    Attachments(&'a [OutboundAttachment<'a>]),
}

/// Media that Meta fetches itself.
#[derive(Clone, Copy)]
pub struct OutboundAttachment<'a> {
    /// `image`, `video`, `audio` or `file`.
    pub kind: &'a str,
    /// An address that opens without a login.
    pub url: &'a str,
}

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
        let Answer { body, usage } = self.post_message::<SendAnswer>(access, Call::Send, &message.body()).await?;
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
        recipient: &Igsid,
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
        recipient: &Igsid,
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

impl OutboundMessage<'_> {
    fn body(&self) -> Value {
        let mut body = json!({"recipient": {"id": self.recipient}, "message": self.content.message()});
        if let Some(mid) = self.reply_to {
            body["reply_to"] = json!({"mid": mid});
        }
        if self.human_agent {
            body["messaging_type"] = "MESSAGE_TAG".into();
            body["tag"] = HUMAN_AGENT.into();
        } else {
            body["messaging_type"] = "RESPONSE".into();
        }
        body
    }
}

impl Content<'_> {
    fn message(&self) -> Value {
        match self {
            Self::Text(text) => json!({"text": text}),
            Self::Attachments([single]) => json!({"attachment": single.json()}),
            Self::Attachments(many) => {
                json!({"attachments": many.iter().map(OutboundAttachment::json).collect::<Vec<_>>()})
            }
        }
    }
}

impl OutboundAttachment<'_> {
    fn json(&self) -> Value {
        json!({"type": self.kind, "payload": {"url": self.url}})
    }
}

/// A message's content is in no log.
impl std::fmt::Debug for Content<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Text(_) => "Text([REDACTED])",
            Self::Attachments(_) => "Attachments([REDACTED])",
        })
    }
}
