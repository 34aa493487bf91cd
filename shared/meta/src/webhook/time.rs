//! Times as Meta writes them: numbers of any unit, text of such numbers, and dates.

use domain::time::{UnixMillis, UnixSeconds};
use serde_json::Value;

/// Instagram began on 6 October 2010: nothing of it is older.
const EARLIEST: UnixMillis = UnixMillis::new(1_286_323_200_000);

/// How far Meta's clock may be ahead of ours.
const SKEW_MS: i64 = 10 * 60 * 1000;

/// Reads seconds, milliseconds, microseconds or nanoseconds, with or without a fraction, as a number or as text, and
/// dates as `2026-11-30T09:15:20+0000`. `None` for what is no time.
pub(crate) fn read(value: &Value) -> Option<UnixMillis> {
    match value {
        Value::Number(number) => of_decimal(&number.to_string()),
        Value::String(text) => of_decimal(text.trim()).or_else(|| UnixMillis::parse(text.trim()).ok()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether something that was received then can have happened at this time.
pub(crate) fn is_plausible(at: UnixMillis, received_at: UnixMillis) -> bool {
    (EARLIEST..=received_at.plus(SKEW_MS)).contains(&at)
}

/// A number with its fraction, which counts only where the number is seconds.
fn of_decimal(text: &str) -> Option<UnixMillis> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let at = UnixMillis::of_any_unit(whole);
    let is_seconds = at == UnixSeconds::new(whole).millis();
    Some(if is_seconds { at.plus(fraction) } else { at })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_is_read_in_every_spelling() {
        let whole = UnixMillis::new(1_796_030_120_000);
        let exact = whole.plus(447);
        let cases = [
            (json!(1_796_030_120_447_i64), exact),
            (json!("1796030120447"), exact),
            (json!(1_796_030_120_447.0), exact),
            (json!("1796030120447.9"), exact),
            (json!(1_796_030_120), whole),
            (json!("1796030120"), whole),
            (json!(1_796_030_120.447), exact),
            (json!("1796030120.447"), exact),
            (json!(1_796_030_120_447_123_i64), exact),
            (json!(1_796_030_120_447_123_456_i64), exact),
            (json!("2026-11-30T09:15:20+0000"), whole),
            (json!(" 2026-11-30T09:15:20.447Z "), exact),
            (json!("2026-11-30T11:15:20+02:00"), whole),
        ];
        for (value, expected) in cases {
            assert_eq!(read(&value), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for value in
            [json!(null), json!(true), json!({}), json!([1]), json!(""), json!("soon"), json!(1e300), json!("1.x")]
        {
            assert_eq!(read(&value), None, "{value}");
        }
    }

    #[test]
    fn what_cannot_have_happened_then_is_told_apart() {
        let now = UnixMillis::new(1_796_030_120_447);
        for (at, plausible) in [(0, false), (-5, false), (1_520_622_968_000, true), (now.get(), true)] {
            assert_eq!(is_plausible(UnixMillis::new(at), now), plausible, "{at}");
        }
        assert!(is_plausible(now.plus(SKEW_MS), now));
        assert!(!is_plausible(now.plus(SKEW_MS + 1), now), "the future");
    }
}
