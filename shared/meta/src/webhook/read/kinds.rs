//! The kinds of element that Meta documents alike for its channels.

use std::borrow::Cow;

use domain::connection::EnforcementAction;
use domain::event::{NewMessage, Payload, ReadUpTo};
use domain::id::{ContactId, Mid};
use domain::message::{Change, Edit, Kind, Reaction, Reactor, Referral};
use domain::time::UnixMillis;
use serde_json::{Map, Value};

use super::context::{Context, notice};
use super::element::Element;
use super::json::{fields, id, member, number, only, text, without};
use crate::webhook::time;

/// The members around an event's own one.
const ENVELOPE: [&str; 3] = ["sender", "recipient", "timestamp"];

/// Meta spells some members with a dash in one place and with an underscore in another.
pub(crate) fn with_underscores(element: &Map<String, Value>) -> Cow<'_, Map<String, Value>> {
    if element.keys().any(|name| name.contains('-')) {
        Cow::Owned(element.iter().map(|(name, value)| (name.replace('-', "_"), value.clone())).collect())
    } else {
        Cow::Borrowed(element)
    }
}

/// What concerns no conversation, or says by itself which message it changes.
pub(crate) fn without_contact(
    context: Context<'_>,
    contact: Option<&ContactId>,
    element: &Map<String, Value>,
) -> Option<Payload> {
    if let Some(edit) = member(element, "message_edit") {
        Some(edited(context, contact.cloned(), edit))
    } else if let Some(enforcement) = member(element, "policy_enforcement") {
        Some(enforced(enforcement))
    } else if let Some(feedback) = member(element, "response_feedback") {
        Some(notice("response_feedback", only(feedback, &["feedback", "mid"])))
    } else {
        // That a person linked an account comes with the code to do it with: nothing for an inbox.
        element.contains_key("account_linking").then_some(Payload::Nothing { kind: "account_linking" })
    }
}

/// Meta says what it does about the account's conduct; what nobody knows is told as it is.
fn enforced(enforcement: &Map<String, Value>) -> Payload {
    match text(enforcement, "action").and_then(|word| EnforcementAction::of_meta(&word)) {
        Some(action) => Payload::Enforced { action, reason: text(enforcement, "reason") },
        None => notice("policy_enforcement", only(enforcement, &["action", "reason"])),
    }
}

/// Reads an element that is no message. The member that it carries tells its kind.
pub(crate) fn read(about: Element<'_>, element: &Map<String, Value>) -> Payload {
    if let Some(postback) = member(element, "postback") {
        postback_tapped(about, postback)
    } else if let Some(reaction) = member(element, "reaction") {
        reacted(about, reaction)
    } else if let Some(read) = member(element, "read") {
        seen(about, read)
    } else if element.contains_key("referral") {
        referred(about, element, Map::new())
    } else if let Some(optin) = member(element, "optin") {
        opted_in(about, optin, false)
    } else {
        thread_control(about, element).unwrap_or_else(|| unknown(about, element))
    }
}

/// The contact came through a link or an advertisement, perhaps with something that they filled in there.
pub(crate) fn referred(about: Element<'_>, element: &Map<String, Value>, metadata: Map<String, Value>) -> Payload {
    let referral = member(element, "referral").map(referral);
    about.payload(NewMessage { referral, metadata, ..about.act(Kind::Referral) })
}

/// Where the contact came from; an advertisement's texts stay with it.
pub(crate) fn referral(referral: &Map<String, Value>) -> Referral {
    Referral {
        source: text(referral, "source"),
        reference: text(referral, "ref"),
        ad_id: text(referral, "ad_id"),
        metadata: without(referral, &["source", "ref", "ad_id"]),
    }
}

/// An ice breaker, a menu entry or a template's button. In standby it comes without its payload.
fn postback_tapped(about: Element<'_>, postback: &Map<String, Value>) -> Payload {
    about.payload(NewMessage {
        text: text(postback, "title"),
        referral: member(postback, "referral").map(referral),
        opens_window: !about.from_account,
        metadata: only(postback, &["payload", "is_self"]),
        ..about.new_message(id(postback, "mid"), Kind::Postback)
    })
}

fn reacted(about: Element<'_>, reaction: &Map<String, Value>) -> Payload {
    let Some(mid) = id::<Mid>(reaction, "mid") else {
        return Payload::Nothing { kind: "reaction_without_mid" };
    };
    let taken_back = text(reaction, "action").as_deref() == Some("unreact");
    let name = text(reaction, "reaction").filter(|_| !taken_back);
    let emoji = (!taken_back).then(|| text(reaction, "emoji").unwrap_or_else(|| emoji_of(name.as_deref()).to_owned()));
    let by = if about.from_account { Reactor::Account } else { Reactor::Contact };
    about.change(mid, Change::React { by, reaction: Reaction { at: about.context.at, emoji, name } })
}

/// The emoji of a reaction that came with its name only; an unnamed one is the heart of a double tap.
fn emoji_of(name: Option<&str>) -> &'static str {
    match name {
        None | Some("love") => "\u{2764}\u{fe0f}",
        Some("like") => "\u{1f44d}",
        Some("laugh" | "smile") => "\u{1f606}",
        Some("wow") => "\u{1f62e}",
        Some("sad") => "\u{1f622}",
        Some("angry") => "\u{1f620}",
        Some("dislike") => "\u{1f44e}",
        Some(_) => "\u{2754}",
    }
}

/// Instagram names the last message that was read, Messenger the time up to which everything was.
fn seen(about: Element<'_>, read: &Map<String, Value>) -> Payload {
    if about.from_account {
        return Payload::Nothing { kind: "own_read" };
    }
    let up_to = match id(read, "mid") {
        Some(mid) => Some(ReadUpTo::Message(mid)),
        None => watermark(about.context, read).map(ReadUpTo::Time),
    };
    match up_to {
        Some(up_to) => Payload::Read { contact: about.contact.clone(), up_to },
        None => Payload::Nothing { kind: "read_up_to_nothing" },
    }
}

/// Up to when something is so. A time that has not come is none.
pub(crate) fn watermark(context: Context<'_>, receipt: &Map<String, Value>) -> Option<UnixMillis> {
    let until = receipt.get("watermark").and_then(time::read)?;
    time::is_plausible(until, context.queued.received_at_ms).then_some(until)
}

/// Meta also sends edits of messages that nobody edited, without a text: those must not blank what is stored.
fn edited(context: Context<'_>, contact: Option<ContactId>, edit: &Map<String, Value>) -> Payload {
    let Some(text) = text(edit, "text") else {
        return Payload::Nothing { kind: "edit_without_text" };
    };
    let Some(mid) = id(edit, "mid") else {
        return Payload::Nothing { kind: "edit_without_mid" };
    };
    let number = number(edit, "num_edit").and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
    Payload::Change { contact, mid, change: Change::Edit { edit: Edit { number, at: context.at, text } } }
}

/// Consent to be notified is not a message. Its token is a credential and is not kept.
pub(crate) fn opted_in(about: Element<'_>, optin: &Map<String, Value>, opens_window: bool) -> Payload {
    about.payload(NewMessage {
        text: text(optin, "title"),
        opens_window,
        metadata: without(optin, &["title", "notification_messages_token"]),
        ..about.new_message(None, Kind::Optin)
    })
}

/// Apps hand a thread to each other.
fn thread_control(about: Element<'_>, element: &Map<String, Value>) -> Option<Payload> {
    let (action, control) = ["pass", "take", "request"]
        .into_iter()
        .find_map(|action| Some((action, member(element, &format!("{action}_thread_control"))?)))?;
    let mut metadata = without(control, &[]);
    metadata.insert("action".to_owned(), Value::from(action));
    Some(about.note(NewMessage {
        // Told to whom it is taken from.
        handled_elsewhere: about.context.standby || action == "take",
        metadata,
        ..about.new_message(None, Kind::ThreadControl)
    }))
}

/// A kind that Meta has added since: visible in its conversation, by its names only. Whether a person did something is
/// unknown, so nothing says that somebody waits.
fn unknown(about: Element<'_>, element: &Map<String, Value>) -> Payload {
    let metadata = fields(&without(element, &ENVELOPE));
    about.note(NewMessage { metadata, ..about.new_message(None, Kind::Unsupported) })
}
