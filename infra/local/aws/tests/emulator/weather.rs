//! What `DynamoDB` does by itself: transactions conflict, reads are behind, calls are refused for a moment.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};
use local_aws::{Effect, FaultRule, Service, Weather};

use crate::dynamodb::{item, put, table, text};
use crate::world::World;

/// An item at this time.
async fn put_at(dynamodb: &Client, sk: &str, at: i64) {
    let mut item = item("t", sk);
    item.insert("at".to_owned(), AttributeValue::N(at.to_string()));
    put(dynamodb, item).await;
}

async fn transact(dynamodb: &Client, keys: &[&str]) -> Result<(), TransactWriteItemsError> {
    let put = |sk: &&str| {
        let put = Put::builder().table_name("conversations").set_item(Some(item("t", sk))).build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let items = keys.iter().map(put).collect();
    let sent = dynamodb.transact_write_items().set_transact_items(Some(items)).send().await;
    sent.map(drop).map_err(aws_sdk_dynamodb::error::SdkError::into_service_error)
}

async fn delete(dynamodb: &Client, sk: &str) -> Result<(), String> {
    let sent = dynamodb.delete_item().table_name("conversations").set_key(Some(item("t", sk))).send().await;
    sent.map(drop).map_err(|error| error.into_service_error().meta().code().unwrap_or_default().to_owned())
}

async fn at(dynamodb: &Client, sk: &str, consistent: bool) -> Option<String> {
    let get = dynamodb.get_item().table_name("conversations").set_key(Some(item("t", sk)));
    let found = get.consistent_read(consistent).send().await.unwrap().item?;
    found.get("at")?.as_n().ok().cloned()
}

async fn indexed(dynamodb: &Client) -> usize {
    let query = dynamodb.query().table_name("conversations").index_name("by-time").key_condition_expression("pk = :pk");
    query.expression_attribute_values(":pk", text("t")).send().await.unwrap().items().len()
}

#[tokio::test]
async fn a_transaction_under_way_refuses_who_writes_its_items_and_nobody_else() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    put_at(&dynamodb, "a", 1).await;
    world.aws.set_weather(Weather { transaction: Duration::from_secs(4), ..Weather::fine() });

    let client = dynamodb.clone();
    let underway = tokio::spawn(async move { transact(&client, &["a", "b"]).await });
    let (mut refused, mut cancelled) = (false, None);
    while !underway.is_finished() {
        if let Err(code) = delete(&dynamodb, "b").await {
            assert_eq!(code, "TransactionConflictException");
            refused = true;
            let other = transact(&dynamodb, &["c", "b"]).await.err();
            cancelled = cancelled.or(other.filter(|_| !underway.is_finished()));
            at(&dynamodb, "a", true).await; // a plain read is answered
            delete(&dynamodb, "z").await.expect("another item is free");
        }
    }

    underway.await.unwrap().expect("nobody wrote before it");
    assert!(refused);
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = cancelled else {
        panic!("{cancelled:?}")
    };
    let codes: Vec<_> = cancelled.cancellation_reasons().iter().filter_map(CancellationReason::code).collect();
    assert_eq!(codes, ["None", "TransactionConflict"]);
    delete(&dynamodb, "b").await.expect("free again");
}

#[tokio::test]
async fn an_eventually_consistent_read_may_see_the_state_before_the_last_write() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    put_at(&dynamodb, "a", 1).await;
    for operation in ["GetItem", "Query"] {
        world.aws.faults().inject(FaultRule::on(Service::DynamoDb, operation, Effect::Stale));
    }
    put_at(&dynamodb, "a", 2).await;

    assert_eq!(at(&dynamodb, "a", false).await.as_deref(), Some("1"));
    assert_eq!(at(&dynamodb, "a", true).await.as_deref(), Some("2"));
    put_at(&dynamodb, "b", 3).await;
    assert_eq!(indexed(&dynamodb).await, 1, "an index is behind as well");
    world.aws.catch_up();
    assert_eq!((indexed(&dynamodb).await, at(&dynamodb, "a", false).await.as_deref()), (2, Some("2")));
}

#[tokio::test]
async fn in_harsh_weather_calls_are_refused_for_reasons_that_pass_and_some_callers_are_spared() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    let always = Weather { refusals: 1000, ..Weather::harsh(1) };
    world.aws.set_weather(always.clone());

    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..40 {
        codes.insert(delete(&dynamodb, "a").await.expect_err("all are refused"));
    }
    let cancelled = transact(&dynamodb, &["a", "b"]).await;
    world.aws.set_weather(Weather { spared: vec!["tests".to_owned()], ..always });

    let expected = [
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    ];
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), expected);
    assert!(cancelled.is_err());
    delete(&dynamodb, "a").await.expect("spared");
}
