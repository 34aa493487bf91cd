//! An event as a program gets it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::channel::Account;
use crate::connection::Connection;
use crate::conversation::Conversation;
use crate::id::{ConversationId, TenantId};
use crate::message::Message;
use crate::time::UnixMillis;
use crate::view::{ConnectionView, ConversationView, MessageView, NamedAccount};

/// What happened. The words are part of the API and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EventType {
    /// A contact wrote.
    #[serde(rename = "message.received")]
    MessageReceived,
    /// The provider has a message, written here or elsewhere.
    #[serde(rename = "message.sent")]
    MessageSent,
    /// The provider refused an answer for good.
    #[serde(rename = "message.failed")]
    MessageFailed,
    /// Nobody knows whether an answer went out.
    #[serde(rename = "message.uncertain")]
    MessageUncertain,
    /// The contact has read everything that was sent up to a time.
    #[serde(rename = "message.read")]
    MessageRead,
    /// Its author changed a message's text.
    #[serde(rename = "message.edited")]
    MessageEdited,
    /// Its author took a message back.
    #[serde(rename = "message.deleted")]
    MessageDeleted,
    /// A reaction was set or taken back.
    #[serde(rename = "message.reacted")]
    MessageReacted,
    /// A conversation began, or wants attention again.
    #[serde(rename = "conversation.opened")]
    ConversationOpened,
    /// A conversation is done.
    #[serde(rename = "conversation.closed")]
    ConversationClosed,
    /// An account was connected.
    #[serde(rename = "connection.connected")]
    ConnectionConnected,
    /// A connection does not work: somebody has to connect again.
    #[serde(rename = "connection.error")]
    ConnectionError,
    /// It works again.
    #[serde(rename = "connection.recovered")]
    ConnectionRecovered,
    /// The plan has no room for it.
    #[serde(rename = "connection.paused")]
    ConnectionPaused,
    /// It was ended, here or at Meta.
    #[serde(rename = "connection.disconnected")]
    ConnectionDisconnected,
    /// A contact commented.
    #[serde(rename = "comment.received")]
    CommentReceived,
    /// A contact's data was deleted: whoever keeps a copy has to delete it too.
    #[serde(rename = "contact.erased")]
    ContactErased,
    /// Nothing happened: somebody tries whether an endpoint works.
    #[serde(rename = "webhook.test")]
    Test,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::MessageReceived,
        Self::MessageSent,
        Self::MessageFailed,
        Self::MessageUncertain,
        Self::MessageRead,
        Self::MessageEdited,
        Self::MessageDeleted,
        Self::MessageReacted,
        Self::ConversationOpened,
        Self::ConversationClosed,
        Self::ConnectionConnected,
        Self::ConnectionError,
        Self::ConnectionRecovered,
        Self::ConnectionPaused,
        Self::ConnectionDisconnected,
        Self::CommentReceived,
        Self::ContactErased,
        Self::Test,
    ];

    /// The type of this word; `None` for one that this version does not know.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// As the API has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MessageReceived => "message.received",
            Self::MessageSent => "message.sent",
            Self::MessageFailed => "message.failed",
            Self::MessageUncertain => "message.uncertain",
            Self::MessageRead => "message.read",
            Self::MessageEdited => "message.edited",
            Self::MessageDeleted => "message.deleted",
            Self::MessageReacted => "message.reacted",
            Self::ConversationOpened => "conversation.opened",
            Self::ConversationClosed => "conversation.closed",
            Self::ConnectionConnected => "connection.connected",
            Self::ConnectionError => "connection.error",
            Self::ConnectionRecovered => "connection.recovered",
            Self::ConnectionPaused => "connection.paused",
            Self::ConnectionDisconnected => "connection.disconnected",
            Self::CommentReceived => "comment.received",
            Self::ContactErased => "contact.erased",
            Self::Test => "webhook.test",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The id of an event: the same each time it is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    /// Derived from what makes the event this one and no other.
    #[must_use]
    pub fn derive(kind: EventType, parts: &[&str]) -> Self {
        let mut digest = Sha256::new().chain_update(kind.as_str());
        for part in parts {
            digest.update(b"#");
            digest.update(part);
        }
        Self(format!("evt_{}", &hex::encode(digest.finalize())[..32]))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<&str> for EventId {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let digits = text.strip_prefix("evt_").ok_or("an event's id begins with evt_")?;
        if digits.len() == 32 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err("an event's id ends with 32 hexadecimal digits")
        }
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?.as_str()).map_err(serde::de::Error::custom)
    }
}

/// What an event is about, as it was then.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A message, and the conversation in which it stands.
    Message(Box<Message>, Box<Conversation>),
    /// A conversation.
    Conversation(Box<Conversation>),
    /// A conversation of which nothing is left to tell.
    ErasedConversation(ConversationId),
    /// A connection.
    Connection(Box<Connection>),
}

/// Something that happened, to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEvent {
    /// The same each time it is told.
    pub id: EventId,
    /// What happened.
    pub kind: EventType,
    /// When it was stored.
    pub at: UnixMillis,
    /// Whose it is.
    pub tenant: TenantId,
    /// Which change of its subject it was: sorts the events of one subject.
    pub version: u64,
    /// What it is about.
    pub subject: Subject,
}

/// What a body shows of a message to those who have not asked for content.
const THIN: [&str; 9] =
    ["id", "direction", "author", "kind", "status", "sent_by", "created_at", "sent_at", "provider_message_id"];

impl OutboxEvent {
    /// The conversation that it is about.
    #[must_use]
    pub fn conversation(&self) -> Option<&ConversationId> {
        match &self.subject {
            Subject::Message(_, conversation) | Subject::Conversation(conversation) => Some(&conversation.id),
            Subject::ErasedConversation(id) => Some(id),
            Subject::Connection(_) => None,
        }
    }

    /// The account that it is about.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        match &self.subject {
            Subject::Message(_, conversation) | Subject::Conversation(conversation) => Some(&conversation.account),
            Subject::ErasedConversation(_) => None,
            Subject::Connection(connection) => Some(&connection.account),
        }
    }

    /// The JSON text that is told: `type`, `timestamp` and `data`, as Standard Webhooks has it. What somebody wrote, and what they
    /// are called, is in it only `with_content`.
    #[must_use]
    pub fn body(&self, with_content: bool) -> String {
        let mut data = self.names();
        data.insert("version".to_owned(), json!(self.version));
        match &self.subject {
            Subject::Message(message, conversation) => {
                data.insert("message".to_owned(), Value::Object(shown(message, conversation, with_content)));
                if with_content {
                    data.insert("contact".to_owned(), json!(ConversationView::new(conversation, self.at).contact));
                }
            }
            Subject::Conversation(conversation) => {
                let read_until = conversation.contact_read_until.filter(|_| self.kind == EventType::MessageRead);
                data.insert("state".to_owned(), json!(conversation.state.shown()));
                if let Some(until) = read_until {
                    data.insert("read_until".to_owned(), json!(until.rfc3339()));
                }
            }
            Subject::ErasedConversation(_) => {}
            Subject::Connection(connection) => {
                data.insert("connection".to_owned(), json!(ConnectionView::from(&**connection)));
            }
        }
        json!({"type": self.kind.as_str(), "timestamp": self.at.rfc3339(), "data": data}).to_string()
    }

    /// Whose it is and where it belongs.
    fn names(&self) -> Map<String, Value> {
        let mut names = Map::from_iter([("tenant_id".to_owned(), json!(self.tenant))]);
        if let Some(account) = self.account() {
            names.insert("channel".to_owned(), json!(account.channel));
            names.insert(NamedAccount::field(account.channel).to_owned(), json!(account.id));
        }
        match &self.subject {
            Subject::Message(_, conversation) | Subject::Conversation(conversation) => {
                names.insert("conversation_id".to_owned(), json!(conversation.id));
                names.insert("contact_id".to_owned(), json!(conversation.contact.id));
            }
            Subject::ErasedConversation(id) => {
                names.insert("conversation_id".to_owned(), json!(id));
            }
            Subject::Connection(_) => {}
        }
        names
    }
}

/// A message as the API shows it, with the status that it had then.
fn shown(message: &Message, conversation: &Conversation, with_content: bool) -> Map<String, Value> {
    let view = MessageView { status: message.status.shown(), ..MessageView::new(message, conversation) };
    let Ok(Value::Object(mut shown)) = serde_json::to_value(view) else { return Map::new() };
    shown.remove("conversation_id");
    if !with_content {
        shown.retain(|name, _| THIN.contains(&name.as_str()));
        shown.insert("error".to_owned(), json!(message.error.as_ref().map(|error| &error.reason)));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::samples;

    fn received() -> OutboxEvent {
        OutboxEvent {
            id: EventId::derive(EventType::MessageReceived, &["acme", "1"]),
            kind: EventType::MessageReceived,
            at: UnixMillis::new(1_795_000_000_000),
            tenant: TenantId::try_from("acme").expect("a tenant"),
            version: 0,
            subject: Subject::Message(Box::new(samples::message()), Box::new(samples::conversation())),
        }
    }

    #[test]
    fn a_thin_body_says_nothing_that_anybody_wrote_or_is_called() {
        let thin = received().body(false);
        let whole = received().body(true);
        for word in [samples::TEXT, samples::NAME] {
            assert!(whole.contains(word) && !thin.contains(word), "{word}: {thin}");
        }
    }

    #[test]
    fn a_body_is_the_same_each_time() {
        assert_eq!(received().body(true), received().body(true));
        let body: Value = serde_json::from_str(&received().body(false)).expect("JSON");
        assert_eq!(body["type"], "message.received");
        assert_eq!(body["data"]["tenant_id"], "acme");
        assert_eq!(body["data"]["message"]["status"], "received");
    }

    #[test]
    fn the_id_of_an_event_hangs_on_what_it_is_and_on_nothing_else() {
        let id = |kind, version| EventId::derive(kind, &["acme", version]);
        assert_eq!(id(EventType::MessageSent, "1"), id(EventType::MessageSent, "1"));
        assert_ne!(id(EventType::MessageSent, "1"), id(EventType::MessageSent, "2"));
        assert_ne!(id(EventType::MessageSent, "1"), id(EventType::MessageFailed, "1"));
        let text = id(EventType::MessageSent, "1").to_string();
        assert_eq!(EventId::try_from(text.as_str()), Ok(id(EventType::MessageSent, "1")));
        assert!(EventId::try_from("evt_1").is_err());
    }

    #[test]
    fn an_event_type_is_written_as_it_is_read() {
        for kind in EventType::ALL {
            assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.as_str());
        }
    }
}
