//! Takes orders from the queue, and the schedules' tasks.

use std::convert::Infallible;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsMessage};
use edge::sqs::deliver_again;
use edge::telemetry::{Chain, metric};
use futures::future::join_all;
use lambda_runtime::LambdaEvent;
use tracing::error;

use crate::app::App;
use crate::connection::{ConnectionError, upkeep};
use crate::fields::{self, FieldsError};
use crate::probe;
use crate::queue::Order;
use crate::scan::{self, Part, ScanError};
use crate::trigger::{Task, Trigger};

/// Why an order goes back to the queue.
#[derive(Debug, thiserror::Error)]
enum OrderError {
    /// It can never be read: it ends in the dead-letter queue, where the alarm is.
    #[error("a record of the queue is not an order")]
    Poison,
    #[error("the upkeep of a connection failed")]
    Upkeep(#[from] ConnectionError),
    #[error("a scan did not go on")]
    Scan(#[from] ScanError),
}

/// Why a schedule's task did not end. The next one does it again.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    #[error("a scan or a probe did not end")]
    Scan(#[from] ScanError),
    #[error("the apps could not be looked at")]
    Fields(#[from] FieldsError),
}

/// Works on orders, or on a schedule's task. Names the orders to deliver again.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, event: LambdaEvent<Trigger>) -> Result<SqsBatchResponse, Infallible> {
    let outcome = match event.payload {
        Trigger::Batch(batch) => return Ok(work(app, batch.records).await),
        Trigger::Scheduled { task: Task::Scan } => scan::all(app).await.map_err(TaskError::from),
        Trigger::Scheduled { task: Task::Probe } => probe::all(app).await.map_err(TaskError::from),
        Trigger::Scheduled { task: Task::Fields } => fields::look(app).await.map_err(TaskError::from),
    };
    if let Err(failure) = outcome {
        error!(error = %Chain(&failure), "A scheduled task did not end");
        metric("upkeep_tasks_failed", 1, &[]);
    }
    Ok(SqsBatchResponse::default())
}

/// None waits for another. Where two are about the same connection, whoever is second finds it done, or is overtaken.
async fn work(app: &App, messages: Vec<SqsMessage>) -> SqsBatchResponse {
    let outcomes = join_all(messages.into_iter().map(|message| async move {
        let outcome = Box::pin(follow(app, &message)).await;
        outcome.map_err(|failure| {
            let record = message.message_id.unwrap_or_default();
            error!(record, error = %Chain(&failure), "An order goes back to the queue");
            record
        })
    }));
    deliver_again(outcomes.await.into_iter().filter_map(Result::err))
}

async fn follow(app: &App, message: &SqsMessage) -> Result<(), OrderError> {
    let body = message.body.as_deref().unwrap_or_default();
    match serde_json::from_str(body).map_err(|_| OrderError::Poison)? {
        Order::Upkeep { due, login, probe } => upkeep(app, &due, login, probe).await?,
        Order::Scan { login, due_at, cursor } => scan::part(app, Part { login, due_at, cursor }).await?,
    }
    Ok(())
}
