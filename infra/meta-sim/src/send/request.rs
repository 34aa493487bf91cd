//! The body of a send call, read and checked as far as that is possible without knowing the recipient.

use serde_json::Value;

use super::content::{self, NewMessage};
use crate::errors::GraphError;

/// A send call.
pub(crate) struct SendRequest {
    pub(crate) recipient: Recipient,
    pub(crate) content: Content,
    /// Sent with the `HUMAN_AGENT` tag.
    pub(crate) human_agent: bool,
    /// Who may write from then on.
    pub(crate) control: Option<Control>,
}

/// What a send does with the control over its thread.
pub(crate) enum Control {
    /// To another app, or to the default one.
    Pass(Option<String>),
    /// The thread is nobody's.
    Release,
}

pub(crate) enum Recipient {
    /// An IGSID.
    Person(String),
    /// A comment: its author gets a private reply.
    Comment(String),
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
pub(crate) fn read(body: &Value) -> Result<SendRequest, GraphError> {
    let recipient = recipient(&body["recipient"])?;
    let human_agent = human_agent(body)?;
    let content = match (body.get("message"), body.get("sender_action")) {
        (Some(_), Some(_)) => {
            return Err(GraphError::parameter("Only one of message and sender_action may be sent").subcode(2_018_014));
        }
        (Some(message), None) => Content::Message(content::message(message, &body["reply_to"])?),
        (None, Some(action)) => Content::Action(sender_action(action, &body["payload"])?),
        (None, None) => return Err(GraphError::parameter("The parameter message is required")),
    };
    Ok(SendRequest { recipient, content, human_agent, control: control(&body["thread_control"])? })
}

fn control(value: &Value) -> Result<Option<Control>, GraphError> {
    match value["control_type"].as_str() {
        None if value.is_null() => Ok(None),
        Some("pass") => Ok(Some(Control::Pass(value["app_id"].as_str().map(str::to_owned)))),
        Some("release") => Ok(Some(Control::Release)),
        _ => Err(GraphError::parameter("Param thread_control[control_type] must be one of {pass, release}")),
    }
}

fn recipient(value: &Value) -> Result<Recipient, GraphError> {
    let text = |key: &str| match &value[key] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    text("id")
        .map(Recipient::Person)
        .or_else(|| text("comment_id").map(Recipient::Comment))
        .ok_or_else(|| GraphError::parameter("The parameter recipient is required"))
}

fn human_agent(body: &Value) -> Result<bool, GraphError> {
    let messaging_type = body["messaging_type"].as_str();
    if messaging_type.is_some_and(|name| !matches!(name, "RESPONSE" | "UPDATE" | "MESSAGE_TAG")) {
        return Err(GraphError::parameter("Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}"));
    }
    match body["tag"].as_str() {
        None if messaging_type == Some("MESSAGE_TAG") => Err(GraphError::parameter("The parameter tag is required")),
        None => Ok(false),
        Some("HUMAN_AGENT") => Ok(true),
        // The other tags ended on 27 April 2026.
        Some(_) => Err(GraphError::parameter("Param tag must be one of {HUMAN_AGENT}")),
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
