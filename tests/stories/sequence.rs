//! Answers of a conversation go out in the order in which they were accepted, whatever the queue has of them.

use local_aws::{Effect, FaultRule, Service};
use serde_json::json;

use crate::util::{INES, answers_on_phone, calls, eventually, greeted, metric, newest, status_of};

#[tokio::test]
async fn an_answer_that_the_queue_did_not_get_is_not_overtaken_by_the_next() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    world.stack.aws().faults().inject(FaultRule::on(Service::Sqs, "SendMessage", away()).from_function("send"));
    for text in ["one", "two"] {
        assert_eq!(ana.send(&conversation, text).await.status, 202, "stored is accepted");
    }
    world.stack.aws().faults().clear();
    ana.send(&conversation, "three").await.json();
    world.settle().await;
    assert_eq!(answers_on_phone(&world, INES).await, ["one", "two", "three"]);
    // What the sweep then hands over is settled already.
    world.stack.clock().advance(6 * 60_000);
    world.stack.run_schedule("sender", "Sweep").await.expect("the sweep runs");
    world.settle().await;
    assert_eq!(answers_on_phone(&world, INES).await, ["one", "two", "three"]);
    assert_eq!(calls(&world, "messages").await, 3);
}

#[tokio::test]
async fn an_answer_in_doubt_that_is_left_to_people_holds_nothing_up() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    world.meta("PATCH", "/webhooks/options", json!({"echo": "never"})).await;
    world.meta("POST", "/faults", json!({"endpoint": "messages", "accept": true, "action": {"kind": "cut"}})).await;
    let no_answer = json!({"endpoint": "conversations", "count": null, "action": {"kind": "html", "status": 503}});
    world.meta("POST", "/faults", no_answer).await;
    ana.send(&conversation, "one").await.json();
    eventually("it is in doubt", async || status_of(&ana, &conversation).await == "uncertain").await;
    ana.send(&conversation, "two").await.json();
    world.stack.clock().advance(16 * 60_000);
    world.settle().await;
    assert_eq!(answers_on_phone(&world, INES).await, ["one", "two"]);
    let messages = ana.messages(&conversation).await;
    assert_eq!((&messages[0]["status"], &messages[1]["status"]), (&json!("sent"), &json!("uncertain")));
    assert_eq!(metric(&world, "sends").iter().filter(|outcome| outcome["outcome"] == "left_uncertain").count(), 1);
}

#[tokio::test]
async fn everything_that_a_queue_outage_left_goes_out_after_one_sweep_and_in_order() {
    const ANSWERS: usize = 120;
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    world.stack.aws().faults().inject(FaultRule::on(Service::Sqs, "SendMessage", away()).from_function("send"));
    let texts: Vec<String> = (0..ANSWERS).map(|number| format!("answer {number}")).collect();
    for text in &texts {
        assert_eq!(ana.send(&conversation, text).await.status, 202);
    }
    world.stack.aws().faults().inject(FaultRule::on(Service::Sqs, "SendMessageBatch", away()).from_function("sender"));
    world.stack.clock().advance(6 * 60_000);
    let sweep = async || world.stack.run_schedule("sender", "Sweep").await.expect("the sweep runs");
    sweep().await;
    assert_eq!(calls(&world, "messages").await, 0, "the queue is still away");
    world.stack.aws().faults().clear();
    sweep().await;
    world.settle().await;
    assert_eq!(answers_on_phone(&world, INES).await, texts);
    assert_eq!(calls(&world, "messages").await, u64::try_from(ANSWERS).expect("a number"));
}

#[tokio::test]
async fn what_the_sweep_hands_over_goes_on_under_its_trace() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let faults = world.stack.aws().faults();
    faults.inject(FaultRule::on(Service::Sqs, "SendMessage", away()).from_function("send"));
    ana.send(&conversation, "late").await.json();
    faults.clear();
    faults
        .inject(FaultRule::on(Service::DynamoDb, "UpdateItem", Effect::throughput_exceeded()).from_function("sender"));
    world.stack.clock().advance(6 * 60_000);
    // It hands over before it notes that it did, which fails here.
    let _ = world.stack.run_schedule("sender", "Sweep").await;
    let trace = newest(&ana, &conversation).await["trace_id"].as_str().expect("a trace").to_owned();
    let queued = world
        .stack
        .aws()
        .queues()
        .into_iter()
        .find(|queue| queue.name.contains("utbound") && !queue.is_dead_letter_queue);
    let messages = queued.expect("the queue").messages;
    // A run that fails is made again, and hands over again.
    assert!(!messages.is_empty());
    let has_trace = |header: &Option<String>| header.as_deref().is_some_and(|header| header.contains(&trace));
    assert!(messages.iter().all(|message| has_trace(&message.trace_header)), "{messages:?}");
    faults.clear();
    world.settle().await;
    assert_eq!(answers_on_phone(&world, INES).await, ["late"]);
}

/// A queue that takes nothing, and says so at once.
fn away() -> Effect {
    Effect::error("AccessDenied")
}
