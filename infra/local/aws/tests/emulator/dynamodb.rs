//! `DynamoDB`: the features that the store builds on, and expiry by the simulated clock.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    KeysAndAttributes, Projection, ProjectionType, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
    ScalarAttributeType, TimeToLiveSpecification, TransactWriteItem,
};

use local_aws::EXPIRY_DELAY;

use crate::world::World;

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn item(pk: &str, sk: &str) -> Item {
    Item::from([("pk".into(), text(pk)), ("sk".into(), text(sk))])
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
}

fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
}

/// A table with an index by `at` that includes `name`.
pub(crate) async fn table(dynamodb: &Client) {
    let projection = Projection::builder().projection_type(ProjectionType::Include).non_key_attributes("name").build();
    let index = GlobalSecondaryIndex::builder()
        .index_name("by-time")
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("at", KeyType::Range))
        .projection(projection)
        .build()
        .unwrap();
    dynamodb
        .create_table()
        .table_name("conversations")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk", ScalarAttributeType::S))
        .attribute_definitions(attribute("sk", ScalarAttributeType::S))
        .attribute_definitions(attribute("at", ScalarAttributeType::N))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(index)
        .send()
        .await
        .unwrap();
}

pub(crate) async fn put(dynamodb: &Client, item: Item) {
    dynamodb.put_item().table_name("conversations").set_item(Some(item)).send().await.unwrap();
}

fn with_time(sk: &str, at: i64) -> Item {
    let mut item = item("t", sk);
    item.extend([("at".into(), number(at)), ("name".into(), text(sk)), ("secret".into(), text("hidden"))]);
    item
}

#[tokio::test]
async fn an_index_gives_its_items_in_numeric_order_with_the_included_attributes_only() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    for (sk, at) in [("a", 2), ("b", 10), ("c", 1)] {
        put(&dynamodb, with_time(sk, at)).await;
    }

    let query = dynamodb.query().table_name("conversations").index_name("by-time").key_condition_expression("pk = :pk");
    let found =
        query.expression_attribute_values(":pk", text("t")).scan_index_forward(false).limit(2).send().await.unwrap();

    let names: Vec<_> = found.items().iter().map(|item| item["name"].as_s().unwrap().as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    assert!(found.items().iter().all(|item| !item.contains_key("secret")));
    assert!(found.last_evaluated_key().is_some());
}

#[tokio::test]
async fn a_refused_put_shows_the_item_that_was_there() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    put(&dynamodb, with_time("a", 1)).await;

    let refused = dynamodb
        .put_item()
        .table_name("conversations")
        .set_item(Some(with_time("a", 2)))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await
        .unwrap_err()
        .into_service_error();

    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(refused) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refused.item().unwrap()["at"], number(1));
}

#[tokio::test]
async fn a_transaction_writes_all_or_says_which_condition_failed() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    let put_new = |sk: &str| {
        let put = Put::builder().table_name("conversations").set_item(Some(item("t", sk)));
        let put = put.condition_expression("attribute_not_exists(pk)").build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let write =
        |keys: [&str; 2]| dynamodb.transact_write_items().set_transact_items(Some(keys.map(put_new).into())).send();

    write(["a", "b"]).await.unwrap();
    let refused = write(["c", "b"]).await.unwrap_err().into_service_error();

    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        refused,
    ) = refused
    else {
        panic!("{refused:?}");
    };
    let codes: Vec<_> = refused.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
    let get = dynamodb.get_item().table_name("conversations").set_key(Some(item("t", "c"))).consistent_read(true);
    assert!(get.send().await.unwrap().item.is_none());
}

#[tokio::test]
async fn a_batch_get_finds_what_is_there() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    put(&dynamodb, item("t", "a")).await;

    let keys =
        KeysAndAttributes::builder().keys(item("t", "a")).keys(item("t", "b")).consistent_read(true).build().unwrap();
    let found = dynamodb.batch_get_item().request_items("conversations", keys).send().await.unwrap();

    assert_eq!(found.responses().unwrap()["conversations"], [item("t", "a")]);
    assert!(found.unprocessed_keys().is_none_or(HashMap::is_empty));
}

#[tokio::test]
async fn consumed_capacity_is_shown_to_a_caller_who_asks_and_to_nobody_else() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    let put = || dynamodb.put_item().table_name("conversations").set_item(Some(with_time("a", 1)));

    let silent = put().send().await.unwrap();
    let total = put().return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();

    assert!(silent.consumed_capacity().is_none());
    let total = total.consumed_capacity().unwrap();
    assert!(total.capacity_units().unwrap() >= 1.0);
    assert!(total.table().is_none() && total.global_secondary_indexes().is_none());
}

#[tokio::test]
async fn items_are_deleted_days_after_their_expiry_by_the_simulated_clock() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    let expiry = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires_at").build().unwrap();
    dynamodb.update_time_to_live().table_name("conversations").time_to_live_specification(expiry).send().await.unwrap();
    let now = world.clock.now_ms() / 1000;
    for (sk, seconds) in [("soon", 3600), ("late", 7200)] {
        let mut item = item("t", sk);
        item.insert("expires_at".into(), number(now + seconds));
        put(&dynamodb, item).await;
    }

    world.clock.advance(EXPIRY_DELAY);
    world.aws.sweep_expired_items().await;
    let expired = dynamodb.scan().table_name("conversations").send().await.unwrap();
    assert_eq!(expired.count(), 2, "expired, and still read");

    world.clock.advance(Duration::from_secs(3610));
    world.aws.sweep_expired_items().await;

    let left = dynamodb.scan().table_name("conversations").send().await.unwrap();
    assert_eq!(left.count(), 1);
    assert_eq!(left.items()[0]["sk"], text("late"));
}
