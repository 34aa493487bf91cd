//! The log of calls.

use aws_sdk_dynamodb::types::{ConditionCheck, Put, TransactWriteItem};
use local_aws::{Filter, Outcome, Service, Units};

use crate::dynamodb::{item, put, table, text};
use crate::world::World;

#[tokio::test]
async fn a_call_is_logged_with_its_caller_and_what_it_did() {
    let world = World::start().await;
    let sqs = aws_sdk_sqs::Client::new(&world.sdk("webhook-receive").await);
    let refused = sqs
        .send_message()
        .queue_url(format!("{}/000000000000/inbound", world.aws.url()))
        .message_body("x")
        .send()
        .await;
    refused.unwrap_err();

    let calls = world.aws.calls().snapshot();

    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    assert_eq!((call.seq, call.function.as_str()), (1, "webhook-receive"));
    assert_eq!((call.service, call.operation.as_str()), (Service::Sqs, "SendMessage"));
    assert_eq!((&call.actions[0][..], &call.resources[0][..]), ("sqs:SendMessage", "inbound"));
    assert_eq!(call.outcome, Outcome::Error("QueueDoesNotExist".into()));
}

#[tokio::test]
async fn units_are_split_into_table_and_index() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    let mut indexed = item("t", "a");
    indexed.insert("at".into(), aws_sdk_dynamodb::types::AttributeValue::N("1".into()));
    let before = world.aws.calls().last_seq();

    put(&dynamodb, indexed).await;
    let query = dynamodb.query().table_name("conversations").index_name("by-time").key_condition_expression("pk = :pk");
    query.expression_attribute_values(":pk", text("t")).send().await.unwrap();

    let calls = world.aws.calls().since(before);
    assert_eq!(calls[0].units, Units { write_table: 1.0, write_index: 1.0, ..Units::default() });
    assert_eq!(calls[1].units, Units { read_index: 0.5, ..Units::default() });
    assert_eq!(calls[1].index.as_deref(), Some("by-time"));
}

#[tokio::test]
async fn a_transaction_needs_the_actions_of_its_items() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    let put = Put::builder().table_name("conversations").set_item(Some(item("t", "a"))).build().unwrap();
    let check = ConditionCheck::builder().table_name("conversations").set_key(Some(item("t", "b")));
    let check = check.condition_expression("attribute_not_exists(pk)").build().unwrap();
    let items =
        [TransactWriteItem::builder().put(put).build(), TransactWriteItem::builder().condition_check(check).build()];

    dynamodb.transact_write_items().set_transact_items(Some(items.into())).send().await.unwrap();

    let call = world.aws.calls().snapshot().pop().unwrap();
    assert_eq!(call.actions, ["dynamodb:ConditionCheckItem", "dynamodb:PutItem"]);
    assert_eq!(call.resources, ["conversations"]);
    assert_eq!(call.entries, 2);
    assert!(call.units.write() >= 2.0, "{:?}", call.units);
}

#[tokio::test]
async fn totals_are_by_function_and_operation() {
    let world = World::start().await;
    for function in ["processor", "processor", "sender"] {
        let kms = aws_sdk_kms::Client::new(&world.sdk(function).await);
        kms.generate_random().number_of_bytes(8).send().await.unwrap();
    }

    let calls = world.aws.calls();

    assert_eq!(calls.count(&Filter::all().function("processor")), 2);
    assert_eq!(calls.total(&Filter::all().service(Service::Kms)).calls, 3);
    assert_eq!(calls.totals().len(), 2);
    calls.clear();
    assert_eq!(calls.count(&Filter::all()), 0);
}
