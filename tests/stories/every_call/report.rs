use std::collections::BTreeMap;
use std::fmt;

use super::fault::Fault;
use super::{Mishap, name};

/// What came of the runs of one story.
pub(super) struct Report {
    story: &'static str,
    calls: usize,
    /// Runs, runs that came to the place of the fault, and runs that went wrong, by the fault; `None`: two faults.
    counts: BTreeMap<Option<Fault>, [usize; 3]>,
    wrongs: Vec<String>,
}

impl Report {
    /// Of a story that makes so many calls.
    pub(super) fn new(story: &'static str, calls: usize) -> Self {
        Self { story, calls, counts: BTreeMap::new(), wrongs: Vec::new() }
    }

    pub(super) fn add(&mut self, mishaps: &[Mishap], reached: bool, wrongs: Vec<String>) {
        let fault = match mishaps {
            [(_, fault)] => Some(*fault),
            _ => None,
        };
        let [runs, reaching, wrong] = self.counts.entry(fault).or_default();
        *runs += 1;
        *reaching += usize::from(reached);
        *wrong += usize::from(!wrongs.is_empty());
        let name = name(mishaps);
        for wrong in wrongs {
            let wrong = format!("{name}: {wrong}");
            println!("{wrong}");
            self.wrongs.push(wrong);
        }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.wrongs.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (story, calls) = (self.story, self.calls);
        writeln!(formatter, "\n{story}: {calls} calls\n| fault | runs | reached | wrong |\n| --- | --- | --- | --- |")?;
        for (fault, [runs, reached, wrong]) in &self.counts {
            let name = fault.map_or_else(|| "two of them".to_owned(), |fault| format!("{fault:?}"));
            writeln!(formatter, "| {name} | {runs} | {reached} | {wrong} |")?;
        }
        let sum = |which: usize| self.counts.values().map(|counts| counts[which]).sum::<usize>();
        writeln!(formatter, "| all | {} | {} | {} |", sum(0), sum(1), sum(2))?;
        self.wrongs.iter().try_for_each(|wrong| writeln!(formatter, "{wrong}"))
    }
}
