//! What the warm functions cost: calls to AWS and capacity units, counted.
//!
//! Each story prints what it counted: `cargo test -p stories -- budgets --nocapture`.

use std::collections::BTreeMap;

use local_aws::{Filter, Service, TotalKey, Weather};
use serde_json::{Value, json};
use stories::World;

use crate::util::{INES, KOFI, LUNA, Pair, account_of, entry, luna, notification};

/// What each function called: operation and how often.
type Counted = BTreeMap<String, BTreeMap<String, usize>>;

/// Calls, read and write units of everything since the log was cleared; printed as a table.
fn counted(world: &World, what: &str) -> Counted {
    println!("\n{what}\n{:16} {:22} {:>6} {:>8} {:>8}", "function", "operation", "calls", "read", "write");
    let mut counted = Counted::new();
    for (TotalKey { function, operation, .. }, total) in world.stack.aws().calls().totals() {
        if matches!(function.as_str(), "event-source" | "story" | "local-stack" | "") {
            continue;
        }
        let (read, write) = (total.units.read(), total.units.write());
        println!("{function:16} {operation:22} {:>6} {read:>8} {write:>8}", total.calls);
        counted.entry(function).or_default().insert(operation, total.calls);
    }
    counted
}

fn calls<'a>(pairs: impl IntoIterator<Item = (&'a str, usize)>) -> BTreeMap<String, usize> {
    pairs.into_iter().map(|(operation, times)| (operation.to_owned(), times)).collect()
}

/// Read and write units of one function, indexes included.
fn units(world: &World, function: &str) -> (f64, f64) {
    let units = world.stack.aws().calls().total(&Filter::all().function(function)).units;
    (units.read(), units.write())
}

/// A world in which everything is warm: secrets, data keys and routes are in memory, Inès is known and was answered.
async fn warm() -> World {
    let world = luna().await;
    // What the database refuses by itself would be counted as well.
    world.stack.aws().set_weather(Weather::fine());
    let ana = world.browser("ana");
    for contact in [INES, KOFI] {
        world.dm(contact, LUNA, "Hola").await;
    }
    for conversation in ana.conversations().await {
        ana.send(&conversation, "hello").await.json();
        world.settle().await;
    }
    world.stack.aws().calls().clear();
    world
}

/// Where nobody listens, that is all there is to find out: a query for each batch.
fn told_nobody(counted: &BTreeMap<String, BTreeMap<String, usize>>) {
    let publisher = &counted["publisher"];
    assert_eq!(publisher.keys().collect::<Vec<_>>(), ["Query"], "{publisher:?}");
    assert!(publisher["Query"] <= 3, "{publisher:?}");
}

#[tokio::test]
async fn a_message_of_a_known_contact_costs_three_calls_and_four_write_units() {
    let world = warm().await;
    world.dm(INES, LUNA, "¿Tenéis terraza?").await;
    let counted = counted(&world, "A message of a known contact");
    assert_eq!(counted["webhook-receive"], calls([("SendMessageBatch", 1)]));
    assert_eq!(counted["processor"], calls([("BatchGetItem", 1), ("PutItem", 1), ("UpdateItem", 1)]));
    // Route and conversation; conversation, its place in the list taken and given, message.
    assert_eq!(units(&world, "processor"), (2.0, 4.0));
    told_nobody(&counted);
    assert_eq!(counted.len(), 3, "nobody else calls anything: {counted:?}");
}

#[tokio::test]
async fn ten_messages_of_a_contact_share_their_reads() {
    let world = warm().await;
    let pair = Pair::new(&account_of(&world.browser("ana")).await, 71);
    let at = world.stack.clock().now_ms();
    let texts = async |from: i64, count: i64| {
        let events: Vec<Value> =
            (from..from + count).map(|number| pair.text(at + number, &format!("aWdf{number}"), "hello")).collect();
        assert_eq!(world.deliver(&notification(&[entry(&pair.account, at, &events)])).await.status, 200);
        world.settle().await;
    };
    texts(0, 1).await;
    world.stack.aws().calls().clear();
    texts(1, 10).await;
    let counted = counted(&world, "Ten messages of a known contact in one delivery");
    assert_eq!(counted["webhook-receive"], calls([("SendMessageBatch", 1)]));
    assert_eq!(counted["processor"], calls([("BatchGetItem", 1), ("PutItem", 10), ("UpdateItem", 10)]));
    assert_eq!(units(&world, "processor"), (2.0, 40.0));
}

#[tokio::test]
async fn a_delivery_of_many_events_costs_one_call_for_each_ten() {
    let world = warm().await;
    let account = account_of(&world.browser("ana")).await;
    let at = world.stack.clock().now_ms();
    let dm = |contact: u32| Pair::new(&account, 100 + contact).text(at, &format!("aWdf{contact}"), "hello");
    let events: Vec<Value> = (0..25).map(dm).collect();
    assert_eq!(world.deliver(&notification(&[entry(&account, at, &events)])).await.status, 200);
    let counted = counted(&world, "25 events in one delivery");
    assert_eq!(counted["webhook-receive"], calls([("SendMessageBatch", 3)]));
}

#[tokio::test]
async fn a_redelivered_message_costs_next_to_nothing() {
    let world = warm().await;
    let pair = Pair::new(&account_of(&world.browser("ana")).await, 72);
    let at = world.stack.clock().now_ms();
    let body = notification(&[entry(&pair.account, at, &[pair.text(at, "aWdfagain", "hello")])]);
    world.deliver(&body).await;
    world.settle().await;
    world.stack.aws().calls().clear();
    world.deliver(&body).await;
    world.settle().await;
    let first = counted(&world, "The same delivery within five minutes");
    assert_eq!(first.get("processor"), None, "the queue knows it");
    world.stack.clock().advance(6 * 60_000);
    world.stack.aws().calls().clear();
    world.deliver(&body).await;
    world.settle().await;
    let second = counted(&world, "The same delivery later");
    assert!(second["processor"].values().sum::<usize>() <= 6, "{second:?}");
}

#[tokio::test]
async fn an_answer_costs_two_reads_a_transaction_and_two_writes() {
    let world = warm().await;
    let ana = world.browser("ana");
    let conversation = ana.conversations().await[0].clone();
    // The echo is another story.
    world.meta("PATCH", "/webhooks/options", json!({"echo": "never"})).await;
    world.meta("DELETE", "/calls", Value::Null).await;
    world.stack.aws().calls().clear();
    ana.send(&conversation, "Sí, con vistas").await.json();
    world.settle().await;
    let counted = counted(&world, "An answer");
    assert_eq!(counted["send"], calls([("BatchGetItem", 2), ("SendMessage", 1), ("TransactWriteItems", 1)]));
    assert_eq!(counted["sender"], calls([("UpdateItem", 2)]));
    told_nobody(&counted);
    assert_eq!(counted.len(), 3, "{counted:?}");
    let graph = world.meta("GET", "/calls", Value::Null).await["counts"].clone();
    assert_eq!(graph, json!({"messages": 1}), "one call to Meta");
    // Written together, at twice the price: message, usage, conversation. At once the price: the message's place among the
    // unsettled, the conversation's place in the list taken and given. An `Idempotency-Key` costs one and two more.
    // Read: usage and plan, conversation, connection, and whether the answer before it still waits.
    assert_eq!(units(&world, "send"), (5.0, 9.0));
    assert_eq!(units(&world, "sender"), (0.0, 3.0));
}

#[tokio::test]
async fn an_echo_of_an_answer_writes_nothing() {
    let world = warm().await;
    let ana = world.browser("ana");
    let conversation = ana.conversations().await[0].clone();
    ana.send(&conversation, "Sí").await.json();
    world.settle().await;
    let counted = counted(&world, "An answer and its echo");
    assert_eq!(counted["webhook-receive"], calls([("SendMessageBatch", 1)]));
    assert!(units(&world, "processor").1 < f64::EPSILON);
    assert!(counted["processor"].values().sum::<usize>() <= 3, "{counted:?}");
}

#[tokio::test]
async fn a_polling_inbox_costs_one_read() {
    let world = warm().await;
    let ana = world.browser("ana");
    ana.conversations().await;
    let counted = counted(&world, "A look at the inbox");
    assert_eq!(counted["inbox"], calls([("Query", 1)]));
    assert_eq!(counted.len(), 1, "{counted:?}");
}

#[tokio::test]
async fn nothing_calls_aws_or_meta_before_somebody_asks() {
    let world = World::start().await;
    world.settle().await;
    let counted = counted(&world, "A start");
    assert!(counted.is_empty(), "{counted:?}");
    let keys = world.stack.aws().calls().count(&Filter::all().service(Service::Kms).operation("Decrypt"));
    assert_eq!(keys, 0);
    assert_eq!(world.meta("GET", "/calls", Value::Null).await["counts"], json!({}));
}

#[tokio::test]
async fn a_forged_delivery_calls_nothing() {
    let world = warm().await;
    let body = notification(&[]).to_string().into_bytes();
    for _ in 0..20 {
        world.post_webhook(body.clone(), Some("sha256=00")).await.problem(401);
    }
    let looked = counted(&world, "Twenty forged deliveries");
    let calls = looked.get("webhook-receive").map(|calls| calls.values().sum::<usize>()).unwrap_or_default();
    assert!(calls <= 1, "at most one look for a newer secret a minute: {looked:?}");
}
