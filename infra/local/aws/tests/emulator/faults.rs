//! Faults on demand, as the SDK sees them.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{Put, PutRequest, TransactWriteItem, WriteRequest};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use local_aws::{Effect, FaultRule, Filter, Outcome, Service};

use crate::dynamodb::{item, put, table};
use crate::world::World;

#[tokio::test]
async fn a_rule_hits_the_calls_it_names_and_only_so_many() {
    let world = World::start().await;
    let kms = world.kms().await;
    let rule = FaultRule::on(Service::Kms, "GenerateRandom", Effect::error("ThrottlingException")).after(1).times(1);
    let fault = world.aws.faults().inject(rule);

    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(kms.generate_random().number_of_bytes(8).send().await.is_ok());
    }

    assert_eq!(outcomes, [true, false, true]);
    assert_eq!(world.aws.faults().hits(fault), 1);
}

#[tokio::test]
async fn a_rule_for_one_function_leaves_the_others_alone() {
    let world = World::start().await;
    let rule = FaultRule::on(Service::Kms, "GenerateRandom", Effect::server_error("KMSInternalException"));
    world.aws.faults().inject(rule.from_function("sender"));

    let mut outcomes = Vec::new();
    for function in ["processor", "sender"] {
        let kms = aws_sdk_kms::Client::new(&world.sdk(function).await);
        outcomes.push(kms.generate_random().number_of_bytes(8).send().await.is_ok());
    }

    assert_eq!(outcomes, [true, false]);
}

#[tokio::test]
async fn the_sdk_retries_a_throttled_write() {
    let world = World::start().await;
    let config = world.sdk("store").await.into_builder().retry_config(RetryConfig::standard()).build();
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    table(&dynamodb).await;
    world.aws.faults().inject(FaultRule::on(Service::DynamoDb, "PutItem", Effect::throughput_exceeded()).times(1));

    put(&dynamodb, item("t", "a")).await;

    assert_eq!(world.aws.calls().count(&Filter::all().operation("PutItem")), 2);
}

#[tokio::test]
async fn a_transaction_conflict_names_the_item_it_is_about() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    let effect = Effect::transaction_cancelled(["TransactionConflict"]);
    world.aws.faults().inject(FaultRule::on(Service::DynamoDb, "TransactWriteItems", effect));

    let put = Put::builder().table_name("conversations").set_item(Some(item("t", "a"))).build().unwrap();
    let items = TransactWriteItem::builder().put(put).build();
    let refused = dynamodb.transact_write_items().transact_items(items).send().await.unwrap_err().into_service_error();

    assert!(refused.is_transaction_canceled_exception());
    assert_eq!(
        refused.message(),
        Some("Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]")
    );
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        refused,
    ) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!(refused.cancellation_reasons()[0].code(), Some("TransactionConflict"));
}

#[tokio::test]
async fn a_lost_answer_looks_like_a_failure_though_the_work_was_done() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    world.aws.faults().inject(FaultRule::on(Service::DynamoDb, "PutItem", Effect::CutAfter).times(1));

    let lost = dynamodb.put_item().table_name("conversations").set_item(Some(item("t", "a"))).send().await;

    assert!(!matches!(lost, Err(SdkError::ServiceError(_)) | Ok(_)), "{lost:?}");
    assert_eq!(dynamodb.scan().table_name("conversations").send().await.unwrap().count(), 1);
    let put = world.aws.calls().snapshot().into_iter().find(|call| call.operation == "PutItem").unwrap();
    assert_eq!(put.outcome, Outcome::Cut);
}

#[tokio::test]
async fn a_cut_request_leaves_nothing_done() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    world.aws.faults().inject(FaultRule::on(Service::DynamoDb, "PutItem", Effect::CutBefore));

    let lost = dynamodb.put_item().table_name("conversations").set_item(Some(item("t", "a"))).send().await;

    assert!(lost.is_err());
    assert_eq!(dynamodb.scan().table_name("conversations").send().await.unwrap().count(), 0);
}

#[tokio::test]
async fn a_delayed_answer_runs_into_the_callers_timeout() {
    let world = World::start().await;
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_millis(300)).build();
    let kms = aws_sdk_kms::Client::new(&world.sdk("vault").await.into_builder().timeout_config(timeouts).build());
    let effect = Effect::delay_after(Duration::from_mins(1));
    world.aws.faults().inject(FaultRule::on(Service::Kms, "GenerateRandom", effect).times(1));

    let late = kms.generate_random().number_of_bytes(8).send().await;

    assert!(matches!(late, Err(SdkError::TimeoutError(_))), "{late:?}");
}

#[tokio::test]
async fn some_entries_of_a_batch_fail_and_the_others_are_sent() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = sqs.create_queue().queue_name("inbound").send().await.unwrap().queue_url.unwrap();
    world.aws.faults().inject(FaultRule::on(Service::Sqs, "SendMessageBatch", Effect::partial([1])));
    let entry = |id: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(id).build().unwrap();

    let entries = ["a", "b", "c"].map(entry);
    let answer = sqs.send_message_batch().queue_url(queue).set_entries(Some(entries.into())).send().await.unwrap();

    assert_eq!(answer.failed().iter().map(aws_sdk_sqs::types::BatchResultErrorEntry::id).collect::<Vec<_>>(), ["b"]);
    assert_eq!(answer.successful().len(), 2);
    assert_eq!(world.aws.queues()[0].counts.visible, 2);
}

#[tokio::test]
async fn unprocessed_items_come_back_as_they_were_asked() {
    let world = World::start().await;
    let dynamodb = world.dynamodb().await;
    table(&dynamodb).await;
    world.aws.faults().inject(FaultRule::on(Service::DynamoDb, "BatchWriteItem", Effect::partial([0])));
    let request = |sk: &str| {
        WriteRequest::builder()
            .put_request(PutRequest::builder().set_item(Some(item("t", sk))).build().unwrap())
            .build()
    };

    let write = dynamodb.batch_write_item().request_items("conversations", vec![request("a"), request("b")]);
    let answer = write.send().await.unwrap();

    assert_eq!(answer.unprocessed_items().unwrap()["conversations"], [request("a")]);
    assert_eq!(dynamodb.scan().table_name("conversations").send().await.unwrap().count(), 1);
}

#[tokio::test]
async fn rules_and_log_are_reachable_over_http() {
    let world = World::start().await;
    let kms = world.kms().await;
    let http = reqwest::Client::new();
    let url = |path: &str| format!("{}/_local/{path}", world.aws.url());
    let rule = r#"{"service":"kms","operation":"GenerateRandom","effect":{"error":{"code":"ThrottlingException"}}}"#;
    let inject = http.post(url("faults")).header("content-type", "application/json").body(rule);
    assert_eq!(inject.send().await.unwrap().status(), 200);

    let hit = kms.generate_random().number_of_bytes(8).send().await;
    http.delete(url("faults")).send().await.unwrap();
    let cleared = kms.generate_random().number_of_bytes(8).send().await;
    let log = http.get(url("calls")).send().await.unwrap().text().await.unwrap();

    assert!(hit.is_err());
    assert!(cleared.is_ok());
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(log["totals"]["tests kms:GenerateRandom"]["errors"], 1);
    assert_eq!(log["calls"][0]["outcome"]["error"], "ThrottlingException");
}

#[tokio::test]
async fn a_late_call_is_carried_out_after_its_caller_has_gone() {
    let world = World::start().await;
    let patience = TimeoutConfig::builder().operation_timeout(Duration::from_millis(50)).build();
    let config = world.sdk("store").await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    table(&dynamodb).await;
    let impatient = aws_sdk_dynamodb::Client::new(&config.into_builder().timeout_config(patience).build());
    let late = Effect::late(Duration::from_millis(200));
    world.aws.faults().inject(FaultRule::on(Service::DynamoDb, "PutItem", late).times(1));

    let put = impatient.put_item().table_name("conversations").set_item(Some(item("t", "a"))).send().await;

    assert!(matches!(put, Err(SdkError::TimeoutError(_))), "{put:?}");
    assert_eq!(world.aws.faults().late_calls(), 1);
    while world.aws.faults().late_calls() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let found = dynamodb.scan().table_name("conversations").send().await.expect("a table");
    assert_eq!(found.count(), 1);
}
