//! Simulated time: the system's clock plus an offset that every part of a stack shares.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The clock of one stack. Clones move together.
#[derive(Clone, Debug, Default)]
pub struct StackClock(Arc<AtomicI64>);

impl StackClock {
    /// A clock that others move as well: milliseconds over the system's time.
    #[must_use]
    pub const fn shared(offset_ms: Arc<AtomicI64>) -> Self {
        Self(offset_ms)
    }

    /// The cell that the functions, the emulated AWS and the simulated Meta share.
    #[must_use]
    pub fn offset(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.0)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        system_ms().saturating_add(self.0.load(Ordering::SeqCst))
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn now_seconds(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Moves the clock by so many milliseconds.
    pub fn advance(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

/// The system's time in milliseconds since 1970.
pub(crate) fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A duration in whole milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
