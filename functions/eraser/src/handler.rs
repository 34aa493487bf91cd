//! Takes orders from the queue.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{Erasure, ErasureCode, UnixMillis};
use edge::sqs::deliver_again;
use edge::telemetry::{Chain, metric};
use erasure::{ErasureOrder, QueueError};
use lambda_runtime::LambdaEvent;
use store::StoreError;
use tokio::time::sleep;
use tracing::{error, info, warn};

use crate::app::App;
use crate::step::{Ended, Step};

/// How long an order waits for its deletion, which is stored after it was queued: longer than any request runs.
const STORING_MS: i64 = 30_000;

/// So often, a second apart, it is looked for before the order is hidden: whoever asked has its answer within moments.
const LOOKS: usize = 3;

/// After so many seconds it is looked for again.
const LOOK_AGAIN_SECONDS: i32 = 3;

/// Why an order goes back to the queue.
#[derive(Debug, thiserror::Error)]
enum OrderError {
    /// It can never be read: it ends in the dead-letter queue, where the alarm is.
    #[error("a record of the queue is not an order")]
    Poison,
    /// After a rollback. What this version knows is deleted; the rest waits in the dead-letter queue for the newer one.
    #[error("only a newer version knows what is left of the deletion")]
    ForNewer,
    #[error("the deletion did not go on")]
    Store(#[from] StoreError),
    #[error("the rest of the deletion was not queued")]
    Queue(#[from] QueueError),
}

/// Goes on with deletions, one after the other. Names the orders to deliver again.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Infallible> {
    let mut again = Vec::new();
    for message in event.payload.records {
        let is_unfinished = follow(app, &message).await.unwrap_or_else(|failure| {
            error!(record = message.message_id, error = %Chain(&failure), "A deletion goes back to the queue");
            metric("erasures", 1, &[("outcome", "failed")]);
            true
        });
        if is_unfinished {
            again.push(message.message_id.unwrap_or_default());
        }
    }
    Ok(deliver_again(again))
}

/// Tells whether the order is to be delivered again.
async fn follow(app: &App, message: &SqsMessage) -> Result<bool, OrderError> {
    let body = message.body.as_deref().unwrap_or_default();
    let ErasureOrder { code } = serde_json::from_str(body).map_err(|_| OrderError::Poison)?;
    let Some(erasure) = find(app, &code).await? else { return wait_for_deletion(app, message).await };
    let ended = Step::new(app, erasure, Instant::now() + app.patience).work().await?;
    info!(ended = ended.as_str(), "Worked on a deletion");
    metric("erasures", 1, &[("outcome", ended.as_str())]);
    match ended {
        Ended::Done | Ended::Elsewhere => Ok(false),
        Ended::ForNewer => Err(OrderError::ForNewer),
        Ended::TimeUp => {
            app.queue.send(&code).await?;
            Ok(false)
        }
        Ended::Settling(left) => {
            let seconds = i32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(i32::MAX);
            app.queue.hide(message.receipt_handle.as_deref().unwrap_or_default(), seconds).await?;
            Ok(true)
        }
    }
}

/// The deletion, which may be stored just now.
async fn find(app: &App, code: &ErasureCode) -> Result<Option<Erasure>, StoreError> {
    for _ in 1..LOOKS {
        if let Some(found) = app.erasures.find(code).await? {
            return Ok(Some(found));
        }
        sleep(Duration::from_secs(1)).await;
    }
    app.erasures.find(code).await
}

/// Waits for a deletion that is being stored. One that does not come was refused to whoever asked for it.
async fn wait_for_deletion(app: &App, message: &SqsMessage) -> Result<bool, OrderError> {
    let sent_at = message.attributes.get("SentTimestamp").and_then(|at| at.parse().ok()).unwrap_or_default();
    if app.clock.now_ms() < UnixMillis::new(sent_at).plus(STORING_MS) {
        app.queue.hide(message.receipt_handle.as_deref().unwrap_or_default(), LOOK_AGAIN_SECONDS).await?;
        return Ok(true);
    }
    warn!("A deletion that was ordered was never stored");
    metric("erasures", 1, &[("outcome", "unknown")]);
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_event_is_an_order() {
        let event: SqsEvent = serde_json::from_str(include_str!("../../../events/eraser.json")).expect("an event");
        let body = event.records[0].body.as_deref().expect("a body");
        let order: ErasureOrder = serde_json::from_str(body).expect("an order");
        assert_eq!(order.code.as_str(), "0123456789abcdef0123456789abcdef");
    }
}
