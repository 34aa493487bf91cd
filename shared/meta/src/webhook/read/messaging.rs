//! Elements of `messaging` and `standby`.

use std::borrow::Cow;

use domain::event::{Happening, NewMessage, ReadUpTo};
use domain::id::{IgId, Igsid, MessageId, Mid};
use domain::message::{Author, Change, Direction, Edit, Kind, Reaction, Reactor};
use serde_json::{Map, Value};

use super::json::{fields, flag, id, member, number, only, text, without};
use super::{Context, message, notice};
use crate::webhook::roles::Parties;
use crate::webhook::time;

/// One element, and who is who in it.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) context: Context<'a>,
    pub(super) contact: &'a Igsid,
    /// The account acted, not the contact.
    pub(super) from_account: bool,
}

/// The members around an event's own one.
const ENVELOPE: [&str; 3] = ["sender", "recipient", "timestamp"];

/// What says nothing that an inbox could show: that a message reached a phone, that a person linked an account.
const SILENT: [&str; 2] = ["delivery", "account_linking"];

/// Reads one element. The member that it carries tells its kind.
pub(super) fn read(context: Context<'_>, element: &Map<String, Value>) -> Happening {
    let element = &*with_underscores(element);
    let (contact, from_account) = roles(&context.queued.account, element);
    if let Some(edit) = member(element, "message_edit") {
        return edited(context, contact, edit);
    }
    if let Some(enforcement) = member(element, "policy_enforcement") {
        return notice("policy_enforcement", only(enforcement, &["action", "reason"]));
    }
    if let Some(feedback) = member(element, "response_feedback") {
        return notice("response_feedback", only(feedback, &["feedback", "mid"]));
    }
    if let Some(kind) = SILENT.into_iter().find(|name| element.contains_key(*name)) {
        return Happening::Nothing { kind };
    }
    let Some(contact) = contact else {
        return notice("event_without_contact", fields(element));
    };
    let about = Element { context, contact: &contact, from_account };
    if let Some(body) = member(element, "message") {
        message::read(about, body)
    } else if let Some(postback) = member(element, "postback") {
        postback_tapped(about, postback)
    } else if let Some(reaction) = member(element, "reaction") {
        reacted(about, reaction)
    } else if let Some(read) = member(element, "read") {
        seen(about, read)
    } else if let Some(referral) = member(element, "referral") {
        about.happening(NewMessage { referral: Some(message::referral(referral)), ..about.act(Kind::Referral) })
    } else if let Some(optin) = member(element, "optin") {
        opted_in(about, optin)
    } else {
        thread_control(about, element).unwrap_or_else(|| unknown(about, element))
    }
}

/// Meta spells some members with a dash in one place and with an underscore in another.
fn with_underscores(element: &Map<String, Value>) -> Cow<'_, Map<String, Value>> {
    if element.keys().any(|name| name.contains('-')) {
        Cow::Owned(element.iter().map(|(name, value)| (name.replace('-', "_"), value.clone())).collect())
    } else {
        Cow::Borrowed(element)
    }
}

/// The other side, and whether the account acted.
fn roles(account: &IgId, element: &Map<String, Value>) -> (Option<Igsid>, bool) {
    let side = |name| member(element, name).and_then(|party| id::<IgId>(party, "id"));
    let marked = |name| member(element, name).is_some_and(|body| flag(body, "is_echo") || flag(body, "is_self"));
    let (sender, recipient) = (side("sender"), side("recipient"));
    let parties = Parties {
        sender: sender.as_ref(),
        recipient: recipient.as_ref(),
        marked_echo: marked("message"),
        tapped: element.contains_key("postback") || element.contains_key("referral"),
    };
    (parties.contact(account), parties.by_account(account))
}

impl Element<'_> {
    /// A message of this element with nothing in it yet.
    pub(super) fn new_message(&self, mid: Option<Mid>, kind: Kind) -> NewMessage {
        let Context { queued, at, untimed, ahead, standby } = self.context;
        let id = match &mid {
            Some(mid) => MessageId::derive(at, mid),
            None => MessageId::derive_from_json(at, queued.event.get()),
        };
        let (direction, author) =
            if self.from_account { (Direction::Outbound, Author::App) } else { (Direction::Inbound, Author::Customer) };
        NewMessage {
            id,
            untimed,
            ahead,
            mid,
            direction,
            author,
            kind,
            text: None,
            attachments: Vec::new(),
            reply_to: None,
            referral: None,
            username: None,
            opens_window: false,
            handled_elsewhere: standby,
            metadata: Map::new(),
            trace_id: None,
        }
    }

    /// Something that the contact did which has no mid, and after which they may be answered.
    fn act(&self, kind: Kind) -> NewMessage {
        NewMessage { opens_window: !self.from_account, ..self.new_message(None, kind) }
    }

    /// Something that Meta tells and nobody wrote: shown in its place, and nobody's unread message.
    fn note(&self, message: NewMessage) -> Happening {
        self.happening(NewMessage { direction: Direction::Inbound, author: Author::App, ..message })
    }

    pub(super) fn happening(&self, message: NewMessage) -> Happening {
        Happening::Message { contact: self.contact.clone(), message }
    }

    pub(super) fn change(&self, mid: Mid, change: Change) -> Happening {
        Happening::Change { contact: Some(self.contact.clone()), mid, change }
    }
}

/// An ice breaker, a menu entry or a template's button. In standby it comes without its payload.
fn postback_tapped(about: Element<'_>, postback: &Map<String, Value>) -> Happening {
    about.happening(NewMessage {
        text: text(postback, "title"),
        referral: member(postback, "referral").map(message::referral),
        opens_window: !about.from_account,
        metadata: only(postback, &["payload", "is_self"]),
        ..about.new_message(id(postback, "mid"), Kind::Postback)
    })
}

fn reacted(about: Element<'_>, reaction: &Map<String, Value>) -> Happening {
    let Some(mid) = id::<Mid>(reaction, "mid") else {
        return Happening::Nothing { kind: "reaction_without_mid" };
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
        Some("laugh") => "\u{1f606}",
        Some("wow") => "\u{1f62e}",
        Some("sad") => "\u{1f622}",
        Some("angry") => "\u{1f620}",
        Some(_) => "\u{2754}",
    }
}

/// Instagram names the last message that was read, Messenger the time up to which everything was.
fn seen(about: Element<'_>, read: &Map<String, Value>) -> Happening {
    if about.from_account {
        return Happening::Nothing { kind: "own_read" };
    }
    let watermark = || read.get("watermark").and_then(time::read);
    let plausible = |at: &_| time::is_plausible(*at, about.context.queued.received_at_ms);
    let up_to = match id(read, "mid") {
        Some(mid) => Some(ReadUpTo::Message(mid)),
        None => watermark().filter(plausible).map(ReadUpTo::Time),
    };
    match up_to {
        Some(up_to) => Happening::Read { contact: about.contact.clone(), up_to },
        None => Happening::Nothing { kind: "read_up_to_nothing" },
    }
}

/// Meta also sends edits of messages that nobody edited, without a text: those must not blank what is stored.
fn edited(context: Context<'_>, contact: Option<Igsid>, edit: &Map<String, Value>) -> Happening {
    let Some(text) = text(edit, "text") else {
        return Happening::Nothing { kind: "edit_without_text" };
    };
    let Some(mid) = id(edit, "mid") else {
        return Happening::Nothing { kind: "edit_without_mid" };
    };
    let number = number(edit, "num_edit").and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
    Happening::Change { contact, mid, change: Change::Edit { edit: Edit { number, at: context.at, text } } }
}

/// Consent to be notified is not a message: it opens no window. Its token is a credential and is not kept.
fn opted_in(about: Element<'_>, optin: &Map<String, Value>) -> Happening {
    about.happening(NewMessage {
        text: text(optin, "title"),
        metadata: without(optin, &["title", "notification_messages_token"]),
        ..about.new_message(None, Kind::Optin)
    })
}

/// Apps hand a thread to each other.
fn thread_control(about: Element<'_>, element: &Map<String, Value>) -> Option<Happening> {
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
fn unknown(about: Element<'_>, element: &Map<String, Value>) -> Happening {
    let metadata = fields(&without(element, &ENVELOPE));
    about.note(NewMessage { metadata, ..about.new_message(None, Kind::Unsupported) })
}
