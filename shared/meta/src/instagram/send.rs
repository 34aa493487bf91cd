//! What a Send call's body says.
//!
//! Source: <https://developers.facebook.com/docs/messenger-platform/reference/send-api>

use domain::policy::HUMAN_AGENT;
use serde_json::{Value, json};

use crate::graph::{Content, OutboundAttachment, OutboundMessage};

/// The body of a Send call.
pub(crate) fn body(outbound: OutboundMessage<'_>) -> Value {
    let mut body = json!({"recipient": {"id": outbound.recipient}, "message": message(outbound.content)});
    if let Some(mid) = outbound.reply_to {
        body["reply_to"] = json!({"mid": mid});
    }
    if outbound.human_agent {
        body["messaging_type"] = "MESSAGE_TAG".into();
        body["tag"] = HUMAN_AGENT.into();
    } else {
        body["messaging_type"] = "RESPONSE".into();
    }
    body
}

fn message(content: Content<'_>) -> Value {
    match content {
        Content::Text(text) => json!({"text": text}),
        Content::Attachments([single]) => json!({"attachment": attachment(single)}),
        Content::Attachments(many) => json!({"attachments": many.iter().map(attachment).collect::<Vec<_>>()}),
    }
}

fn attachment(attachment: &OutboundAttachment<'_>) -> Value {
    json!({"type": attachment.kind, "payload": {"url": attachment.url}})
}
