//! What the function is started by.

use serde::Deserialize;

/// An event of the function.
pub type Trigger = edge::sqs::Trigger<Task>;

/// What the schedule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Have the backlogs worked off that are due.
    Due,
}

#[cfg(test)]
mod tests {
    use domain::outbox::Delivery;

    use super::*;

    #[test]
    fn the_sample_events_are_told_apart() {
        let batch = serde_json::from_str(include_str!("../../../events/deliverer.json")).expect("an event");
        let Trigger::Batch(batch) = batch else { panic!("a batch") };
        let order = serde_json::from_str(batch.records[0].body.as_deref().unwrap_or_default()).expect("an order");
        assert!(matches!(order, Delivery::First { events, .. } if events.len() == 1));
        let due = serde_json::from_str(include_str!("../../../events/deliverer-due.json")).expect("an event");
        assert!(matches!(due, Trigger::Scheduled { task: Task::Due }));
    }
}
