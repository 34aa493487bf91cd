//! Bodies of webhooks as Meta writes them: for what the simulated Meta does not send by itself.

use domain::Channel;
use serde_json::{Value, json};

/// An account and a contact, by the ids that webhooks have for them.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) account: String,
    pub(crate) contact: String,
}

impl Pair {
    pub(crate) fn new(account: &str, contact: u32) -> Self {
        Self { account: account.to_owned(), contact: contact.to_string() }
    }

    /// Something that the contact did.
    pub(crate) fn did(&self, at_ms: i64, what: &str, part: &Value) -> Value {
        json!({
            "sender": {"id": self.contact}, "recipient": {"id": self.account}, "timestamp": at_ms, what: part,
        })
    }

    /// Something that the account did.
    pub(crate) fn account_did(&self, at_ms: i64, what: &str, part: &Value) -> Value {
        json!({
            "sender": {"id": self.account}, "recipient": {"id": self.contact}, "timestamp": at_ms, what: part,
        })
    }

    /// The contact writes.
    pub(crate) fn text(&self, at_ms: i64, mid: &str, text: &str) -> Value {
        self.did(at_ms, "message", &json!({"mid": mid, "text": text}))
    }

    /// The account writes.
    pub(crate) fn echo(&self, at_ms: i64, mid: &str, text: &str) -> Value {
        self.account_did(at_ms, "message", &json!({"mid": mid, "text": text, "is_echo": true}))
    }
}

/// An entry of messaging events.
pub(crate) fn entry(account: &str, at_ms: i64, messaging: &[Value]) -> Value {
    json!({"id": account, "time": at_ms, "messaging": messaging})
}

/// A whole body of Instagram's.
pub(crate) fn notification(entries: &[Value]) -> Value {
    notification_of(Channel::Instagram, entries)
}

/// A whole body of a channel's.
pub(crate) fn notification_of(channel: Channel, entries: &[Value]) -> Value {
    let object = match channel {
        Channel::Instagram => "instagram",
        Channel::Messenger => "page",
    };
    json!({"object": object, "entry": entries})
}
