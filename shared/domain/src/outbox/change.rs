//! What has changed about an item.

use serde::{Deserialize, Serialize};

use super::EventType;
use crate::connection::{Connection, ConnectionStatus};
use crate::conversation::{Conversation, ConversationState};
use crate::message::{Direction, Kind, Message, Status};

/// What a write was. Stored with the item in the same write, since a stream's filter sees only one side of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastChange {
    /// A message: the contact wrote it.
    Received,
    /// A message that nobody wrote stands among the others.
    Noted,
    /// An answer was accepted.
    Queued,
    /// The provider has it.
    Sent,
    /// The provider refused it for good.
    Failed,
    /// Nobody knows whether it went out.
    Uncertain,
    /// Its author changed its text.
    Edited,
    /// Its author took it back.
    Deleted,
    /// A reaction to it was set or taken back.
    Reacted,
    /// A conversation began, or wants attention again.
    Opened,
    /// It is done.
    Closed,
    /// Somebody in the inbox has read it, or a part of it.
    Read,
    /// The contact has read what was sent.
    Seen,
    /// What was sent has reached the contact's phone.
    Delivered,
    /// More, or something else, is known about the contact.
    Contact,
    /// Whether it may be answered is another matter than before.
    Window,
    /// Its contact was erased.
    Erased,
    /// A connection works.
    Connected,
    /// It does not.
    Broken,
    /// It works again.
    Recovered,
    /// The plan has no room for it.
    Paused,
    /// It was ended.
    Disconnected,
    /// Nothing that anybody outside wants to know.
    Kept,
}

impl LastChange {
    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Noted => "noted",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::Reacted => "reacted",
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Read => "read",
            Self::Seen => "seen",
            Self::Delivered => "delivered",
            Self::Contact => "contact",
            Self::Window => "window",
            Self::Erased => "erased",
            Self::Connected => "connected",
            Self::Broken => "broken",
            Self::Recovered => "recovered",
            Self::Paused => "paused",
            Self::Disconnected => "disconnected",
            Self::Kept => "kept",
        }
    }

    /// The first of several; what is not told where there is none.
    #[must_use]
    pub fn first_of(changes: &[Self]) -> Self {
        changes.first().copied().unwrap_or(Self::Kept)
    }

    /// As which event a change of a message is told; `None` for what only an open inbox shows.
    #[must_use]
    pub const fn event_of_message(self, kind: Kind) -> Option<EventType> {
        match self {
            Self::Received if matches!(kind, Kind::Comment) => Some(EventType::CommentReceived),
            Self::Received => Some(EventType::MessageReceived),
            Self::Sent => Some(EventType::MessageSent),
            Self::Failed => Some(EventType::MessageFailed),
            Self::Uncertain => Some(EventType::MessageUncertain),
            Self::Edited => Some(EventType::MessageEdited),
            Self::Deleted => Some(EventType::MessageDeleted),
            Self::Reacted => Some(EventType::MessageReacted),
            _ => None,
        }
    }

    /// As which event a change of a conversation is told.
    #[must_use]
    pub const fn event_of_conversation(self) -> Option<EventType> {
        match self {
            Self::Opened => Some(EventType::ConversationOpened),
            Self::Closed => Some(EventType::ConversationClosed),
            Self::Seen => Some(EventType::MessageRead),
            Self::Erased => Some(EventType::ContactErased),
            _ => None,
        }
    }

    /// As which event a change of a connection is told.
    #[must_use]
    pub const fn event_of_connection(self) -> Option<EventType> {
        match self {
            Self::Connected => Some(EventType::ConnectionConnected),
            Self::Broken => Some(EventType::ConnectionError),
            Self::Recovered => Some(EventType::ConnectionRecovered),
            Self::Paused => Some(EventType::ConnectionPaused),
            Self::Disconnected => Some(EventType::ConnectionDisconnected),
            _ => None,
        }
    }
}

/// What has changed about a message, the most telling first. `before` is absent where it is new.
#[must_use]
pub fn of_message(before: Option<&Message>, after: &Message) -> Vec<LastChange> {
    let Some(before) = before else { return began(after).into_iter().collect() };
    let mut changes = Vec::new();
    if before.status != after.status {
        changes.extend(reached(after.status));
    }
    // Of what was taken back nothing is left to tell.
    if after.status != Status::Deleted {
        if before.edit != after.edit {
            changes.push(LastChange::Edited);
        }
        if before.reactions != after.reactions {
            changes.push(LastChange::Reacted);
        }
    }
    changes
}

fn began(message: &Message) -> Option<LastChange> {
    if message.is_note() {
        return Some(LastChange::Noted);
    }
    match message.direction {
        Direction::Inbound => Some(LastChange::Received),
        Direction::Outbound if message.status == Status::Queued => Some(LastChange::Queued),
        Direction::Outbound => reached(message.status),
        Direction::Other(_) => None,
    }
}

const fn reached(status: Status) -> Option<LastChange> {
    match status {
        Status::Sent => Some(LastChange::Sent),
        Status::Failed => Some(LastChange::Failed),
        Status::Uncertain => Some(LastChange::Uncertain),
        Status::Deleted => Some(LastChange::Deleted),
        Status::Received | Status::Queued | Status::Sending | Status::Delivered | Status::Read | Status::Other(_) => {
            None
        }
    }
}

/// What has changed about a conversation, the most telling first. `before` is absent where it is new. A message that came or went
/// is told by itself.
#[must_use]
pub fn of_conversation(before: Option<&Conversation>, after: &Conversation) -> Vec<LastChange> {
    let mut changes = Vec::new();
    let Some(before) = before else {
        return if is_open(after) { vec![LastChange::Opened] } else { changes };
    };
    if before.erased_before < after.erased_before && before.last_message.is_some() {
        changes.push(LastChange::Erased);
    }
    match (is_open(before), is_open(after)) {
        (false, true) => changes.push(LastChange::Opened),
        (true, false) if after.state == ConversationState::Closed => changes.push(LastChange::Closed),
        _ => {}
    }
    if before.contact_read_until < after.contact_read_until {
        changes.push(LastChange::Seen);
    }
    if before.unread > after.unread {
        changes.push(LastChange::Read);
    }
    if before.delivered_until < after.delivered_until {
        changes.push(LastChange::Delivered);
    }
    if before.window_closed != after.window_closed || before.handled_elsewhere != after.handled_elsewhere {
        changes.push(LastChange::Window);
    }
    if who(before) != who(after) {
        changes.push(LastChange::Contact);
    }
    changes
}

fn is_open(conversation: &Conversation) -> bool {
    conversation.state == ConversationState::Open && conversation.last_message.is_some()
}

fn who(conversation: &Conversation) -> [Option<&str>; 3] {
    let contact = &conversation.contact;
    [contact.name.as_deref(), contact.username.as_deref(), contact.picture_url.as_deref()]
}

/// What has changed about a connection: whether it works. `before` is absent where it is new.
#[must_use]
pub fn of_connection(before: Option<&Connection>, after: &Connection) -> Vec<LastChange> {
    let was = before.map_or(ConnectionStatus::Revoked, |before| before.status);
    let change = match (was, after.status) {
        (was, is) if was == is => None,
        (ConnectionStatus::Revoked, ConnectionStatus::Active | ConnectionStatus::Pending) => {
            Some(LastChange::Connected)
        }
        (ConnectionStatus::Error | ConnectionStatus::Paused, ConnectionStatus::Active | ConnectionStatus::Pending) => {
            Some(LastChange::Recovered)
        }
        (_, ConnectionStatus::Error) => Some(LastChange::Broken),
        (_, ConnectionStatus::Paused) => Some(LastChange::Paused),
        (_, ConnectionStatus::Revoked) => Some(LastChange::Disconnected),
        (_, ConnectionStatus::Active | ConnectionStatus::Pending | ConnectionStatus::Other(_)) => None,
    };
    change.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Edit, Reaction, Reactor};
    use crate::outbox::samples;
    use crate::time::{UnixMillis, UnixSeconds};

    fn edited(text: &str) -> Message {
        let edit = Edit { number: 1, at: UnixMillis::new(2), text: text.to_owned() };
        Message { edit: Some(edit), ..samples::message() }
    }

    #[test]
    fn a_new_message_is_received_and_an_answer_is_queued() {
        let received = samples::message();
        assert_eq!(of_message(None, &received), [LastChange::Received]);
        let answer = Message { direction: Direction::Outbound, status: Status::Queued, ..samples::message() };
        assert_eq!(of_message(None, &answer), [LastChange::Queued]);
        let from_the_phone = Message { status: Status::Sent, ..answer };
        assert_eq!(of_message(None, &from_the_phone), [LastChange::Sent]);
        let nobodys = Message { kind: Kind::Optin, ..samples::message() };
        assert_eq!(of_message(None, &nobodys), [LastChange::Noted]);
    }

    #[test]
    fn what_is_done_to_a_message_is_told_and_what_a_try_needs_is_not() {
        let before = Message { direction: Direction::Outbound, status: Status::Queued, ..samples::message() };
        let as_it_becomes = |status| Message { status, attempts: 1, version: 1, ..before.clone() };
        for (status, changes) in [
            (Status::Sending, vec![]),
            (Status::Sent, vec![LastChange::Sent]),
            (Status::Failed, vec![LastChange::Failed]),
            (Status::Uncertain, vec![LastChange::Uncertain]),
            (Status::Deleted, vec![LastChange::Deleted]),
        ] {
            assert_eq!(of_message(Some(&before), &as_it_becomes(status)), changes, "{status:?}");
        }
    }

    #[test]
    fn two_changes_of_one_write_are_two() {
        let reaction = Reaction { at: UnixMillis::new(3), emoji: None, name: None };
        let after = Message { reactions: [(Reactor::Contact, reaction)].into(), ..edited("new") };
        assert_eq!(of_message(Some(&samples::message()), &after), [LastChange::Edited, LastChange::Reacted]);
        let taken_back = Message { status: Status::Deleted, edit: None, ..after.clone() };
        assert_eq!(of_message(Some(&after), &taken_back), [LastChange::Deleted]);
    }

    #[test]
    fn a_conversation_opens_with_its_first_message_and_again_after_it_was_closed() {
        let empty = Conversation { last_message: None, ..samples::conversation() };
        let open = samples::conversation();
        let closed = Conversation { state: ConversationState::Closed, ..open.clone() };
        assert_eq!(of_conversation(None, &empty), []);
        assert_eq!(of_conversation(None, &open), [LastChange::Opened]);
        assert_eq!(of_conversation(Some(&empty), &open), [LastChange::Opened]);
        assert_eq!(of_conversation(Some(&open), &closed), [LastChange::Closed]);
        assert_eq!(of_conversation(Some(&closed), &open), [LastChange::Opened]);
        let counted = Conversation { unread: 5, version: 9, ..open.clone() };
        assert_eq!(of_conversation(Some(&open), &counted), []);
        assert_eq!(of_conversation(Some(&counted), &open), [LastChange::Read]);
    }

    #[test]
    fn a_conversation_is_erased_once() {
        let before = samples::conversation();
        let emptied = before.erased(UnixMillis::new(10));
        assert_eq!(LastChange::first_of(&of_conversation(Some(&before), &emptied)), LastChange::Erased);
        assert_eq!(of_conversation(Some(&emptied), &emptied.erased(UnixMillis::new(20))), []);
    }

    #[test]
    fn a_connection_is_told_when_it_begins_or_stops_to_work() {
        use ConnectionStatus::{Active, Error, Paused, Pending, Revoked};
        let is = |status| Connection { status, ..crate::samples::connection(UnixSeconds::new(1)) };
        for (before, after, change) in [
            (None, Active, Some(LastChange::Connected)),
            (Some(Revoked), Pending, Some(LastChange::Connected)),
            (Some(Pending), Active, None),
            (Some(Active), Error, Some(LastChange::Broken)),
            (Some(Error), Active, Some(LastChange::Recovered)),
            (Some(Active), Paused, Some(LastChange::Paused)),
            (Some(Paused), Error, Some(LastChange::Broken)),
            (Some(Paused), Active, Some(LastChange::Recovered)),
            (Some(Error), Revoked, Some(LastChange::Disconnected)),
            (Some(Active), Active, None),
        ] {
            let changes = of_connection(before.map(is).as_ref(), &is(after));
            assert_eq!(changes.first().copied(), change, "{before:?} to {after:?}");
        }
    }

    #[test]
    fn a_change_is_stored_by_the_word_that_is_read() {
        for change in [LastChange::Received, LastChange::Seen, LastChange::Kept, LastChange::Broken] {
            assert_eq!(serde_json::to_value(change).expect("JSON"), change.as_str());
        }
    }
}
