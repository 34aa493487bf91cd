//! What is known around an event.

use domain::event::Payload;
use domain::time::UnixMillis;
use serde_json::{Map, Value};

use crate::webhook::QueuedEvent;

/// What the readers of the single kinds share.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// As it came: its bytes are the identity of what has no mid.
    pub(crate) queued: &'a QueuedEvent,
    /// When it happened.
    pub(crate) at: UnixMillis,
    /// It does not say so itself.
    pub(crate) untimed: bool,
    /// It says a time that has not come yet.
    pub(crate) ahead: Option<UnixMillis>,
    /// Another app owns the thread.
    pub(crate) standby: bool,
}

/// Something that the account's audit log shows.
pub(crate) fn notice(kind: &str, details: Map<String, Value>) -> Payload {
    Payload::AccountNotice { kind: kind.to_owned(), details }
}
