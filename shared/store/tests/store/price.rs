//! What it costs: calls and units, counted.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::contact::ProfileState;
use domain::{Account, Contact, ContactId};
use serde_json::json;

use crate::echoes::{sending, sent};
use crate::util::World;
use crate::util::examples::{CONTACT, NOW, account, contact_id, conversation, draft, inbound, tenant};

fn assert_units(found: f64, expected: f64) {
    assert!((found - expected).abs() < 0.01, "{found} units instead of {expected}");
}

/// A conversation whose contact has a profile and which has counted more than it remembers.
async fn busy() -> World {
    let world = World::connected().await;
    for n in 0..12 {
        world.receive(&inbound(&format!("m{n}"), n, &"é".repeat(60))).await.expect("received");
    }
    let contact = Contact {
        name: Some("Lucía Fernández de la Vega".to_owned()),
        username: Some("lucia.fernandez".to_owned()),
        profile_state: ProfileState::Known,
        profile_checked_at: Some(NOW),
        ..Contact::unknown(contact_id(CONTACT))
    };
    world.inbox.set_profile(&tenant("acme"), &conversation(), &contact).await.expect("written");
    world.wire.forget();
    world
}

fn one() -> Vec<(Account, Option<ContactId>)> {
    vec![(account("17841"), Some(contact_id(CONTACT)))]
}

#[tokio::test]
async fn a_warm_message_in_a_known_conversation_is_three_calls_and_four_units() {
    let world = busy().await;
    let mut prefetched = world.inbox.prefetch(&one()).await.expect("a read");
    world.inbox.receive(&mut prefetched, &inbound("next", 60, "Hello"), NOW).await.expect("received");
    assert_eq!(world.wire.calls(), ["BatchGetItem", "UpdateItem", "PutItem"]);
    // The conversation 1, its entry in the list's index removed and added 2, the message 1.
    assert_units(world.wire.write_units(), 4.0);
    assert_units(world.wire.read_units(), 2.0);
}

#[tokio::test]
async fn a_batch_is_read_in_one_call_and_each_message_written_in_two() {
    let world = busy().await;
    let events: Vec<_> = (0..10).map(|n| inbound(&format!("next{n}"), 60 + n, "Hello")).collect();
    let wanted: Vec<_> = events.iter().flat_map(|_| one()).collect();
    let mut prefetched = world.inbox.prefetch(&wanted).await.expect("a read");
    for event in &events {
        world.inbox.receive(&mut prefetched, event, NOW).await.expect("received");
    }
    assert_eq!(world.wire.calls().len(), 1 + 2 * events.len());
}

#[tokio::test]
async fn a_cold_process_reads_once_more() {
    let world = busy().await;
    let (inbox, _, wire) = world.another_process();
    crate::util::receive(&inbox, &inbound("next", 60, "Hello")).await.expect("received");
    assert_eq!(wire.calls(), ["BatchGetItem", "BatchGetItem", "UpdateItem", "PutItem"]);
}

#[tokio::test]
async fn a_duplicate_in_a_warm_process_costs_one_refused_write() {
    let world = busy().await;
    world.receive(&inbound("m11", 11, "Hello")).await.expect("received");
    assert_eq!(world.wire.calls(), ["BatchGetItem", "PutItem"]);
}

#[tokio::test]
async fn an_answer_is_two_reads_one_transaction_and_two_steps() {
    let world = busy().await;
    let message = sending(&world, "Yes, until eight", 70).await;
    sent(&world, &message, "sent").await;
    assert_eq!(world.wire.calls(), ["BatchGetItem", "BatchGetItem", "TransactWriteItems", "UpdateItem", "UpdateItem"]);
    // Message, conversation and usage 2 each, the list's index 2, the index of the unsettled 1; begun 1; sent 1, and 1
    // to leave that index.
    assert_units(world.wire.write_units(), 12.0);
}

#[tokio::test]
async fn an_idempotency_key_costs_two_units_more() {
    let world = busy().await;
    let mut with_key = draft("Yes");
    with_key.idempotency_key = Some("7c0c5a51-8d3f-4d63-9f0d-1e2f3a4b5c6d".to_owned());
    let mut units = Vec::new();
    for draft in [draft("Yes"), with_key] {
        let key = draft.idempotency_key.as_deref();
        let now = NOW.plus(100_000 + 1000 * i64::try_from(units.len()).expect("few"));
        let context = world.outbound.context(&tenant("acme"), &conversation(), key, now).await.expect("a read");
        world.wire.forget();
        world.outbound.queue(&context.expect("a conversation"), &draft, None, now).await.expect("queued");
        units.push(world.wire.write_units());
    }
    assert_units(units[1] - units[0], 2.0);
}

/// Bytes as `DynamoDB` counts them: names and values in UTF-8, a number about half of its digits, 3 for a list or map
/// and 1 for each of its entries.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len() / 2 + 2,
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>(),
        other => panic!("nobody stores {other:?}"),
    }
}

fn item_size(item: &std::collections::HashMap<String, AttributeValue>) -> usize {
    item.iter().map(|(name, value)| name.len() + size(value)).sum()
}

#[tokio::test]
async fn items_of_normal_size_stay_within_one_write_unit() {
    let world = busy().await;
    let mut event = inbound("long", 60, &"Do you have it in blue? ".repeat(8));
    if let domain::Payload::Message { message, .. } = &mut event.payload {
        message.metadata.insert("quick_reply".to_owned(), json!("PICK_BLUE"));
    }
    world.receive(&event).await.expect("received");
    for table in [&world.tables.conversations, &world.tables.messages] {
        let largest = world.dump(table).await.iter().map(item_size).max().expect("an item");
        assert!(largest < 1024, "{table}: {largest} bytes");
    }
}
