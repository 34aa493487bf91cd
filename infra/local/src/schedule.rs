//! Calls functions at the times that the template's schedules name.
//!
//! The stack's clock counts: a schedule is due once when that clock has been moved over one or more of its times.
//!
//! Source: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>

mod cron;

use std::time::Duration;

use serde_json::json;
use tracing::{Instrument, info_span};
use uuid::Uuid;

use self::cron::Cron;
use crate::{
    clock::StackClock,
    invoke::{InvokeError, SharedInvoker},
    template::{ACCOUNT, REGION, Schedule},
};

/// How often the clock is read.
const TICK: Duration = Duration::from_millis(500);
const MINUTE_MS: i64 = 60_000;

/// Why a schedule cannot be followed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no rate(…) or cron(…) expression that the local stack understands")]
pub struct ScheduleError(pub(crate) String);

#[derive(Debug, PartialEq, Eq)]
enum Expression {
    /// Every so many milliseconds.
    Rate(i64),
    Cron(Cron),
}

impl Expression {
    fn parse(text: &str) -> Result<Self, ScheduleError> {
        let unknown = || ScheduleError(text.to_owned());
        let (kind, rest) = text.trim().split_once('(').ok_or_else(unknown)?;
        let inside = rest.strip_suffix(')').ok_or_else(unknown)?;
        match kind {
            "rate" => rate(inside).map(Self::Rate).ok_or_else(unknown),
            "cron" => Cron::parse(inside).map(Self::Cron).ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }

    /// Whether one of its times is after `last_ms` and not after `now_ms`.
    fn is_due(&self, last_ms: i64, now_ms: i64) -> bool {
        match self {
            Self::Rate(period_ms) => now_ms - last_ms >= *period_ms,
            Self::Cron(cron) => {
                let minutes = last_ms.div_euclid(MINUTE_MS) + 1..=now_ms.div_euclid(MINUTE_MS);
                minutes.into_iter().any(|minute| cron.matches(minute))
            }
        }
    }
}

fn rate(text: &str) -> Option<i64> {
    let (number, unit) = text.trim().split_once(' ')?;
    let minutes = match unit.trim().trim_end_matches('s') {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        _ => return None,
    };
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    Some(number * minutes * MINUTE_MS)
}

/// A schedule joined to a function.
pub(crate) struct Alarm {
    schedule: Schedule,
    expression: Expression,
    /// The function's name in the template.
    function: String,
    invoker: SharedInvoker,
    clock: StackClock,
}

impl Alarm {
    pub(crate) fn new(
        schedule: Schedule,
        function: String,
        invoker: SharedInvoker,
        clock: StackClock,
    ) -> Result<Self, ScheduleError> {
        let expression = Expression::parse(&schedule.expression)?;
        Ok(Self { schedule, expression, function, invoker, clock })
    }

    pub(crate) fn is(&self, function: &str, name: &str) -> bool {
        self.function == function && self.schedule.name == name
    }

    /// Watches the clock until the task is aborted.
    pub(crate) async fn run(&self, stack: u64) {
        let span = info_span!("schedule", stack);
        let mut last_ms = self.clock.now_ms();
        loop {
            tokio::time::sleep(TICK).await;
            let now_ms = self.clock.now_ms();
            if self.expression.is_due(last_ms, now_ms) {
                last_ms = now_ms;
                let _ = self.ring().instrument(span.clone()).await; // the invocation logs its own failure
            }
        }
    }

    /// Calls the function now.
    pub(crate) async fn ring(&self) -> Result<Vec<u8>, InvokeError> {
        let event = self.schedule.input.clone().unwrap_or_else(|| self.default_event());
        self.invoker.invoke(&self.function, event).await
    }

    fn default_event(&self) -> String {
        let time = jiff::Timestamp::from_millisecond(self.clock.now_ms()).unwrap_or_default();
        let schedule = format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{}", self.schedule.name);
        json!({
            "version": "0",
            "id": Uuid::new_v4(),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": REGION,
            "resources": [schedule],
            "detail": "{}",
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_due_when_its_period_has_passed_however_far_the_clock_was_moved() {
        let rate = Expression::parse("rate(5 minutes)").expect("a rate");
        assert!(!rate.is_due(0, 299_999));
        assert!(rate.is_due(0, 300_000));
        assert!(rate.is_due(0, 86_400_000));
    }

    #[test]
    fn a_cron_is_due_when_the_clock_passes_one_of_its_minutes() {
        let daily = Expression::parse("cron(30 4 * * ? *)").expect("a cron expression");
        let half_past_four = (4 * 60 + 30) * MINUTE_MS;
        assert!(!daily.is_due(0, half_past_four - 1));
        assert!(daily.is_due(half_past_four - 1, half_past_four));
        assert!(!daily.is_due(half_past_four, half_past_four + 3_600_000));
    }

    #[test]
    fn an_unknown_expression_is_named() {
        for text in ["at(2026-11-20T07:00:00)", "rate(0 minutes)", "rate(5)", "cron(* *)", "cron(0 0 L * ? *)"] {
            assert_eq!(Expression::parse(text), Err(ScheduleError(text.to_owned())), "{text}");
        }
    }
}
