//! The mid says which message it is and the time only sorts: whatever the time looks like, and whenever it comes again.

use serde_json::{Value, json};
use stories::{Browser, World};

use crate::util::{LUNA, Pair, account_of, all_conversations, all_messages, dead_letters, entry, luna, notification};

/// Meta delivers again after ten minutes, and at the latest after a day and a half.
const LATER_MS: [i64; 2] = [10 * 60_000, 35 * 60 * 60_000];

/// How many messages follow, so that the conversation no longer remembers the first one by itself.
const MORE_THAN_IS_REMEMBERED: i64 = 9;

/// The time of an event in each spelling that was seen, or that must do no harm.
fn spellings(at_ms: i64) -> Vec<Value> {
    let whole = at_ms / 1000;
    let date = jiff::Timestamp::from_millisecond(at_ms).expect("a time").strftime("%Y-%m-%dT%H:%M:%S+0000").to_string();
    vec![
        json!(at_ms),
        json!(at_ms.to_string()),
        json!(whole),
        json!(whole.to_string()),
        json!(format!("{whole}.{:03}", at_ms % 1000)),
        json!(at_ms * 1000),
        json!(date),
        json!(9_999_999_999_999_i64),
        json!(i64::MAX),
        json!(-1),
        json!("soon"),
        json!(null),
    ]
}

async fn deliver(world: &World, entries: &[Value]) {
    let answer = world.deliver(&notification(entries)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    world.settle().await;
}

/// Unread messages, and messages, of each conversation.
async fn counts(person: &Browser<'_>) -> Vec<(u64, usize)> {
    let mut counts = Vec::new();
    for conversation in all_conversations(person).await {
        let unread = conversation["unread_count"].as_u64().expect("a number");
        counts.push((unread, all_messages(person, &conversation).await.len()));
    }
    counts
}

#[tokio::test]
async fn an_event_is_one_message_whatever_its_time_looks_like_and_however_late_it_comes_again() {
    let world = luna().await;
    let ana = world.browser("ana");
    let account = account_of(&ana).await;
    let at = world.stack.clock().now_ms() - 60_000;
    let mut first = Vec::new();
    let mut more = Vec::new();
    for (contact, timestamp) in (600..).zip(spellings(at)) {
        let pair = Pair::new(&account, contact);
        let mut with_mid = pair.text(at, &format!("aWdf{contact}"), "hello");
        let mut without_mid = pair.did(at, "referral", &json!({"ref": contact.to_string(), "source": "SHORTLINKS"}));
        for event in [&mut with_mid, &mut without_mid] {
            event["timestamp"] = timestamp.clone();
        }
        first.extend([with_mid, without_mid]);
        more.extend((1..=MORE_THAN_IS_REMEMBERED).map(|n| pair.text(at + n, &format!("aWdf{contact}.{n}"), "more")));
    }
    let total = 2 + usize::try_from(MORE_THAN_IS_REMEMBERED).expect("a few");
    deliver(&world, &[entry(&account, at, &first)]).await;
    deliver(&world, &[entry(&account, at, &more)]).await;
    for later in LATER_MS {
        world.stack.clock().advance(later);
        // The time of the entry is that of the delivery.
        deliver(&world, &[entry(&account, world.stack.clock().now_ms(), &first)]).await;
    }
    let expected = vec![(u64::try_from(total).expect("a few"), total); spellings(at).len()];
    assert_eq!(counts(&world.browser("ana")).await, expected);
    assert_eq!(dead_letters(&world), 0);
}

#[tokio::test]
async fn the_same_mid_some_milliseconds_apart_or_in_whole_seconds_is_one_message() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 701);
    let at = (world.stack.clock().now_ms() - 600_000) / 1000 * 1000 + 447;
    let again = [at, at + 1, at - 1, at / 1000, at / 1000 * 1000, at / 1000 * 1000 + 1000];
    let delivered = async |time: i64| {
        world.stack.clock().advance(crate::util::FORGOTTEN_BY_THE_QUEUE_MS);
        deliver(&world, &[entry(&pair.account, at, &[pair.text(time, "aWdfsame", "once")])]).await;
    };
    for time in again {
        delivered(time).await;
    }
    assert_eq!(counts(&world.browser("ana")).await, [(1, 1)], "while it is remembered");
    let more: Vec<Value> =
        (1..=MORE_THAN_IS_REMEMBERED).map(|n| pair.text(at + n * 1000, &format!("aWdf{n}"), "more")).collect();
    deliver(&world, &[entry(&pair.account, at, &more)]).await;
    for time in again {
        delivered(time).await;
    }
    assert_eq!(counts(&world.browser("ana")).await, [(10, 10)], "when it is forgotten");
}

#[tokio::test]
async fn a_comment_delivered_later_or_under_a_boosted_posts_id_is_one_message() {
    let world = luna().await;
    let ana = world.browser("ana");
    let account = account_of(&ana).await;
    let comment = |time: i64, media: &str| {
        let value = json!({"id": "17894227972186120", "from": {"id": "702", "username": "jane"}, "text": "price?",
            "media": {"id": media, "media_product_type": "FEED"}});
        json!({"id": account, "time": time, "changes": [{"field": "comments", "value": value}]})
    };
    let at = world.stack.clock().now_ms() / 1000;
    deliver(&world, &[comment(at, "17918195224117851")]).await;
    deliver(&world, &[comment(at + 1, "17918195224117850")]).await;
    for later in LATER_MS {
        world.stack.clock().advance(later);
        let now = world.stack.clock().now_ms() / 1000;
        deliver(&world, &[comment(at, "17918195224117851"), comment(now, "17918195224117850")]).await;
    }
    let ana = world.browser("ana");
    assert_eq!(counts(&ana).await, [(1, 1)]);
    let contact = ana.conversation().await["contact"].clone();
    assert_eq!((&contact["username"], &contact["display_name"]), (&json!("jane"), &json!("jane")));
}

#[tokio::test]
async fn a_time_in_the_far_future_is_that_of_the_receipt_and_opens_no_window_until_then() {
    let world = luna().await;
    let ana = world.browser("ana");
    let account = account_of(&ana).await;
    let now = world.stack.clock().now_ms();
    let until = jiff::Timestamp::from_millisecond(now + 25 * 60 * 60_000).expect("a time").to_string();
    for (contact, timestamp) in (703..).zip([i64::MAX, 9_999_999_999_999, now + 7 * 24 * 60 * 60_000]) {
        let pair = Pair::new(&account, contact);
        deliver(&world, &[entry(&account, timestamp, &[pair.text(timestamp, &format!("aWdf{contact}"), "hi")])]).await;
        let conversations = ana.conversations().await;
        let reply_until = conversations[0]["reply_until"].as_str().expect("a time");
        assert!(reply_until < until.as_str(), "{timestamp}: {reply_until}");
    }
}

#[tokio::test]
async fn a_reaction_that_was_taken_back_stays_so_when_it_is_delivered_again_without_a_time() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 707);
    let now = world.stack.clock().now_ms();
    let reacted = |part: Value| {
        let mut event = pair.did(now, "reaction", &part);
        event.as_object_mut().expect("an object").remove("timestamp");
        event
    };
    let set = reacted(json!({"mid": "aWdfr", "action": "react", "reaction": "love", "emoji": "❤"}));
    let taken_back = reacted(json!({"mid": "aWdfr", "action": "unreact"}));
    deliver(&world, &[entry(&pair.account, now, &[pair.text(now, "aWdfr", "hi")])]).await;
    for event in [&set, &taken_back, &set] {
        world.stack.clock().advance(LATER_MS[0]);
        let entry_time = world.stack.clock().now_ms();
        deliver(&world, &[entry(&pair.account, entry_time, std::slice::from_ref(event))]).await;
    }
    let messages = ana.messages(&ana.conversation().await).await;
    assert_eq!(messages[0]["reactions"], json!([]));
}

#[tokio::test]
async fn a_name_that_only_a_comment_tells_is_shown_and_a_profile_is_not_replaced_by_it() {
    let world = luna().await;
    let ana = world.browser("ana");
    world.act("ines.moreau", LUNA, json!({"kind": "comment", "text": "lovely"})).await;
    world.settle().await;
    let contact = ana.conversation().await["contact"].clone();
    assert_eq!((&contact["username"], &contact["display_name"]), (&json!("ines.moreau"), &json!("ines.moreau")));
    world.advance_hours(25);
    world.dm("ines.moreau", LUNA, "hi").await;
    let contact = world.browser("ana").conversation().await["contact"].clone();
    assert_eq!((&contact["username"], &contact["name"]), (&json!("ines.moreau"), &json!("Inès Moreau")));
}
