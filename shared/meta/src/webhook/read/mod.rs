//! One queued event in the domain's words. Every kind has an answer; an unknown one stays visible.

pub(crate) mod attachment;
mod bounded;
pub(crate) mod context;
pub(crate) mod element;
pub(crate) mod json;
pub(crate) mod kinds;
pub(crate) mod message;

use domain::Channel;
use domain::event::{Event, Payload};
use domain::id::MessageId;
use domain::time::UnixMillis;
use serde_json::{Map, Value};

use bounded::Bounds;
use context::{Context, notice};
use json::{fields, member};

use super::{DASHBOARD_ACCOUNT, EntryList, QueuedEvent, characters, reduce, time};
use crate::{instagram, messenger};

/// The event can never be read, since it is no JSON object: no retry helps.
#[derive(Debug, thiserror::Error)]
#[error("the event is not an object")]
pub struct ReadError;

/// Reads an event.
///
/// # Errors
///
/// [`ReadError`] for what is not a JSON object. An unknown kind is no error: it becomes a note in its conversation, or a
/// notice of its account. Nor is too much of something: it is left out, and [`Event::reduced`] tells.
pub fn read(queued: &QueuedEvent) -> Result<Event, ReadError> {
    let (account, received_at) = (queued.account.clone(), queued.received_at_ms);
    let Parsed { element, reduced } = parse(queued)?;
    let Some(element) = element else {
        let payload = notice("malformed_event", Map::new());
        let at = queued.fallback_time();
        return Ok(Event { account, at, untimed: None, received_at, payload, reduced });
    };
    let own_time = queued.own_time(&element);
    let at = own_time.unwrap_or_else(|| queued.fallback_time());
    let standby = queued.list == EntryList::Standby;
    let untimed = own_time.is_none().then(|| MessageId::derive_from_json(at, queued.event.get()));
    let ahead = untimed.as_ref().and_then(|_| queued.time_ahead(&element));
    let context = Context { queued, at, untimed: untimed.is_some(), ahead, standby };
    let payload = match queued.list {
        _ if is_dashboard_test(queued, &element) => Payload::Test,
        EntryList::Messaging | EntryList::Standby => read_element(context, &element),
        EntryList::Changes => read_change(context, &element),
        EntryList::Unknown => notice("malformed_event", fields(&element)),
    };
    let mut bounds = Bounds::new();
    let payload = bounds.payload(payload);
    let reduced = reduced || bounds.reduced;
    let payload = if reduced { marked(payload) } else { payload };
    Ok(Event { account, at, untimed, received_at, payload, reduced })
}

fn read_element(context: Context<'_>, element: &Map<String, Value>) -> Payload {
    match context.queued.account.channel {
        Channel::Instagram => instagram::webhook::read(context, element),
        Channel::Messenger => messenger::webhook::read(context, element),
    }
}

fn read_change(context: Context<'_>, change: &Map<String, Value>) -> Payload {
    match context.queued.account.channel {
        Channel::Instagram => instagram::webhook::read_change(context, change),
        Channel::Messenger => messenger::webhook::read_change(context, change),
    }
}

/// A message of which something was left out says so.
fn marked(mut payload: Payload) -> Payload {
    if let Payload::Message { message, .. } = &mut payload {
        message.metadata.insert("reduced".to_owned(), true.into());
    }
    payload
}

struct Parsed {
    /// `None` for another JSON value that was kept because its entry had an account.
    element: Option<Map<String, Value>>,
    /// It was more than a parser takes.
    reduced: bool,
}

/// The event as an object. What is nested too deeply, or has a number that nothing can hold, is read without that.
fn parse(queued: &QueuedEvent) -> Result<Parsed, ReadError> {
    let json = characters::without_lone_surrogates(queued.event.get());
    let whole = serde_json::from_str(&json);
    let reduced = queued.reduced || whole.is_err();
    match whole.unwrap_or_else(|_| reduce::reduce(&json)) {
        Value::Object(element) => Ok(Parsed { element: Some(element), reduced }),
        _ if queued.list == EntryList::Unknown => Ok(Parsed { element: None, reduced }),
        _ => Err(ReadError),
    }
}

impl QueuedEvent {
    /// When the event says that it happened. A time that it cannot have happened at is none.
    fn own_time(&self, element: &Map<String, Value>) -> Option<UnixMillis> {
        times(element).find(|at| time::is_plausible(*at, self.received_at_ms))
    }

    /// A time of the event's that has not come yet: when it is delivered again it may have.
    fn time_ahead(&self, element: &Map<String, Value>) -> Option<UnixMillis> {
        times(element).find(|at| *at > self.received_at_ms)
    }

    /// For what has no time of its own: the entry's is nearer to it than ours.
    fn fallback_time(&self) -> UnixMillis {
        self.entry_time.filter(|at| time::is_plausible(*at, self.received_at_ms)).unwrap_or(self.received_at_ms)
    }
}

/// When an event says that it happened, wherever it says so.
fn times(element: &Map<String, Value>) -> impl Iterator<Item = UnixMillis> {
    let places = [Some(element), member(element, "value")];
    places.into_iter().flatten().filter_map(|place| time::read(place.get("timestamp")?))
}

/// The dashboard's "Test" button: an account that does not exist, or the invented message of an existing one.
fn is_dashboard_test(queued: &QueuedEvent, element: &Map<String, Value>) -> bool {
    let value = member(element, "value").unwrap_or(element);
    let mid = member(value, "message").and_then(|message| json::text(message, "mid"));
    queued.account.id.as_str() == DASHBOARD_ACCOUNT || mid.as_deref() == Some("random_mid")
}
