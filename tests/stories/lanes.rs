//! One who sends much, or whom Meta limits, hurts nobody else.

use serde_json::{Value, json};
use stories::{Browser, Rush, Surge, World};

use crate::util::{
    INES, KOFI, LUNA, Pair, account_of, all_conversations, answers_on_phone, calls, entry, eventually, greeted, metric,
    newest, notification, status_of,
};

/// So many calls for one account may be under way.
const LANES: usize = domain::LANES as usize;

/// Answers that one tenant sends at once.
const MANY: u32 = 77;

/// In milliseconds; just below the time after which a call is given up.
const SLOW_MS: u64 = 9000;

/// On a clock that is moved to whatever happens next.
#[tokio::test]
async fn slow_answers_of_one_tenant_delay_another_tenants_by_under_a_second() {
    let world = World::start().await;
    let rush = Rush { tenants: 1, answers: MANY, slow_ms: SLOW_MS, lanes: domain::LANES };
    let waits = rush.play(&world).await;
    assert!(waits.other_waited_ms < 1000, "{waits:?}");
    assert_eq!(waits.calls_at_once, LANES);
    let with_a_lane_for_each_contact = Rush { lanes: u8::MAX, ..rush }.play(&world).await;
    assert!(with_a_lane_for_each_contact.other_waited_ms >= SLOW_MS, "{with_a_lane_for_each_contact:?}");
}

#[tokio::test]
async fn a_thousand_contacts_of_one_account_delay_another_accounts_message_by_under_a_second() {
    let world = World::start().await;
    let known_contacts = Surge { contacts: 1_000, batch_ms: 40 };
    assert!(known_contacts.play(&world).await < 1000);
}

#[tokio::test]
async fn slow_answers_of_one_tenant_do_not_hold_up_another() {
    let world = World::start().await;
    let (ana, marta) = (world.browser("ana"), world.browser("marta"));
    ana.connect("instagram", LUNA).await;
    marta.connect("instagram", "mara.paints").await;
    world.dm(INES, "mara.paints", "Do you sell prints?").await;
    let account = account_of(&ana).await;
    let at = world.stack.clock().now_ms();
    let texts: Vec<Value> =
        (0..MANY).map(|number| Pair::new(&account, 7000 + number).text(at, &format!("aWdf{number}"), "Hola")).collect();
    assert_eq!(world.deliver(&notification(&[entry(&account, at, &texts)])).await.status, 200);
    world.settle().await;
    let slow =
        json!({"endpoint": "messages", "account": LUNA, "count": null, "action": {"kind": "slow", "ms": SLOW_MS}});
    world.meta("POST", "/faults", slow).await;
    for conversation in all_conversations(&ana).await {
        ana.send(&conversation, "hello").await.json();
    }
    let conversation = marta.conversation().await;
    marta.send(&conversation, "yes").await.json();
    eventually("the other tenant is answered", async || status_of(&marta, &conversation).await == "sent").await;
    let sent = newest(&marta, &conversation).await;
    println!("With {MANY} slow answers before it: accepted {}, sent {}", sent["created_at"], sent["sent_at"]);
    let waiting = waiting(&ana).await;
    assert!(waiting > 0, "the others went before");
    let running = running(&world, &account).await;
    assert!((1..=LANES).contains(&running), "{running} calls for one account");
}

/// Answers that are not yet on their way.
async fn waiting(person: &Browser<'_>) -> usize {
    let mut waiting = 0;
    for conversation in all_conversations(person).await {
        waiting += usize::from(status_of(person, &conversation).await == "queued");
    }
    waiting
}

/// Calls for messages of an account that Meta has not answered yet.
async fn running(world: &World, account: &str) -> usize {
    let log = world.meta("GET", "/calls", Value::Null).await;
    let calls = log["calls"].as_array().expect("a log");
    let of_account = calls.iter().filter(|call| {
        call["endpoint"] == "messages" && call["path"].as_str().is_some_and(|path| path.contains(account))
    });
    of_account.filter(|call| call["status"] == 0).count()
}

#[tokio::test]
async fn a_limited_account_is_left_alone_by_all_its_answers_for_as_long_as_meta_asks() {
    let world = greeted().await;
    let ana = world.browser("ana");
    world.dm(KOFI, LUNA, "Hi").await;
    let conversations = ana.conversations().await;
    let of =
        |contact: &str| conversations.iter().find(|known| known["contact"]["username"] == contact).expect("theirs");
    world.fault("messages", json!({"kind": "rest", "minutes": 5})).await;
    ana.send(of(INES), "one").await.json();
    eventually("Meta limits the account", async || calls(&world, "messages").await == 1).await;
    ana.send(of(INES), "two").await.json();
    ana.send(of(KOFI), "welcome").await.json();
    let put_off = || metric(&world, "sends").iter().filter(|outcome| outcome["outcome"] == "not_yet").count();
    eventually("the answers are put off", async || put_off() >= 4).await;
    world.stack.clock().advance(4 * 60_000);
    eventually("and again", async || put_off() >= 8).await;
    assert_eq!(calls(&world, "messages").await, 1, "nobody calls before the time");
    world.stack.clock().advance(62_000);
    world.settle().await;
    assert_eq!(answers_on_phone(&world, INES).await, ["one", "two"]);
    assert_eq!(answers_on_phone(&world, KOFI).await, ["welcome"]);
    assert_eq!(calls(&world, "messages").await, 4);
}

#[tokio::test]
async fn a_limit_is_read_from_every_answer_of_metas() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let usage = json!({"1": [{"type": "instagram", "call_count": 100, "estimated_time_to_regain_access": 5}]});
    let error = json!({"message": "This person isn't available right now.", "code": 551});
    let headers = json!({"x-business-use-case-usage": usage.to_string(), "x-app-usage": "{}"});
    world.fault("messages", json!({"kind": "error", "status": 400, "error": error, "headers": headers})).await;
    for text in ["one", "two"] {
        ana.send(&conversation, text).await.json();
    }
    let put_off = || metric(&world, "sends").iter().any(|outcome| outcome["outcome"] == "not_yet");
    eventually("the second answer is put off", async || put_off()).await;
    assert_eq!(calls(&world, "messages").await, 1);
    world.stack.clock().advance(5 * 60_000 + 1000);
    world.settle().await;
    assert_eq!(answers_on_phone(&world, INES).await, ["two"]);
}

/// A refusal that says nothing about the account, and in its headers that the account is to be left alone.
fn resting(minutes: u32) -> Value {
    let usage = json!({"1": [{"type": "instagram", "call_count": 100, "estimated_time_to_regain_access": minutes}]});
    let error = json!({"message": "This person isn't available right now.", "code": 551});
    let headers = json!({"x-business-use-case-usage": usage.to_string(), "x-app-usage": "{}"});
    json!({"kind": "error", "status": 400, "error": error, "headers": headers})
}

#[tokio::test]
async fn nobody_asks_who_new_contacts_are_while_meta_wants_the_account_to_be_left_alone() {
    let world = greeted().await;
    let ana = world.browser("ana");
    world.fault("messages", resting(5)).await;
    ana.send(&ana.conversation().await, "one").await.json();
    world.settle().await;
    let before = calls(&world, "profile").await;
    let account = account_of(&ana).await;
    for text in ["Hola", "Are you open?"] {
        for contact in 0..5 {
            let at = world.stack.clock().now_ms();
            let did = Pair::new(&account, 8000 + contact).text(at, &format!("aWdf{contact}{}", text.len()), text);
            assert_eq!(world.deliver(&notification(&[entry(&account, at, &[did])])).await.status, 200);
        }
        world.settle().await;
    }
    assert_eq!(calls(&world, "profile").await, before);
    world.stack.clock().advance(5 * 60_000 + 1000);
    for conversation in all_conversations(&ana).await {
        ana.messages(&conversation).await;
    }
    world.settle().await;
    assert_eq!(calls(&world, "profile").await, before + 5, "each is asked for once it may be");
}

#[tokio::test]
async fn a_limit_that_is_told_while_asking_who_a_contact_is_holds_for_answers_too() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    world.fault("profile", json!({"kind": "rate_limit", "code": 80_002, "minutes": 5})).await;
    world.dm(KOFI, LUNA, "Hi").await;
    ana.send(&conversation, "one").await.json();
    let put_off = || metric(&world, "sends").iter().any(|outcome| outcome["outcome"] == "not_yet");
    eventually("the answer is put off", async || put_off()).await;
    assert_eq!(calls(&world, "messages").await, 0);
    world.stack.clock().advance(5 * 60_000 + 1000);
    world.settle().await;
    assert_eq!(answers_on_phone(&world, INES).await, ["one"]);
}
