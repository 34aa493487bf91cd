//! What is sent.

use domain::id::{ContactId, MessageId, Mid};
use domain::policy::HUMAN_AGENT;
use serde_json::{Value, json};

/// What to send to whom.
#[derive(Clone, Copy, Debug)]
pub struct OutboundMessage<'a> {
    /// Our id of it. Messenger gives it back in the echo.
    pub id: &'a MessageId,
    /// The contact.
    pub recipient: &'a ContactId,
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
    /// As long as the channel takes: [`Channel::limits`](domain::Channel::limits).
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

impl OutboundMessage<'_> {
    /// The body of a Send call, as every channel takes it.
    ///
    /// Source: <https://developers.facebook.com/docs/messenger-platform/reference/send-api>
    pub(crate) fn json(self) -> Value {
        let mut body = json!({"recipient": {"id": self.recipient}, "message": self.content.json()});
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
    fn json(self) -> Value {
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
