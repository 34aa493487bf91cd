//! The transcript: what the store was asked and answered, whatever became of it on the way.

use aws_sdk_dynamodb::types::{AttributeValue, TimeToLiveSpecification};
use local_aws::{Clock, EXPIRY_DELAY, Effect, FaultRule, LocalAws, Service, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::dynamodb::{item, put, table};
use crate::world::sdk;

#[tokio::test]
async fn a_transcript_has_what_the_store_did_in_its_order_and_nothing_that_faults_made_up() {
    // Arrange
    let data = TempDir::new().unwrap();
    let (file, clock) = (data.path().join("transcript"), Clock::default());
    let settings =
        Settings { port: 0, data_dir: data.path().to_owned(), clock: clock.clone(), transcript: Some(file.clone()) };
    let aws = LocalAws::start(settings).await.unwrap();
    let sdk = sdk(&aws, "processor").await;
    let (dynamodb, sqs) = (aws_sdk_dynamodb::Client::new(&sdk), aws_sdk_sqs::Client::new(&sdk));
    table(&dynamodb).await;
    let lifetime = TimeToLiveSpecification::builder().attribute_name("ttl").enabled(true).build().unwrap();
    let lifetime = dynamodb.update_time_to_live().table_name("conversations").time_to_live_specification(lifetime);
    lifetime.send().await.unwrap();

    // Act
    let mut expired = item("t", "expired");
    expired.insert("ttl".to_owned(), AttributeValue::N("1".to_owned()));
    put(&dynamodb, expired).await;
    aws.faults().inject(FaultRule::on(Service::DynamoDb, "DeleteItem", Effect::throughput_exceeded()).times(1));
    let delete = || dynamodb.delete_item().table_name("conversations").set_key(Some(item("t", "none")));
    delete().send().await.unwrap_err();
    aws.faults().inject(FaultRule::on(Service::DynamoDb, "DeleteItem", Effect::CutAfter).times(1));
    delete().send().await.unwrap_err();
    sqs.create_queue().queue_name("q").send().await.unwrap();
    clock.advance(EXPIRY_DELAY);
    aws.sweep_expired_items().await;
    aws.stop().await;

    // Assert
    let lines = std::fs::read_to_string(file).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let calls: Vec<_> = lines.iter().map(|line| (line["target"].as_str().unwrap(), line["status"].as_u64())).collect();
    let expected = [
        ("DynamoDB_20120810.DescribeTable", Some(200)), // the emulator's own, which learns a table's keys
        ("DynamoDB_20120810.PutItem", Some(200)),
        ("DynamoDB_20120810.DeleteItem", Some(200)),
        ("AmazonSQS.CreateQueue", Some(200)),
        ("expiry", None),
    ];
    assert_eq!(calls[calls.len() - expected.len()..], expected);
    assert_eq!(lines.last().unwrap()["deleted"], json!(1));
    assert_eq!(lines[lines.len() - 2]["function"], "processor");
}
