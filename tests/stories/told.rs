//! What is stored is told: at least once, by one id, in order, whatever dies on the way; and nothing else is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::Channel;
use local::Chaos;
use local_aws::{Effect, FaultRule, Filter, Service};
use serde_json::{Value, json};
use store::StreamRecord;
use stories::World;

use crate::util::{INES, KOFI, LUNA, connected};

/// A world whose events go to a bus, with Luna Café connected.
async fn with_bus(channel: Channel) -> World {
    let with_bus = |settings: &mut local::StackSettings| {
        settings.parameters.insert("EventBusName".to_owned(), "shop".to_owned());
    };
    connected(World::start_with(with_bus).await.on(channel)).await
}

/// What was told, in the order in which it was told for the first time: each event once, and the same each time.
fn told(world: &World) -> Vec<(String, Value)> {
    let mut details: BTreeMap<String, Value> = BTreeMap::new();
    let mut order = Vec::new();
    for event in world.stack.aws().event_buses().events() {
        assert_eq!((event.event_bus_name.as_str(), event.source.as_str()), ("shop", "buzon"));
        let detail: Value = serde_json::from_str(&event.detail).expect("JSON");
        assert_eq!(detail["type"], event.detail_type.as_str());
        let id = detail["id"].as_str().expect("an id").to_owned();
        match details.get(&id) {
            Some(before) => assert_eq!(*before, detail, "an event is the same each time"),
            None => order.push((event.detail_type.clone(), detail.clone())),
        }
        details.insert(id, detail);
    }
    order
}

fn types(told: &[(String, Value)]) -> BTreeMap<&str, usize> {
    let mut types = BTreeMap::new();
    for (kind, _) in told {
        *types.entry(kind.as_str()).or_default() += 1;
    }
    types
}

/// Who writes says what the write was: by that the streams are filtered.
fn every_writer_says_what_it_did(world: &World) {
    let records = world.stack.aws().streams().after(0, u32::MAX).expect("the streams can be read");
    let mut seen = 0;
    for record in records {
        let parsed: StreamRecord = serde_json::from_value(record.event.clone()).expect("a record");
        let news = parsed.news().expect("what is stored can be read");
        let said = parsed.last_change();
        if let Some(news) = &news {
            assert!(said.is_some_and(|said| said != "kept"), "{:?} was written as {said:?}", news.changes);
            seen += 1;
        }
    }
    assert!(seen > 0, "something was told");
}

#[tokio::test]
async fn what_happens_is_told_by_the_words_of_the_api() {
    for channel in Channel::ALL {
        let world = with_bus(channel).await;
        let ana = world.browser("ana").on(channel);
        let mid = world.dm(INES, LUNA, "¿Abren hoy?").await;
        let conversation = ana.conversation().await;
        ana.send(&conversation, "A las nueve.").await.json();
        world.settle().await;
        world.act(INES, LUNA, json!({"kind": "reaction", "mid": mid, "emoji": "❤"})).await;
        world.settle().await;
        // Messenger does not tell that a message was taken back.
        let taken_back = usize::from(channel == Channel::Instagram);
        if taken_back > 0 {
            world.act(INES, LUNA, json!({"kind": "unsend", "mid": mid})).await;
            world.settle().await;
        }
        let path =
            format!("/api/tenants/{}/conversations/{}", ana.tenant(), conversation["id"].as_str().expect("an id"));
        ana.call(reqwest::Method::PATCH, &path, Some(json!({"state": "closed"})), &[]).await.json();
        world.dm(INES, LUNA, "¿Y mañana?").await;
        ana.call(reqwest::Method::DELETE, &path, None, &[]).await;
        world.settle().await;
        ana.disconnect(json!({})).await.json();
        world.settle().await;

        let told = told(&world);
        let types = types(&told);
        for (kind, times) in [
            ("connection.connected", 1),
            ("connection.disconnected", 1),
            ("conversation.opened", 2),
            ("conversation.closed", 1),
            ("message.received", 2),
            ("message.sent", 1),
            ("message.deleted", taken_back),
            ("contact.erased", 1),
        ] {
            assert_eq!(types.get(kind).copied().unwrap_or_default(), times, "{channel} {kind}: {types:?}");
        }
        let text = json!(told).to_string();
        assert!(!text.contains("Abren") && !text.contains("nueve"), "nothing that anybody wrote is on the bus: {text}");
        let received = &told.iter().find(|(kind, _)| kind == "message.received").expect("was told").1["data"];
        assert_eq!(received["tenant_id"], ana.tenant());
        assert_eq!(received["channel"], channel.as_str());
        assert_eq!(received["conversation_id"], conversation["id"]);
        assert_eq!(received["message"]["direction"], "inbound");
        every_writer_says_what_it_did(&world);
    }
}

/// Texts that two contacts write, each to be told.
const EACH: usize = 25;

/// Everything that was received is told, and that of one contact in order.
async fn all_is_told_in_order(world: &World) {
    let ana = world.browser("ana");
    let told = told(world);
    let received = |conversation: &Value| -> Vec<Value> {
        let of_it = |(kind, event): &(String, Value)| {
            let is_it = kind == "message.received" && event["data"]["conversation_id"] == conversation["id"];
            is_it.then(|| event["data"]["message"]["id"].clone())
        };
        told.iter().filter_map(of_it).collect()
    };
    for conversation in ana.conversations().await {
        let mut stored: Vec<Value> =
            ana.messages(&conversation).await.into_iter().map(|message| message["id"].clone()).collect();
        stored.sort_by_key(ToString::to_string);
        assert_eq!(received(&conversation), stored, "each message is told once, and in order");
    }
    every_writer_says_what_it_did(world);
}

async fn write(world: &World, contact: &str) {
    for number in 0..EACH {
        world.act(contact, LUNA, json!({"kind": "text", "text": format!("Nota {number}")})).await;
        world.stack.clock().advance(1000);
    }
}

#[tokio::test]
async fn a_publisher_that_dies_at_any_moment_tells_everything_in_order() {
    for seed in [1, 2] {
        let world = with_bus(Channel::Instagram).await;
        world.stack.set_chaos_of("publisher", Chaos { seed, probability: 0.4 });
        futures::join!(write(&world, INES), write(&world, KOFI));
        world.settle().await;
        all_is_told_in_order(&world).await;
    }
}

#[tokio::test]
async fn what_the_bus_does_not_take_is_told_later_and_in_order() {
    let world = with_bus(Channel::Instagram).await;
    let away = Effect::server_error("InternalException");
    world.stack.aws().faults().inject(FaultRule::on(Service::EventBridge, "PutEvents", away).times(40));
    futures::join!(write(&world, INES), write(&world, KOFI));
    world.settle().await;
    all_is_told_in_order(&world).await;
}

#[tokio::test]
async fn a_record_that_nobody_can_read_is_set_aside_with_its_body_and_holds_nobody_up() {
    let world = with_bus(Channel::Instagram).await;
    world.dm(INES, LUNA, "antes").await;
    let client = Client::new(&world.stack.aws_config("story"));
    let items = world.tables().items("MessagesTable").await;
    let is_message =
        |item: &HashMap<String, AttributeValue>| item["sk"].as_s().is_ok_and(|sk| sk.starts_with("MESSAGE#"));
    let mut broken = items.into_iter().find(is_message).expect("a message");
    broken.insert("sk".to_owned(), AttributeValue::S("MESSAGE#1795164300447-0000000000000000".to_owned()));
    broken.insert("status".to_owned(), AttributeValue::N("7".to_owned()));
    let table = world.stack.resource("MessagesTable").expect("the table");
    client.put_item().table_name(table).set_item(Some(broken)).send().await.expect("written");
    world.dm(INES, LUNA, "después").await;
    world.settle().await;
    assert_eq!(types(&told(&world)).get("message.received"), Some(&2));
    let aside = world.stack.aws().queues().into_iter().find(|queue| queue.name.contains("OutboxDeadLetter"));
    let aside = aside.expect("the queue is there");
    assert_eq!(aside.messages.len(), 1);
    assert!(aside.messages[0].body.contains("antes"), "it is kept with its body");
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_told() {
    let world = connected(World::start().await).await;
    world.dm(INES, LUNA, "Hola").await;
    let calls = world.stack.aws().calls();
    assert_eq!(calls.count(&Filter::all().service(Service::ApiGateway)), 0);
    assert_eq!(calls.count(&Filter::all().service(Service::EventBridge)), 0);
    let calls_of = calls.snapshot().into_iter().filter(|call| call.function == "publisher");
    let operations: BTreeSet<String> = calls_of.map(|call| call.operation).collect();
    assert_eq!(operations, BTreeSet::from(["Query".to_owned()]));
}
