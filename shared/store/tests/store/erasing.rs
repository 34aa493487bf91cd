//! A deletion takes what was received before its cut-off, and only that; nothing of it comes back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Connection, Contact, Event, MessageId, Payload, UnixMillis};
use store::{Look, Outcome};

use crate::util::examples::{
    ANY, CONTACT, NOW, account, connection, contact_id, conversation, draft, inbound, mid, reacted, tenant,
};
use crate::util::wire::Cut;
use crate::util::{DAY_MS, World};

/// When the deletion was asked for.
const CUTOFF: UnixMillis = NOW.plus(60_000);

/// A look as the eraser makes it, without its counting.
async fn look(world: &World, which: Look) {
    let (whose, id) = (tenant("acme"), conversation());
    let found = world.eraser.messages(&whose, &id, CUTOFF, None).await.expect("a look");
    world.eraser.delete_messages(&found).await.expect("deleted");
    world.eraser.erase_conversation(&whose, &id, CUTOFF, which).await.expect("emptied");
}

async fn erase(world: &World) {
    look(world, Look::First).await;
    look(world, Look::Second).await;
}

async fn texts(world: &World) -> Vec<String> {
    let messages = world.seen(&tenant("acme"), &conversation()).await.messages;
    messages.into_iter().filter_map(|message| message.text).collect()
}

/// Written and received so many seconds after the cut-off.
fn after(name: &str, seconds: i64) -> Event {
    inbound(name, 60 + seconds, name)
}

#[tokio::test]
async fn what_was_received_after_the_cut_off_stays_as_it_is() {
    let world = World::connected().await;
    world.receive(&inbound("old", 1, "old")).await.expect("received");
    let contact = Contact { name: Some("Lucía".to_owned()), ..Contact::unknown(contact_id(CONTACT)) };
    world.inbox.set_profile(&tenant("acme"), &conversation(), &contact).await.expect("written");
    world.receive(&after("NEW order", 1)).await.expect("received");
    world.receive(&reacted("never", 70, Some("❤"))).await.expect("received");
    for _ in 0..2 {
        erase(&world).await;
        assert_eq!(texts(&world).await, ["NEW order"]);
        let seen = world.seen(&tenant("acme"), &conversation()).await;
        let found = seen.conversation.expect("a conversation");
        assert_eq!((found.unread, found.contact.name.clone(), seen.listed.len()), (1, None, 1));
        assert_eq!(found.window_opened_at, Some(CUTOFF.plus(1000)));
        assert_eq!(found.last_message.expect("shown").preview, "NEW order");
    }
    assert_eq!(world.receive(&after("NEW order", 1)).await.expect("again").outcome, Outcome::Duplicate);
}

#[tokio::test]
async fn a_tombstone_names_nobody_and_keeps_out_what_was_received_or_happened_before() {
    let world = World::connected().await;
    world.receive(&inbound("old", 1, "old")).await.expect("received");
    erase(&world).await;
    let left =
        format!("{:?}", (world.dump(&world.tables.conversations).await, world.dump(&world.tables.messages).await));
    assert!(!left.contains(CONTACT) && !left.contains("old"), "{left}");
    assert_eq!(world.seen(&tenant("acme"), &conversation()).await.conversation, None);

    let waited = inbound("waited", 2, "waited");
    let again = Event { received_at: NOW.plus(DAY_MS), ..inbound("old", 1, "old") };
    for event in [waited, again, reacted("old", 3, Some("❤"))] {
        assert_eq!(world.receive(&event).await.expect("received").outcome, Outcome::Erased, "{event:?}");
    }
    assert_eq!(world.dump(&world.tables.messages).await.len(), 0);
    let received = world.receive(&after("new", 1)).await.expect("received");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: true });
    assert_eq!(texts(&world).await, ["new"]);
    assert_eq!(world.receive(&inbound("waited", 2, "waited")).await.expect("received").outcome, Outcome::Erased);

    world.clock.advance_days(40);
    let found = world.seen(&tenant("acme"), &conversation()).await.conversation.expect("still there");
    assert_eq!(found.erased_before, Some(CUTOFF), "for as long as there is a conversation");
}

#[tokio::test]
async fn a_tombstone_ends_after_thirty_days() {
    let world = World::connected().await;
    world.receive(&inbound("old", 1, "old")).await.expect("received");
    erase(&world).await;
    world.clock.advance_days(31);
    let late = inbound("very late", 2, "very late");
    assert!(matches!(world.receive(&late).await.expect("received").outcome, Outcome::Stored { .. }));
}

#[tokio::test]
async fn an_event_that_is_under_way_during_the_first_look_does_not_bring_anything_back() {
    for which in [&[Look::First][..], &[Look::First, Look::Second]] {
        let world = World::connected().await;
        world.receive(&inbound("old", 1, "old")).await.expect("received");
        let wanted = [(account("17841"), Some(contact_id(CONTACT)))];
        let mut prefetched = world.inbox.prefetch(&wanted).await.expect("read before the deletion");
        for one in which {
            look(&world, *one).await;
        }
        let received = world.inbox.receive(&mut prefetched, &inbound("late", 2, "late"), NOW).await.expect("received");
        assert_eq!(received.outcome, Outcome::Erased, "{which:?}");
        assert_eq!(texts(&world).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_new_message_that_is_counted_before_the_first_look_and_stored_after_it_is_shown() {
    let world = World::connected().await;
    world.receive(&inbound("old", 1, "old")).await.expect("received");
    // Calls of a message in a process that does not know the account: two reads, the conversation, the message.
    let (inbox, _, wire) = world.another_process();
    wire.cut(3, Cut::Before);
    crate::util::receive(&inbox, &after("new", 1)).await.expect_err("killed");
    look(&world, Look::First).await;
    world.receive(&after("new", 1)).await.expect("delivered again");
    look(&world, Look::Second).await;
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!((seen.messages.len(), seen.listed.len()), (1, 1));
    assert_eq!(seen.conversation.expect("a conversation").unread, 1);
}

#[tokio::test]
async fn an_account_that_is_connected_again_gets_nothing_back_that_still_waited() {
    let world = World::connected().await;
    let (whose, which) = (tenant("acme"), account("17841"));
    world.connections.note_erasure(&whose, &which, CUTOFF).await.expect("noted");
    world.connections.note_erasure(&whose, &which, NOW).await.expect("an earlier one changes nothing");
    let revoked = world.connections.revoke(&whose, &which, NOW.seconds()).await.expect("ended").expect("it was there");
    let back = Connection { token_refreshed_at: CUTOFF.seconds().plus(1), ..connection("acme", "17841") };
    for expected in [Some(revoked.version), None] {
        let back = world.connections.activate(&back, expected, &ANY).await.expect("connected again");
        assert_eq!(back.erased_before, Some(CUTOFF));
        // Somebody of whom nothing was there: no tombstone keeps it out.
        assert_eq!(world.receive(&inbound("waited", 2, "waited")).await.expect("received").outcome, Outcome::Erased);
        let new = after(&format!("new{expected:?}"), 1);
        assert!(matches!(world.receive(&new).await.expect("received").outcome, Outcome::Stored { .. }));
        world.connections.forget(&whose, &which, None, CUTOFF.plus(DAY_MS)).await.expect("deleted");
        let left = format!("{:?}", world.dump(&world.tables.connections).await);
        assert!(!left.contains("17841"), "{left}");
        break_the_tombstone(&world).await;
    }
}

/// Takes what the conversation remembers away, so that only the account's note is left.
async fn break_the_tombstone(world: &World) {
    let key = world.dump(&world.tables.conversations).await.remove(0);
    let key = ["pk", "sk"].map(|name| (name.to_owned(), key[name].clone())).into();
    let deleted = world.client.delete_item().table_name(&world.tables.conversations).set_key(Some(key)).send().await;
    deleted.expect("deleted");
}

#[tokio::test]
async fn what_cannot_be_read_stops_no_deletion() {
    let world = World::connected().await;
    world.receive(&inbound("old", 1, "old")).await.expect("received");
    for (name, second) in [("broken", 1), ("new", 2)] {
        world.receive(&after(name, second)).await.expect("received");
    }
    break_items(&world, &world.tables.messages, |item| item["text"].as_s().is_ok_and(|text| text == "broken")).await;

    erase(&world).await;

    assert_eq!(texts(&world).await, ["new"]);
    assert_eq!(world.seen(&tenant("acme"), &conversation()).await.conversation.expect("there").unread, 1);
}

#[tokio::test]
async fn a_conversation_that_cannot_be_read_is_deleted_whole() {
    let world = World::connected().await;
    world.receive(&inbound("old", 1, "old")).await.expect("received");
    break_items(&world, &world.tables.conversations, |_| true).await;
    assert!(world.eraser.has_conversation(&tenant("acme"), &conversation()).await.expect("a read"));
    assert!(world.eraser.is_from_before(&tenant("acme"), &conversation(), CUTOFF).await.expect("a read"));

    erase(&world).await;

    let left =
        format!("{:?}", (world.dump(&world.tables.conversations).await, world.dump(&world.tables.messages).await));
    assert!(!left.contains(CONTACT) && !left.contains("old"), "{left}");
    let waited = world.receive(&inbound("waited", 2, "waited")).await.expect("received");
    assert_eq!(waited.outcome, Outcome::Erased);
    let new = world.receive(&after("new", 1)).await.expect("received");
    assert_eq!(new.outcome, Outcome::Stored { new_conversation: true });
}

/// Gives these items an id and a contact that nobody can read.
async fn break_items(world: &World, table: &str, broken: impl Fn(&HashMap<String, AttributeValue>) -> bool) {
    for mut item in world.dump(table).await.into_iter().filter(broken) {
        item.insert("id".to_owned(), AttributeValue::N("1".to_owned()));
        world.client.put_item().table_name(table).set_item(Some(item)).send().await.expect("written");
    }
}

#[tokio::test]
async fn that_an_event_without_a_time_came_first_is_known_after_a_deletion_of_what_came_before() {
    let world = World::connected().await;
    world.receive(&inbound("old", 1, "old")).await.expect("received");
    let mut untimed = after("untimed", 1);
    if let Payload::Message { message, .. } = &mut untimed.payload {
        message.untimed = true;
    }
    world.receive(&untimed).await.expect("received");
    erase(&world).await;
    for second in 2..12 {
        world.receive(&after(&format!("m{second}"), second)).await.expect("received");
    }

    let at = untimed.at.plus(60_000);
    let mut again = Event { at, received_at: at, ..untimed };
    if let Payload::Message { message, .. } = &mut again.payload {
        message.id = MessageId::derive(at, &mid("untimed"));
    }
    assert_eq!(world.receive(&again).await.expect("received").outcome, Outcome::Duplicate);
}

#[tokio::test]
async fn an_answer_to_a_contact_who_was_erased_meanwhile_is_not_accepted() {
    let world = World::connected().await;
    world.receive(&inbound("old", 1, "old")).await.expect("received");
    let context = world.outbound.context(&tenant("acme"), &conversation(), None, NOW).await.expect("a read");
    erase(&world).await;
    let tombstone = world.dump(&world.tables.conversations).await;
    let now = NOW.plus(61_000);
    let outcome = world.outbound.queue(&context.expect("a conversation"), &draft("Yes"), None, now).await;
    let refusal = outcome.expect_err("there is nobody to answer");
    assert_eq!(refusal.to_string(), "the conversation has ended");
    assert_eq!(world.dump(&world.tables.conversations).await, tombstone, "nothing is written into the tombstone");
    assert!(world.dump(&world.tables.messages).await.is_empty());
}

#[tokio::test]
async fn an_answer_goes_to_whoever_wrote_again_after_they_were_erased() {
    let world = World::connected().await;
    world.receive(&inbound("old", 1, "old")).await.expect("received");
    let context = world.outbound.context(&tenant("acme"), &conversation(), None, NOW).await.expect("a read");
    erase(&world).await;
    world.receive(&after("NEW order", 1)).await.expect("received");
    let now = NOW.plus(60_500);
    world.outbound.queue(&context.expect("a conversation"), &draft("Yes"), None, now).await.expect("queued");
    assert_eq!(texts(&world).await, ["NEW order", "Yes"]);
}
