//! The time of day, which the local stack may move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;
use domain::{UnixMillis, UnixSeconds};

/// Where a function reads the time. Rules never do: to them, time is an argument.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// The machine's clock plus so many milliseconds: simulated time, shared by all who hold the number.
    Shared(Arc<AtomicI64>),
}

impl Clock {
    /// Now, in milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> UnixMillis {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = UnixMillis::new(i64::try_from(system.as_millis()).unwrap_or(i64::MAX));
        match self {
            Self::System => now,
            Self::Shared(offset) => now.plus(offset.load(Ordering::Relaxed)),
        }
    }

    /// Now, in whole seconds.
    #[must_use]
    pub fn now(&self) -> UnixSeconds {
        self.now_ms().seconds()
    }
}

/// The time that AWS clients live by, and with them what the store takes for expired.
impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.now_ms().get()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_clock_is_moved_by_whoever_holds_it() {
        let offset = Arc::new(AtomicI64::new(0));
        let clock = Clock::Shared(Arc::clone(&offset));
        let before = clock.now_ms();

        offset.store(86_400_000, Ordering::Relaxed);

        assert!(clock.now_ms() >= before.plus(86_400_000));
        assert!(clock.now() >= before.seconds().plus(86_400));
    }
}
