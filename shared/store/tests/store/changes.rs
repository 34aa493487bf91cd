//! Reactions, edits, unsends and read marks: in any order with their message.

use domain::conversation::WasCounted;
use domain::{Event, MessageId, Payload, Status};
use proptest::prelude::*;
use serde_json::json;
use store::Outcome;

use crate::util::World;
use crate::util::examples::{
    CONTACT, NOW, account, contact_id, conversation, edited, inbound, mid, reacted, read, tenant, unsent,
};

#[tokio::test]
async fn a_reaction_is_set_and_taken_back() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    let received = world.receive(&reacted("one", 2, Some("❤"))).await.expect("received");
    assert_eq!(received.outcome, Outcome::Applied);
    assert_eq!(world.find("one").await.expect("stored").reactions.len(), 1);
    world.receive(&reacted("one", 3, None)).await.expect("received");
    let reactions = world.find("one").await.expect("stored").reactions;
    assert!(reactions.values().all(|reaction| reaction.emoji.is_none()));
}

#[tokio::test]
async fn an_unsent_message_loses_its_content_everywhere() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "my secret")).await.expect("received");
    world.receive(&unsent("one")).await.expect("received");
    let stored = world.find("one").await.expect("stored");
    assert_eq!((stored.status, stored.text), (Status::Deleted, None));
    for table in [&world.tables.conversations, &world.tables.messages] {
        assert!(!format!("{:?}", world.dump(table).await).contains("my secret"), "{table}");
    }
}

#[tokio::test]
async fn an_unsend_finds_a_message_that_is_hundreds_of_messages_old() {
    let world = World::connected().await;
    for n in 0..150 {
        world.receive(&inbound(&format!("m{n}"), n, "Hello")).await.expect("received");
    }
    let received = world.receive(&unsent("m0")).await.expect("received");
    assert_eq!(received.outcome, Outcome::Applied);
    assert_eq!(world.find("m0").await.expect("stored").status, Status::Deleted);
}

#[tokio::test]
async fn a_change_of_a_message_that_was_never_stored_costs_less_than_reading_the_conversation_once() {
    let world = World::connected().await;
    for n in 0..400 {
        world.receive(&inbound(&format!("m{n}"), n, &"Hello ".repeat(40))).await.expect("received");
    }
    world.wire.forget();
    world.inbox.messages(&tenant("acme"), &conversation(), None, 1000).await.expect("a page");
    let whole = world.wire.read_units();
    for (event, share) in [(unsent("old"), 0.6), (reacted("older", 1, Some("❤")), 0.6), (read("oldest"), 0.4)] {
        world.wire.forget();
        assert_eq!(world.receive(&event).await.expect("received").outcome, Outcome::Parked);
        assert!(world.wire.read_units() < whole * share, "{} of {whole}: {event:?}", world.wire.read_units());
    }
}

#[tokio::test]
async fn a_paused_account_changes_what_is_stored_and_stores_nothing_new() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "my secret")).await.expect("received");
    let connected = world.connections.find(&tenant("acme"), &account("17841")).await.expect("a read").expect("there");
    world.connections.pause(&connected, NOW.seconds()).await.expect("a write").expect("paused");
    let before = world.dump(&world.tables.messages).await.len();

    for (event, expected) in [
        (inbound("two", 2, "Hello?"), Outcome::Paused),
        (crate::util::examples::echo("three", 3, "From my phone"), Outcome::Paused),
        (reacted("two", 4, Some("❤")), Outcome::Paused),
        (reacted("one", 4, Some("❤")), Outcome::Applied),
        (edited("one", 1, "my other secret"), Outcome::Applied),
        (read("one"), Outcome::Applied),
        (unsent("one"), Outcome::Applied),
    ] {
        assert_eq!(world.receive(&event).await.expect("received").outcome, expected, "{event:?}");
    }

    assert_eq!(world.dump(&world.tables.messages).await.len(), before);
    assert_eq!(world.find("one").await.expect("stored").status, Status::Deleted);
    assert!(!format!("{:?}", world.dump(&world.tables.conversations).await).contains("secret"));
}

#[tokio::test]
async fn a_change_without_a_time_that_is_delivered_again_to_a_paused_account_is_no_newer_than_it_was() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    let connected = world.connections.find(&tenant("acme"), &account("17841")).await.expect("a read").expect("there");
    world.connections.pause(&connected, NOW.seconds()).await.expect("a write").expect("paused");
    let untimed = |second| {
        let untimed = Some(MessageId::derive(NOW.plus(second * 1000), &mid("a reaction")));
        Event { untimed, ..reacted("one", second, Some("❤")) }
    };

    for event in [untimed(4), reacted("one", 5, None), untimed(60)] {
        world.receive(&event).await.expect("received");
    }

    let reactions = world.find("one").await.expect("stored").reactions;
    assert!(reactions.values().all(|reaction| reaction.emoji.is_none()), "{reactions:?}");
}

#[tokio::test]
async fn a_change_before_its_message_waits_and_shows_no_empty_conversation() {
    let world = World::connected().await;
    let received = world.receive(&reacted("one", 2, Some("❤"))).await.expect("received");
    assert_eq!(received.outcome, Outcome::Parked);
    assert!(world.seen(&tenant("acme"), &conversation()).await.listed.is_empty());
    let received = world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: true });
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!(seen.messages[0].reactions.len(), 1);
    assert!(seen.conversation.expect("stored").waiting.is_empty());
    assert_eq!(world.dump(&world.tables.messages).await.len(), 1, "nothing waits any more");
}

#[tokio::test]
async fn what_waits_expires_after_a_week() {
    let world = World::connected().await;
    world.receive(&reacted("one", 2, Some("❤"))).await.expect("received");
    let items = world.dump(&world.tables.messages).await;
    let ttl = items[0]["ttl"].as_n().expect("a number");
    assert_eq!(ttl, &NOW.seconds().plus(7 * 24 * 60 * 60).get().to_string());
}

#[tokio::test]
async fn a_read_mark_covers_earlier_answers_and_never_goes_back() {
    let world = World::connected().await;
    for n in 1..=3 {
        world.receive(&inbound(&format!("m{n}"), n, "Hello")).await.expect("received");
    }
    for name in ["m3", "m1"] {
        world.receive(&read(name)).await.expect("received");
        let stored = world.seen(&tenant("acme"), &conversation()).await.conversation.expect("stored");
        assert_eq!(stored.contact_read_until, Some(NOW.plus(3000)));
    }
}

#[tokio::test]
async fn a_read_mark_does_not_write_the_index_of_the_list() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    world.wire.forget();
    world.receive(&read("one")).await.expect("received");
    assert_eq!(world.wire.calls(), ["BatchGetItem", "GetItem", "UpdateItem"]);
    assert!((world.wire.write_units() - 1.0).abs() < f64::EPSILON, "{}", world.wire.write_units());
}

#[tokio::test]
async fn a_change_without_a_contact_cannot_be_placed() {
    let world = World::connected().await;
    let mut event = unsent("one");
    if let Payload::Change { contact, .. } = &mut event.payload {
        *contact = None;
    }
    assert_eq!(world.receive(&event).await.expect("received").outcome, Outcome::Unplaced);
}

#[tokio::test]
async fn a_conversation_that_many_changes_wait_for_in_vain_stays_small_and_loses_none() {
    let world = World::connected().await;
    for n in 0..40 {
        world.receive(&reacted(&format!("old{n}"), n, Some("❤"))).await.expect("received");
    }
    let waiting = world.seen(&tenant("acme"), &conversation()).await.conversation.expect("stored").waiting;
    assert!(waiting.len() <= 8, "{}", waiting.len());
    for n in 0..40 {
        world.receive(&inbound(&format!("old{n}"), n, "Late")).await.expect("received");
    }
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert!(seen.messages.iter().all(|message| message.reactions.len() == 1));
}

#[tokio::test]
async fn a_change_whose_message_was_counted_and_not_stored_is_delivered_again() {
    let world = World::connected().await;
    // Calls of a new message in a process that does not know the account: two reads, the conversation, the message.
    let (inbox, _, wire) = world.another_process();
    wire.cut(3, crate::util::wire::Cut::Before);
    crate::util::receive(&inbox, &inbound("one", 1, "Hello")).await.expect_err("killed");
    let stored = world.seen(&tenant("acme"), &conversation()).await.conversation.expect("counted");
    assert_eq!(stored.counted.contains(&stored.counted.recent[0]), WasCounted::Yes);
    assert!(world.receive(&unsent("one")).await.is_err());
    world.receive(&inbound("one", 1, "Hello")).await.expect("redelivered");
    world.receive(&unsent("one")).await.expect("redelivered");
    assert_eq!(world.find("one").await.expect("stored").status, Status::Deleted);
}

#[tokio::test]
async fn a_change_whose_message_is_stored_between_its_first_look_and_its_note_is_applied_at_the_second_look() {
    let world = World::connected().await;
    let wanted = [(account("17841"), Some(contact_id(CONTACT)))];
    world.receive(&inbound("before", 0, "Hi")).await.expect("received");
    let mut prefetched = world.inbox.prefetch(&wanted).await.expect("read before the message");
    let (other, ..) = world.another_process();
    crate::util::receive(&other, &inbound("one", 1, "Hello")).await.expect("received elsewhere");
    world.wire.answer("Query", |_| (200, json!({"Items": [], "Count": 0, "ScannedCount": 0})));
    let received = world.inbox.receive(&mut prefetched, &unsent("one"), NOW).await.expect("received");
    assert_eq!(received.outcome, Outcome::Applied);
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!((seen.messages[0].status, seen.messages.len()), (Status::Deleted, 2));
    assert!(seen.conversation.expect("stored").waiting.is_empty());
    assert_eq!(world.dump(&world.tables.messages).await.len(), 2, "nothing waits any more");
}

/// A message with all that can happen to it, and a neighbour.
fn life() -> Vec<Event> {
    vec![
        inbound("one", 1, "Hello"),
        reacted("one", 2, Some("❤")),
        reacted("one", 3, Some("😂")),
        edited("one", 1, "Hello!"),
        edited("one", 2, "Hello there"),
        read("one"),
        inbound("two", 5, "And?"),
        reacted("two", 6, None),
        unsent("two"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_order_of_events_ends_in_the_same_state(
        order in Just((0..9).collect::<Vec<usize>>()).prop_shuffle(),
        again in proptest::collection::vec(0..9_usize, 0..4),
    ) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let (expected, found) = runtime.block_on(async {
            let (straight, shuffled) = (World::connected().await, World::connected().await);
            for event in life() {
                straight.receive(&event).await.expect("received");
            }
            for place in order.iter().chain(&again) {
                shuffled.receive(&life()[*place]).await.expect("received");
            }
            let whose = tenant("acme");
            let expected = straight.seen(&whose, &conversation()).await.essence();
            (expected, shuffled.seen(&whose, &conversation()).await.essence())
        });
        prop_assert_eq!(expected, found);
    }
}
