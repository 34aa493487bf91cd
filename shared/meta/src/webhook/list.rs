//! The lists of a notification's entry.

use serde::{Deserialize, Serialize};

/// In which list of an entry an event stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryList {
    /// `messaging`: the thread is ours, or nobody's.
    Messaging,
    /// `standby`: another app owns the thread.
    Standby,
    /// `changes`: comments, mentions and whatever else has a `field` and a `value`.
    Changes,
    /// None that we know: kept so that it is seen.
    Unknown,
}

impl EntryList {
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
