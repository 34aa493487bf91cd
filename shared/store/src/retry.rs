//! What passes is tried again: by the client, for every call of every store, and by the loops that read afresh before
//! they write again.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction, RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::CancellationReason;

/// How often a write that others overtook is tried with fresh reads.
pub(crate) const ATTEMPTS: u32 = 10;

/// How often a call is made until what refuses it has passed: about two seconds of waiting, four at most. When the database
/// is away for longer, the retry quota ends the waiting early; one that does not answer at all is given up when the call's
/// whole time is over (`edge::Setup`).
const CALLS: u32 = 9;
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// What all calls together may spend on repetitions before they are given up; one costs 5 to 14.
const QUOTA: usize = 5000;

/// A client whose calls wait out what passes: throttles, failures of the service, lost connections, and conflicts with
/// another transaction. `config` is the function's own, or a builder.
///
/// Of what comes back from such a client nothing is worth an immediate repetition.
#[must_use]
pub fn client(config: impl Into<Builder>) -> Client {
    let waits = RetryConfig::standard()
        .with_max_attempts(CALLS)
        .with_initial_backoff(FIRST_WAIT)
        .with_max_backoff(LONGEST_WAIT);
    let builder = config.into().retry_config(waits).retry_classifier(Conflicts);
    // A quota of its own, which ten conversations side by side can wait with: another client's trouble is none of this one's.
    let quota = RetryPartition::custom("store").token_bucket(TokenBucket::new(QUOTA)).build();
    Client::from_conf(builder.retry_partition(quota).build())
}

/// What `DynamoDB` refuses for a moment and the SDK takes for final.
#[derive(Debug)]
struct Conflicts;

impl ClassifyRetry for Conflicts {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = match context.output_or_error() {
            Some(Err(error)) => error.as_operation_error(),
            _ => None,
        };
        let Some(error) = error else { return RetryAction::NoActionIndicated };
        let passes = error
            .downcast_ref::<UpdateItemError>()
            .is_some_and(UpdateItemError::is_transaction_conflict_exception)
            || error.downcast_ref::<PutItemError>().is_some_and(PutItemError::is_transaction_conflict_exception)
            || error.downcast_ref::<DeleteItemError>().is_some_and(DeleteItemError::is_transaction_conflict_exception)
            || error.downcast_ref::<TransactWriteItemsError>().is_some_and(is_cancelled_for_a_moment);
        if passes { RetryAction::throttling_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "conflicts and throttles of transactions"
    }
}

/// Whether nothing but other transactions and throttles stood against it. A condition that did not hold is an answer.
fn is_cancelled_for_a_moment(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { return false };
    let mut codes = cancelled
        .cancellation_reasons()
        .iter()
        .filter_map(CancellationReason::code)
        .filter(|code| *code != "None")
        .peekable();
    codes.peek().is_some()
        && codes.all(|code| matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
}

/// Sleeps about twice as long for each attempt, with full jitter so that rivals part.
pub(crate) async fn pause(attempt: u32) {
    let longest = 20_u64 << attempt.min(6);
    tokio::time::sleep(Duration::from_millis(fastrand::u64(1..=longest))).await;
}
