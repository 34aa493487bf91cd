//! Finds the endpoints that have something due.

use domain::outbox::Delivery;
use edge::telemetry::metric;
use outbox::BATCH;
use store::{NEXT_SHARDS, Waiting};

use crate::app::App;
use crate::handler::OrderError;

/// For so long nobody else orders the same backlog; then it is ordered again, should its order have been lost.
pub(crate) const TAKEN_UP_MS: i64 = 5 * 60 * 1000;

/// Orders the backlogs that are due to be worked off; tells how many.
pub(crate) async fn order_due(app: &App) -> Result<usize, OrderError> {
    let now = app.clock.now_ms();
    let mut ordered = 0;
    for shard in 0..NEXT_SHARDS {
        let waiting = app.endpoints.waiting(shard, now).await?;
        for part in waiting.chunks(BATCH) {
            ordered += order(app, part).await?;
        }
    }
    metric("webhook_backlogs", u64::try_from(ordered).unwrap_or(u64::MAX), &[]);
    Ok(ordered)
}

async fn order(app: &App, waiting: &[Waiting]) -> Result<usize, OrderError> {
    let now = app.clock.now_ms();
    let mut orders = Vec::new();
    for found in waiting {
        if app.endpoints.take_up(found, now.plus(TAKEN_UP_MS)).await? {
            orders.push(Delivery::Backlog { endpoint: found.endpoint.clone() });
        }
    }
    if orders.is_empty() {
        return Ok(0);
    }
    let refused = app.queue.enqueue(&orders, now.seconds()).await?;
    Ok(orders.len() - refused.len())
}
