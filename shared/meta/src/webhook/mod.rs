//! Webhooks: from a signed body to single events, and from an event to the domain's words.
//!
//! The receiving function splits a body into events and queues each as Meta wrote it; the processor reads
//! them. What Meta adds in future survives the first step untouched and shows up in the second.
//!
//! Sources: <https://developers.facebook.com/docs/instagram-platform/webhooks/examples> and
//! <https://developers.facebook.com/docs/graph-api/webhooks/reference/instagram>.

mod characters;
mod queued;
mod read;
mod reduce;
mod roles;
mod split;
mod time;

pub use queued::QueuedEvent;
pub use read::{ReadError, read};
pub use split::{Notification, ParseError, RawEvent};

use serde::{Deserialize, Serialize};

/// The account id that Meta's dashboard puts into its test notifications.
pub const DASHBOARD_ACCOUNT: &str = "0";

/// In which list of an entry an event stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// `messaging`: the thread is ours, or nobody's.
    Messaging,
    /// `standby`: another app owns the thread.
    Standby,
    /// `changes`: comments, mentions and whatever else has a `field` and a `value`.
    Changes,
    /// None that we know: kept so that it is seen.
    Unknown,
}

impl Channel {
    /// A stable word for keys and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Messaging => "messaging",
            Self::Standby => "standby",
            Self::Changes => "changes",
            Self::Unknown => "unknown",
        }
    }
}
