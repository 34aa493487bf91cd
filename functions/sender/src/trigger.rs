//! What the function is started by.

use serde::Deserialize;

/// An event of the function.
pub type Trigger = edge::sqs::Trigger<Task>;

/// What the schedule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Hand messages to the queue that were left unsettled.
    Sweep,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_events_are_told_apart() {
        let batch = serde_json::from_str(include_str!("../../../events/sender.json")).expect("an event");
        assert!(matches!(batch, Trigger::Batch(batch) if batch.records.len() == 1));
        let sweep = serde_json::from_str(include_str!("../../../events/sender-sweep.json")).expect("an event");
        assert!(matches!(sweep, Trigger::Scheduled { task: Task::Sweep }));
    }
}
