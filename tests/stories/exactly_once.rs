//! Redelivered, shuffled, concurrent, killed or refused in between: every message is there once.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Channel;
use futures::future::join_all;
use local::{Chaos, StackSettings};
use local_aws::{Effect, FaultRule, Service};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use serde_json::{Value, json};
use stories::{Browser, World};

use crate::util::{
    FORGOTTEN_BY_THE_QUEUE_MS, LUNA, Pair, account_of, all_conversations, all_messages, dead_letters, entry, luna,
    notification_of,
};

/// How often Meta may try.
const TRIES: usize = 60;

/// What was written to one tenant.
struct Written {
    account: String,
    contacts: u32,
    messages: u32,
}

impl Written {
    fn events(&self, at: i64) -> Vec<(String, Value)> {
        let pairs = (0..self.contacts).map(|contact| Pair::new(&self.account, 5000 + contact));
        let events = pairs.flat_map(|pair| {
            (0..self.messages).map(move |number| {
                let mid = format!("aWdf{}.{}.{number}", pair.account, pair.contact);
                (pair.account.clone(), pair.text(at + i64::from(number), &mid, &format!("{} {number}", pair.contact)))
            })
        });
        events.collect()
    }

    /// Every message is there once, under its contact, in order, unread.
    async fn assert_arrived(&self, person: &Browser<'_>) {
        let mut inbox = BTreeMap::new();
        for conversation in all_conversations(person).await {
            let mut messages = all_messages(person, &conversation).await;
            messages.reverse();
            let texts = messages.iter().map(|message| message["text"].as_str().unwrap_or_default().to_owned());
            let contact = conversation["contact"]["id"].as_str().unwrap_or_default().to_owned();
            inbox.insert(contact, (conversation["unread_count"].clone(), texts.collect::<Vec<_>>()));
        }
        let expected = (5000..5000 + self.contacts).map(|contact| {
            let texts: Vec<String> = (0..self.messages).map(|number| format!("{contact} {number}")).collect();
            (contact.to_string(), (json!(self.messages), texts))
        });
        assert_eq!(inbox, expected.collect::<BTreeMap<_, _>>());
    }
}

async fn two_tenants() -> World {
    two_tenants_on(Channel::Instagram).await
}

/// A world in which Ana and Eva are connected on a channel and a message that failed is delivered again at once.
async fn two_tenants_on(channel: Channel) -> World {
    // Thousands of writes: nothing here reads an index, and to hold every look at the past would only take time.
    let change = |settings: &mut StackSettings| {
        settings.retry_delay = Some(Duration::ZERO);
        settings.weather.stale_reads = 0;
    };
    let world = World::start_with(change).await.on(channel);
    let (login, of_ana, of_eva) = match channel {
        Channel::Instagram => ("instagram", LUNA, "mara.paints"),
        Channel::Messenger => ("facebook", "lucia.navarro", "mara.lindqvist"),
    };
    world.browser("ana").connect(login, of_ana).await;
    world.browser("eva").connect(login, of_eva).await;
    world
}

/// What both tenants are written, mixed.
async fn written(world: &World, contacts: u32, messages: u32) -> ([Written; 2], Vec<(String, Value)>) {
    let of = async |person: &str| Written { account: account_of(&world.browser(person)).await, contacts, messages };
    let tenants = [of("ana").await, of("eva").await];
    let at = world.stack.clock().now_ms() - 60_000;
    let events = tenants.iter().flat_map(|tenant| tenant.events(at)).collect();
    (tenants, events)
}

fn body(channel: Channel, events: &[(String, Value)]) -> Value {
    let entries = events.iter().map(|(account, event)| entry(account, 1_763_600_000_000, std::slice::from_ref(event)));
    notification_of(channel, &entries.collect::<Vec<_>>())
}

/// Delivers as Meta does: again and again until it is told 200.
async fn deliver_until_taken(world: &World, body: &Value) {
    for _ in 0..TRIES {
        if world.deliver(body).await.status == 200 {
            return;
        }
    }
    panic!("a delivery was refused {TRIES} times");
}

async fn assert_everything_arrived(world: &World, [luna, mara]: &[Written; 2]) {
    assert_eq!(dead_letters(world), 0);
    luna.assert_arrived(&world.browser("ana")).await;
    mara.assert_arrived(&world.browser("eva")).await;
}

#[tokio::test]
async fn a_thousand_events_delivered_three_times_shuffled_and_mixed_are_a_thousand_messages() {
    for channel in Channel::ALL {
        let world = two_tenants_on(channel).await;
        let (tenants, mut events) = written(&world, 25, 20).await;
        assert_eq!(events.len(), 1000);
        let mut random = StdRng::seed_from_u64(1);
        for delivery in 0..3 {
            events.shuffle(&mut random);
            assert_eq!(world.deliver(&body(world.channel(), &events)).await.status, 200);
            world.settle().await;
            if delivery == 0 {
                // The second delivery comes when the queue has forgotten the first; the third is recognised by the queue.
                world.stack.clock().advance(FORGOTTEN_BY_THE_QUEUE_MS);
            }
        }
        assert_everything_arrived(&world, &tenants).await;
    }
}

#[tokio::test]
async fn functions_that_die_at_any_moment_lose_and_double_nothing() {
    for channel in Channel::ALL {
        let world = two_tenants_on(channel).await;
        let (tenants, mut events) = written(&world, 12, 10).await;
        let mut random = StdRng::seed_from_u64(2);
        for seed in 0..3 {
            world.stack.set_chaos(Some(Chaos { seed, probability: 0.4 }));
            events.shuffle(&mut random);
            for part in events.chunks(80) {
                deliver_until_taken(&world, &body(world.channel(), part)).await;
            }
            world.settle().await;
            world.stack.set_chaos(None);
            world.stack.clock().advance(FORGOTTEN_BY_THE_QUEUE_MS);
        }
        let killed = world.stack.logs().iter().filter(|line| line.message == "Killed").count();
        assert!(killed > 20, "only {killed} invocations were killed");
        assert_everything_arrived(&world, &tenants).await;
    }
}

#[tokio::test]
async fn an_aws_that_refuses_and_falls_silent_loses_and_doubles_nothing() {
    let world = two_tenants().await;
    let (tenants, mut events) = written(&world, 12, 10).await;
    let rules = [
        FaultRule::on(Service::Sqs, "SendMessageBatch", Effect::partial([0, 3])).times(6),
        FaultRule::on(Service::Sqs, "SendMessageBatch", Effect::CutAfter).after(8).times(3),
        FaultRule::on(Service::Sqs, "SendMessageBatch", Effect::server_error("InternalError")).after(14).times(12),
        FaultRule::on(Service::DynamoDb, "BatchGetItem", Effect::partial([0, 1])).times(8),
        FaultRule::on(Service::DynamoDb, "BatchGetItem", Effect::throughput_exceeded()).after(10).times(8),
        FaultRule::on(Service::DynamoDb, "UpdateItem", Effect::CutAfter).from_function("processor").after(5).times(12),
        FaultRule::on(Service::DynamoDb, "UpdateItem", Effect::throughput_exceeded()).after(40).times(20),
        FaultRule::on(Service::DynamoDb, "PutItem", Effect::CutAfter).from_function("processor").after(9).times(12),
        FaultRule::on(Service::DynamoDb, "PutItem", Effect::CutBefore).from_function("processor").after(40).times(12),
        FaultRule::on(Service::DynamoDb, "PutItem", Effect::server_error("InternalServerError")).after(80).times(20),
    ];
    let rules: Vec<_> = rules.into_iter().map(|rule| world.stack.aws().faults().inject(rule)).collect();
    let mut random = StdRng::seed_from_u64(4);
    for _ in 0..2 {
        events.shuffle(&mut random);
        for part in events.chunks(60) {
            deliver_until_taken(&world, &body(world.channel(), part)).await;
        }
        world.settle().await;
        world.stack.clock().advance(FORGOTTEN_BY_THE_QUEUE_MS);
    }
    for rule in rules {
        assert!(world.stack.aws().faults().hits(rule) > 0, "{rule:?} has hit nothing");
    }
    assert_everything_arrived(&world, &tenants).await;
}

#[tokio::test]
async fn one_delivery_made_eight_times_at_once_counts_once() {
    let world = two_tenants().await;
    let (tenants, events) = written(&world, 3, 10).await;
    let body = body(world.channel(), &events);
    let answers = join_all((0..8).map(|_| world.deliver(&body))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    world.settle().await;
    assert_everything_arrived(&world, &tenants).await;
}

/// What the processor is called with when a message's visibility ends while the first one is still at work.
fn sqs_event(events: &[(String, Value)]) -> String {
    let records = events.iter().enumerate().map(|(number, (account, event))| {
        let queued = json!({
            "v": 1, "account": format!("meta_instagram#{account}"), "contact": event["sender"]["id"], "login": "instagram", "list": "messaging",
            "received_at_ms": event["timestamp"], "event": event,
        });
        json!({
            "messageId": number.to_string(), "receiptHandle": "r", "body": queued.to_string(), "md5OfBody": "",
            "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {}, "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:inbound.fifo", "awsRegion": "us-east-1",
        })
    });
    json!({"Records": records.collect::<Vec<_>>()}).to_string()
}

#[tokio::test]
async fn the_same_batch_worked_on_by_several_processors_at_once_counts_once() {
    let world = two_tenants().await;
    let (tenants, events) = written(&world, 1, 10).await;
    let [luna, mara] = &tenants;
    for tenant in [luna, mara] {
        let mut own: Vec<_> = events.iter().filter(|(account, _)| *account == tenant.account).cloned().collect();
        let mut random = StdRng::seed_from_u64(5);
        let batches: Vec<String> = (0..6)
            .map(|_| {
                own.shuffle(&mut random);
                sqs_event(&own)
            })
            .collect();
        // A processor that keeps losing against the others gives its records back; the queue brings them again.
        let mut again: Vec<String> = batches;
        for _ in 0..TRIES {
            let answers = join_all(again.iter().map(|batch| world.stack.invoke("processor", batch))).await;
            let left =
                again.into_iter().zip(answers).filter(|(_, answer)| !is_done(answer.as_deref().expect("an answer")));
            again = left.map(|(batch, _)| batch).collect();
            if again.is_empty() {
                break;
            }
        }
        assert!(again.is_empty(), "some records were never taken");
    }
    assert_everything_arrived(&world, &tenants).await;
}

fn is_done(answer: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(answer).expect("the processor answers JSON");
    answer["batchItemFailures"].as_array().is_none_or(Vec::is_empty)
}

#[tokio::test]
async fn a_refused_delivery_is_made_again_by_meta_and_arrives_once() {
    let world = luna().await;
    let ana = world.browser("ana");
    let rule = FaultRule::on(Service::Sqs, "SendMessageBatch", Effect::server_error("InternalError")).times(4);
    let rule = world.stack.aws().faults().inject(rule);
    world.dm("ines.moreau", LUNA, "still here").await;
    assert_eq!(world.stack.aws().faults().hits(rule), 4);
    let deliveries = world.meta("GET", "/webhooks/deliveries", Value::Null).await;
    assert!(deliveries[0]["attempts"].as_array().is_some_and(|attempts| attempts.len() > 1), "{deliveries}");
    assert_eq!(ana.texts(&ana.conversation().await).await, ["still here"]);
    assert_eq!(ana.conversation().await["unread_count"], 1);
}
