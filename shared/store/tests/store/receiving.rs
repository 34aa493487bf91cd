//! Messages arrive: once, whatever the deliveries.

use domain::contact::Occasion;
use domain::{ContactId, Direction, Event, MessageId, Payload, UnixMillis};
use futures::future::join_all;
use store::{Filter, Outcome, StoreError};

use crate::util::examples::{ANY, CONTACT, NOW, account, connection, contact_id, conversation, inbound, mid, tenant};
use crate::util::{World, receive};

#[tokio::test]
async fn a_first_message_makes_a_conversation_that_is_listed() {
    let world = World::connected().await;
    let received = world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: true });
    assert_eq!(received.profile_wanted, Some(Occasion::Wrote));
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    let stored = seen.conversation.as_ref().expect("a conversation");
    assert_eq!((stored.unread, stored.window_opened_at), (1, Some(NOW.plus(1000))));
    assert_eq!(seen.messages.len(), 1);
    assert_eq!(seen.messages[0].text.as_deref(), Some("Hello"));
    assert_eq!(seen.listed.len(), 1);
    assert_eq!(seen.listed[0].last_message, stored.last_message);
    assert_eq!(seen.listed[0].unread, 1);
}

#[tokio::test]
async fn a_redelivered_message_changes_nothing() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    let once = world.seen(&tenant("acme"), &conversation()).await;
    for _ in 0..3 {
        let again = world.receive(&inbound("one", 1, "Hello")).await.expect("received");
        assert_eq!(again.outcome, Outcome::Duplicate);
    }
    let often = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!(once.messages, often.messages);
    assert_eq!(once.conversation, often.conversation);
}

#[tokio::test]
async fn a_message_older_than_what_is_remembered_one_by_one_is_still_a_duplicate() {
    let world = World::connected().await;
    for second in 0..20 {
        world.receive(&inbound(&format!("m{second}"), second, "Hello")).await.expect("received");
    }
    let again = world.receive(&inbound("m0", 0, "Hello")).await.expect("received");
    assert_eq!(again.outcome, Outcome::Duplicate);
    let late = world.receive(&inbound("late", 3, "Late")).await.expect("received");
    assert_eq!(late.outcome, Outcome::Stored { new_conversation: false });
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!(seen.messages.len(), 21);
    assert_eq!(seen.conversation.expect("a conversation").unread, 21);
}

#[tokio::test]
async fn messages_delivered_three_times_and_shuffled_are_each_stored_once() {
    let world = World::connected().await;
    let mut events: Vec<Event> = (0..12).map(|n| inbound(&format!("m{n}"), n, &format!("text {n}"))).collect();
    events.extend(events.clone());
    events.extend(events[..12].to_vec());
    fastrand::Rng::with_seed(7).shuffle(&mut events);
    for batch in events.chunks(10) {
        let wanted: Vec<_> = batch.iter().map(|event| (event.account.clone(), Some(contact_id(CONTACT)))).collect();
        let mut prefetched = world.inbox.prefetch(&wanted).await.expect("a read");
        for event in batch {
            world.inbox.receive(&mut prefetched, event, NOW).await.expect("received");
        }
    }
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    let texts: Vec<_> = seen.messages.iter().rev().filter_map(|message| message.text.clone()).collect();
    assert_eq!(texts, (0..12).map(|n| format!("text {n}")).collect::<Vec<_>>());
    let stored = seen.conversation.expect("a conversation");
    assert_eq!(stored.unread, 12);
    assert_eq!(stored.last_message.expect("a last message").preview, "text 11");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_record_in_many_processes_at_once_is_counted_once() {
    let world = World::connected().await;
    let event = inbound("one", 1, "Hello");
    let processes: Vec<_> = (0..8).map(|_| world.another_process()).collect();
    let outcomes = join_all(processes.iter().map(|(inbox, ..)| receive(inbox, &event))).await;
    let stored = outcomes
        .iter()
        .filter(|outcome| matches!(outcome.as_ref().map(|received| &received.outcome), Ok(Outcome::Stored { .. })));
    assert_eq!(stored.count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!(seen.messages.len(), 1);
    assert_eq!(seen.conversation.expect("a conversation").unread, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn different_messages_of_one_conversation_at_once_are_all_counted() {
    let world = World::connected().await;
    let events: Vec<_> = (0..6).map(|n| inbound(&format!("m{n}"), n, "Hello")).collect();
    let processes: Vec<_> = events.iter().map(|_| world.another_process()).collect();
    for result in join_all(processes.iter().zip(&events).map(|((inbox, ..), event)| receive(inbox, event))).await {
        // Giving up under contention is allowed: the queue delivers again.
        assert!(matches!(result, Ok(_) | Err(StoreError::Conflict)), "{result:?}");
    }
    for event in &events {
        world.receive(event).await.expect("redelivered");
    }
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!(seen.messages.len(), 6);
    assert_eq!(seen.conversation.expect("a conversation").unread, 6);
}

#[tokio::test]
async fn an_account_that_nobody_connected_has_no_route() {
    let world = World::connected().await;
    let event = Event { account: account("999"), ..inbound("one", 1, "Hello") };
    let received = world.receive(&event).await.expect("received");
    assert_eq!((received.outcome, received.place), (Outcome::NoRoute, None));
}

#[tokio::test]
async fn after_a_disconnect_a_warm_process_drops_the_next_message() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    world.connections.revoke(&tenant("acme"), &account("17841"), NOW.seconds()).await.expect("revoked");
    let received = world.receive(&inbound("two", 2, "Still there?")).await.expect("received");
    assert_eq!(received.outcome, Outcome::NoRoute);
    assert_eq!(world.seen(&tenant("acme"), &conversation()).await.messages.len(), 1);
}

#[tokio::test]
async fn an_account_that_changed_hands_is_routed_to_its_new_tenant_by_a_warm_process() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    world.connections.revoke(&tenant("acme"), &account("17841"), NOW.seconds()).await.expect("revoked");
    world.connections.activate(&connection("rival", "17841"), None, &ANY).await.expect("connected");
    let received = world.receive(&inbound("two", 2, "Hello again")).await.expect("received");
    assert_eq!(received.place.expect("a place").tenant, tenant("rival"));
    let old = world.inbox.conversations(&tenant("acme"), None, 10, Filter::default()).await.expect("a list");
    assert_eq!(old.items[0].unread, 1);
}

#[tokio::test]
async fn a_batch_of_two_tenants_reaches_both_and_mixes_nothing() {
    let world = World::connected().await;
    world.connections.activate(&connection("rival", "222"), None, &ANY).await.expect("connected");
    let theirs = Event { account: account("222"), ..inbound("two", 2, "For the rival") };
    let events = [inbound("one", 1, "For acme"), theirs];
    let wanted: Vec<(_, Option<ContactId>)> =
        events.iter().map(|event| (event.account.clone(), Some(contact_id(CONTACT)))).collect();
    let mut prefetched = world.inbox.prefetch(&wanted).await.expect("a read");
    for event in &events {
        world.inbox.receive(&mut prefetched, event, NOW).await.expect("received");
    }
    for (whose, text) in [("acme", "For acme"), ("rival", "For the rival")] {
        let page = world.inbox.conversations(&tenant(whose), None, 10, Filter::default()).await.expect("a list");
        let previews: Vec<_> =
            page.items.iter().filter_map(|it| it.last_message.as_ref()).map(|it| &it.preview).collect();
        assert_eq!(previews, [text]);
    }
}

#[tokio::test]
async fn what_concerns_no_conversation_names_its_tenant_and_stores_nothing() {
    let world = World::connected().await;
    let (account, payload) = (account("17841"), Payload::Test);
    let test = Event { account, at: NOW, untimed: None, received_at: NOW, payload, reduced: false };
    let received = world.receive(&test).await.expect("received");
    assert_eq!(received.outcome, Outcome::NotForInbox);
    assert_eq!(received.place.expect("a place").tenant, tenant("acme"));
    assert!(world.dump(&world.tables.conversations).await.is_empty());
}

#[tokio::test]
async fn the_newest_message_says_whether_another_app_answers_whatever_the_order() {
    for order in [[0, 1], [1, 0]] {
        let world = World::connected().await;
        let elsewhere = |name, at, handled_elsewhere| {
            let mut event = inbound(name, at, "Hello");
            if let Payload::Message { message, .. } = &mut event.payload {
                message.handled_elsewhere = handled_elsewhere;
            }
            event
        };
        let events = [elsewhere("one", 1, true), elsewhere("two", 2, false)];
        for place in order {
            world.receive(&events[place]).await.expect("received");
        }
        let seen = world.seen(&tenant("acme"), &conversation()).await;
        assert!(!seen.conversation.expect("a conversation").handled_elsewhere, "{order:?}");
    }
}

#[tokio::test]
async fn a_profile_that_was_refused_is_wanted_with_the_contacts_next_message_and_not_with_a_comment() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    let contact = world.seen(&tenant("acme"), &conversation()).await.conversation.expect("stored").contact;
    assert!(
        world
            .inbox
            .set_profile(&tenant("acme"), &conversation(), &contact.without_consent(NOW))
            .await
            .expect("written")
    );
    let mut comment = inbound("two", 2, "Nice");
    if let Payload::Message { message, .. } = &mut comment.payload {
        message.kind = domain::Kind::Comment;
        message.opens_window = false;
    }
    assert_eq!(world.receive(&comment).await.expect("received").profile_wanted, None);
    let next = world.receive(&inbound("three", 3, "Hello?")).await.expect("received");
    assert_eq!(next.profile_wanted, Some(Occasion::Wrote));
}

#[tokio::test]
async fn a_profile_that_is_written_while_a_message_is_counted_survives() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    let mut prefetched = world
        .inbox
        .prefetch(&[(account("17841"), Some(contact_id(CONTACT)))])
        .await
        .expect("a read before the profile");
    let mut contact = world.seen(&tenant("acme"), &conversation()).await.conversation.expect("stored").contact;
    contact.name = Some("Lucía".to_owned());
    world.inbox.set_profile(&tenant("acme"), &conversation(), &contact).await.expect("written");
    world.inbox.receive(&mut prefetched, &inbound("two", 2, "Me again"), NOW).await.expect("received");
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!(seen.conversation.expect("stored").contact.name.as_deref(), Some("Lucía"));
}

#[tokio::test]
async fn a_message_from_before_1970_or_far_in_the_future_is_stored_as_any_other() {
    let world = World::connected().await;
    for (name, at) in [("old", -5), ("new", 9_999_999_999_999)] {
        let mut event = inbound(name, 0, "Strange clock");
        if let Payload::Message { message, .. } = &mut event.payload {
            let mid = message.mid.clone().expect("a mid");
            message.id = domain::MessageId::derive(UnixMillis::new(at), &mid);
            assert_eq!(message.direction, Direction::Inbound);
        }
        let received = world.receive(&event).await.expect("received");
        assert!(matches!(received.outcome, Outcome::Stored { .. }), "{name}");
        assert_eq!(world.receive(&event).await.expect("received").outcome, Outcome::Duplicate, "{name}");
    }
}

#[tokio::test]
async fn a_message_that_is_delivered_before_its_own_time_and_after_it_is_stored_once() {
    let world = World::connected().await;
    let timed = inbound("early", 30 * 60, "Delivered half an hour early");
    let mut early = Event { at: NOW, received_at: NOW, ..timed.clone() };
    if let Payload::Message { message, .. } = &mut early.payload {
        (message.untimed, message.ahead) = (true, Some(timed.at));
        message.id = MessageId::derive(NOW, &mid("early"));
    }
    world.receive(&early).await.expect("received");
    for second in 1..10 {
        world.receive(&inbound(&format!("m{second}"), second, "Hello")).await.expect("received");
    }

    let again = world.receive(&Event { received_at: NOW.plus(25 * 60_000), ..timed }).await.expect("received");
    world.wire.forget();
    let later = world.receive(&inbound("later", 31 * 60, "Hello")).await.expect("received");

    assert_eq!(again.outcome, Outcome::Duplicate);
    assert_eq!(later.outcome, Outcome::Stored { new_conversation: false });
    assert_eq!(world.wire.calls().len(), 3, "once its time has passed nobody looks for it");
    assert_eq!(world.seen(&tenant("acme"), &conversation()).await.messages.len(), 11);
}
