//! The `message` member.

use domain::event::{NewMessage, Payload};
use domain::id::MessageId;
use serde_json::{Map, Value};

use crate::webhook::read::element::Element;
use crate::webhook::read::json::{only, text};
use crate::webhook::read::message;

/// Reads a message, or the unsending of one, which Meta does not promise to tell.
pub(super) fn read(about: Element<'_>, body: &Map<String, Value>) -> Payload {
    if let Some(unsent) = message::unsent(about, body) {
        return unsent;
    }
    // Meta sums up what was filled in on a form, which the lead itself tells. It stands in no conversation.
    if body.contains_key("hop_context") {
        return Payload::Nothing { kind: "lead_summary" };
    }
    let new = message::content(about, body);
    message::shown(about, body, ours(about, body, new))
}

/// An echo brings back what was sent along with the message: our own id of it, unless another app sent it.
fn ours(about: Element<'_>, body: &Map<String, Value>, mut new: NewMessage) -> NewMessage {
    if about.from_account
        && let Some(sent_along) = text(body, "metadata")
    {
        match MessageId::try_from(sent_along) {
            Ok(id) => new.sent_as = Some(id),
            Err(_) => new.metadata.extend(only(body, &["metadata"])),
        }
    }
    new
}
