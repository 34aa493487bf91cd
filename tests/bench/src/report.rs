//! The figures: ratios with their goals first, then the table.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::Failure;
use crate::cost::Bill;
use crate::latency::ToInbox;
use crate::measure::{Figures, count};

/// Everything that was measured in one run.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) figures: Vec<Figures>,
    pub(crate) thousand: Option<Figures>,
    pub(crate) batches: Vec<(usize, Figures)>,
    pub(crate) to_inbox: ToInbox,
    pub(crate) bill: Bill,
    /// What was not measured, and why.
    pub(crate) missing: Vec<String>,
}

/// A figure that should not exceed its goal.
#[derive(Debug, Serialize)]
struct Goal {
    what: String,
    is: f64,
    at_most: f64,
    holds: bool,
}

impl Goal {
    fn new(what: impl Into<String>, is: f64, at_most: f64) -> Self {
        Self { what: what.into(), is, at_most, holds: is <= at_most }
    }
}

/// Of two programs, the same figure of each.
type Figure = fn(&Figures) -> f64;

const COLD: Figure = |figures| figures.cold_ms;
const CPU: Figure = |figures| figures.cpu_us;

impl Report {
    fn find(&self, label: &str) -> Option<&Figures> {
        self.figures.iter().find(|figures| figures.label == label)
    }

    fn ratio(&self, figure: Figure, one: &str, other: &str) -> Option<f64> {
        Some(figure(self.find(one)?) / figure(self.find(other)?))
    }

    fn goals(&self) -> Vec<Goal> {
        let mut goals = Vec::new();
        for (what, figure, other, at_most) in [
            ("CPU of a warm request", CPU, "Rust, minimal", 1.0),
            ("CPU of a warm request", CPU, "Node.js", 1.0 / 12.0),
            ("CPU of a warm request", CPU, "Python", 1.0 / 6.0),
            ("cold start", COLD, "Rust, minimal", 1.2),
            ("cold start", COLD, "Node.js", 1.0 / 10.0),
        ] {
            if let Some(ratio) = self.ratio(figure, "webhook-receive", other) {
                goals.push(Goal::new(format!("webhook-receive, {what} : {other}"), ratio, at_most));
            }
        }
        if let Some(receive) = self.find("webhook-receive") {
            goals.push(Goal::new("webhook-receive, peak memory, MiB", receive.peak_mib, 12.0));
            goals.push(Goal::new("webhook-receive, AWS calls, warm", receive.aws_calls(), 1.0));
        }
        if let Some(thousand) = &self.thousand {
            goals.push(Goal::new("1,000 events in a body, CPU, s", thousand.cpu_us / 1e6, 1.0));
            goals.push(Goal::new("1,000 events in a body, peak memory, MiB", thousand.peak_mib, 64.0));
            goals.push(Goal::new("1,000 events in a body, AWS calls", thousand.aws_calls(), 100.0));
        }
        if let Some((size, ten)) = self.batches.first() {
            goals.push(Goal::new("processor, CPU per DM in a batch of 10, µs", ten.cpu_us / count(*size), 300.0));
        }
        if let Some(processor) = self.find("processor") {
            goals.push(Goal::new("processor, AWS calls for a DM", processor.aws_calls(), 3.0));
            goals.push(Goal::new("processor, write units for a DM", processor.write_units, 5.0));
        }
        goals.extend(self.other_cold_starts());
        for (shape, received, answered) in self.bill.totals() {
            goals.push(Goal::new(format!("a million DMs received and stored, {shape}, $"), received, 5.0));
            goals.push(Goal::new(format!("a million DMs answered as well, {shape}, $"), answered, 12.0));
        }
        goals
    }

    fn other_cold_starts(&self) -> impl Iterator<Item = Goal> {
        let others = self.figures.iter().filter(|figures| {
            let label = &figures.label;
            figures.binary_kib.is_some()
                && !label.starts_with("Rust")
                && !label.contains(',')
                && label != "webhook-receive"
        });
        others.filter_map(|figures| {
            let ratio = self.ratio(COLD, &figures.label, "Rust, minimal")?;
            Some(Goal::new(format!("{}, cold start : Rust, minimal", figures.label), ratio, 2.0))
        })
    }

    pub(crate) fn print(&self) {
        println!("{:<66} {:>8} {:>8}", "", "is", "at most");
        for Goal { what, is, at_most, holds } in self.goals() {
            println!("{what:<66} {is:>8.2} {at_most:>8.2} {}", if holds { "holds" } else { "MISSED" });
        }
        print_head();
        let batches = self.batches.iter().map(|(_, figures)| figures);
        for figures in self.figures.iter().chain(&self.thousand).chain(batches) {
            print_row(figures);
        }
        for (size, figures) in &self.batches {
            let per_second = count(*size) * 1e6 / figures.warm_p50_us;
            println!(
                "processor, batch of {size}: {per_second:.0} DMs a second, {:.0} µs of CPU each",
                figures.cpu_us / count(*size)
            );
        }
        let ToInbox { p50_ms, slowest_ms } = self.to_inbox;
        println!("from Meta's call to the tenant's list, local stack: {p50_ms:.1} ms, slowest {slowest_ms:.1} ms");
        self.bill.print();
        for missing in &self.missing {
            println!("not measured: {missing}");
        }
    }

    /// Writes the figures for a machine.
    pub(crate) fn write(&self, file: Option<&Path>) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct File<'r> {
            goals: Vec<Goal>,
            #[serde(flatten)]
            report: &'r Report,
        }
        let Some(file) = file else { return Ok(()) };
        Ok(fs::write(file, serde_json::to_vec_pretty(&File { goals: self.goals(), report: self })?)?)
    }
}

pub(crate) fn print_head() {
    println!(
        "\n{:<28} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7} {:>8} {:>6} {:>6} {:>6}  warm calls",
        "", "cold ms", "cold CPU", "p50 µs", "p99 µs", "CPU µs", "MiB", "KiB", "log B", "read", "write"
    );
}

pub(crate) fn print_row(figures: &Figures) {
    let calls: Vec<String> = figures.calls.iter().map(|(name, times)| format!("{} {name}", round(*times))).collect();
    let size = figures.binary_kib.map_or_else(|| "–".to_owned(), |kib| kib.to_string());
    println!(
        "{:<28} {:>8.1} {:>8.1} {:>8.0} {:>8.0} {:>8.0} {:>7.1} {:>8} {:>6.0} {:>6} {:>6}  {}",
        figures.label,
        figures.cold_ms,
        figures.cold_cpu_ms,
        figures.warm_p50_us,
        figures.warm_p99_us,
        figures.cpu_us,
        figures.peak_mib,
        size,
        figures.printed_bytes,
        round(figures.read_units),
        round(figures.write_units),
        calls.join(", "),
    );
}

/// At most two digits behind the point, and none where there is nothing to tell.
fn round(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_holds_up_to_its_limit() {
        assert!(Goal::new("CPU", 1.0, 1.0).holds);
        assert!(!Goal::new("CPU", 1.01, 1.0).holds);
    }

    #[test]
    fn whole_numbers_have_no_point() {
        assert_eq!((round(3.0), round(0.5), round(10.0)), ("3".into(), "0.5".into(), "10".into()));
    }
}
