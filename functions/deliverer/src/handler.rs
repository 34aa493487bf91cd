//! Takes orders one after the other, and the schedule's task.

use std::convert::Infallible;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsMessage};
use domain::outbox::Delivery;
use edge::sqs::deliver_again;
use edge::telemetry::{Chain, metric};
use lambda_runtime::LambdaEvent;
use outbox::EnqueueError;
use store::StoreError;
use tracing::{error, info};
use vault::VaultError;

use crate::app::App;
use crate::trigger::{Task, Trigger};
use crate::{backlog, first, schedule};

/// Why an order goes back to the queue.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    /// It can never be read: it ends in the dead-letter queue, where the alarm is.
    #[error("a record of the queue is not an order")]
    Poison,
    #[error("the database is unavailable")]
    Store(#[from] StoreError),
    #[error("the endpoint's secret could not be opened")]
    Vault(#[from] VaultError),
    #[error("the rest of a backlog was not ordered")]
    Queue(#[from] EnqueueError),
}

/// Works on orders, or orders what is due. Names the orders to deliver again.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, event: LambdaEvent<Trigger>) -> Result<SqsBatchResponse, Infallible> {
    match event.payload {
        Trigger::Batch(batch) => {
            let mut again = Vec::new();
            for message in batch.records {
                if let Err(failure) = follow(app, &message).await {
                    error!(record = message.message_id, error = %Chain(&failure), "An order goes back to the queue");
                    metric("webhook_orders_failed", 1, &[]);
                    again.push(message.message_id.unwrap_or_default());
                }
            }
            Ok(deliver_again(again))
        }
        Trigger::Scheduled { task: Task::Due } => {
            match schedule::order_due(app).await {
                Ok(ordered) => info!(ordered, "Ordered backlogs to be worked off"),
                Err(failure) => error!(error = %Chain(&failure), "Backlogs were not ordered"),
            }
            Ok(SqsBatchResponse::default())
        }
    }
}

async fn follow(app: &App, message: &SqsMessage) -> Result<(), OrderError> {
    let order = serde_json::from_str(message.body.as_deref().unwrap_or_default()).map_err(|_| OrderError::Poison)?;
    match order {
        Delivery::First { endpoint, events } => {
            let received = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
            first::tell(app, &endpoint, events, received.unwrap_or(1) > 1).await
        }
        Delivery::Backlog { endpoint } => backlog::work_off(app, &endpoint).await,
    }
}
