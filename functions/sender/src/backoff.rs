//! How long a message waits before it is tried again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use domain::MessageId;
use domain::breaker::PROBE_SECONDS;
use outbound::LONGEST_HIDING;

/// The first wait, doubled by each further try.
pub(crate) const FIRST: Duration = Duration::from_secs(2);

/// The longest wait, unless Meta names a longer one.
const LONGEST: Duration = Duration::from_hours(1);

/// The longest wait while Meta refuses the app: as often as upkeep probes whether that is over.
const LONGEST_FOR_APP: Duration = Duration::from_secs(PROBE_SECONDS.unsigned_abs());

/// The wait after so many tries (1 after the first).
///
/// Doubles up to an hour. Half of it is spread, so that messages that failed together do not come back together; the spread
/// is the message's own, which needs no random numbers.
pub(crate) fn after(tries: u32, message: &MessageId) -> Duration {
    up_to(LONGEST, tries, message)
}

/// The same while Meta refuses the app as a whole: a quarter of an hour at most, since it may be over at any moment.
pub(crate) fn for_app(tries: u32, message: &MessageId) -> Duration {
    up_to(LONGEST_FOR_APP, tries, message)
}

fn up_to(longest: Duration, tries: u32, message: &MessageId) -> Duration {
    let doubled = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16));
    let whole = doubled.min(longest);
    whole / 2 + (whole / 2).mul_f64(spread(tries, message))
}

/// The wait that Meta asks for, as far as the queue can wait; never less than our own.
pub(crate) fn at_least(asked: Duration, tries: u32, message: &MessageId) -> Duration {
    asked.max(after(tries, message)).min(LONGEST_HIDING)
}

/// From 0 to 1.
fn spread(tries: u32, message: &MessageId) -> f64 {
    let mut hasher = DefaultHasher::new();
    (tries, message.as_str()).hash(&mut hasher);
    let [first, ..] = hasher.finish().to_be_bytes();
    f64::from(first) / f64::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use domain::UnixMillis;

    use super::*;
    use crate::delivery::LAST_DELIVERY;

    fn message(number: u8) -> MessageId {
        MessageId::new(UnixMillis::new(1_795_164_300_447), [number; 8])
    }

    #[test]
    fn each_wait_lies_between_half_and_all_of_its_doubled_step() {
        for (tries, seconds) in [(1, 2), (2, 4), (5, 32), (11, 2048), (12, 3600), (200, 3600)] {
            let (whole, waited) = (Duration::from_secs(seconds), after(tries, &message(7)));
            assert!((whole / 2..=whole).contains(&waited), "{tries}: {waited:?}");
        }
    }

    #[test]
    fn a_day_of_the_shortest_waits_is_over_before_the_queue_gives_up() {
        for number in 0..50 {
            let waits = (1..LAST_DELIVERY).map(|tries| for_app(tries, &message(number)));
            assert!(waits.sum::<Duration>() > Duration::from_hours(24), "{number}");
        }
    }

    #[test]
    fn messages_that_failed_together_come_back_apart() {
        let waits: HashSet<Duration> = (0..50).map(|number| after(12, &message(number))).collect();
        assert!(waits.len() > 25, "{}", waits.len());
    }

    #[test]
    fn metas_wait_is_honoured_up_to_what_a_queue_can_do() {
        let minutes = Duration::from_mins;
        assert_eq!(at_least(minutes(19), 1, &message(1)), minutes(19));
        assert_eq!(at_least(minutes(24 * 60), 1, &message(1)), LONGEST_HIDING);
        assert_eq!(at_least(Duration::ZERO, 3, &message(1)), after(3, &message(1)));
    }
}
