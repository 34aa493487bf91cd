//! The connections to hosts outside of AWS, and when they are too old to be used again.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::time::UnixMillis;
use reqwest::{Client, ClientBuilder, redirect};

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a whole call may take, unless it is said otherwise. Meta fetches media while a Send call waits, so it is not short.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection that carries nothing is kept. Meta's side forgets it after about 5 s; what is written to it then is
/// lost, and it is not known whether Meta has read it. Few other hosts are quicker.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);

/// How far the time of day may run ahead of the idle timer. Together with [`IDLE_TIMEOUT`] less than Meta waits.
const DRIFT_MILLIS: u128 = 1_000;

/// Opens connections and keeps them for the next call: bounded in time, follows no redirect, sends no referrer.
///
/// A function is frozen between two invocations, and its idle timers may stand still meanwhile. The time of day does not:
/// once it has run ahead of them, all connections that were kept are given up, and new ones are opened.
pub struct Pool {
    time_of_day: Box<dyn Fn() -> UnixMillis + Send + Sync>,
    call_timeout: Duration,
    setting: Box<dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync>,
    kept: Mutex<Option<Kept>>,
}

/// A client with its connections, and when it was made.
struct Kept {
    client: Client,
    made: Reading,
}

/// Both clocks at one moment.
#[derive(Clone, Copy)]
struct Reading {
    time_of_day: UnixMillis,
    timer: Instant,
}

impl Pool {
    /// A pool that reads the time of day here. No connection is opened.
    #[must_use]
    pub fn new(time_of_day: impl Fn() -> UnixMillis + Send + Sync + 'static) -> Self {
        Self {
            time_of_day: Box::new(time_of_day),
            call_timeout: CALL_TIMEOUT,
            setting: Box::new(|builder| builder),
            kept: Mutex::default(),
        }
    }

    /// The same pool with another limit for a whole call.
    #[must_use]
    pub fn with_call_timeout(self, call_timeout: Duration) -> Self {
        Self { call_timeout, ..self }
    }

    /// The same pool, whose clients are set up further like this.
    #[must_use]
    pub fn with_setting(self, setting: impl Fn(ClientBuilder) -> ClientBuilder + Send + Sync + 'static) -> Self {
        Self { setting: Box::new(setting), ..self }
    }

    /// A client none of whose connections has idled for too long.
    ///
    /// # Panics
    ///
    /// When the TLS library cannot start, as [`Client::new`].
    pub fn client(&self) -> Client {
        let now = Reading { time_of_day: (self.time_of_day)(), timer: Instant::now() };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = kept.take().filter(|kept| now.drift_since(kept.made) <= DRIFT_MILLIS);
        kept.insert(fresh.unwrap_or_else(|| Kept { client: self.open(), made: now })).client.clone()
    }

    fn open(&self) -> Client {
        let builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(self.call_timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(redirect::Policy::none())
            .referer(false);
        (self.setting)(builder).build().expect("the TLS library starts")
    }
}

impl Reading {
    /// By how much one clock has run more than the other.
    fn drift_since(self, then: Self) -> u128 {
        let of_day = u128::try_from(self.time_of_day.get() - then.time_of_day.get()).unwrap_or(u128::MAX);
        of_day.abs_diff(self.timer.duration_since(then.timer).as_millis())
    }
}

impl Default for Pool {
    /// With the machine's clock.
    fn default() -> Self {
        Self::new(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            UnixMillis::new(i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
        })
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pool").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much later the clocks read.
    fn later(of_day_ms: i64, timer_ms: u64) -> u128 {
        let then = Reading { time_of_day: UnixMillis::new(1_795_158_000_000), timer: Instant::now() };
        let now = Reading {
            time_of_day: then.time_of_day.plus(of_day_ms),
            timer: then.timer + Duration::from_millis(timer_ms),
        };
        now.drift_since(then)
    }

    #[test]
    fn a_process_that_runs_keeps_its_connections() {
        assert!(later(600_000, 599_900) <= DRIFT_MILLIS);
    }

    #[test]
    fn one_that_was_frozen_in_one_pause_or_in_many_does_not() {
        assert!(later(60_000, 12) > DRIFT_MILLIS);
        assert!(later(30_000, 28_500) > DRIFT_MILLIS);
    }

    #[test]
    fn a_clock_that_was_set_back_proves_nothing() {
        assert!(later(-60_000, 12) > DRIFT_MILLIS);
    }
}
