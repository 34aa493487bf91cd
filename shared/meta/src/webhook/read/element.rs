//! One element of `messaging` or `standby`, and what becomes of it.

use domain::event::{NewMessage, Payload};
use domain::id::{AccountId, ContactId, MessageId, Mid};
use domain::message::{Author, Change, Direction, Kind};
use serde_json::{Map, Value};

use super::context::Context;
use super::json::{flag, id, member};
use crate::webhook::parties::Parties;

/// One element, and who is who in it.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) contact: &'a ContactId,
    /// The account acted, not the contact.
    pub(crate) from_account: bool,
}

/// The other side, and whether the account acted.
pub(crate) fn roles(account: &AccountId, element: &Map<String, Value>) -> (Option<ContactId>, bool) {
    let side = |name| member(element, name).and_then(|party| id::<AccountId>(party, "id"));
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
    pub(crate) fn new_message(&self, mid: Option<Mid>, kind: Kind) -> NewMessage {
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
            sent_as: None,
            metadata: Map::new(),
            trace_id: None,
        }
    }

    /// Something that the contact did which has no mid, and after which they may be answered.
    pub(crate) fn act(&self, kind: Kind) -> NewMessage {
        NewMessage { opens_window: !self.from_account, ..self.new_message(None, kind) }
    }

    /// Something that Meta tells and nobody wrote: shown in its place, and nobody's unread message.
    pub(crate) fn note(&self, message: NewMessage) -> Payload {
        self.payload(NewMessage { direction: Direction::Inbound, author: Author::App, ..message })
    }

    pub(crate) fn payload(&self, message: NewMessage) -> Payload {
        Payload::Message { contact: self.contact.clone(), message }
    }

    pub(crate) fn change(&self, mid: Mid, change: Change) -> Payload {
        Payload::Change { contact: Some(self.contact.clone()), mid, change }
    }
}
