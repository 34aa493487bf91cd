//! What is kept of an event is never more than the database takes, and nothing that it cannot hold.
//!
//! Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>

use domain::event::{NewMessage, Payload};
use domain::message::{Attachment, Change, Edit, Reaction, Referral, ReplyTo};
use serde_json::{Map, Value};

/// The most bytes of one event that are kept; an item may have 400 KB, with what is added to it later.
const MAX_BYTES: usize = 200 * 1024;

/// The longest text.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// The longest word or name: a kind, an emoji, a member's name.
const MAX_WORD_BYTES: usize = 255;

/// The longest explanation of Meta's.
const MAX_REASON_BYTES: usize = 1024;

/// The longest address. A cut address leads nowhere, so a longer one is left out.
const MAX_ADDRESS_BYTES: usize = 8 * 1024;

/// How deep what only the channel knows may be nested; an item may have 32 levels.
const MAX_DEPTH: usize = 10;

/// Numbers whose size is at least this cannot be stored, nor, but for zero, smaller ones than its inverse.
const NUMBER_LIMIT: f64 = 1e125;

/// What the database charges for a value beside its content, in bytes.
const OVERHEAD: usize = 3;

/// What there is still room for, and whether something was left out.
pub(super) struct Bounds {
    left: usize,
    pub(super) reduced: bool,
}

impl Bounds {
    pub(super) const fn new() -> Self {
        Self { left: MAX_BYTES, reduced: false }
    }

    /// The same payload within the bounds.
    pub(super) fn payload(&mut self, payload: Payload) -> Payload {
        match payload {
            Payload::Message { contact, message } => Payload::Message { contact, message: self.message(message) },
            Payload::Change { contact, mid, change } => Payload::Change { contact, mid, change: self.change(change) },
            Payload::AccountNotice { kind, details } => {
                Payload::AccountNotice { kind, details: self.object(details, MAX_DEPTH) }
            }
            Payload::Enforced { action, reason } => {
                Payload::Enforced { action, reason: reason.map(|reason| self.text(reason, MAX_REASON_BYTES)) }
            }
            Payload::Read { .. } | Payload::Delivered { .. } | Payload::Test | Payload::Nothing { .. } => payload,
        }
    }

    fn message(&mut self, message: NewMessage) -> NewMessage {
        NewMessage {
            text: message.text.map(|text| self.text(text, MAX_TEXT_BYTES)),
            username: message.username.map(|name| self.text(name, MAX_WORD_BYTES)),
            reply_to: message.reply_to.map(|reply| self.reply_to(reply)),
            referral: message.referral.map(|referral| self.referral(referral)),
            attachments: message.attachments.into_iter().filter_map(|one| self.attachment(one)).collect(),
            metadata: self.object(message.metadata, MAX_DEPTH),
            ..message
        }
    }

    fn reply_to(&mut self, reply: ReplyTo) -> ReplyTo {
        match reply {
            ReplyTo::Message { .. } | ReplyTo::Other(_) => reply,
            ReplyTo::Story { id, url } => ReplyTo::Story { id: self.address(id), url: self.address(url) },
        }
    }

    fn referral(&mut self, referral: Referral) -> Referral {
        Referral {
            source: self.address(referral.source),
            reference: self.address(referral.reference),
            ad_id: self.address(referral.ad_id),
            metadata: self.object(referral.metadata, MAX_DEPTH),
        }
    }

    /// `None` where there is no room for another one.
    fn attachment(&mut self, attachment: Attachment) -> Option<Attachment> {
        let kind = self.text(attachment.kind, MAX_WORD_BYTES);
        if kind.is_empty() {
            return None;
        }
        Some(Attachment {
            kind,
            url: self.address(attachment.url),
            title: attachment.title.map(|title| self.text(title, MAX_ADDRESS_BYTES)),
            metadata: self.object(attachment.metadata, MAX_DEPTH),
        })
    }

    fn change(&mut self, change: Change) -> Change {
        match change {
            Change::React { by, reaction: Reaction { at, emoji, name } } => {
                let mut word = |word: Option<String>| word.map(|word| self.text(word, MAX_WORD_BYTES));
                Change::React { by, reaction: Reaction { at, emoji: word(emoji), name: word(name) } }
            }
            Change::Edit { edit } => Change::Edit { edit: Edit { text: self.text(edit.text, MAX_TEXT_BYTES), ..edit } },
            Change::Unsend { .. } => change,
        }
    }

    /// The text's beginning, as far as there is room for it.
    fn text(&mut self, mut text: String, most: usize) -> String {
        let kept = text.floor_char_boundary(most.min(self.left));
        self.reduced |= kept < text.len();
        text.truncate(kept);
        self.left -= kept;
        text
    }

    fn address(&mut self, address: Option<String>) -> Option<String> {
        address.filter(|address| address.len() <= MAX_ADDRESS_BYTES && self.take(address.len()) || self.leave_out())
    }

    fn value(&mut self, value: Value, levels: usize) -> Option<Value> {
        if !self.take(OVERHEAD) {
            return None;
        }
        match value {
            Value::Null | Value::Bool(_) => Some(value),
            Value::Number(ref number) => {
                let size = number.as_f64().unwrap_or(f64::INFINITY).abs();
                let storable = size == 0.0 || (NUMBER_LIMIT.recip()..NUMBER_LIMIT).contains(&size);
                (storable && self.take(8)).then_some(value)
            }
            Value::String(text) => Some(Value::String(self.text(text, MAX_TEXT_BYTES))),
            Value::Array(elements) => {
                let levels = levels.checked_sub(1)?;
                Some(elements.into_iter().filter_map(|element| self.kept(element, levels)).collect())
            }
            Value::Object(members) => Some(Value::Object(self.object(members, levels.checked_sub(1)?))),
        }
    }

    fn object(&mut self, members: Map<String, Value>, levels: usize) -> Map<String, Value> {
        let kept = members.into_iter().filter_map(|(name, value)| {
            let storable = (1..=MAX_WORD_BYTES).contains(&name.len()) && self.take(name.len());
            if storable { Some((name, self.kept(value, levels)?)) } else { self.nothing() }
        });
        kept.collect()
    }

    /// The value, or the note that it was left out.
    fn kept(&mut self, value: Value, levels: usize) -> Option<Value> {
        match self.value(value, levels) {
            Some(kept) => Some(kept),
            None => self.nothing(),
        }
    }

    fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// Notes that something was left out.
    fn leave_out(&mut self) -> bool {
        self.reduced = true;
        false
    }

    fn nothing<T>(&mut self) -> Option<T> {
        self.reduced = true;
        None
    }
}
