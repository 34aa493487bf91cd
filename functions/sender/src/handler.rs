//! Takes deliveries one after the other, and the schedule's task.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsMessage};
use edge::sqs::deliver_again;
use edge::telemetry::{Chain, metric};
use lambda_runtime::LambdaEvent;
use tracing::{error, info};

use crate::app::App;
use crate::deliver::deliver;
use crate::delivery::{Delivery, Verdict};
use crate::trigger::{Task, Trigger};
use crate::{backoff, sweep};

/// How long a record waits that nobody can read: it is set aside after an hour and a half.
const POISON_WAIT: Duration = Duration::from_secs(30);

/// Works on deliveries, or sweeps. Names the deliveries to make again.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, event: LambdaEvent<Trigger>) -> Result<SqsBatchResponse, Infallible> {
    match event.payload {
        Trigger::Batch(batch) => Ok(deliver_again(work(app, batch.records).await)),
        Trigger::Scheduled { task: Task::Sweep } => {
            match sweep::sweep(app).await {
                Ok(found) => info!(found, "Swept up unsettled messages"),
                Err(failure) => error!(error = %Chain(&failure), "The sweep did not end"),
            }
            Ok(SqsBatchResponse::default())
        }
    }
}

/// Deliveries of one lane wait for the one before them; those of others do not.
async fn work(app: &App, messages: Vec<SqsMessage>) -> Vec<String> {
    let mut held = HashSet::new();
    let mut again = Vec::new();
    for message in messages {
        let id = message.message_id.clone().unwrap_or_default();
        let group = message.attributes.get("MessageGroupId").cloned();
        if held.contains(&group) {
            again.push(id);
            continue;
        }
        match Delivery::read(&message) {
            Ok(delivery) => {
                if let Verdict::Again(wait) = verdict(app, &delivery).await {
                    app.queue.hide(message.receipt_handle.as_deref().unwrap_or_default(), wait).await;
                    held.insert(group);
                    again.push(id);
                }
            }
            Err(failure) => {
                // Place only: the parser's own words may quote the body.
                let (line, column) = (failure.line(), failure.column());
                error!(record = id, line, column, "A record of the queue is not an order to send");
                metric("sends", 1, &[("outcome", "poison")]);
                app.queue.hide(message.receipt_handle.as_deref().unwrap_or_default(), POISON_WAIT).await;
                again.push(id);
            }
        }
    }
    again
}

async fn verdict(app: &App, delivery: &Delivery) -> Verdict {
    let message = &delivery.dispatch.message;
    // On the heap: a delivery nests so deep that the compiler gives up on its layout otherwise.
    Box::pin(deliver(app, delivery)).await.unwrap_or_else(|failure| {
        error!(message_id = %message, error = %Chain(&failure), "A message could not be settled");
        metric("sends", 1, &[("outcome", "store_failed")]);
        // The call to Meta may have been made before: the next delivery finds that out.
        Verdict::Again(backoff::after(delivery.tries, message))
    })
}
