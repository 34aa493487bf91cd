//! One queued event in the domain's words. Every kind has an answer; an unknown one stays visible.

mod attachment;
mod change;
mod json;
mod message;
mod messaging;

use std::borrow::Cow;

use domain::event::{Event, Happening};
use domain::id::IgId;
use domain::time::UnixMillis;
use serde_json::{Map, Value};

use super::{Channel, DASHBOARD_ACCOUNT, QueuedEvent};
use json::{fields, member};

/// The event can never be read: no retry helps.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or nested deeper than any event.
    #[error("the event is not readable JSON")]
    Json(#[source] serde_json::Error),
    /// JSON, but no object.
    #[error("the event is not an object")]
    NotAnObject,
}

/// What the readers of the single kinds share.
#[derive(Clone, Copy)]
struct Context<'a> {
    account: &'a IgId,
    /// When it happened.
    at: UnixMillis,
    /// The event verbatim: the identity of what has no mid.
    json: &'a str,
    /// Another app owns the thread.
    standby: bool,
}

/// Reads an event.
///
/// # Errors
///
/// [`ReadError`] for what is not a JSON object. An unknown kind is no error: it becomes an unsupported message
/// of its conversation, or a notice of its account.
pub fn read(queued: &QueuedEvent) -> Result<Event, ReadError> {
    let Some(element) = parse(queued)? else {
        let happening = notice("malformed_event", Map::new());
        let (account, received_at) = (queued.account.clone(), queued.received_at_ms);
        return Ok(Event { account, at: queued.fallback_time(), received_at, happening });
    };
    let at = json::time(&element).or_else(|| member(&element, "value").and_then(json::time));
    let at = at.unwrap_or_else(|| queued.fallback_time());
    let standby = queued.channel == Channel::Standby;
    let context = Context { account: &queued.account, at, json: queued.event.get(), standby };
    let happening = match queued.channel {
        _ if is_dashboard_test(queued, &element) => Happening::Test,
        Channel::Messaging | Channel::Standby => messaging::read(context, &element),
        Channel::Changes => change::read(context, &element),
        Channel::Unknown => notice("malformed_event", fields(&element)),
    };
    Ok(Event { account: queued.account.clone(), at, received_at: queued.received_at_ms, happening })
}

/// The event as an object; `None` for another JSON value that was kept because its entry had an account.
fn parse(queued: &QueuedEvent) -> Result<Option<Map<String, Value>>, ReadError> {
    let json = queued.event.get();
    let value = serde_json::from_str(json).or_else(|first| match json::without_lone_surrogates(json) {
        Cow::Borrowed(_) => Err(first),
        Cow::Owned(mended) => serde_json::from_str(&mended),
    });
    match value.map_err(ReadError::Json)? {
        Value::Object(element) => Ok(Some(element)),
        _ if queued.channel == Channel::Unknown => Ok(None),
        _ => Err(ReadError::NotAnObject),
    }
}

impl QueuedEvent {
    /// For what has no time of its own: the entry's is the same in the next delivery, ours is not.
    fn fallback_time(&self) -> UnixMillis {
        self.entry_time.unwrap_or(self.received_at_ms)
    }
}

/// The dashboard's "Test" button: an account that does not exist, or the invented message of an existing one.
fn is_dashboard_test(queued: &QueuedEvent, element: &Map<String, Value>) -> bool {
    let value = member(element, "value").unwrap_or(element);
    let mid = member(value, "message").and_then(|message| json::text(message, "mid"));
    queued.account.as_str() == DASHBOARD_ACCOUNT || mid.as_deref() == Some("random_mid")
}

/// Something that the account's audit trail shows.
fn notice(kind: &str, details: Map<String, Value>) -> Happening {
    Happening::AccountNotice { kind: kind.to_owned(), details }
}
