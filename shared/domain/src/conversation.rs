//! A thread with one contact: what the list shows, and what makes counting exact.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::channel::{Account, ContactId};
use crate::contact::Contact;
use crate::id::{ConversationId, MessageId};
use crate::message::{Author, Change, Direction, Kind, Message, Reactor, Status, is_note};
use crate::policy::{ReplyWindow, WindowClosed};
use crate::time::{UnixMillis, UnixSeconds};
use crate::trace::TraceId;
use crate::word::Word;

/// What the list shows of the newest message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMessage {
    /// Which message.
    pub id: MessageId,
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// What it is.
    pub kind: Kind,
    /// How it begins.
    pub preview: String,
}

impl LastMessage {
    /// Whether nobody wrote it.
    fn is_note(&self) -> bool {
        is_note(self.direction, self.author, self.kind)
    }
}

/// Whether somebody still has to do something about a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationState {
    /// Wants attention. A new inbound message opens a closed one again.
    #[default]
    Open,
    /// Done.
    Closed,
    /// A newer version wrote this word. It is kept as it is.
    #[serde(untagged)]
    Other(Word),
}

/// How many of the last counted messages a conversation remembers one by one.
///
/// They cover the redeliveries of a normal day; anything older costs one read (see [`Counted`]).
pub const REMEMBERED: usize = 8;

/// How far apart the times of two deliveries of one message may be: webhooks have milliseconds, what is read back from
/// the provider has whole seconds.
pub const SAME_MESSAGE_MS: i64 = 2_000;

/// By how much the milliseconds of two webhooks about one message may differ.
const JITTER_MS: i64 = 5;

/// Which messages the conversation has counted: makes "unread" exact under redelivery and kills.
///
/// The newest are remembered one by one. When one is forgotten, its time becomes the horizon: a message
/// newer than the horizon and not remembered was never counted; an older one may have been, and then
/// its own item exists, because an item is always written after it was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Ids' unique halves with their times, oldest counted first.
    #[serde(default)]
    pub recent: Vec<MessageId>,
    /// The greatest time that a message may have which was counted and forgotten.
    #[serde(default)]
    pub horizon: UnixMillis,
    /// A message without a time of its own was counted: its first delivery's is noted beside the messages.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untimed: bool,
    /// The greatest time that such a message gave itself, and that had not come yet: a later delivery may have it.
    #[serde(default, skip_serializing_if = "is_epoch")]
    pub ahead: UnixMillis,
}

/// Whether a message has been counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasCounted {
    /// Certainly.
    Yes,
    /// Certainly not.
    No,
    /// Only if its item exists.
    IfStored,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_epoch(at: &UnixMillis) -> bool {
    at.get() == 0
}

const fn is_whole_second(at: UnixMillis) -> bool {
    at.get() % 1000 == 0
}

/// By how much a delivery with this time may be later than an earlier one of the same message.
const fn latest_repeat(at: UnixMillis) -> i64 {
    if is_whole_second(at) { SAME_MESSAGE_MS } else { JITTER_MS }
}

/// A whole second stands for each of its milliseconds.
const fn last_meant(at: UnixMillis) -> UnixMillis {
    if is_whole_second(at) { at.plus(999) } else { at }
}

impl Counted {
    /// The id under which a message is remembered, whatever time this delivery of it has.
    #[must_use]
    pub fn find(&self, id: &MessageId) -> Option<&MessageId> {
        self.recent.iter().find(|known| known.is_same(id))
    }

    /// Whether no message that was counted is newer.
    #[must_use]
    pub fn is_newest(&self, id: &MessageId) -> bool {
        self.horizon <= id.at() && self.recent.iter().all(|known| known <= id)
    }

    /// Whether a message of this time may have been counted before its time had come.
    #[must_use]
    pub fn may_have_come_early(&self, at: UnixMillis) -> bool {
        at <= self.ahead.plus(SAME_MESSAGE_MS)
    }

    /// Whether this message has been counted.
    #[must_use]
    pub fn contains(&self, id: &MessageId) -> WasCounted {
        if self.find(id).is_some() {
            WasCounted::Yes
        } else if id.at() > self.horizon.plus(latest_repeat(id.at())) {
            WasCounted::No
        } else {
            WasCounted::IfStored
        }
    }

    /// The messages that were counted after one, whatever their times are; `None` where it is not remembered.
    #[must_use]
    pub fn after(&self, id: &MessageId) -> Option<&[MessageId]> {
        let place = self.recent.iter().position(|known| known == id)?;
        Some(&self.recent[place + 1..])
    }

    /// Remembers a message, and forgets the one counted longest ago.
    pub fn insert(&mut self, id: MessageId) {
        self.recent.push(id);
        while self.recent.len() > REMEMBERED {
            let forgotten = self.recent.remove(0).at();
            self.horizon = self.horizon.max(last_meant(forgotten));
        }
    }
}

/// A thread with one contact of one account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Derived from tenant, account and contact.
    pub id: ConversationId,
    /// The account that the contact wrote to.
    pub account: Account,
    /// The person.
    pub contact: Contact,
    /// Open or closed.
    #[serde(default)]
    pub state: ConversationState,
    /// The newest message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<LastMessage>,
    /// Sorts the list; zero before the first message.
    #[serde(default)]
    pub last_message_at: UnixMillis,
    /// Inbound messages since somebody last looked.
    #[serde(default)]
    pub unread: u32,
    /// The contact's last act that lets the business answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_opened_at: Option<UnixMillis>,
    /// When the contact last came through an advertisement: from then on the provider may keep the window open for longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_from_ad_at: Option<UnixMillis>,
    /// What Meta has said about the window against our reckoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_closed: Option<WindowClosed>,
    /// The answer that was accepted last: the next one asks whether it still waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_answer: Option<MessageId>,
    /// All outbound messages that the provider had by this time have reached the contact's phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_until: Option<UnixMillis>,
    /// The contact has read all outbound messages that the provider had by this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_read_until: Option<UnixMillis>,
    /// Another app owns the thread.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub handled_elsewhere: bool,
    /// What has been counted.
    #[serde(default)]
    pub counted: Counted,
    /// Mids (digests in hexadecimal) for which changes wait in the messages table.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub waiting: BTreeSet<String>,
    /// From then on nothing waits any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_until: Option<UnixSeconds>,
    /// Ends with what it holds for the longest, whatever the plan was then; `None`: kept for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<UnixSeconds>,
    /// Everything until then was deleted and does not come back, whoever tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_before: Option<UnixMillis>,
    /// Under which trace the window was last opened: an answer goes on under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<TraceId>,
    /// Raised by each change of the fields above, for optimistic locking; zero in a list, which is not for changing.
    #[serde(default)]
    pub version: u64,
    /// First message.
    pub created_at: UnixMillis,
}

impl Conversation {
    /// A conversation before its first message.
    #[must_use]
    pub fn new(id: ConversationId, account: Account, contact: ContactId, now: UnixMillis) -> Self {
        Self {
            id,
            account,
            contact: Contact::unknown(contact),
            state: ConversationState::Open,
            last_message: None,
            last_message_at: UnixMillis::default(),
            unread: 0,
            window_opened_at: None,
            came_from_ad_at: None,
            window_closed: None,
            last_answer: None,
            delivered_until: None,
            contact_read_until: None,
            handled_elsewhere: false,
            counted: Counted::default(),
            waiting: BTreeSet::new(),
            waiting_until: None,
            kept_until: Some(now.seconds()),
            erased_before: None,
            trace_id: None,
            version: 0,
            created_at: now,
        }
    }

    /// Counts a message that was not counted before. Order does not matter: the newest is shown.
    pub fn count(&mut self, message: &Message, opens_window: bool) {
        self.show_if_newest(message);
        if message.is_contacts() {
            self.state = ConversationState::Open;
            if message.status != Status::Deleted {
                self.unread += 1;
            }
        }
        if opens_window {
            self.open_window(message);
        }
        self.counted.insert(message.id.clone());
    }

    fn open_window(&mut self, message: &Message) {
        let at = Some(message.created_at);
        if self.window_opened_at < at {
            self.window_opened_at = at;
            self.trace_id.clone_from(&message.trace_id);
        }
        if message.referral.as_ref().is_some_and(|referral| referral.ad_id.is_some()) {
            self.came_from_ad_at = self.came_from_ad_at.max(at);
        }
    }

    /// Opens the window where a change is an act of the contact's that does so on this channel: a reaction, but not taking it back.
    pub fn open_window_by(&mut self, change: &Change) {
        let Change::React { by: Reactor::Contact, reaction } = change else { return };
        if reaction.emoji.is_some() && self.account.channel.limits().reaction_opens_window {
            self.window_opened_at = self.window_opened_at.max(Some(reaction.at));
        }
    }

    /// Makes the conversation outlive something that is kept until then; `None`: for good.
    pub fn outlive(&mut self, end: Option<UnixSeconds>) {
        self.kept_until = self.kept_until.zip(end).map(|(known, end)| known.max(end));
    }

    /// Forgets what waited, once all of it has expired.
    pub fn forget_expired(&mut self, now: UnixSeconds) {
        if self.waiting_until.is_some_and(|until| until <= now) {
            self.waiting.clear();
            self.waiting_until = None;
        }
    }

    /// The conversation with nothing in it that was received before `cutoff`. What came later is still to be counted.
    #[must_use]
    pub fn erased(&self, cutoff: UnixMillis) -> Self {
        let window = self.window_opened_at.filter(|opened| *opened > cutoff);
        Self {
            window_opened_at: window,
            came_from_ad_at: self.came_from_ad_at.filter(|came| *came > cutoff),
            trace_id: self.trace_id.clone().filter(|_| window.is_some()),
            delivered_until: self.delivered_until.filter(|until| *until > cutoff),
            contact_read_until: self.contact_read_until.filter(|until| *until > cutoff),
            handled_elsewhere: self.handled_elsewhere,
            kept_until: self.kept_until,
            erased_before: Some(self.erased_before.map_or(cutoff, |known| known.max(cutoff))),
            version: self.version,
            ..Self::new(self.id.clone(), self.account.clone(), self.contact.id.clone(), cutoff)
        }
    }

    /// Shows the message in the list if it is the newest, or the one that is shown already. What nobody wrote is shown
    /// only while there is nothing else.
    pub fn show_if_newest(&mut self, message: &Message) {
        let is_next = |shown: &LastMessage| match (shown.is_note(), message.is_note()) {
            (true, false) => true,
            (false, true) => false,
            (true, true) | (false, false) => shown.id <= message.id,
        };
        if self.last_message.as_ref().is_none_or(is_next) {
            self.last_message_at = message.created_at;
            self.last_message = Some(LastMessage {
                id: message.id.clone(),
                direction: message.direction,
                author: message.author,
                kind: message.kind,
                preview: message.preview(),
            });
        }
    }

    /// Everything up to `until` has reached the contact's phone; tells whether that is news.
    pub fn delivered_to_contact(&mut self, until: UnixMillis) -> bool {
        let news = self.delivered_until.is_none_or(|known| known < until);
        if news {
            self.delivered_until = Some(until);
        }
        news
    }

    /// The contact has read everything up to `until`; tells whether that is news.
    pub fn read_by_contact(&mut self, until: UnixMillis) -> bool {
        let news = self.contact_read_until.is_none_or(|known| known < until);
        if news {
            self.contact_read_until = Some(until);
        }
        news
    }

    /// What somebody has read who is shown these messages, newest first: everything that was counted up to the answer.
    ///
    /// The order of counting tells them from what is late: a message that arrives afterwards is not read, though its time be
    /// older. Nor is one that is counted and not stored yet, so that it is missing here.
    #[must_use]
    pub fn read_up_to<'a>(&'a self, shown: &'a [Message]) -> Option<&'a MessageId> {
        let (newest, oldest) = (&shown.first()?.id, &shown.last()?.id);
        let is_missing = |id: &MessageId| id >= oldest && !shown.iter().any(|message| message.id == *id);
        self.counted.recent.iter().rev().find(|id| !is_missing(id)).or(Some(newest))
    }

    /// Until when, and for whom, an answer is allowed.
    #[must_use]
    pub fn reply_window(&self) -> ReplyWindow {
        ReplyWindow::new(self.account.channel, self.window_opened_at, self.came_from_ad_at, self.window_closed)
    }

    /// The status that the inbox shows for a message: a sent one counts as delivered and as read up to the contact's marks,
    /// and whatever is read was delivered.
    #[must_use]
    pub fn shown_status(&self, message: &Message) -> Status {
        let is_within = |mark: Option<UnixMillis>| mark.is_some_and(|until| message.at_provider() <= until);
        match message.status {
            Status::Sent if is_within(self.contact_read_until) => Status::Read,
            Status::Sent if is_within(self.delivered_until) => Status::Delivered,
            status => status,
        }
    }
}

crate::word::shown!(ConversationState);
