//! What starts a function that works for a queue, and what it answers to a batch.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use serde::Deserialize;

/// An event of a function that a queue starts, and schedules do. `T` is what schedules ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Trigger<T> {
    /// Messages of the queue.
    Batch(SqsEvent),
    /// A schedule, as `{"task":"scan"}`.
    Scheduled {
        /// What to do.
        task: T,
    },
}

/// The answer that has the queue deliver these records again (`ReportBatchItemFailures`).
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
pub fn deliver_again(records: impl IntoIterator<Item = String>) -> SqsBatchResponse {
    let failure = |record| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = record;
        failure
    };
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = records.into_iter().map(failure).collect();
    response
}
