//! Takes the figures. Subjects take turns, so that whatever else the machine does falls on all of them alike.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use crate::Failure;
use crate::canned::Calls;
use crate::running::{Printed, Running};
use crate::subject::Subject;

/// How often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Fresh processes.
    pub(crate) starts: usize,
    /// Turns with warm processes.
    pub(crate) turns: usize,
    /// Requests in a turn.
    pub(crate) requests: usize,
}

/// What was measured about a subject. Everything is a median unless it says otherwise.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) label: String,
    /// From the start of the process to its first answer.
    pub(crate) cold_ms: f64,
    /// CPU time until it waits for its second event.
    pub(crate) cold_cpu_ms: f64,
    pub(crate) warm_p50_us: f64,
    pub(crate) warm_p99_us: f64,
    /// CPU time of a warm request.
    pub(crate) cpu_us: f64,
    /// The most memory a process ever had.
    pub(crate) peak_mib: f64,
    pub(crate) binary_kib: Option<u64>,
    /// Log lines and metrics of a warm request.
    pub(crate) printed_bytes: f64,
    pub(crate) printed_lines: f64,
    /// Metrics that it has reported.
    pub(crate) metrics: BTreeSet<String>,
    /// Calls of the first request of a process.
    pub(crate) cold_calls: Vec<(String, f64)>,
    /// Calls of a warm request.
    pub(crate) calls: Vec<(String, f64)>,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
}

impl Figures {
    /// Calls to AWS of a warm request.
    pub(crate) fn aws_calls(&self) -> f64 {
        self.calls.iter().filter(|(name, _)| name != "Graph").map(|(_, times)| times).sum()
    }

    /// Calls of one name of a warm request.
    pub(crate) fn calls_of(&self, name: &str) -> f64 {
        self.calls.iter().filter(|(known, _)| known == name).map(|(_, times)| times).sum()
    }
}

/// Measures all subjects.
pub(crate) async fn measure(subjects: &[&Subject], plan: Plan) -> Result<Vec<Figures>, Failure> {
    let mut starts: Vec<Vec<Start>> = subjects.iter().map(|_| Vec::new()).collect();
    for _ in 0..plan.starts {
        for (subject, starts) in subjects.iter().zip(&mut starts) {
            starts.push(Start::of(subject).await?);
        }
    }
    let mut warm = Vec::new();
    for subject in subjects {
        warm.push(Warm::start(subject, plan).await?);
    }
    for _ in 0..plan.turns {
        for warm in &mut warm {
            warm.turn(plan.requests).await?;
        }
    }
    warm.into_iter().zip(starts).map(|(warm, starts)| warm.figures(&starts)).collect()
}

/// A fresh process and its first event.
struct Start {
    took: Duration,
    cpu: Duration,
    calls: Calls,
}

impl Start {
    async fn of(subject: &Subject) -> Result<Self, Failure> {
        subject.canned.take_calls();
        let mut running = Running::start(&subject.program).await?;
        running.invoke(&subject.cold).await?;
        let took = running.age();
        Ok(Self { took, cpu: running.cpu().await?, calls: subject.canned.take_calls() })
    }
}

/// A process that has answered before.
struct Warm<'s> {
    subject: &'s Subject,
    running: Running,
    latencies: Vec<Duration>,
    cpu_of_turns: Vec<f64>,
    printed_before: Printed,
}

impl<'s> Warm<'s> {
    async fn start(subject: &'s Subject, plan: Plan) -> Result<Self, Failure> {
        let mut running = Running::start(&subject.program).await?;
        running.invoke(&subject.cold).await?;
        for _ in 0..plan.requests.div_ceil(4) {
            running.invoke(&subject.warm).await?;
        }
        running.cpu().await?;
        subject.canned.take_calls();
        let printed_before = running.printed();
        Ok(Self { subject, running, latencies: Vec::new(), cpu_of_turns: Vec::new(), printed_before })
    }

    async fn turn(&mut self, requests: usize) -> Result<(), Failure> {
        let before = self.running.cpu().await?;
        for _ in 0..requests {
            self.latencies.push(self.running.invoke(&self.subject.warm).await?);
        }
        let spent = self.running.cpu().await?.saturating_sub(before);
        self.cpu_of_turns.push(spent.as_secs_f64() * 1e6 / count(requests));
        Ok(())
    }

    fn figures(mut self, starts: &[Start]) -> Result<Figures, Failure> {
        let requests = count(self.latencies.len());
        let calls = self.subject.canned.take_calls();
        let (printed, before) = (self.running.printed(), &self.printed_before);
        self.latencies.sort_unstable();
        let latency = |share: f64| quantile(&self.latencies, share).as_secs_f64() * 1e6;
        Ok(Figures {
            label: self.subject.label.clone(),
            cold_ms: median(starts.iter().map(|start| start.took.as_secs_f64() * 1e3)),
            cold_cpu_ms: median(starts.iter().map(|start| start.cpu.as_secs_f64() * 1e3)),
            warm_p50_us: latency(0.5),
            warm_p99_us: latency(0.99),
            cpu_us: median(self.cpu_of_turns.iter().copied()),
            peak_mib: whole(self.running.peak_kib()?) / 1024.0,
            binary_kib: self.subject.binary_kib,
            printed_bytes: count(printed.bytes - before.bytes) / requests,
            printed_lines: count(printed.lines - before.lines) / requests,
            metrics: printed.metrics,
            cold_calls: per(&starts.last().map(|start| start.calls.clone()).unwrap_or_default(), 1.0),
            read_units: calls.read_units / requests,
            write_units: calls.write_units / requests,
            calls: per(&calls, requests),
        })
    }
}

fn per(calls: &Calls, requests: f64) -> Vec<(String, f64)> {
    calls.by_name.iter().map(|(name, &times)| (name.clone(), whole(times) / requests)).collect()
}

/// The middle value; of an even number the upper one.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The value that this share of the sorted ones does not exceed.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index below a few thousand"
)]
pub(crate) fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) const fn whole(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) const fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_not_moved_by_one_outlier() {
        assert!((median([3.0, 1.0, 900.0].into_iter()) - 3.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let sorted: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(quantile(&sorted, 0.99), Duration::from_millis(99));
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }
}
