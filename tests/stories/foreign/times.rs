//! The time of an event, in each spelling that Meta or its samples have, and in some that say nothing.

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// A time to the millisecond.
pub(super) fn exact(random: &mut StdRng, at_ms: i64) -> Value {
    match random.random_range(0..10) {
        0 => json!(at_ms.to_string()),
        1 => json!(at_ms * 1000),
        2 => json!(format!("{}.{:03}", at_ms / 1000, at_ms % 1000)),
        3 => json!(
            jiff::Timestamp::from_millisecond(at_ms)
                .unwrap_or_default()
                .strftime("%Y-%m-%dT%H:%M:%S%.3f+0000")
                .to_string()
        ),
        _ => json!(at_ms),
    }
}

/// A time in whatever form, or none at all, or one that has come only when it is delivered for the third time.
pub(super) fn any(random: &mut StdRng, at_ms: i64) -> Value {
    if random.random_bool(0.05) {
        return json!(at_ms + random.random_range(90..120) * 60_000);
    }
    again(random, at_ms)
}

/// This time in whatever form, or none at all: whoever delivers an event again may write it otherwise, but dates it the same.
pub(super) fn again(random: &mut StdRng, at_ms: i64) -> Value {
    match random.random_range(0..20) {
        0 => json!(at_ms / 1000),
        1 => json!((at_ms / 1000).to_string()),
        2 => json!(
            jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
        ),
        3 => Value::Null,
        4 => json!("soon"),
        5 => json!(9_999_999_999_999_i64),
        6 => json!(0),
        7 => json!(i64::MAX),
        8 => json!({"seconds": at_ms / 1000}),
        _ => exact(random, at_ms),
    }
}
