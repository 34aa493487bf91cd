//! How long messages are kept: `DynamoDB` deletes them by itself some time after that.

use domain::{UnixMillis, UnixSeconds};

use crate::expiry::TTL;
use crate::item::Item;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// How long a conversation stays in the table after the last of its messages has expired: longer than `DynamoDB` takes
/// to delete that, so that whoever erases a contact or an account finds every message that is still there.
pub(crate) const OUTLIVES_SECONDS: i64 = 14 * SECONDS_PER_DAY;

/// So many days after a message; `None`: for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention(pub(crate) Option<u32>);

impl Retention {
    /// As for a message that is there.
    pub(crate) fn of_message(item: &Item, created_at: UnixMillis) -> Self {
        let ends_at: Option<i64> = item.get(TTL).and_then(|ttl| ttl.as_n().ok()?.parse().ok());
        let days = ends_at.map(|end| (end - created_at.seconds().get()) / SECONDS_PER_DAY);
        Self(days.and_then(|days| u32::try_from(days).ok()))
    }

    /// When a message of this time is deleted.
    pub(crate) fn end(self, at: UnixMillis) -> Option<UnixSeconds> {
        self.0.map(|days| at.seconds().plus(i64::from(days) * SECONDS_PER_DAY))
    }
}
