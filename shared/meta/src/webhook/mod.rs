//! Webhooks: from a signed body to single events, and from an event to the domain's words.
//!
//! The receiving function splits a body into events and queues each as Meta wrote it; the processor reads
//! them. What Meta adds in future survives the first step untouched and shows up in the second.
//!
//! What only one channel's webhooks have is read in `instagram` and `messenger`.

mod characters;
mod list;
pub(crate) mod object;
pub(crate) mod parties;
mod queued;
pub(crate) mod read;
mod reduce;
mod split;
pub(crate) mod time;

pub use list::EntryList;
pub use queued::QueuedEvent;
pub use read::{ReadError, read};
pub use split::{Notification, ParseError, RawEvent};

/// The account id that Meta's dashboard puts into its test notifications.
pub const DASHBOARD_ACCOUNT: &str = "0";
