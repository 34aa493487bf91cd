//! Functions die and AWS falls silent while answers are on their way: everything is sent once.

use local::{Chaos, LogLine};
use local_aws::{Effect, FaultRule, Service};
use serde_json::json;

use crate::util::{
    INES, KOFI, LUNA, answers_on_phone, calls, dead_letters, eager_deliveries, echoes, eventually, greeted,
    settle_in_fast_motion, status_of, used,
};

#[tokio::test]
async fn a_sender_that_dies_while_meta_works_sends_once() {
    for accept in [true, false] {
        let world = greeted().await;
        let ana = world.browser("ana");
        echoes(&world, "never").await;
        world
            .meta("POST", "/faults", json!({"endpoint": "messages", "accept": accept, "action": {"kind": "hang"}}))
            .await;
        let conversation = ana.conversation().await;
        ana.send(&conversation, "before the end").await.json();
        eventually("Meta is called", async || calls(&world, "messages").await == 1).await;
        assert_eq!(status_of(&ana, &conversation).await, "sending");
        world.stack.kill("sender");
        settle_in_fast_motion(&world).await;
        assert_eq!(status_of(&ana, &conversation).await, "sent", "accepted: {accept}");
        assert_eq!(answers_on_phone(&world, INES).await, ["before the end"], "accepted: {accept}");
    }
}

#[tokio::test]
async fn senders_that_die_at_any_moment_send_everything_once_and_in_order() {
    let world = greeted().await;
    let ana = world.browser("ana");
    world.dm(KOFI, LUNA, "Hi").await;
    let conversations = ana.conversations().await;
    let faults = world.stack.aws().faults();
    // Nothing is begun until all of it waits.
    faults
        .inject(FaultRule::on(Service::DynamoDb, "UpdateItem", Effect::throughput_exceeded()).from_function("sender"));
    for number in 0..5 {
        for conversation in &conversations {
            ana.send(conversation, &format!("answer {number}")).await.json();
        }
    }
    eager_deliveries(&world).await;
    world.stack.set_chaos(Some(Chaos { seed: 9, probability: 0.5 }));
    faults.clear();
    settle_in_fast_motion(&world).await;
    world.stack.set_chaos(None);
    let died = |line: &LogLine| line.function.as_deref() == Some("sender") && line.message == "Killed";
    let deaths = world.stack.logs().into_iter().filter(died).count();
    assert!(deaths > 0, "no sender died");
    let expected: Vec<String> = (0..5).map(|number| format!("answer {number}")).collect();
    for contact in [INES, KOFI] {
        assert_eq!(answers_on_phone(&world, contact).await, expected, "{contact}");
    }
    for conversation in &conversations {
        let messages = ana.messages(conversation).await;
        assert_eq!(messages.len(), 6);
        assert!(
            messages.iter().all(|message| message["direction"] == "inbound" || message["status"] == "sent"),
            "{messages:?}"
        );
    }
    assert_eq!(dead_letters(&world), 0);
}

#[tokio::test]
async fn a_send_that_dies_is_told_as_an_error_and_its_retry_sends_once() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let texts: Vec<String> = (0..10).map(|number| format!("answer {number}")).collect();
    eager_deliveries(&world).await;
    world.stack.set_chaos(Some(Chaos { seed: 3, probability: 0.5 }));
    for text in &texts {
        let body = json!({"conversationId": conversation["id"], "text": text});
        let mut accepted = false;
        for _ in 0..40 {
            accepted = ana.send_body(body.clone(), &[("idempotency-key", &text.replace(' ', "-"))]).await.status == 202;
            if accepted {
                break;
            }
        }
        assert!(accepted, "{text} was never accepted");
    }
    world.stack.set_chaos(None);
    settle_in_fast_motion(&world).await;
    // Without the sweep: whoever tries again until it is accepted has done enough.
    let mut on_phone = answers_on_phone(&world, INES).await;
    on_phone.sort();
    assert_eq!(on_phone, texts);
}

#[tokio::test]
async fn an_accepted_answer_that_never_reached_the_queue_is_swept_up_and_sent_once() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let faults = world.stack.aws().faults();
    faults.inject(
        FaultRule::on(Service::Sqs, "SendMessage", Effect::server_error("InternalError")).from_function("send"),
    );
    assert_eq!(ana.send(&conversation, "do not forget me").await.status, 202, "stored is accepted");
    faults.clear();
    let sweep = async || {
        world.stack.run_schedule("sender", "Sweep").await.expect("the sweep runs");
        world.settle().await;
    };
    sweep().await;
    assert_eq!(status_of(&ana, &conversation).await, "queued", "it may be on its way");
    world.stack.clock().advance(6 * 60_000);
    sweep().await;
    sweep().await;
    assert_eq!(status_of(&ana, &conversation).await, "sent");
    assert_eq!(answers_on_phone(&world, INES).await, ["do not forget me"]);
    world.stack.clock().advance(30 * 60_000);
    sweep().await;
    assert_eq!(answers_on_phone(&world, INES).await, ["do not forget me"]);
    assert_eq!(calls(&world, "messages").await, 1);
}

#[tokio::test]
async fn an_aws_that_refuses_and_falls_silent_sends_everything_once() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let rules = [
        FaultRule::on(
            Service::DynamoDb,
            "TransactWriteItems",
            Effect::transaction_cancelled(["None", "TransactionConflict", "None"]),
        )
        .times(2),
        FaultRule::on(Service::DynamoDb, "TransactWriteItems", Effect::CutAfter).after(4).times(2),
        FaultRule::on(Service::DynamoDb, "BatchGetItem", Effect::partial([0])).from_function("send").after(1).times(2),
        FaultRule::on(Service::Sqs, "SendMessage", Effect::CutAfter).from_function("send").after(1).times(2),
        FaultRule::on(Service::DynamoDb, "UpdateItem", Effect::CutAfter).from_function("sender").after(1).times(3),
        FaultRule::on(Service::DynamoDb, "UpdateItem", Effect::throughput_exceeded())
            .from_function("sender")
            .after(8)
            .times(6),
        FaultRule::on(Service::Kms, "Decrypt", Effect::error("ThrottlingException")).times(1),
    ];
    let rules: Vec<_> = rules.into_iter().map(|rule| world.stack.aws().faults().inject(rule)).collect();
    let texts: Vec<String> = (0..10).map(|number| format!("answer {number}")).collect();
    for text in &texts {
        let body = json!({"conversationId": conversation["id"], "text": text});
        for _ in 0..5 {
            if ana.send_body(body.clone(), &[("idempotency-key", &text.replace(' ', "-"))]).await.status == 202 {
                break;
            }
        }
    }
    settle_in_fast_motion(&world).await;
    for rule in &rules[..6] {
        assert!(world.stack.aws().faults().hits(*rule) > 0, "{rule:?} has hit nothing");
    }
    assert_eq!(answers_on_phone(&world, INES).await, texts);
    let messages = ana.messages(&conversation).await;
    assert_eq!(messages.len(), 11);
    assert!(
        messages.iter().all(|message| message["direction"] == "inbound" || message["status"] == "sent"),
        "{messages:?}"
    );
    assert_eq!(used(&world).await, 10);
}
