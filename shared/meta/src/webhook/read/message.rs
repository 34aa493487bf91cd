//! What the `message` member has on every channel: text, attachments, a reply, where the contact came from.

use domain::event::{NewMessage, Payload};
use domain::id::Mid;
use domain::message::{Change, Kind, ReplyTo};
use serde_json::{Map, Value};

use super::attachment;
use super::element::Element;
use super::json::{fields, flag, id, member, only, text};
use super::kinds::referral;

/// The unsending of an earlier message, if it is that.
pub(crate) fn unsent(about: Element<'_>, body: &Map<String, Value>) -> Option<Payload> {
    flag(body, "is_deleted").then(|| match id::<Mid>(body, "mid") {
        Some(mid) => about.change(mid, Change::Unsend { at: about.context.at }),
        None => Payload::Nothing { kind: "unsend_without_mid" },
    })
}

/// The message, without what only its channel has.
pub(crate) fn content(about: Element<'_>, body: &Map<String, Value>) -> NewMessage {
    let reply = member(body, "reply_to");
    let mut metadata = only(body, &["app_id"]);
    metadata.extend(reply.map(|reply| only(reply, &["is_self_reply"])).unwrap_or_default());
    if let Some(payload) = member(body, "quick_reply").and_then(|reply| reply.get("payload")) {
        metadata.insert("quick_reply_payload".to_owned(), payload.clone());
    }
    NewMessage {
        text: text(body, "text"),
        attachments: attachment::read_all(body.get("attachments")),
        reply_to: reply.and_then(|reply| id(reply, "mid")).map(|mid| ReplyTo::Message { mid }),
        referral: member(body, "referral").map(referral),
        opens_window: !about.from_account,
        metadata,
        ..about.new_message(id(body, "mid"), Kind::Message)
    }
}

/// The finished message. One with nothing in it, or of which Meta says that its API does not show it, is visible by the names of
/// what it consists of.
pub(crate) fn shown(about: Element<'_>, body: &Map<String, Value>, mut new: NewMessage) -> Payload {
    let empty = new.text.is_none() && new.attachments.is_empty() && new.reply_to.is_none() && new.referral.is_none();
    if empty || flag(body, "is_unsupported") {
        new.kind = Kind::Unsupported;
        new.metadata.extend(fields(body));
    }
    about.payload(new)
}
