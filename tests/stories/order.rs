//! Meta promises no order: whatever comes first, late or twice, the conversation ends the same.

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use stories::{Browser, World};

use crate::util::{
    self, FORGOTTEN_BY_THE_QUEUE_MS, Pair, account_of, all_conversations, all_messages, dead_letters, entry, luna,
    metric, newest, notification,
};

/// Contacts whose conversations go alike, each told in another order.
const CONTACTS: u32 = 40;

/// The first one is told in order: what the others are compared with.
const FIRST: u32 = 1000;

/// Everything that can happen to messages, in the order in which it happened.
fn history(pair: &Pair, at: i64) -> Vec<Value> {
    let mid = |name: &str| format!("aWdf{}{name}", pair.contact);
    let reaction = |name: &str, action: &str, emoji: &str| json!({"mid": mid(name), "action": action, "reaction": "love", "emoji": emoji});
    let edit = |name: &str, number: u32, text: &str| json!({"mid": mid(name), "text": text, "num_edit": number});
    let unsend = |name: &str| json!({"mid": mid(name), "is_deleted": true});
    vec![
        pair.text(at, &mid("question"), "a table for to"),
        pair.did(at + 100, "message_edit", &edit("question", 1, "a table for two")),
        pair.did(at + 200, "message_edit", &json!({"mid": mid("question"), "num_edit": 0})),
        pair.account_did(at + 300, "reaction", &reaction("question", "react", "👍")),
        pair.echo(at + 400, &mid("answer"), "of course"),
        pair.did(at + 500, "read", &json!({"mid": mid("answer")})),
        pair.did(at + 600, "reaction", &reaction("answer", "react", "😆")),
        pair.did(at + 700, "reaction", &reaction("answer", "unreact", "")),
        pair.did(at + 800, "reaction", &reaction("answer", "react", "❤️")),
        pair.text(at + 900, &mid("slip"), "wrong chat"),
        pair.did(at + 1000, "message_edit", &edit("slip", 1, "wrong chat!")),
        pair.did(at + 1100, "message", &unsend("slip")),
        pair.did(at + 1200, "message_edit", &edit("question", 2, "a table for three")),
        pair.text(at + 1300, &mid("thanks"), "thanks"),
    ]
}

/// A conversation without what is its own.
async fn shape(person: &Browser<'_>, conversation: &Value) -> Value {
    let messages = all_messages(person, conversation).await;
    let fields =
        ["direction", "author", "kind", "status", "text", "edited_at", "deleted_at", "created_at", "reactions"];
    let shown = |message: &Value| fields.iter().map(|field| message[field].clone()).collect::<Value>();
    let last = &conversation["last_message"];
    json!({
        "messages": messages.iter().map(shown).collect::<Value>(),
        "unread": conversation["unread_count"],
        "preview": last["preview"],
        "last": conversation["last_message_at"],
        "reply_until": conversation["reply_until"],
    })
}

/// The shapes of all conversations, the first contact's first.
async fn shapes(person: &Browser<'_>) -> Vec<Value> {
    let mut conversations = all_conversations(person).await;
    conversations.sort_by_key(|conversation| conversation["contact"]["id"].to_string());
    let mut shapes = Vec::new();
    for conversation in &conversations {
        shapes.push(shape(person, conversation).await);
    }
    shapes
}

async fn deliver(world: &World, account: &str, events: &[Value]) {
    util::deliver(world, &notification(&[entry(account, world.stack.clock().now_ms(), events)])).await;
}

fn assert_alike(shapes: &[Value]) {
    for (number, shape) in shapes.iter().enumerate().skip(1) {
        assert_eq!(shape, &shapes[0], "contact {number} ended otherwise than the one whose events came in order");
    }
}

#[tokio::test]
async fn every_order_of_deliveries_ends_in_the_same_conversation() {
    let world = luna().await;
    let ana = world.browser("ana");
    let account = account_of(&ana).await;
    let at = world.stack.clock().now_ms() - 60_000;
    let mut random = StdRng::seed_from_u64(7);
    let mut events = Vec::new();
    for contact in FIRST..FIRST + CONTACTS {
        let mut history = history(&Pair::new(&account, contact), at);
        if contact > FIRST {
            history.shuffle(&mut random);
        }
        events.extend(history);
    }
    deliver(&world, &account, &events).await;
    let ended = shapes(&ana).await;
    assert_eq!(ended.len(), CONTACTS as usize);
    let messages = &ended[0]["messages"];
    let texts: Vec<&Value> = messages.as_array().expect("messages").iter().map(|message| &message[4]).collect();
    assert_eq!(texts, [&json!("thanks"), &Value::Null, &json!("of course"), &json!("a table for three")]);
    assert_eq!(messages[2][3], "read");
    assert_eq!(messages[2][8][0]["emoji"], "❤️");
    assert_eq!(messages[3][8][0]["emoji"], "👍");
    assert_alike(&ended);

    // Meta delivers all of it once more, in yet another order, when the queue has forgotten it.
    world.stack.clock().advance(FORGOTTEN_BY_THE_QUEUE_MS);
    events.shuffle(&mut random);
    deliver(&world, &account, &events).await;
    assert_eq!(shapes(&ana).await, ended);
    assert_eq!(dead_letters(&world), 0);
}

#[tokio::test]
async fn deliveries_that_trickle_in_one_by_one_end_alike() {
    let world = luna().await;
    let ana = world.browser("ana");
    let account = account_of(&ana).await;
    let at = world.stack.clock().now_ms() - 60_000;
    let mut random = StdRng::seed_from_u64(11);
    let histories = (FIRST..FIRST + 6).map(|contact| {
        let mut history = history(&Pair::new(&account, contact), at);
        match contact - FIRST {
            0 => {}
            1 => history.reverse(),
            _ => history.shuffle(&mut random),
        }
        history
    });
    let mut histories: Vec<_> = histories.map(Vec::into_iter).collect();
    // One event of each contact in each delivery: nothing of a conversation is in the same batch.
    loop {
        let events: Vec<Value> = histories.iter_mut().filter_map(Iterator::next).collect();
        if events.is_empty() {
            break;
        }
        deliver(&world, &account, &events).await;
    }
    assert_alike(&shapes(&ana).await);
}

#[tokio::test]
async fn a_change_waits_for_its_message_for_days() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 7);
    let at = world.stack.clock().now_ms();
    let edit = json!({"mid": "aWdflate", "text": "edited before it came", "num_edit": 1});
    let reaction = json!({"mid": "aWdflate", "action": "react", "reaction": "love", "emoji": "❤️"});
    let changes = [pair.did(at + 1, "message_edit", &edit), pair.account_did(at + 2, "reaction", &reaction)];
    deliver(&world, &pair.account, &changes).await;
    assert!(ana.conversations().await.is_empty(), "there is nothing to show yet");
    assert_eq!(metric(&world, "events").iter().filter(|event| event["outcome"] == "parked").count(), 2);
    world.advance_hours(36);
    world.stack.aws().sweep_expired_items().await;
    deliver(&world, &pair.account, &[pair.text(at, "aWdflate", "as it was")]).await;
    let ana = world.browser("ana");
    let message = newest(&ana, &ana.conversation().await).await;
    assert_eq!(message["text"], "edited before it came");
    assert_eq!(message["reactions"][0]["by"], "account");
}

#[tokio::test]
async fn what_waits_for_a_message_that_never_comes_goes_away() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 8);
    let at = world.stack.clock().now_ms();
    let reactions: Vec<Value> = (0..20)
        .map(|number| {
            pair.did(at, "reaction", &json!({"mid": format!("aWdfold{number}"), "action": "react", "emoji": "❤️"}))
        })
        .collect();
    deliver(&world, &pair.account, &reactions).await;
    assert_eq!(world.tables().items("MessagesTable").await.len(), 20);
    world.advance_hours(11 * 24);
    world.stack.aws().sweep_expired_items().await;
    assert_eq!(world.tables().items("MessagesTable").await.len(), 0);
    world.advance_hours(14 * 24);
    world.stack.aws().sweep_expired_items().await;
    assert_eq!(world.tables().items("ConversationsTable").await.len(), 0, "nobody has ever seen it");
    // A conversation that has seen so many of them still takes messages and their changes.
    let now = world.stack.clock().now_ms();
    let reaction = json!({"mid": "aWdfnew", "action": "react", "reaction": "love", "emoji": "❤️"});
    deliver(&world, &pair.account, &[pair.did(now, "reaction", &reaction), pair.text(now, "aWdfnew", "hello")]).await;
    let ana = world.browser("ana");
    assert_eq!(newest(&ana, &ana.conversation().await).await["reactions"][0]["emoji"], "❤️");
}

#[tokio::test]
async fn messages_are_in_the_order_of_their_writing_whatever_order_they_came_in() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 9);
    let at = world.stack.clock().now_ms() - 60_000;
    let mut random = StdRng::seed_from_u64(3);
    let mut events: Vec<Value> =
        (0..20_i64).map(|number| pair.text(at + number, &format!("aWdfn{number}"), &number.to_string())).collect();
    events.shuffle(&mut random);
    for part in events.chunks(random.random_range(3..7)) {
        deliver(&world, &pair.account, part).await;
    }
    let conversation = ana.conversation().await;
    let expected: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    assert_eq!(ana.texts(&conversation).await, expected);
    assert_eq!(conversation["last_message"]["preview"], "19");
    assert_eq!(conversation["unread_count"], 20);
}
