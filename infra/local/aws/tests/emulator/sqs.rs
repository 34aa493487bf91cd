//! SQS: order, locks, duplicates, dead letters, time.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry, SendMessageBatchResultEntry,
};

use crate::world::World;

async fn queue(sqs: &Client, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
    let request = attributes
        .iter()
        .fold(sqs.create_queue().queue_name(name), |request, (name, value)| request.attributes(name.clone(), *value));
    request.send().await.unwrap().queue_url.unwrap()
}

async fn fifo(sqs: &Client, name: &str) -> String {
    queue(sqs, name, &[(QueueAttributeName::FifoQueue, "true")]).await
}

fn message(sqs: &Client, queue: &str, group: &str, body: &str) -> SendMessageFluentBuilder {
    let id = format!("{group}-{body}");
    sqs.send_message().queue_url(queue).message_body(body).message_group_id(group).message_deduplication_id(id)
}

async fn receive(sqs: &Client, queue: &str, max: i32) -> Vec<Message> {
    let request = sqs.receive_message().queue_url(queue).max_number_of_messages(max);
    let request =
        request.message_system_attribute_names(MessageSystemAttributeName::All).message_attribute_names("All");
    request.send().await.unwrap().messages.unwrap_or_default()
}

async fn delete(sqs: &Client, queue: &str, message: &Message) {
    let handle = message.receipt_handle().unwrap();
    sqs.delete_message().queue_url(queue).receipt_handle(handle).send().await.unwrap();
}

async fn release(sqs: &Client, queue: &str, message: &Message) {
    let request = sqs.change_message_visibility().queue_url(queue).receipt_handle(message.receipt_handle().unwrap());
    request.visibility_timeout(0).send().await.unwrap();
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body().unwrap()).collect()
}

fn attribute<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message
        .attributes()
        .and_then(|attributes| attributes.get(&MessageSystemAttributeName::from(name)))
        .map(String::as_str)
}

/// A FIFO queue whose messages are dead after two receives, and its dead-letter queue.
async fn with_dead_letters(sqs: &Client) -> (String, String) {
    let dead = fifo(sqs, "dead.fifo").await;
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead.fifo","maxReceiveCount":2}"#;
    let attributes = [(QueueAttributeName::FifoQueue, "true"), (QueueAttributeName::RedrivePolicy, policy)];
    (queue(sqs, "inbound.fifo", &attributes).await, dead)
}

/// Receives the one message twice without deleting it, and looks for it a third time.
async fn poison(sqs: &Client, queue: &str) {
    for _ in 0..2 {
        let received = receive(sqs, queue, 1).await;
        release(sqs, queue, &received[0]).await;
    }
    assert!(receive(sqs, queue, 1).await.is_empty());
}

#[tokio::test]
async fn a_message_is_hidden_for_twelve_hours_at_most_counted_from_its_receipt() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = fifo(&sqs, "inbound.fifo").await;
    message(&sqs, &queue, "g", "one").send().await.unwrap();
    let received = receive(&sqs, &queue, 1).await;
    let hide = async |seconds: i32| {
        let request = sqs.change_message_visibility().queue_url(&queue).visibility_timeout(seconds);
        request.receipt_handle(received[0].receipt_handle().unwrap()).send().await
    };
    tokio::time::sleep(Duration::from_millis(20)).await; // the rule counts real time: some of it has to pass
    let refused = hide(43_200).await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterValue"));
    assert!(refused.message().unwrap().contains("beyond the limit [43200 seconds]"), "{refused:?}");
    for seconds in [43_000, 43_000, 0] {
        hide(seconds).await.unwrap();
    }
    assert_eq!(bodies(&receive(&sqs, &queue, 1).await), ["one"]);
}

#[tokio::test]
async fn a_group_is_locked_until_its_last_message_in_flight_is_settled() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = fifo(&sqs, "inbound.fifo").await;
    for (group, body) in [("a", "1"), ("a", "2"), ("a", "3"), ("b", "4")] {
        message(&sqs, &queue, group, body).send().await.unwrap();
    }

    let first = receive(&sqs, &queue, 2).await;
    let others = receive(&sqs, &queue, 10).await;
    delete(&sqs, &queue, &first[0]).await;
    let while_second_in_flight = receive(&sqs, &queue, 10).await;
    release(&sqs, &queue, &first[1]).await;
    let after_release = receive(&sqs, &queue, 10).await;

    assert_eq!(bodies(&first), ["1", "2"]);
    assert_eq!(bodies(&others), ["4"]);
    assert!(while_second_in_flight.is_empty());
    assert_eq!(bodies(&after_release), ["2", "3"]);
}

#[tokio::test]
async fn a_duplicate_is_swallowed_for_five_minutes_also_after_its_message_was_deleted() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = fifo(&sqs, "inbound.fifo").await;
    let sent = message(&sqs, &queue, "a", "1").send().await.unwrap();
    let received = receive(&sqs, &queue, 10).await;
    delete(&sqs, &queue, &received[0]).await;

    let again = message(&sqs, &queue, "a", "1").send().await.unwrap();
    let swallowed = receive(&sqs, &queue, 10).await;
    world.clock.advance(Duration::from_mins(5));
    message(&sqs, &queue, "a", "1").send().await.unwrap();
    let after_five_minutes = receive(&sqs, &queue, 10).await;

    assert_eq!(again.message_id(), sent.message_id());
    assert_eq!(again.sequence_number(), sent.sequence_number());
    assert!(swallowed.is_empty());
    assert_eq!(bodies(&after_five_minutes), ["1"]);
}

#[tokio::test]
async fn the_scope_decides_whether_two_groups_may_use_the_same_deduplication_id() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let by_group = [
        (QueueAttributeName::FifoQueue, "true"),
        (QueueAttributeName::DeduplicationScope, "messageGroup"),
        (QueueAttributeName::FifoThroughputLimit, "perMessageGroupId"),
    ];
    let by_group = queue(&sqs, "by-group.fifo", &by_group).await;
    let by_queue = fifo(&sqs, "by-queue.fifo").await;

    for queue in [&by_group, &by_queue] {
        for group in ["a", "b"] {
            message(&sqs, queue, group, group).message_deduplication_id("same").send().await.unwrap();
        }
    }

    assert_eq!(bodies(&receive(&sqs, &by_group, 10).await), ["a", "b"]);
    assert_eq!(bodies(&receive(&sqs, &by_queue, 10).await), ["a"]);
}

#[tokio::test]
async fn a_dead_letter_keeps_its_id_and_attributes_and_says_where_it_comes_from() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let (queue, dead) = with_dead_letters(&sqs).await;
    let value = MessageAttributeValue::builder().data_type("String").string_value("v").build().unwrap();
    let sent = message(&sqs, &queue, "a", "poison").message_attributes("k", value.clone()).send().await.unwrap();

    poison(&sqs, &queue).await;
    let letter = receive(&sqs, &dead, 1).await.remove(0);

    assert_eq!(letter.message_id(), sent.message_id());
    assert_eq!(letter.message_attributes().unwrap().get("k"), Some(&value));
    assert_eq!(attribute(&letter, "DeadLetterQueueSourceArn"), Some("arn:aws:sqs:us-east-1:000000000000:inbound.fifo"));
}

#[tokio::test]
async fn a_dead_letter_does_not_hold_up_its_group() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let (queue, _) = with_dead_letters(&sqs).await;
    message(&sqs, &queue, "a", "poison").send().await.unwrap();
    poison(&sqs, &queue).await;

    message(&sqs, &queue, "a", "next").send().await.unwrap();

    assert_eq!(bodies(&receive(&sqs, &queue, 10).await), ["next"]);
}

#[tokio::test]
async fn redriven_dead_letters_come_back_as_new_messages_in_their_order() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let (queue, dead) = with_dead_letters(&sqs).await;
    let mut sent = Vec::new();
    for body in ["1", "2"] {
        sent.push(message(&sqs, &queue, "a", body).send().await.unwrap().message_id.unwrap());
    }
    for _ in 0..2 {
        for received in receive(&sqs, &queue, 10).await {
            release(&sqs, &queue, &received).await;
        }
    }
    assert!(receive(&sqs, &queue, 10).await.is_empty());

    let arn = "arn:aws:sqs:us-east-1:000000000000:dead.fifo";
    sqs.start_message_move_task().source_arn(arn).send().await.unwrap();
    let tasks = sqs.list_message_move_tasks().source_arn(arn).send().await.unwrap().results.unwrap();
    let back = receive(&sqs, &queue, 10).await;

    assert_eq!(tasks[0].status(), Some("COMPLETED"));
    assert_eq!(bodies(&back), ["1", "2"]);
    assert!(!sent.contains(&back[0].message_id().unwrap().to_owned()));
    assert_eq!(attribute(&back[0], "ApproximateReceiveCount"), Some("1"));
    assert!(receive(&sqs, &dead, 10).await.is_empty());
}

#[tokio::test]
async fn deleting_with_the_handle_of_a_delivery_that_is_over_fails_on_a_fifo_queue() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = fifo(&sqs, "inbound.fifo").await;
    message(&sqs, &queue, "a", "1").send().await.unwrap();
    let received = receive(&sqs, &queue, 1).await.remove(0);
    release(&sqs, &queue, &received).await;

    let handle = received.receipt_handle().unwrap();
    let outcome = sqs.delete_message().queue_url(&queue).receipt_handle(handle).send().await;

    let error = outcome.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    assert_eq!(bodies(&receive(&sqs, &queue, 1).await), ["1"]);
}

#[tokio::test]
async fn an_old_handle_leaves_a_message_that_was_delivered_again() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = queue(&sqs, "standard", &[]).await;
    sqs.send_message().queue_url(&queue).message_body("1").send().await.unwrap();
    let first = receive(&sqs, &queue, 1).await.remove(0);
    release(&sqs, &queue, &first).await;
    let second = receive(&sqs, &queue, 1).await.remove(0);

    delete(&sqs, &queue, &first).await;
    release(&sqs, &queue, &second).await;

    assert_eq!(bodies(&receive(&sqs, &queue, 1).await), ["1"]);
}

#[tokio::test]
async fn a_long_poll_returns_when_a_message_arrives() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = fifo(&sqs, "inbound.fifo").await;

    let poll = sqs.receive_message().queue_url(&queue).wait_time_seconds(20).send();
    let (received, _) = tokio::join!(poll, message(&sqs, &queue, "a", "1").send());

    assert_eq!(bodies(received.unwrap().messages()), ["1"]);
}

#[tokio::test]
async fn a_long_poll_returns_when_a_locked_group_is_released() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = fifo(&sqs, "inbound.fifo").await;
    message(&sqs, &queue, "a", "1").send().await.unwrap();
    let held = receive(&sqs, &queue, 1).await.remove(0);

    let poll = sqs.receive_message().queue_url(&queue).wait_time_seconds(20).send();
    let (received, ()) = tokio::join!(poll, release(&sqs, &queue, &held));

    assert_eq!(bodies(received.unwrap().messages()), ["1"]);
}

#[tokio::test]
async fn stopping_ends_a_long_poll() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = fifo(&sqs, "inbound.fifo").await;
    let poll = tokio::spawn(sqs.receive_message().queue_url(&queue).wait_time_seconds(20).send());
    // Another call on the same client goes through only after the poll has been sent.
    receive(&sqs, &queue, 1).await;

    world.aws.stop().await;

    let ended = tokio::time::timeout(Duration::from_secs(10), poll).await.expect("the poll outlived the server");
    // A poll that the server had not yet accepted is refused; one that it had is answered.
    if let Ok(answer) = ended.unwrap() {
        assert!(answer.messages().is_empty());
    }
}

#[tokio::test]
async fn a_message_is_gone_after_its_retention() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = queue(&sqs, "standard", &[(QueueAttributeName::MessageRetentionPeriod, "3600")]).await;
    sqs.send_message().queue_url(&queue).message_body("1").send().await.unwrap();

    world.clock.advance(Duration::from_hours(1));

    assert!(receive(&sqs, &queue, 1).await.is_empty());
    assert!(world.aws.queues()[0].messages.is_empty());
}

#[tokio::test]
async fn a_batch_over_one_mebibyte_is_refused_as_a_whole() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = queue(&sqs, "standard", &[]).await;
    let entry =
        |id: &str| SendMessageBatchRequestEntry::builder().id(id).message_body("x".repeat(600_000)).build().unwrap();

    let outcome = sqs.send_message_batch().queue_url(&queue).entries(entry("a")).entries(entry("b")).send().await;

    let error = outcome.unwrap_err().into_service_error();
    assert!(error.is_batch_request_too_long(), "{error:?}");
    assert!(world.aws.queues()[0].messages.is_empty());
}

#[tokio::test]
async fn groups_and_deduplication_ids_are_at_most_128_characters_of_ascii() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = fifo(&sqs, "inbound.fifo").await;
    let send = async |group: &str, deduplication: &str| {
        let message = sqs.send_message().queue_url(&queue).message_body("1").message_group_id(group);
        message.message_deduplication_id(deduplication).send().await.map_err(SdkError::into_service_error)
    };
    let longest = "a".repeat(128);
    send(&longest, "!~:-_#").await.expect("is taken");
    send("17841:-", &longest).await.expect("is taken");
    let too_long = "a".repeat(129);
    for bad in [too_long.as_str(), "ñ", "with space", "tab\t", ""] {
        for (group, deduplication) in [(bad, "1"), ("1", bad)] {
            let error = send(group, deduplication).await.expect_err("is refused");
            assert_eq!(error.code(), Some("InvalidParameterValue"), "{bad:?}");
        }
    }
}

#[tokio::test]
async fn characters_outside_of_xml_are_refused_alone_in_a_batch() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = queue(&sqs, "standard", &[]).await;
    let entry =
        |id: &str, body: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap();
    let bodies = ["a\u{ffff}", "\u{fffe}", "\u{1}", "\u{0}", "good \u{fffd}\t😀"];
    let entries = bodies.iter().enumerate().map(|(number, body)| entry(&number.to_string(), body));

    let answer = sqs.send_message_batch().queue_url(&queue).set_entries(Some(entries.collect())).send().await.unwrap();

    assert_eq!(answer.successful().iter().map(SendMessageBatchResultEntry::id).collect::<Vec<_>>(), ["4"]);
    assert!(answer.failed().iter().all(|failed| failed.code() == "InvalidMessageContents"), "{:?}", answer.failed());
}

#[tokio::test]
async fn one_bad_entry_does_not_fail_its_batch() {
    let world = World::start().await;
    let sqs = world.sqs().await;
    let queue = queue(&sqs, "standard", &[]).await;
    sqs.send_message().queue_url(&queue).message_body("1").send().await.unwrap();
    let received = receive(&sqs, &queue, 1).await.remove(0);
    let entry = |id: &str, handle: &str| {
        DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle).build().unwrap()
    };

    let batch = sqs.delete_message_batch().queue_url(&queue).entries(entry("bad", "garbage"));
    let answer = batch.entries(entry("good", received.receipt_handle().unwrap())).send().await.unwrap();

    assert_eq!(answer.successful()[0].id(), "good");
    assert_eq!(answer.failed()[0].id(), "bad");
    assert_eq!(answer.failed()[0].code(), "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn the_sdk_knows_the_error_of_a_missing_queue() {
    let world = World::start().await;
    let sqs = world.sqs().await;

    let error = sqs.get_queue_url().queue_name("nowhere").send().await.unwrap_err().into_service_error();

    assert!(error.is_queue_does_not_exist(), "{error:?}");
}
