//! Simulated time: the system's clock plus an offset that people move.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::{SignedDuration, Timestamp};

/// A clock that runs with the system's and can be moved. Clones move together.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that reads its offset to the system's time, in milliseconds, from a cell that others may share.
    #[must_use]
    pub fn shared(offset_ms: Arc<AtomicI64>) -> Self {
        Self { offset_ms }
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        i64::try_from(system).unwrap_or(i64::MAX).saturating_add(self.offset_ms())
    }

    /// How far this clock is from the system's, in milliseconds.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    /// Moves the clock by so many milliseconds; a negative number moves it back.
    pub fn advance_ms(&self, by_ms: i64) {
        self.offset_ms.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// Sets the offset to the system's time, in milliseconds.
    pub fn set_offset_ms(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::SeqCst);
    }
}

pub(crate) const SECOND_MS: i64 = 1_000;
pub(crate) const HOUR_MS: i64 = 3_600 * SECOND_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// The Graph API's way to write a time: ISO 8601 with `+0000`.
pub(crate) fn graph_time(at_ms: i64) -> String {
    timestamp(at_ms).strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// The way Graph error messages write a time: in the time zone of Meta's head office.
pub(crate) fn error_time(at_ms: i64) -> String {
    let pacific = timestamp(at_ms).saturating_sub(SignedDuration::from_hours(7)).unwrap_or_default();
    pacific.strftime("%A, %d-%b-%y %H:%M:%S PDT").to_string()
}

fn timestamp(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graph_times_have_an_offset_without_a_colon() {
        assert_eq!(graph_time(1_790_848_800_000), "2026-10-01T10:00:00+0000");
    }

    #[test]
    fn error_times_are_pacific() {
        assert_eq!(error_time(1_791_219_600_000), "Monday, 05-Oct-26 10:00:00 PDT");
    }

    #[test]
    fn clones_move_together() {
        let clock = Clock::default();
        let twin = clock.clone();
        clock.advance_ms(DAY_MS);
        assert_eq!(twin.offset_ms(), DAY_MS);
    }
}
