//! What a channel tells us, in words that no channel owns.
//!
//! `meta` makes these from webhooks. A message is folded from its events by [`crate::message`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::channel::{Account, ContactId};
use crate::connection::EnforcementAction;
use crate::id::{ConversationId, MessageId, Mid};
use crate::message::{Attachment, Author, Change, Direction, Kind, Message, Referral, ReplyTo, Status};
use crate::time::UnixMillis;
use crate::trace::TraceId;

/// One event of one account.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The account it belongs to.
    pub account: Account,
    /// When the provider says it happened.
    pub at: UnixMillis,
    /// When it was received here, at this delivery.
    pub received_at: UnixMillis,
    /// What happened.
    pub payload: Payload,
    /// What identifies it, at the time of this delivery, where it has no time of its own.
    pub untimed: Option<MessageId>,
    /// Something of it was left out: more than a message may have, or nothing that the database can hold.
    pub reduced: bool,
}

impl Event {
    /// The event as it came under a trace. Only a message keeps it.
    #[must_use]
    pub fn under(mut self, trace: Option<TraceId>) -> Self {
        if let Payload::Message { message, .. } = &mut self.payload {
            message.trace_id = trace;
        }
        self
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// A message, in either direction, or something that the inbox shows as one.
    Message {
        /// The other side of the conversation.
        contact: ContactId,
        /// The message.
        message: NewMessage,
    },
    /// Something that changes a message known by its mid, which may not have arrived yet.
    Change {
        /// The other side; `None` where Meta leaves it out.
        contact: Option<ContactId>,
        /// The message that changes.
        mid: Mid,
        /// How it changes.
        change: Change,
    },
    /// The contact has read everything up to a message or a time.
    Read {
        /// Who read.
        contact: ContactId,
        /// Up to where.
        up_to: ReadUpTo,
    },
    /// Everything that was sent until then has reached the contact's phone.
    Delivered {
        /// Whose phone.
        contact: ContactId,
        /// Until when.
        until: UnixMillis,
    },
    /// The dashboard's "Test" button.
    Test,
    /// The provider warns the account for its conduct, blocks it, or lets it write again.
    Enforced {
        /// Which of them.
        action: EnforcementAction,
        /// Why, in the provider's words.
        reason: Option<String>,
    },
    /// Something about the account and no conversation: acknowledged, counted, kept in the audit log.
    AccountNotice {
        /// A stable word: Meta's field name, as `mentions`.
        kind: String,
        /// Meta's ids and words, without message text.
        details: Map<String, Value>,
    },
    /// Says nothing that the inbox could show: acknowledged and counted by kind.
    Nothing {
        /// A stable word, as `edit_without_text`, `own_comment`.
        kind: &'static str,
    },
}

/// How far a contact has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadUpTo {
    /// Up to this message, where the channel names one.
    Message(Mid),
    /// Everything that was sent until then (Messenger's `watermark`).
    Time(UnixMillis),
}

/// A message as an event brings it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewMessage {
    /// Its identity is the same for every delivery of the event; its time is this delivery's.
    pub id: MessageId,
    /// The event has no time of its own, so that every delivery has another: the first one's counts.
    #[serde(default)]
    pub untimed: bool,
    /// The time that it gives itself, and that had not come when it was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ahead: Option<UnixMillis>,
    /// The provider's id; a postback or referral may have none.
    pub mid: Option<Mid>,
    /// Of an echo: under which id it was sent from here, where the provider gives that back. Whoever else sends may claim any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_as: Option<MessageId>,
    /// Towards or from the contact.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: Option<String>,
    /// Its attachments: links, never copies.
    pub attachments: Vec<Attachment>,
    /// What it answers.
    pub reply_to: Option<ReplyTo>,
    /// Where the contact came from.
    pub referral: Option<Referral>,
    /// The contact's username, where the event names it.
    #[serde(default)]
    pub username: Option<String>,
    /// Whether it lets the business answer for 24 hours: an act of the contact's.
    pub opens_window: bool,
    /// Another app owns the thread (Meta: standby).
    pub handled_elsewhere: bool,
    /// What only this channel knows.
    pub metadata: Map<String, Value>,
    /// Under which trace it came.
    pub trace_id: Option<TraceId>,
}

impl Message {
    /// The message that an event brings, before any change.
    #[must_use]
    pub fn from_event(conversation: ConversationId, new: NewMessage) -> Self {
        let outbound = new.direction == Direction::Outbound;
        Self {
            created_at: new.id.at(),
            sent_at: outbound.then(|| new.id.at()),
            id: new.id,
            conversation,
            direction: new.direction,
            author: new.author,
            kind: new.kind,
            status: if outbound { Status::Sent } else { Status::Received },
            provider_message_id: new.mid,
            text: new.text,
            attachments: new.attachments,
            reply_to: new.reply_to,
            referral: new.referral,
            reactions: BTreeMap::new(),
            edit: None,
            deleted_at: None,
            error: None,
            sent_by: None,
            tag: None,
            attempts: 0,
            after: None,
            metadata: new.metadata,
            trace_id: new.trace_id,
            version: 0,
        }
    }
}
