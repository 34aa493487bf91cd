//! Whatever Meta tells is stored, applied or acknowledged, and nothing is lost.

mod changes;
mod envelopes;
mod kinds;

use serde_json::{Value, json};
use stories::World;

use crate::util::{INES, LUNA, Pair, account_of, dead_letters, entry, luna, metric, notification_of};

/// A contact does something, and everything that follows has happened.
async fn act(world: &World, action: Value) -> Value {
    let told = world.act(INES, LUNA, action.clone()).await;
    assert!(told["told"].as_array().is_some_and(|apps| !apps.is_empty()), "nobody is subscribed to {action}");
    world.settle().await;
    told
}

/// The function's invocations that ran under this trace, by their log lines.
fn ran_under(world: &World, function: &str, trace_id: &str) -> bool {
    let logs = world.stack.logs();
    let mut lines = logs.iter().filter(|line| line.function.as_deref() == Some(function));
    lines.any(|line| line.fields.values().any(|value| value.as_str().is_some_and(|text| text.contains(trace_id))))
}

/// Delivers one event past the simulated Meta; everything that follows has happened.
async fn deliver(world: &World, entries: &[Value]) {
    let answer = world.deliver(&notification_of(world.channel(), entries)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    world.settle().await;
}

#[tokio::test]
async fn one_trace_leads_from_the_webhook_to_the_stored_message_to_the_answer() {
    let world = luna().await;
    let ana = world.browser("ana");
    world.dm(INES, LUNA, "Are you open tomorrow?").await;
    let conversation = ana.conversation().await;
    let question = ana.messages(&conversation).await.remove(0);
    let trace_id = question["trace_id"].as_str().expect("a message has a trace").to_owned();
    assert_eq!(ana.send(&conversation, "from nine").await.status, 202);
    world.settle().await;
    let answer = ana.messages(&conversation).await.remove(0);
    assert_eq!((&answer["direction"], &answer["trace_id"]), (&json!("outbound"), &question["trace_id"]));
    for function in ["webhook-receive", "send", "sender"] {
        assert!(ran_under(&world, function, &trace_id), "{function} has no line with {trace_id}");
    }
}

#[tokio::test]
async fn a_message_is_in_the_inbox_with_its_author_and_the_time_to_answer() {
    let world = luna().await;
    let ana = world.browser("ana");
    let mid = world.dm(INES, LUNA, "¿Abrís mañana? 🌙").await;
    let conversation = ana.conversation().await;
    assert_eq!(conversation["contact"]["name"], "Inès Moreau");
    assert_eq!(conversation["contact"]["username"], INES);
    assert_eq!(conversation["unread_count"], 1);
    assert_eq!(conversation["state"], "open");
    assert_eq!(conversation["last_message"]["preview"], "¿Abrís mañana? 🌙");
    assert!(conversation["reply_until"].is_string());
    let messages = ana.messages(&conversation).await;
    assert_eq!(messages.len(), 1);
    let message = &messages[0];
    assert_eq!(message["provider_message_id"], mid.as_str());
    assert_eq!((&message["direction"], &message["author"]), (&json!("inbound"), &json!("customer")));
    assert_eq!((&message["kind"], &message["status"]), (&json!("message"), &json!("received")));
    assert_eq!(message["text"], "¿Abrís mañana? 🌙");
    assert!(ana.status().await["connections"][0]["last_webhook_at"].is_string(), "webhooks are known to arrive");
}

#[tokio::test]
async fn a_profile_that_meta_does_not_tell_loses_no_message() {
    let faults = [
        json!({"kind": "error", "status": 400, "error": {"message": "User consent is required", "code": 230}}),
        json!({"kind": "html", "status": 503}),
        json!({"kind": "cut"}),
    ];
    for fault in faults {
        let world = luna().await;
        let ana = world.browser("ana");
        world.meta("POST", "/faults", json!({"endpoint": "profile", "count": null, "action": fault})).await;
        world.dm(INES, LUNA, "who am I?").await;
        let conversation = ana.conversation().await;
        assert_eq!(ana.texts(&conversation).await, ["who am I?"]);
        assert_eq!(conversation["contact"]["display_name"], conversation["contact"]["id"], "never empty");
        assert_eq!(ana.status().await["status"], "active", "{fault}: the connection is not to blame");
        // Asked again when the contact writes a day later.
        world.meta("DELETE", "/faults", Value::Null).await;
        world.advance_hours(25);
        world.dm(INES, LUNA, "and now?").await;
        let ana = world.browser("ana");
        assert_eq!(ana.conversation().await["contact"]["name"], "Inès Moreau", "{fault}");
    }
}

#[tokio::test]
async fn poison_is_set_aside_and_holds_nobody_up() {
    let world = World::start_with(|settings| settings.retry_delay = Some(std::time::Duration::ZERO)).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    let pair = Pair::new(&account_of(&ana).await, 41);
    let now = world.stack.clock().now_ms();
    deliver(&world, &[entry(&pair.account, now, &[pair.text(now, "aWdfa", "before")])]).await;
    // Nothing that Meta writes is poison; what another version of ours wrote may be.
    let queue = aws_sdk_sqs::Client::new(&world.stack.aws_config("story"));
    let url = world.stack.resource("InboundQueue").expect("the queue");
    let poison = queue.send_message().queue_url(url).message_body("{\"v\":1").message_deduplication_id("poison");
    poison.message_group_id(format!("{}:{}", pair.account, pair.contact)).send().await.expect("the queue takes it");
    deliver(&world, &[entry(&pair.account, now, &[pair.text(now + 1, "aWdfb", "after")])]).await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["before", "after"]);
    assert_eq!(dead_letters(&world), 1, "it waits for a person");
    assert!(!metric(&world, "events_poison").is_empty(), "and rings the alarm");
}
