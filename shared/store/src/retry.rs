//! Waiting before something is tried again.

use std::time::Duration;

/// How often a write that others overtook is tried with fresh reads.
pub(crate) const ATTEMPTS: u32 = 10;

/// Sleeps about twice as long for each attempt, with full jitter so that rivals part.
pub(crate) async fn pause(attempt: u32) {
    let longest = 20_u64 << attempt.min(6);
    tokio::time::sleep(Duration::from_millis(fastrand::u64(1..=longest))).await;
}
