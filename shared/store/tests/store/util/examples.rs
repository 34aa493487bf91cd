//! Valid examples; a test changes the field that it is about.

use domain::event::{NewMessage, ReadUpTo};
use domain::message::{Edit, Reaction, Reactor, SendFailure};
use domain::{
    Account, Author, Change, Connection, ContactId, ConversationId, Direction, Event, Kind, MessageId, Mid, PageId,
    Payload, SealedToken, TenantId, UnixMillis, UnixSeconds, UserId, samples,
};
use serde_json::Map;
use store::{Allowance, Draft};

/// The time of all tests: 2026-11-20T07:00:00Z.
pub(crate) const NOW: UnixMillis = UnixMillis::new(1_795_158_000_000);

/// A plan without a limit.
pub(crate) const ANY: Allowance = Allowance { max_connections: None, plan_version: None };

/// The contact of all tests that need only one.
pub(crate) const CONTACT: &str = "430915413000664";

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::try_from(name).expect("a tenant")
}

pub(crate) fn account(digits: &str) -> Account {
    Account::instagram(digits.try_into().expect("an account"))
}

pub(crate) fn contact_id(digits: &str) -> ContactId {
    ContactId::try_from(digits).expect("a contact")
}

pub(crate) fn page(digits: &str) -> PageId {
    PageId::try_from(digits).expect("a Page")
}

/// A mid as long as Meta's.
pub(crate) fn mid(name: &str) -> Mid {
    Mid::try_from(format!("aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQx{name:_<125}ZD")).expect("a mid")
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::try_from(name).expect("a user")
}

/// The one conversation of most tests.
pub(crate) fn conversation() -> ConversationId {
    ConversationId::derive(&tenant("acme"), &account("17841"), &contact_id(CONTACT))
}

pub(crate) fn connection(whose: &str, ig: &str) -> Connection {
    Connection {
        tenant: tenant(whose),
        account: account(ig),
        name: "cafe".to_owned(),
        token: Some(SealedToken::new("v1.sealed".to_owned())),
        token_expires_at: Some(NOW.seconds().plus(60 * 24 * 60 * 60)),
        scopes: vec!["instagram_business_basic".to_owned()],
        version: 0,
        ..samples::connection(NOW.seconds())
    }
}

fn happened(at: UnixMillis, payload: Payload) -> Event {
    Event { account: account("17841"), at, untimed: None, received_at: at, payload, reduced: false }
}

/// A message of the contact's, `seconds` after [`NOW`], whose mid has this name.
pub(crate) fn inbound(name: &str, seconds: i64, text: &str) -> Event {
    let at = NOW.plus(seconds * 1000);
    let message = NewMessage { direction: Direction::Inbound, author: Author::Customer, ..new_message(name, at, text) };
    happened(at, Payload::Message { contact: contact_id(CONTACT), message })
}

/// An echo of something that the account sent.
pub(crate) fn echo(name: &str, seconds: i64, text: &str) -> Event {
    let at = NOW.plus(seconds * 1000);
    let message = NewMessage { opens_window: false, ..new_message(name, at, text) };
    happened(at, Payload::Message { contact: contact_id(CONTACT), message })
}

fn new_message(name: &str, at: UnixMillis, text: &str) -> NewMessage {
    NewMessage {
        id: MessageId::derive(at, &mid(name)),
        untimed: false,
        ahead: None,
        mid: Some(mid(name)),
        direction: Direction::Outbound,
        author: Author::App,
        kind: Kind::Message,
        text: Some(text.to_owned()),
        attachments: Vec::new(),
        reply_to: None,
        referral: None,
        username: None,
        opens_window: true,
        handled_elsewhere: false,
        sent_as: None,
        metadata: Map::new(),
        trace_id: None,
    }
}

pub(crate) fn changed(name: &str, change: Change) -> Event {
    happened(NOW, Payload::Change { contact: Some(contact_id(CONTACT)), mid: mid(name), change })
}

pub(crate) fn reacted(name: &str, seconds: i64, emoji: Option<&str>) -> Event {
    let reaction = Reaction { at: NOW.plus(seconds * 1000), emoji: emoji.map(str::to_owned), name: None };
    changed(name, Change::React { by: Reactor::Contact, reaction })
}

pub(crate) fn edited(name: &str, number: u32, text: &str) -> Event {
    let edit = Edit { number, at: NOW.plus(i64::from(number)), text: text.to_owned() };
    changed(name, Change::Edit { edit })
}

pub(crate) fn unsent(name: &str) -> Event {
    changed(name, Change::Unsend { at: NOW.plus(90_000) })
}

pub(crate) fn read(name: &str) -> Event {
    happened(NOW, Payload::Read { contact: contact_id(CONTACT), up_to: ReadUpTo::Message(mid(name)) })
}

/// The other side of an event.
pub(crate) fn contact_of(event: &Event) -> Option<ContactId> {
    match &event.payload {
        Payload::Message { contact, .. } | Payload::Read { contact, .. } => Some(contact.clone()),
        Payload::Change { contact, .. } => contact.clone(),
        _ => None,
    }
}

pub(crate) fn draft(text: &str) -> Draft {
    Draft {
        author: Author::Agent,
        sent_by: Some(user("ana")),
        text: Some(text.to_owned()),
        attachments: Vec::new(),
        reply_to: None,
        tag: None,
        idempotency_key: None,
        trace_id: None,
    }
}

pub(crate) fn failure(reason: &str) -> SendFailure {
    SendFailure {
        reason: reason.to_owned(),
        title: "It did not work".to_owned(),
        advice: "Try again".to_owned(),
        code: Some(10),
        subcode: None,
    }
}

pub(crate) const fn seconds(after_now: i64) -> UnixSeconds {
    NOW.seconds().plus(after_now)
}
