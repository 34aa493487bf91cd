//! What the emulated database never does by itself: conflicts, unread keys, broken items.

use std::error::Error;

use domain::MessageId;
use serde_json::{Value, json};
use store::{Outcome, Queued, StoreError};

use crate::util::World;
use crate::util::examples::{ANY, NOW, connection, conversation, draft, inbound, tenant};

/// A cancelled transaction of four writes, of which the last ran into another transaction.
fn conflict(_: &Value) -> (u16, Value) {
    let none = json!({"Code": "None"});
    let reasons = [none.clone(), none.clone(), none, json!({"Code": "TransactionConflict"})];
    (400, json!({"__type": "TransactionCanceledException", "Message": "cancelled", "CancellationReasons": reasons}))
}

fn throttled(_: &Value) -> (u16, Value) {
    let secret = "The value my secret is not allowed";
    (400, json!({"__type": "ProvisionedThroughputExceededException", "message": secret}))
}

fn everything_unread(request: &Value) -> (u16, Value) {
    (200, json!({"Responses": {}, "UnprocessedKeys": request["RequestItems"]}))
}

/// A single write to an item of a transaction that is under way.
fn in_a_transaction(_: &Value) -> (u16, Value) {
    (400, json!({"__type": "TransactionConflictException", "message": "Transaction is ongoing for the item"}))
}

/// A transaction of which one write was throttled.
fn cancelled_for_throttling(_: &Value) -> (u16, Value) {
    let reasons = [json!({"Code": "None"}), json!({"Code": "ThrottlingError"})];
    (400, json!({"__type": "TransactionCanceledException", "Message": "cancelled", "CancellationReasons": reasons}))
}

/// Every word that logging the error could print.
fn words(error: &StoreError) -> String {
    let mut words = format!("{error:?} {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words} {error:?} {error}");
        cause = error.source();
    }
    words
}

#[tokio::test]
async fn keys_that_the_database_hands_back_are_asked_for_again() {
    let world = World::connected().await;
    world.wire.answer("BatchGetItem", everything_unread);
    let received = world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: true });
    assert_eq!(world.wire.calls(), ["BatchGetItem", "BatchGetItem", "BatchGetItem", "PutItem", "PutItem"]);
}

#[tokio::test]
async fn a_conflict_with_another_transaction_is_waited_out() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    let context = world.outbound.context(&tenant("acme"), &conversation(), None, NOW).await.expect("a read");
    let context = context.expect("a conversation");
    world.wire.forget();
    world.wire.answer("TransactWriteItems", conflict);
    let queued = world.outbound.queue(&context, &draft("Yes"), None, NOW.plus(5000)).await.expect("queued");
    assert!(matches!(queued, Queued::New(_)));
    assert_eq!(world.wire.calls(), ["TransactWriteItems", "TransactWriteItems"]);
}

#[tokio::test]
async fn a_single_write_that_runs_into_a_transaction_is_made_again() {
    let world = World::connected().await;
    world.wire.answer_often(3, "PutItem", in_a_transaction);
    let received = world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: true });
    world.wire.answer_often(3, "UpdateItem", in_a_transaction);
    let marked = world.inbox.mark_read(&tenant("acme"), &conversation(), None).await.expect("marked").expect("there");
    assert_eq!(marked.unread, 0);
}

#[tokio::test]
async fn a_conflict_that_stays_is_one_that_passes() {
    let world = World::connected().await;
    world.wire.answer_often(100, "PutItem", in_a_transaction);
    let error = world.receive(&inbound("one", 1, "Hello")).await.expect_err("refused");
    assert!(matches!(error, StoreError::Conflict) && error.passes(), "{error:?}");
}

#[tokio::test]
async fn a_transaction_that_is_cancelled_for_throttling_is_made_again() {
    let world = World::empty().await;
    world.wire.answer_often(2, "TransactWriteItems", cancelled_for_throttling);
    world.connections.activate(&connection("acme", "17841"), None, &ANY).await.expect("connected");
    assert_eq!(world.wire.calls(), ["GetItem", "TransactWriteItems", "TransactWriteItems", "TransactWriteItems"]);
}

#[tokio::test]
async fn a_refusal_of_the_database_is_named_by_its_code_and_quotes_nothing() {
    let world = World::connected().await;
    world.wire.answer_often(100, "BatchGetItem", throttled);
    let error = world.receive(&inbound("one", 1, "Hello")).await.expect_err("refused");
    assert!(error.passes());
    let words = words(&error);
    assert!(words.contains("ProvisionedThroughputExceededException"), "{words}");
    assert!(!words.contains("my secret"), "{words}");
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_not_quoted() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "my secret")).await.expect("received");
    let item = world.dump(&world.tables.messages).await.remove(0);
    let mut broken = item.clone();
    let secret = item["text"].clone();
    broken.insert("kind".to_owned(), secret.clone());
    broken.insert("created_at".to_owned(), secret);
    let put = world.client.put_item().table_name(&world.tables.messages).set_item(Some(broken));
    put.send().await.expect("written");
    let id = MessageId::try_from(item["id"].as_s().expect("text").as_str()).expect("an id");
    let error = world.inbox.message(&tenant("acme"), &conversation(), &id).await.expect_err("unreadable");
    assert!(matches!(error, StoreError::Shape { entity: "message" }), "{error:?}");
    assert!(!error.passes() && !words(&error).contains("my secret"));
}

#[tokio::test]
async fn an_unreachable_database_is_unavailable() {
    let world = World::connected().await;
    world.wire.cut(0, crate::util::wire::Cut::Before);
    let error = world.receive(&inbound("one", 1, "Hello")).await.expect_err("cut");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}
