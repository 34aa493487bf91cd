//! Meta tells every message of the account back: each is in the inbox once, whoever wrote it.

use domain::Channel;
use local::Login;
use serde_json::{Value, json};
use stories::World;

use crate::util::{
    FORGOTTEN_BY_THE_QUEUE_MS, INES, LUNA, Pair, account_of, answers_on_phone, each_with, entry, eventually, gone_out,
    greeted, greeted_on, luna, newest, notification,
};

async fn webhook_options(world: &World, options: Value) {
    world.meta("PATCH", "/webhooks/options", options).await;
}

/// The mids on the phone and in the inbox, oldest first.
async fn mids(world: &World) -> (Vec<Value>, Vec<Value>) {
    let ana = world.browser("ana");
    let phone = world.phone(INES, LUNA).await.into_iter().map(|message| message["mid"].clone());
    let mut inbox = ana.messages(&ana.conversation().await).await;
    inbox.reverse();
    (phone.collect(), inbox.into_iter().map(|message| message["provider_message_id"].clone()).collect())
}

#[tokio::test]
async fn an_echo_is_no_second_message_whenever_it_comes() {
    for (channel, echo) in each_with(["before", "after", "delayed", "never"]) {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        webhook_options(&world, json!({"echo": echo, "echo_delay_ms": 300})).await;
        let conversation = ana.conversation().await;
        for text in ["one", "two"] {
            ana.send(&conversation, text).await.json();
        }
        world.settle().await;
        let messages = ana.messages(&conversation).await;
        let told: Vec<_> =
            messages.iter().map(|message| (&message["text"], &message["author"], &message["status"])).collect();
        let (sent, agent) = (json!(gone_out(channel)), json!("agent"));
        assert_eq!(told[..2], [(&json!("two"), &agent, &sent), (&json!("one"), &agent, &sent)], "{channel} {echo}");
        assert_eq!(messages.len(), 3, "{channel} {echo}");
        let (phone, inbox) = mids(&world).await;
        assert_eq!(phone, inbox, "{channel} {echo}");
        assert_eq!(ana.conversation().await["unread_count"], 1, "{channel} {echo}: nobody has to read their own words");
    }
}

#[tokio::test]
async fn identical_texts_are_as_many_messages_as_were_sent() {
    for (channel, echo) in each_with(["before", "after", "delayed"]) {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        webhook_options(&world, json!({"echo": echo, "shuffle": true, "batch_window_ms": 100, "batch_max": 5})).await;
        let conversation = ana.conversation().await;
        for _ in 0..4 {
            ana.send(&conversation, "ok").await.json();
        }
        world.settle().await;
        assert_eq!(answers_on_phone(&world, INES).await, ["ok"; 4], "{channel} {echo}");
        assert_eq!(ana.texts(&conversation).await, ["Hola", "ok", "ok", "ok", "ok"], "{channel} {echo}");
        let (phone, inbox) = mids(&world).await;
        assert_eq!(phone, inbox, "{channel} {echo}");
    }
}

#[tokio::test]
async fn an_answer_from_the_phone_app_is_shown_as_the_apps() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        world.act(INES, LUNA, json!({"kind": "app_reply", "text": "from my phone"})).await;
        world.settle().await;
        let conversation = ana.conversation().await;
        let answer = newest(&ana, &conversation).await;
        assert_eq!((&answer["direction"], &answer["author"]), (&json!("outbound"), &json!("app")));
        assert_eq!((&answer["status"], &answer["text"]), (&json!("sent"), &json!("from my phone")));
        assert_eq!(conversation["last_message"]["preview"], "from my phone");
        assert_eq!(conversation["unread_count"], 1);
        world.act(INES, LUNA, json!({"kind": "seen", "mid": answer["provider_message_id"]})).await;
        world.settle().await;
        assert_eq!(newest(&ana, &conversation).await["status"], "read");
    }
}

#[tokio::test]
async fn the_same_words_from_the_phone_while_an_answer_is_on_its_way_are_two_messages() {
    for (channel, echo) in each_with(["before", "after"]) {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        webhook_options(&world, json!({"echo": echo})).await;
        let conversation = ana.conversation().await;
        world.fault("messages", json!({"kind": "slow", "ms": 1500})).await;
        ana.send(&conversation, "yes").await.json();
        eventually("the answer is on its way", async || newest(&ana, &conversation).await["status"] == "sending").await;
        world.act(INES, LUNA, json!({"kind": "app_reply", "text": "yes"})).await;
        world.settle().await;
        assert_eq!(answers_on_phone(&world, INES).await, ["yes", "yes"], "{channel} {echo}");
        let messages = ana.messages(&conversation).await;
        let mut authors: Vec<&str> = messages.iter().filter_map(|message| message["author"].as_str()).collect();
        authors.sort_unstable();
        assert_eq!(authors, ["agent", "app", "customer"], "{channel} {echo}: {messages:?}");
        let ((mut phone, mut inbox), key) = (mids(&world).await, |mid: &Value| mid.to_string());
        phone.sort_by_key(key);
        inbox.sort_by_key(key);
        assert_eq!(phone, inbox, "{channel} {echo}");
    }
}

#[tokio::test]
async fn the_same_words_written_later_are_another_message() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        let conversation = ana.conversation().await;
        ana.send(&conversation, "thanks").await.json();
        world.settle().await;
        world.act(INES, LUNA, json!({"kind": "app_reply", "text": "thanks"})).await;
        world.settle().await;
        let authors: Vec<Value> =
            ana.messages(&conversation).await.iter().map(|message| message["author"].clone()).collect();
        assert_eq!(authors, ["app", "agent", "customer"]);
    }
}

#[tokio::test]
async fn echoes_that_come_twice_and_days_later_change_nothing() {
    let world = greeted().await;
    let ana = world.browser("ana");
    webhook_options(&world, json!({"duplicates": 2, "shuffle": true})).await;
    let conversation = ana.conversation().await;
    ana.send(&conversation, "one").await.json();
    world.settle().await;
    world.act(INES, LUNA, json!({"kind": "app_reply", "text": "two"})).await;
    world.settle().await;
    let before = ana.messages(&conversation).await;
    assert_eq!(before.len(), 3);
    let app = world.stack.app(Login::Instagram).expect("an app").app_id.clone();
    let deliveries = world.meta("GET", "/webhooks/deliveries", Value::Null).await;
    for advance in [FORGOTTEN_BY_THE_QUEUE_MS, 30 * 60 * 60 * 1000] {
        world.stack.clock().advance(advance);
        for delivery in deliveries.as_array().expect("a log") {
            world.meta("POST", "/webhooks/raw", json!({"app_id": app, "body": delivery["body"]})).await;
        }
        world.settle().await;
        assert_eq!(world.browser("ana").messages(&conversation).await, before);
    }
}

#[tokio::test]
async fn an_echo_may_begin_a_conversation() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 88);
    let now = world.stack.clock().now_ms();
    let picture = json!({"mid": "aWdfpic", "is_echo": true, "attachments": [{"type": "image", "payload": {"url": "https://example.com/a.png"}}]});
    let events = [pair.echo(now, "aWdfhi", "hi there"), pair.account_did(now + 1, "message", &picture)];
    assert_eq!(world.deliver(&notification(&[entry(&pair.account, now, &events)])).await.status, 200);
    world.settle().await;
    let conversation = ana.conversation().await;
    assert_eq!(conversation["unread_count"], 0);
    assert_eq!(conversation["last_message"]["preview"], "[image]");
    let messages = ana.messages(&conversation).await;
    assert!(messages.iter().all(|message| message["author"] == "app"), "{messages:?}");
    assert_eq!(messages.len(), 2);
}
