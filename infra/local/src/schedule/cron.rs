//! Cron expressions of six fields, without `L`, `W` and `#`.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// `minutes hours day-of-month month day-of-week year`; `None` is any.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
    years: Field,
}

type Field = Option<BTreeSet<u16>>;

impl Cron {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays, years] = fields[..] else { return None };
        Some(Self {
            minutes: field(minutes, 0, 59, &[])?,
            hours: field(hours, 0, 23, &[])?,
            days: field(days, 1, 31, &[])?,
            months: field(months, 1, 12, &MONTHS)?,
            weekdays: field(weekdays, 1, 7, &DAYS)?,
            years: field(years, 1970, 2199, &[])?,
        })
    }

    /// Whether it names this minute, counted from 1970.
    pub(super) fn matches(&self, minute: i64) -> bool {
        let Ok(time) = Timestamp::from_second(minute.saturating_mul(60)) else { return false };
        let time = time.to_zoned(TimeZone::UTC).datetime();
        let has = |field: &Field, value: i16| {
            field.as_ref().is_none_or(|values| u16::try_from(value).is_ok_and(|value| values.contains(&value)))
        };
        has(&self.minutes, time.minute().into())
            && has(&self.hours, time.hour().into())
            && has(&self.days, time.day().into())
            && has(&self.months, time.month().into())
            && has(&self.weekdays, time.weekday().to_sunday_one_offset().into())
            && has(&self.years, time.year())
    }
}

/// `*`, `?`, or a list of values, ranges and steps; the outer `None` is a field that makes no sense.
fn field(text: &str, least: u16, most: u16, names: &[&str]) -> Option<Field> {
    if matches!(text, "*" | "?") {
        return Some(None);
    }
    let mut values = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step = step.map_or(Some(1), |step| step.parse().ok().filter(|step| *step > 0))?;
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (value(from, least, names)?, value(to, least, names)?),
            None if range == "*" => (least, most),
            None if part.contains('/') => (value(range, least, names)?, most),
            None => (value(range, least, names)?, value(range, least, names)?),
        };
        if from < least || to > most || from > to {
            return None;
        }
        values.extend((from..=to).step_by(step));
    }
    Some(Some(values))
}

fn value(text: &str, least: u16, names: &[&str]) -> Option<u16> {
    let word = names.iter().position(|name| text.eq_ignore_ascii_case(name));
    match word {
        Some(position) => u16::try_from(position).ok().map(|position| position + least),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The minute of an RFC 3339 time.
    fn minute(time: &str) -> i64 {
        time.parse::<Timestamp>().expect("a time").as_second() / 60
    }

    #[test]
    fn lists_ranges_and_steps_are_understood() {
        let cron = Cron::parse("0/15 8-10,12 * * ? *").expect("an expression");
        assert!(cron.matches(minute("2026-11-20T08:45:00Z")));
        assert!(cron.matches(minute("2026-11-20T12:00:00Z")));
        assert!(!cron.matches(minute("2026-11-20T11:00:00Z")));
        assert!(!cron.matches(minute("2026-11-20T08:20:00Z")));
    }

    #[test]
    fn weekdays_and_months_have_names() {
        let cron = Cron::parse("0 9 ? NOV MON-FRI 2026").expect("an expression");
        assert!(cron.matches(minute("2026-11-20T09:00:00Z")), "a Friday");
        assert!(!cron.matches(minute("2026-11-21T09:00:00Z")), "a Saturday");
        assert!(!cron.matches(minute("2026-12-01T09:00:00Z")));
    }
}
