//! What the function is started by.

use serde::Deserialize;

/// An event of the function.
pub type Trigger = edge::sqs::Trigger<Task>;

/// What a schedule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Find what is due.
    Scan,
    /// Find out whether Meta serves an app again that it has refused.
    Probe,
    /// Find out whether Meta's dashboard delivers messages to the apps.
    Fields,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Order;

    #[test]
    fn the_sample_events_are_told_apart() {
        let batch = serde_json::from_str(include_str!("../../../events/upkeep.json")).expect("an event");
        let Trigger::Batch(batch) = batch else { panic!("a batch") };
        let orders = batch.records.iter().map(|record| serde_json::from_str(record.body.as_deref().expect("a body")));
        let orders: Vec<Order> = orders.collect::<Result<_, _>>().expect("orders");
        assert!(matches!(orders.as_slice(), [Order::Upkeep { probe: false, .. }, Order::Scan { .. }]), "{orders:?}");
        let scan = serde_json::from_str(include_str!("../../../events/upkeep-scan.json")).expect("an event");
        assert!(matches!(scan, Trigger::Scheduled { task: Task::Scan }));
        let probe = serde_json::from_str(include_str!("../../../events/upkeep-probe.json")).expect("an event");
        assert!(matches!(probe, Trigger::Scheduled { task: Task::Probe }));
        let fields = serde_json::from_str(include_str!("../../../events/upkeep-fields.json")).expect("an event");
        assert!(matches!(fields, Trigger::Scheduled { task: Task::Fields }));
    }
}
