//! What passes is waited out here, as long as there is time: the queue would wait for three minutes.

use std::fmt::Display;
use std::time::Duration;

use domain::UnixMillis;
use edge::Clock;
use store::StoreError;
use tokio::time::sleep;
use tracing::warn;

/// With less time left than this nothing is begun again: a try may take that long, and what is not reported by the deadline
/// is delivered again as a whole.
const FOR_ONE_TRY_MS: i64 = 12_000;

/// For so long at most: until the batch is done, nothing that came after it in its conversations is begun.
const LONGEST_MS: i64 = 8_000;

/// Between two tries. The store's client has waited before.
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// An error that may be gone a moment later.
pub(crate) trait Passes: Display {
    fn passes(&self) -> bool;
}

impl Passes for StoreError {
    fn passes(&self) -> bool {
        Self::passes(self)
    }
}

/// The time that an invocation has for trying again. Everything that is tried so may be repeated.
#[derive(Debug)]
pub(crate) struct Patience {
    until: UnixMillis,
    clock: Clock,
}

impl Patience {
    /// `deadline` is the invocation's, in milliseconds since the Unix epoch.
    pub(crate) fn until(deadline: u64, clock: Clock) -> Self {
        let deadline = UnixMillis::new(i64::try_from(deadline).unwrap_or(i64::MAX));
        let until = deadline.plus(-FOR_ONE_TRY_MS).min(clock.now_ms().plus(LONGEST_MS));
        Self { until, clock }
    }

    /// Whether to try again: not for a failure that stays, nor when the time is over. Waits a moment before it says yes.
    pub(crate) async fn outwaits(&self, failure: &impl Passes) -> bool {
        let is_worth_it = failure.passes() && self.clock.now_ms() < self.until;
        if is_worth_it {
            warn!(error = %failure, "Trying again, since this may pass");
            sleep(BETWEEN_TRIES).await;
        }
        is_worth_it
    }
}
