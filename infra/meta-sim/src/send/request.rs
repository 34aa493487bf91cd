//! The body of a send call, read and checked as far as that is possible without knowing the recipient.

use serde_json::Value;

use super::content::{self, NewMessage};
use crate::{channel::Channel, errors::GraphError, world::variants::TextUnit};

/// A send call.
pub(crate) struct SendRequest {
    pub(crate) recipient: Recipient,
    pub(crate) content: Content,
    /// Opens the longer window.
    pub(crate) tag: Option<Tag>,
    /// Who may write from then on.
    pub(crate) control: Option<Control>,
}

/// What a message is for that is sent outside of the standard window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    HumanAgent,
    /// Messenger only, and for its own template.
    CustomerFeedback,
}

/// What a send does with the control over its thread.
pub(crate) enum Control {
    /// To another app, or to the default one.
    Pass(Option<String>),
    /// The thread is nobody's.
    Release,
}

pub(crate) enum Recipient {
    /// An IGSID or a PSID.
    Person(String),
    /// A comment: its author gets a private reply.
    Comment(String),
    /// Somebody whom a plugin knows by its own name (Messenger).
    Plugin(String),
    /// Somebody who takes notification messages (Messenger).
    Notified(String),
}

pub(crate) enum Content {
    Message(NewMessage),
    Action(SenderAction),
}

pub(crate) enum SenderAction {
    TypingOn,
    TypingOff,
    MarkSeen,
    React { mid: String, reaction: String },
    Unreact { mid: String },
}

/// Reads a send call.
///
/// # Errors
///
/// The refusals that depend on the body alone.
pub(crate) fn read(body: &Value, channel: Channel, unit: TextUnit) -> Result<SendRequest, GraphError> {
    let recipient = recipient(&body["recipient"], channel)?;
    let tag = tag(body, channel)?;
    let content = match (body.get("message"), body.get("sender_action")) {
        (Some(_), Some(_)) => {
            return Err(GraphError::parameter("Only one of message and sender_action may be sent").subcode(2_018_014));
        }
        (Some(message), None) => Content::Message(content::message(message, &body["reply_to"], channel, unit)?),
        (None, Some(action)) => Content::Action(sender_action(action, &body["payload"])?),
        (None, None) => return Err(GraphError::parameter("The parameter message is required")),
    };
    Ok(SendRequest { recipient, content, tag, control: control(&body["thread_control"])? })
}

fn control(value: &Value) -> Result<Option<Control>, GraphError> {
    match value["control_type"].as_str() {
        None if value.is_null() => Ok(None),
        Some("pass") => Ok(Some(Control::Pass(value["app_id"].as_str().map(str::to_owned)))),
        Some("release") => Ok(Some(Control::Release)),
        _ => Err(GraphError::parameter("Param thread_control[control_type] must be one of {pass, release}")),
    }
}

fn recipient(value: &Value, channel: Channel) -> Result<Recipient, GraphError> {
    let text = |key: &str| match &value[key] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    text("id")
        .map(Recipient::Person)
        .or_else(|| text("comment_id").map(Recipient::Comment))
        .or_else(|| text("user_ref").filter(|_| channel == Channel::Messenger).map(Recipient::Plugin))
        .or_else(|| {
            let token = text("notification_messages_token").filter(|_| channel == Channel::Messenger);
            token.map(Recipient::Notified)
        })
        .ok_or_else(|| GraphError::parameter("The parameter recipient is required"))
}

fn tag(body: &Value, channel: Channel) -> Result<Option<Tag>, GraphError> {
    let known: &[&str] = match channel {
        Channel::Instagram => &["RESPONSE", "UPDATE", "MESSAGE_TAG"],
        Channel::Messenger => &["RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"],
    };
    let messaging_type = body["messaging_type"].as_str();
    match messaging_type {
        Some(name) if !known.contains(&name) => {
            let known = known.join(", ");
            return Err(GraphError::parameter(format!("Param messaging_type must be one of {{{known}}}")));
        }
        Some("UTILITY") => return Err(GraphError::new(10, "(#10) This needs an approved utility template.")),
        _ => {}
    }
    match (channel, body["tag"].as_str()) {
        (_, None) if messaging_type == Some("MESSAGE_TAG") => {
            Err(GraphError::parameter("The parameter tag is required"))
        }
        (_, None) => Ok(None),
        (_, Some("HUMAN_AGENT")) => Ok(Some(Tag::HumanAgent)),
        (Channel::Messenger, Some("CUSTOMER_FEEDBACK")) => {
            let template = &body["message"]["attachment"]["payload"]["template_type"];
            if template == "customer_feedback" {
                Ok(Some(Tag::CustomerFeedback))
            } else {
                Err(GraphError::parameter("This tag is for the customer_feedback template only"))
            }
        }
        // The other tags ended on 27 April 2026.
        (Channel::Instagram, Some(_)) => Err(GraphError::parameter("Param tag must be one of {HUMAN_AGENT}")),
        (Channel::Messenger, Some(_)) => {
            Err(GraphError::parameter("Param tag must be one of {HUMAN_AGENT, CUSTOMER_FEEDBACK}"))
        }
    }
}

fn sender_action(action: &Value, payload: &Value) -> Result<SenderAction, GraphError> {
    let mid = || {
        let mid = payload["message_id"].as_str().map(str::to_owned);
        mid.ok_or_else(|| GraphError::parameter("The parameter payload.message_id is required"))
    };
    match action.as_str().unwrap_or_default() {
        "typing_on" => Ok(SenderAction::TypingOn),
        "typing_off" => Ok(SenderAction::TypingOff),
        "mark_seen" => Ok(SenderAction::MarkSeen),
        "unreact" => Ok(SenderAction::Unreact { mid: mid()? }),
        "react" => {
            let reaction = payload["reaction"].as_str().filter(|reaction| !reaction.is_empty());
            let reaction =
                reaction.ok_or_else(|| GraphError::parameter("The parameter payload.reaction is required"))?;
            Ok(SenderAction::React { mid: mid()?, reaction: reaction.to_owned() })
        }
        _ => Err(GraphError::parameter(
            "Param sender_action must be one of {typing_on, typing_off, mark_seen, react, unreact}",
        )),
    }
}
