//! What the tests of this module tell of.

use crate::channel::{Account, ContactId};
use crate::conversation::Conversation;
use crate::id::{ConversationId, MessageId};
use crate::message::{Author, Direction, Kind, Message, Status};
use crate::time::UnixMillis;

pub(super) const TEXT: &str = "Do you have it in blue?";
pub(super) const NAME: &str = "Nadia Nogales";

pub(super) fn message() -> Message {
    let id = MessageId::new(UnixMillis::new(1), [7; 8]);
    serde_json::from_value(serde_json::json!({
        "id": id,
        "conversation": "0".repeat(32),
        "direction": Direction::Inbound,
        "author": Author::Customer,
        "kind": Kind::Message,
        "status": Status::Received,
        "text": TEXT,
        "created_at": 1,
    }))
    .expect("a message")
}

pub(super) fn conversation() -> Conversation {
    let id = ConversationId::try_from("0".repeat(32)).expect("a conversation");
    let account = Account::try_from("meta_instagram#17841").expect("an account");
    let contact = ContactId::try_from("4711").expect("a contact");
    let mut conversation = Conversation::new(id, account, contact, UnixMillis::new(1));
    conversation.contact.name = Some(NAME.to_owned());
    conversation.show_if_newest(&message());
    conversation
}
