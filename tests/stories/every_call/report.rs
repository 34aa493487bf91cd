use std::collections::BTreeMap;
use std::fmt;

use super::Mishap;
use super::fault::Fault;

/// What came of the runs of one story.
pub(super) struct Report {
    story: &'static str,
    /// Runs, runs that came to the place of the fault, and runs that went wrong, by the fault; `None`: two faults.
    counts: BTreeMap<Option<Fault>, [usize; 3]>,
    wrongs: Vec<String>,
}

impl Report {
    pub(super) fn new(story: &'static str) -> Self {
        Self { story, counts: BTreeMap::new(), wrongs: Vec::new() }
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
        let places: Vec<String> = mishaps.iter().map(|(place, fault)| format!("{place} {fault:?}")).collect();
        self.wrongs.extend(wrongs.into_iter().map(|wrong| format!("{}: {wrong}", places.join(", "))));
    }

    pub(super) fn is_clean(&self) -> bool {
        self.wrongs.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\n{}\n| fault | runs | reached | wrong |\n| --- | --- | --- | --- |", self.story)?;
        for (fault, [runs, reached, wrong]) in &self.counts {
            let name = fault.map_or_else(|| "two of them".to_owned(), |fault| format!("{fault:?}"));
            writeln!(formatter, "| {name} | {runs} | {reached} | {wrong} |")?;
        }
        self.wrongs.iter().try_for_each(|wrong| writeln!(formatter, "{wrong}"))
    }
}
