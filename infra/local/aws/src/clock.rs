//! The time the emulated services believe it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The system's time plus an offset that a test may move; clones share the offset.
///
/// Dates, message retention, deduplication intervals, recovery windows and the expiry of items follow this clock.
/// Visibility timeouts, delays and long polls follow real time, because the clients wait for them in real time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that shares `offset_ms`, in milliseconds over the system's time, with its owner.
    #[must_use]
    pub fn with_offset(offset_ms: Arc<AtomicI64>) -> Self {
        Self { offset_ms }
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        system_ms().saturating_add(self.offset_ms.load(Ordering::Relaxed))
    }

    /// How far it is ahead of the system's, in milliseconds.
    pub(crate) fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Moves this clock and all its clones forward.
    pub fn advance(&self, by: Duration) {
        self.offset_ms.fetch_add(milliseconds(by), Ordering::Relaxed);
    }
}

/// A clock that stands still.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoppedClock {
    ms: i64,
}

impl Clock {
    /// What this clock said so long ago.
    pub(crate) fn before(&self, by: Duration) -> StoppedClock {
        StoppedClock { ms: self.now_ms().saturating_sub(milliseconds(by)) }
    }
}

impl dynoxide::storage_backend::Clock for StoppedClock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.ms / 1000).unwrap_or_default()
    }

    fn now_unix_secs_f64(&self) -> f64 {
        seconds(self.ms)
    }
}

/// A point in both times: real time that never steps back, and the simulated clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Real milliseconds since the Unix epoch, monotonic within a process.
    pub real_ms: i64,
    /// What the [`Clock`] says, in milliseconds since the Unix epoch.
    pub clock_ms: i64,
}

/// Makes [`Moment`]s whose real part is counted from one reading of the system's time.
#[derive(Debug)]
pub(crate) struct Timeline {
    clock: Clock,
    started: Instant,
    started_ms: i64,
}

impl Timeline {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, started: Instant::now(), started_ms: system_ms() }
    }

    pub(crate) fn now(&self) -> Moment {
        let real_ms = self.started_ms.saturating_add(milliseconds(self.started.elapsed()));
        Moment { real_ms, clock_ms: self.clock.now_ms() }
    }
}

/// Milliseconds as the JSON protocols write dates: seconds with a fraction.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay below 2^53 for 285,000 years")]
pub(crate) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

fn system_ms() -> i64 {
    milliseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
