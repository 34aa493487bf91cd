//! How an endpoint fares, and when it is left in peace.

use serde::{Deserialize, Serialize};

use crate::time::UnixMillis;

/// So many failures in a row, and an endpoint rests.
pub const FAILURES: u32 = 5;

/// After so long without a success an endpoint is switched off.
pub const OFF_AFTER_MS: i64 = 3 * 24 * 60 * 60 * 1000;

/// The first rest, and the longest.
const FIRST_REST_MS: i64 = 60 * 1000;
const LONGEST_REST_MS: i64 = 60 * 60 * 1000;

/// How an endpoint fares. All of it is nothing while everything is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Failures since the last success.
    #[serde(default)]
    pub failures: u32,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<UnixMillis>,
    /// Until then it is left in peace; then it is tried with one event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rests_until: Option<UnixMillis>,
    /// Something began to wait for it then, for the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_at: Option<UnixMillis>,
    /// How often something began to wait for it.
    #[serde(default)]
    pub waits: u64,
    /// When its backlog is looked at next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<UnixMillis>,
}

impl Health {
    /// Whether it is left in peace.
    #[must_use]
    pub fn rests(&self, now: UnixMillis) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }

    /// Whether the last thing that is known of it is a failure.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.failures > 0 || self.rests_until.is_some()
    }

    /// Whether it has taken nothing for so long that nobody expects it to.
    #[must_use]
    pub fn is_given_up(&self, now: UnixMillis) -> bool {
        self.failing_since.is_some_and(|since| since.plus(OFF_AFTER_MS) <= now)
    }

    /// How long an endpoint rests after so many failures in a row; `None`: it does not.
    #[must_use]
    pub fn rest_ms(failures: u32) -> Option<i64> {
        let times = failures.checked_sub(FAILURES)?;
        Some((FIRST_REST_MS << times.min(10)).min(LONGEST_REST_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_up_to_an_hour() {
        let minutes = |failures| Health::rest_ms(failures).map(|ms| ms / 60_000);
        assert_eq!((minutes(0), minutes(4)), (None, None));
        assert_eq!([5, 6, 7, 10, 11, 12, 1000, u32::MAX].map(minutes), [1, 2, 4, 32, 60, 60, 60, 60].map(Some));
    }

    #[test]
    fn it_is_given_up_after_three_days_without_a_success() {
        let since = UnixMillis::new(1_000);
        let health = Health { failing_since: Some(since), ..Health::default() };
        assert!(!health.is_given_up(since.plus(OFF_AFTER_MS - 1)) && health.is_given_up(since.plus(OFF_AFTER_MS)));
        assert!(!Health::default().is_given_up(UnixMillis::new(i64::MAX)));
    }
}
