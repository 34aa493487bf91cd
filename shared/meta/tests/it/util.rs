//! Signed bodies and the events in them.

use domain::channel::{Account, ContactId};
use domain::connection::Login;
use domain::event::{Event, NewMessage, Payload};
use domain::secret::AppSecret;
use domain::time::UnixMillis;
use hmac::{Hmac, KeyInit, Mac};
use meta::{Notification, QueuedEvent, SignedPayload};
use serde_json::{Value, json};

/// The professional account of all samples.
pub(crate) const ACCOUNT: &str = "17841405726653026";

/// The contact of all samples.
pub(crate) const CONTACT: &str = "430915413000664";

/// When the events of all samples happened.
pub(crate) const AT: i64 = 1_752_834_910_447;

/// The account's id.
pub(crate) fn account() -> Account {
    Account::instagram(ACCOUNT.try_into().expect("digits"))
}

/// The contact's id.
pub(crate) fn contact() -> ContactId {
    ContactId::try_from(CONTACT).expect("digits")
}

/// Signs a body, and passes the proof on as the receiving function would have it.
pub(crate) fn signed<T>(body: &[u8], work: impl FnOnce(SignedPayload<'_>) -> T) -> T {
    let secret = AppSecret::new("app secret".to_owned());
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.expose().as_bytes()).expect("any key");
    mac.update(body);
    let header = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let (payload, ()) =
        SignedPayload::verify(body, Some(&header), std::iter::once((&secret, ()))).expect("the signature is right");
    work(payload)
}

/// Splits a body and looks at what came out.
pub(crate) fn split<T>(body: &str, look: impl FnOnce(Notification<'_>) -> T) -> T {
    signed(body.as_bytes(), |payload| look(payload.split().expect("JSON")))
}

/// The events of a body, as queued.
pub(crate) fn queued(body: &str) -> Vec<QueuedEvent> {
    let received_at = UnixMillis::new(AT + 500);
    split(body, |notification| {
        notification.events.iter().map(|event| event.queued(Login::Instagram, received_at)).collect()
    })
}

/// One element of `messaging`, from the contact to the account.
pub(crate) fn element(members: &Value) -> Value {
    between(CONTACT, ACCOUNT, members)
}

/// One element of `messaging`, from the account to the contact.
pub(crate) fn own_element(members: &Value) -> Value {
    between(ACCOUNT, CONTACT, members)
}

fn between(sender: &str, recipient: &str, members: &Value) -> Value {
    let mut element = json!({"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": AT});
    let members = members.as_object().expect("members").clone();
    element.as_object_mut().expect("an object").extend(members);
    element
}

/// A notification with these entry members.
pub(crate) fn notification(entry: &Value) -> String {
    let mut whole = json!({"id": ACCOUNT, "time": AT + 100});
    whole.as_object_mut().expect("an object").extend(entry.as_object().expect("members").clone());
    json!({"object": "instagram", "entry": [whole]}).to_string()
}

/// Sends one entry through splitting and the queue, and reads its only event.
pub(crate) fn read_entry(entry: &Value) -> Event {
    read_body(&notification(entry))
}

/// Sends one body through splitting and the queue, and reads its only event.
pub(crate) fn read_body(body: &str) -> Event {
    let [event] = queued(body).try_into().expect("one event");
    let carried = serde_json::to_string(&event).expect("the queue carries JSON");
    let event: QueuedEvent = serde_json::from_str(&carried).expect("and gives it back");
    meta::read(&event).expect("a readable event")
}

/// What one element of `messaging` says.
pub(crate) fn payload(element: &Value) -> Payload {
    let event = read_entry(&json!({"messaging": [element]}));
    assert_eq!(event.account, account());
    event.payload
}

/// The message that one element of `messaging` brings.
pub(crate) fn message(element: &Value) -> NewMessage {
    as_message(payload(element))
}

/// The message in a payload, which must be of the contact of all samples.
pub(crate) fn as_message(payload: Payload) -> NewMessage {
    match payload {
        Payload::Message { contact: found, message } => {
            assert_eq!(found, contact());
            message
        }
        other => panic!("no message: {other:?}"),
    }
}
