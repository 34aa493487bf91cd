//! The database deletes what has expired days later. Until then it is there for nobody else.

use domain::conversation::ConversationState;
use domain::{Connection, Contact, Event};
use store::Outcome;

use crate::util::examples::{ANY, CONTACT, NOW, connection, contact_id, conversation, draft, inbound, reacted, tenant};
use crate::util::{DAY_MS, World};

const DAY: i64 = 24 * 60 * 60;

/// An account whose messages are kept for so many days.
async fn kept_for(days: u32) -> World {
    let world = World::empty().await;
    let connection = Connection { retention_days: Some(days), ..connection("acme", "17841") };
    world.connections.activate(&connection, None, &ANY).await.expect("a first connection");
    world
}

/// A message of so many days after [`NOW`].
fn on_day(name: &str, day: i64) -> Event {
    inbound(name, day * DAY, name)
}

async fn texts(world: &World) -> Vec<String> {
    let messages = world.seen(&tenant("acme"), &conversation()).await.messages;
    messages.into_iter().filter_map(|message| message.text).collect()
}

#[tokio::test]
async fn an_expired_conversation_is_nobodys_and_leaves_nothing_to_the_one_that_follows() {
    let world = kept_for(30).await;
    world.receive(&on_day("old", 0)).await.expect("received");
    let contact = Contact { name: Some("Lucía".to_owned()), ..Contact::unknown(contact_id(CONTACT)) };
    assert!(world.inbox.set_profile(&tenant("acme"), &conversation(), &contact).await.expect("written"));
    world.clock.advance_days(31);

    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!((seen.conversation, seen.messages.len(), seen.listed.len()), (None, 0, 0));
    let (whose, which) = (tenant("acme"), conversation());
    assert_eq!(world.inbox.mark_read(&whose, &which, None).await.expect("asked"), None);
    assert_eq!(world.inbox.set_state(&whose, &which, ConversationState::Closed).await.expect("asked"), None);
    assert!(!world.inbox.set_profile(&whose, &which, &contact).await.expect("asked"));
    let context = world.outbound.context(&whose, &which, None, NOW.plus(31 * DAY_MS)).await.expect("asked");
    assert!(context.is_none());

    let received = world.receive_days_later(&on_day("new", 31), 31).await.expect("received");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: true });
    let found = world.seen(&whose, &which).await.conversation.expect("a new conversation");
    assert_eq!((found.unread, found.contact.name, found.counted.recent.len()), (1, None, 1));
    assert_eq!(texts(&world).await, ["new"]);
}

#[tokio::test]
async fn an_expired_message_that_is_delivered_again_is_no_obstacle() {
    let world = kept_for(1).await;
    world.receive(&on_day("old", 0)).await.expect("received");
    world.clock.advance_days(2);
    world.receive_days_later(&on_day("old", 0), 2).await.expect("received");
    assert_eq!(texts(&world).await, Vec::<String>::new());
    world.receive_days_later(&on_day("new", 2), 2).await.expect("received");
    assert_eq!(texts(&world).await, ["new"]);
}

#[tokio::test]
async fn a_conversation_outlives_the_messages_of_every_plan_it_had() {
    for (first, then, survivor) in
        [(Some(365), Some(30), "first"), (Some(30), Some(365), "then"), (None, Some(30), "first")]
    {
        let world = World::empty().await;
        let connection = Connection { retention_days: first, ..connection("acme", "17841") };
        let connection = world.connections.activate(&connection, None, &ANY).await.expect("a first connection");
        world.receive(&on_day("first", 0)).await.expect("received");
        world.connections.set_retention(&connection, then).await.expect("the plan changed");
        world.receive(&on_day("then", 1)).await.expect("received");
        world.clock.advance_days(40);
        assert_eq!(texts(&world).await, [survivor], "{first:?}, {then:?}");
        let seen = world.seen(&tenant("acme"), &conversation()).await;
        assert!(seen.conversation.is_some() && seen.listed.len() == 1, "{first:?}, {then:?}");
    }
}

#[tokio::test]
async fn an_answer_under_a_smaller_plan_does_not_shorten_its_conversation() {
    let world = kept_for(365).await;
    world.receive(&on_day("first", 0)).await.expect("received");
    let found = world.connections.list(&tenant("acme")).await.expect("a list");
    world.connections.set_retention(&found[0], Some(30)).await.expect("the plan changed");
    let now = NOW.plus(60_000);
    let context = world.outbound.context(&tenant("acme"), &conversation(), None, now).await.expect("a read");
    world.outbound.queue(&context.expect("a conversation"), &draft("Yes"), None, now).await.expect("queued");
    world.clock.advance_days(40);
    assert_eq!(texts(&world).await, ["first"]);
    assert_eq!(world.seen(&tenant("acme"), &conversation()).await.listed.len(), 1);
}

#[tokio::test]
async fn an_answer_under_a_larger_plan_prolongs_its_conversation_whatever_the_list_shows() {
    let world = kept_for(30).await;
    world.receive(&inbound("ahead", 120, "ahead of our clock")).await.expect("received");
    let found = world.connections.list(&tenant("acme")).await.expect("a list");
    world.connections.set_retention(&found[0], Some(365)).await.expect("the plan changed");
    let now = NOW.plus(60_000);
    let context = world.outbound.context(&tenant("acme"), &conversation(), None, now).await.expect("a read");
    world.outbound.queue(&context.expect("a conversation"), &draft("Yes"), None, now).await.expect("queued");
    world.clock.advance_days(40);
    assert_eq!(texts(&world).await, ["Yes"]);
    assert!(world.seen(&tenant("acme"), &conversation()).await.conversation.is_some());
}

#[tokio::test]
async fn an_answer_to_a_conversation_that_has_expired_meanwhile_is_not_accepted() {
    let world = kept_for(30).await;
    world.receive(&on_day("old", 0)).await.expect("received");
    let context = world.outbound.context(&tenant("acme"), &conversation(), None, NOW).await.expect("a read");
    world.clock.advance_days(31);
    let now = NOW.plus(31 * DAY_MS);
    let outcome = world.outbound.queue(&context.expect("a conversation"), &draft("Yes"), None, now).await;
    let refusal = outcome.expect_err("there is nothing to answer");
    assert_eq!(refusal.to_string(), "the conversation has ended");
    assert_eq!(world.tenants.usage(&tenant("acme"), now).await.expect("a read").sent, 0);
    assert_eq!(world.dump(&world.tables.messages).await.len(), 1, "nothing but what has expired");
}

#[tokio::test]
async fn a_change_to_a_message_that_has_expired_is_done_with_at_once() {
    let world = kept_for(30).await;
    world.receive(&on_day("old", 0)).await.expect("received");
    world.receive(&on_day("newer", 20)).await.expect("received");
    world.clock.advance_days(31);
    let received = world.receive_days_later(&reacted("old", 31 * DAY, Some("❤")), 31).await.expect("no conflict");
    assert_eq!(received.outcome, Outcome::Expired);
    assert_eq!(texts(&world).await, ["newer"]);
}

#[tokio::test]
async fn what_waits_ends_with_its_marks_and_with_a_conversation_that_shows_nothing() {
    let world = World::connected().await;
    for n in 0..20 {
        world.receive(&reacted(&format!("never{n}"), n, Some("❤"))).await.expect("received");
    }
    let stub = world.seen(&tenant("acme"), &conversation()).await.conversation.expect("a note that something waits");
    assert!(stub.kept_until.is_some(), "nothing is kept for good that nobody sees");
    world.clock.advance_days(8);
    assert_eq!(world.seen(&tenant("acme"), &conversation()).await.conversation, None);

    world.receive_days_later(&on_day("one", 8), 8).await.expect("received");
    world.receive_days_later(&reacted("never", 8 * DAY, Some("❤")), 8).await.expect("received");
    world.clock.advance_days(8);
    world.receive_days_later(&on_day("two", 16), 16).await.expect("received");
    let found = world.seen(&tenant("acme"), &conversation()).await.conversation.expect("a conversation");
    assert!(found.waiting.is_empty() && found.waiting_until.is_none(), "{:?}", found.waiting);
    assert_eq!(found.kept_until, None, "its messages are kept for good");
}
