//! Several writes, all or nothing.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use aws_sdk_dynamodb::types::builders::{DeleteBuilder, PutBuilder, UpdateBuilder};

use crate::error::StoreError;
use crate::retry::pause;

/// The places of the writes whose conditions did not hold. Nothing was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) Vec<usize>);

/// How often the client's patience is asked for where many transactions want the same item, as a tenant's usage.
const ROUNDS: u32 = 3;

/// Writes all or nothing. What only stands against it for a moment is waited out by the client, for a few rounds where it
/// is other transactions.
pub(crate) async fn write(client: &Client, writes: Vec<TransactWriteItem>) -> Result<Result<(), Refused>, StoreError> {
    for round in 1..ROUNDS {
        match write_once(client, writes.clone()).await {
            Err(StoreError::Conflict) => pause(round).await,
            outcome => return outcome,
        }
    }
    write_once(client, writes).await
}

async fn write_once(client: &Client, writes: Vec<TransactWriteItem>) -> Result<Result<(), Refused>, StoreError> {
    let Err(error) = client.transact_write_items().set_transact_items(Some(writes)).send().await else {
        return Ok(Ok(()));
    };
    let Some(codes) = cancellation_codes(&error) else { return Err(error.into()) };
    let refused: Vec<_> = places(&codes, "ConditionalCheckFailed").collect();
    if !refused.is_empty() {
        return Ok(Err(Refused(refused)));
    }
    let code = codes.iter().find(|code| *code != "None").map_or("TransactionCanceled", String::as_str);
    Err(StoreError::refused(code))
}

fn places<'a>(codes: &'a [String], code: &'a str) -> impl Iterator<Item = usize> + 'a {
    codes.iter().enumerate().filter(move |(_, found)| *found == code).map(|(place, _)| place)
}

/// The reason for each write, in order; `None` when the transaction was not cancelled but failed in another way.
fn cancellation_codes<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Vec<String>> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error.as_service_error()? else {
        return None;
    };
    let code = |reason: &aws_sdk_dynamodb::types::CancellationReason| reason.code.clone().unwrap_or_default();
    Some(cancelled.cancellation_reasons().iter().map(code).collect())
}

/// A part of a transaction, from the SDK's builder of it.
pub(crate) trait Part {
    /// Fails only when the builder lacks a part that every call here sets.
    fn part(self) -> Result<TransactWriteItem, StoreError>;
}

macro_rules! part {
    ($builder:ty, $set:ident) => {
        impl Part for $builder {
            fn part(self) -> Result<TransactWriteItem, StoreError> {
                let built = self.build().map_err(|_| StoreError::Shape { entity: "request" })?;
                Ok(TransactWriteItem::builder().$set(built).build())
            }
        }
    };
}

part!(PutBuilder, put);
part!(UpdateBuilder, update);
part!(DeleteBuilder, delete);
