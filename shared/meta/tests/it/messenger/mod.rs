//! Webhooks of object `page`.

mod acts;
mod content;
mod receipts;
mod splitting;

use domain::Account;
use domain::event::{NewMessage, Payload};
use serde_json::{Value, json};

use crate::util::{AT, read_body};

/// The Page of all samples.
pub(crate) const PAGE: &str = "104700000001";

/// The person of all samples, as this Page sees them.
pub(crate) const PERSON: &str = "7300000001";

/// The Page as an account.
pub(crate) fn page() -> Account {
    Account::messenger(&PAGE.try_into().expect("digits"))
}

/// One element from the person to the Page.
pub(crate) fn element(members: &Value) -> Value {
    between(PERSON, PAGE, members)
}

/// One element from the Page to the person.
pub(crate) fn own_element(members: &Value) -> Value {
    between(PAGE, PERSON, members)
}

fn between(sender: &str, recipient: &str, members: &Value) -> Value {
    with(json!({"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": AT}), members)
}

/// An element of the Page that names no person.
fn of_page(members: &Value) -> Value {
    with(json!({"recipient": {"id": PAGE}, "timestamp": AT}), members)
}

fn with(mut object: Value, members: &Value) -> Value {
    object.as_object_mut().expect("an object").extend(members.as_object().expect("members").clone());
    object
}

/// A notification about the Page with these entry members.
pub(crate) fn notification(entry: &Value) -> String {
    json!({"object": "page", "entry": [with(json!({"id": PAGE, "time": AT + 100}), entry)]}).to_string()
}

/// What one entry's only event says.
fn entry(entry: &Value) -> Payload {
    let event = read_body(&notification(entry));
    assert_eq!(event.account, page());
    event.payload
}

/// What one element of `messaging` says.
fn payload(element: &Value) -> Payload {
    entry(&json!({"messaging": [element]}))
}

/// The message that one element of `messaging` brings.
fn message(element: &Value) -> NewMessage {
    as_message(payload(element))
}

/// The message in a payload, which must be of the person of all samples.
fn as_message(payload: Payload) -> NewMessage {
    match payload {
        Payload::Message { contact, message } => {
            assert_eq!(contact.as_str(), PERSON);
            message
        }
        other => panic!("no message: {other:?}"),
    }
}

fn notice(payload: Payload) -> (String, Value) {
    match payload {
        Payload::AccountNotice { kind, details } => (kind, details.into()),
        other => panic!("no notice: {other:?}"),
    }
}
