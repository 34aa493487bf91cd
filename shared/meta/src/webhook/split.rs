//! One notification into its events, each verbatim. Tolerant: what is broken costs nothing but itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use domain::channel::{Account, AccountId, Channel, ContactId, Login};
use domain::time::UnixMillis;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::parties::{Parties, as_contact};
use super::read::json::is_true;
use super::{DASHBOARD_ACCOUNT, EntryList, QueuedEvent, characters, object, time};
use crate::signature::SignedPayload;
use crate::{instagram, messenger};

/// The body is signed, yet no JSON.
#[derive(Debug, thiserror::Error)]
#[error("the notification is not JSON")]
pub struct ParseError(#[source] serde_json::Error);

/// What a notification holds.
#[derive(Debug, Default)]
pub struct Notification<'a> {
    /// Its events, in Meta's order. One body may mix accounts of different tenants.
    pub events: Vec<RawEvent<'a>>,
    /// What had another form than Meta documents, counted by kind: `unknown_object`, `malformed_entry`, …
    pub oddities: BTreeMap<&'static str, u32>,
}

/// One event, as Meta wrote it.
#[derive(Clone)]
pub struct RawEvent<'a> {
    /// The account it belongs to; [`DASHBOARD_ACCOUNT`] for a test from Meta's dashboard.
    pub account: Account,
    /// The other side of the conversation, if the event names one.
    pub contact: Option<ContactId>,
    /// In which list it stood.
    pub list: EntryList,
    /// The entry's time.
    pub entry_time: Option<UnixMillis>,
    /// The event byte for byte.
    pub json: &'a RawValue,
}

impl RawEvent<'_> {
    /// The event as the queue carries it: its own bytes, but for two characters that no queue takes.
    #[must_use]
    pub fn queued(&self, login: Login, received_at_ms: UnixMillis) -> QueuedEvent {
        let event = match characters::for_the_queue(self.json.get()) {
            Cow::Borrowed(_) => self.json.to_owned(),
            // Escapes in its texts leave JSON what it is.
            Cow::Owned(escaped) => RawValue::from_string(escaped).unwrap_or_else(|_| self.json.to_owned()),
        };
        QueuedEvent {
            v: QueuedEvent::VERSION,
            account: self.account.clone(),
            contact: self.contact.clone(),
            login,
            list: self.list,
            received_at_ms,
            entry_time: self.entry_time,
            reduced: false,
            event,
        }
    }
}

/// What a person wrote is in no log.
impl fmt::Debug for RawEvent<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RawEvent")
            .field("account", &self.account)
            .field("contact", &self.contact)
            .field("list", &self.list)
            .finish_non_exhaustive()
    }
}

impl<'a> SignedPayload<'a> {
    /// Splits the body into its events.
    ///
    /// Accepts every variant that was seen: several entries and events, entries without a list, a body inside
    /// an array, ids as numbers. What cannot be understood but belongs to an account is an event of
    /// [`EntryList::Unknown`]; what belongs to none is counted.
    ///
    /// # Errors
    ///
    /// [`ParseError`] when the body is not JSON.
    pub fn split(&self) -> Result<Notification<'a>, ParseError> {
        let body: &RawValue = serde_json::from_slice(self.bytes()).map_err(ParseError)?;
        let mut notification = Notification::default();
        for envelope in one_or_many(body) {
            notification.add_envelope(envelope);
        }
        Ok(notification)
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    entry: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    id: Option<&'a RawValue>,
    time: Option<&'a RawValue>,
    field: Option<&'a RawValue>,
    messaging: Option<&'a RawValue>,
    standby: Option<&'a RawValue>,
    #[serde(borrow)]
    changes: Option<&'a RawValue>,
}

/// Of an event, the little that decides whose it is.
#[derive(Deserialize)]
struct Peek<'a> {
    sender: Option<&'a RawValue>,
    recipient: Option<&'a RawValue>,
    from: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
    postback: Option<&'a RawValue>,
    referral: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Party<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Marks<'a> {
    is_echo: Option<&'a RawValue>,
    #[serde(borrow)]
    is_self: Option<&'a RawValue>,
}

/// What the events of one entry share.
struct EntryContext {
    channel: Channel,
    account: Option<AccountId>,
    time: Option<UnixMillis>,
}

impl<'a> Notification<'a> {
    fn count(&mut self, oddity: &'static str) {
        *self.oddities.entry(oddity).or_default() += 1;
    }

    fn add_envelope(&mut self, json: &'a RawValue) {
        let Some(envelope) = object::<Envelope>(json) else {
            return self.count("unknown_object");
        };
        let Some(channel) = envelope.object.and_then(text).as_deref().and_then(channel_of) else {
            return self.count("unknown_object");
        };
        match envelope.entry {
            Some(entries) => one_or_many(entries).into_iter().for_each(|entry| self.add_entry(channel, entry)),
            None => self.count("malformed_entry"),
        }
    }

    fn add_entry(&mut self, channel: Channel, json: &'a RawValue) {
        let Some(entry) = object::<Entry>(json) else {
            return self.count("malformed_entry");
        };
        let context = EntryContext { channel, account: entry.id.and_then(id), time: entry.time.and_then(instant) };
        let lists = [
            (EntryList::Messaging, entry.messaging),
            (EntryList::Standby, entry.standby),
            (EntryList::Changes, entry.changes),
        ];
        let mut empty = true;
        for (list, events) in lists {
            for event in events.into_iter().flat_map(one_or_many) {
                empty = false;
                self.add_event(&context, list, event);
            }
        }
        match (empty, entry.field) {
            (false, _) => {}
            // The flat form: the entry is its own only change.
            (true, Some(_)) => self.add_event(&context, EntryList::Changes, json),
            (true, None) => {
                self.count("entry_without_events");
                self.add_unknown(&context, json);
            }
        }
    }

    fn add_event(&mut self, context: &EntryContext, list: EntryList, json: &'a RawValue) {
        let Some(peek) = object::<Peek>(json) else {
            self.count("malformed_event");
            return self.add_unknown(context, json);
        };
        let subject = match list {
            EntryList::Changes => peek.value.and_then(object::<Peek>).unwrap_or(peek),
            EntryList::Messaging | EntryList::Standby | EntryList::Unknown => peek,
        };
        let Some(account) = subject.account(context) else {
            return self.count("event_without_account");
        };
        let contact = subject.contact(&account);
        let account = Account::new(context.channel, account);
        self.events.push(RawEvent { account, contact, list, entry_time: context.time, json });
    }

    fn add_unknown(&mut self, context: &EntryContext, json: &'a RawValue) {
        match &context.account {
            Some(account) => self.events.push(RawEvent {
                account: Account::new(context.channel, account.clone()),
                contact: None,
                list: EntryList::Unknown,
                entry_time: context.time,
                json,
            }),
            None => self.count("event_without_account"),
        }
    }
}

impl Peek<'_> {
    fn account(&self, context: &EntryContext) -> Option<AccountId> {
        match context.account.as_ref() {
            // A dashboard test invents the other ids.
            Some(entry) if entry.as_str() == DASHBOARD_ACCOUNT => Some(entry.clone()),
            entry => self.with_parties(|parties| match context.channel {
                Channel::Instagram => instagram::webhook::account(parties, entry),
                Channel::Messenger => messenger::webhook::account(parties, entry),
            }),
        }
    }

    fn contact(&self, account: &AccountId) -> Option<ContactId> {
        let author = || self.from.and_then(party).filter(|author| author != account);
        self.with_parties(|parties| parties.contact(account)).or_else(|| author().as_ref().and_then(as_contact))
    }

    fn with_parties<T>(&self, work: impl FnOnce(Parties<'_>) -> T) -> T {
        let (sender, recipient) = (self.sender.and_then(party), self.recipient.and_then(party));
        work(Parties {
            sender: sender.as_ref(),
            recipient: recipient.as_ref(),
            marked_echo: self.message.is_some_and(is_marked_echo),
            tapped: self.postback.is_some() || self.referral.is_some(),
        })
    }
}

/// Whose notifications an `object` is of.
fn channel_of(object: &str) -> Option<Channel> {
    Channel::ALL.into_iter().find(|channel| object == object::of(*channel))
}

fn is_marked_echo(message: &RawValue) -> bool {
    let set = |flag: Option<&RawValue>| flag.and_then(value).is_some_and(|flag| is_true(&flag));
    object::<Marks>(message).is_some_and(|marks| set(marks.is_echo) || set(marks.is_self))
}

/// The elements of an array, or the value itself.
fn one_or_many(json: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(json.get()).unwrap_or_else(|_| vec![json])
}

/// Reads an object; serde would take an array for a struct as well.
fn object<'a, T: Deserialize<'a>>(json: &'a RawValue) -> Option<T> {
    json.get().starts_with('{').then(|| serde_json::from_str(json.get()).ok()).flatten()
}

fn party(json: &RawValue) -> Option<AccountId> {
    object::<Party>(json)?.id.and_then(id)
}

fn id(json: &RawValue) -> Option<AccountId> {
    serde_json::from_str(json.get()).ok()
}

fn text(json: &RawValue) -> Option<String> {
    serde_json::from_str(json.get()).ok()
}

/// Milliseconds for messages, seconds for changes.
fn instant(json: &RawValue) -> Option<UnixMillis> {
    time::read(&value(json)?)
}

fn value(json: &RawValue) -> Option<Value> {
    serde_json::from_str(json.get()).ok()
}
