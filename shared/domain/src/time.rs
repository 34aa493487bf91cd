//! Instants with their unit in the name, and the text form that people read.

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixSeconds(i64);

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(i64);

/// The text is not a time in a form that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time, nor one with a `+0000` offset")]
pub struct ParseTimeError;

impl UnixSeconds {
    /// This many seconds after 1970.
    #[must_use]
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Later by so many seconds (earlier when negative), without overflow.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The same instant in milliseconds.
    #[must_use]
    pub const fn millis(self) -> UnixMillis {
        UnixMillis(self.0.saturating_mul(1000))
    }

    /// `2026-11-20T07:00:00Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.millis().shown("%Y-%m-%dT%H:%M:%SZ")
    }
}

impl UnixMillis {
    /// This many milliseconds after 1970.
    #[must_use]
    pub const fn new(millis: i64) -> Self {
        Self(millis)
    }

    /// A number whose unit depends on the place: seconds, milliseconds, microseconds or nanoseconds, by its size.
    ///
    /// 10^11 milliseconds were in 1973, 10^11 seconds are in the year 5138; each next unit has three digits more.
    #[must_use]
    pub const fn of_any_unit(number: i64) -> Self {
        match number.unsigned_abs() {
            0..100_000_000_000 => UnixSeconds(number).millis(),
            100_000_000_000..100_000_000_000_000 => Self(number),
            100_000_000_000_000..100_000_000_000_000_000 => Self(number / 1_000),
            _ => Self(number / 1_000_000),
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Later by so many milliseconds (earlier when negative), without overflow.
    #[must_use]
    pub const fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The same instant in whole seconds, rounded down.
    #[must_use]
    pub const fn seconds(self) -> UnixSeconds {
        UnixSeconds(self.0.div_euclid(1000))
    }

    /// `2026-11-20T07:00:00.120Z`, always with three digits, so that the texts sort as the times do.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.shown("%Y-%m-%dT%H:%M:%S%.3fZ")
    }

    /// An instant that jiff does not know, outside of its ten thousand years, is shown as 1970.
    fn shown(self, format: &str) -> String {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or_default().strftime(format).to_string()
    }

    /// Reads RFC 3339, or Meta's `2026-10-01T10:00:00+0000`, with or without fractions of a second.
    ///
    /// # Errors
    ///
    /// [`ParseTimeError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, ParseTimeError> {
        text.parse::<jiff::Timestamp>()
            .or_else(|_| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text))
            .map(|timestamp| Self(timestamp.as_millisecond()))
            .map_err(|_| ParseTimeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_number_tells_its_unit() {
        assert_eq!(UnixMillis::of_any_unit(1_520_622_968), UnixMillis::new(1_520_622_968_000));
        for number in [1_752_834_910_447, 1_752_834_910_447_999, 1_752_834_910_447_999_999] {
            assert_eq!(UnixMillis::of_any_unit(number), UnixMillis::new(1_752_834_910_447));
        }
    }

    #[test]
    fn metas_offset_without_a_colon_is_read() {
        let meta = UnixMillis::parse("2026-10-01T10:00:00+0000");
        assert_eq!(meta, UnixMillis::parse("2026-10-01T10:00:00Z"));
        assert_eq!(meta.map(UnixMillis::rfc3339).as_deref(), Ok("2026-10-01T10:00:00.000Z"));
        assert_eq!(meta.map(|at| at.seconds().rfc3339()).as_deref(), Ok("2026-10-01T10:00:00Z"));
        assert_eq!(UnixMillis::parse("2026-10-01T12:00:00.5+0200"), meta.map(|at| at.plus(500)));
        assert_eq!(UnixMillis::parse("yesterday"), Err(ParseTimeError));
    }
}
