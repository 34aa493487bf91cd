//! What a function answers to a batch of a queue.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse};

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
