//! What the store counts by itself, because no caller hears of it.

use tracing::info;

/// The target of events that are metrics, as `edge::telemetry` prints them.
const METRIC: &str = "metric";

/// One more item that this version cannot read was left out of a list or a batch.
pub(crate) fn unreadable() {
    info!(target: METRIC, metric = "items_unreadable", value = 1_u64, dimensions = "{}");
}

/// One more item was reduced to what the database can hold.
pub(crate) fn reduced() {
    info!(target: METRIC, metric = "items_reduced", value = 1_u64, dimensions = "{}");
}
