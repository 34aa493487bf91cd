//! Echoes of what was sent: from here, and from elsewhere.

use domain::{Author, Event, Message, MessageId, Payload, Status};
use store::{Begun, Outcome, Queued};

use crate::settling::stuck;
use crate::util::World;
use crate::util::examples::{
    CONTACT, NOW, contact_id, conversation, draft, echo, failure, inbound, mid, reacted, read, tenant,
};
use crate::util::wire::Cut;

/// Accepts an answer and begins to send it.
pub(crate) async fn sending(world: &World, text: &str, at: i64) -> Message {
    let message = queued(world, text, at).await;
    let begun = world.outbound.begin(&tenant("acme"), &conversation(), &message.id, NOW).await.expect("begun");
    let Begun::Started(message) = begun else { panic!("not started: {begun:?}") };
    *message
}

/// Accepts an answer.
pub(crate) async fn queued(world: &World, text: &str, at: i64) -> Message {
    let now = NOW.plus(at * 1000);
    let context = world.outbound.context(&tenant("acme"), &conversation(), None, now).await.expect("a read");
    let context = context.expect("a conversation");
    let queued = world.outbound.queue(&context, &draft(text), None, now).await.expect("queued");
    let Queued::New(message) = queued else { panic!("not new: {queued:?}") };
    *message
}

/// Meta took the message and named it.
pub(crate) async fn sent(world: &World, message: &Message, name: &str) -> Message {
    let settled = world.outbound.settle_sent(&tenant("acme"), &conversation(), &message.id, &mid(name), NOW).await;
    settled.expect("settled").expect("a message")
}

/// Nobody knows whether Meta took the message.
pub(crate) async fn uncertain(world: &World, message: &Message) -> Message {
    let failure = failure("timeout");
    let settled = world.outbound.settle_uncertain(&tenant("acme"), &conversation(), &message.id, &failure).await;
    settled.expect("settled").expect("a message")
}

async fn outbound(world: &World) -> Vec<Message> {
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    seen.messages.into_iter().filter(|message| message.author != Author::Customer).collect()
}

async fn world_with_a_question() -> World {
    let world = World::connected().await;
    world.receive(&inbound("question", 0, "Are you open?")).await.expect("received");
    world
}

#[tokio::test]
async fn an_echo_after_the_answer_of_the_send_api_writes_nothing() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    sent(&world, &message, "sent").await;
    world.wire.forget();
    let received = world.receive(&echo("sent", 2, "Yes")).await.expect("received");
    assert_eq!(received.outcome, Outcome::Merged);
    assert!(world.wire.write_units() < f64::EPSILON, "{:?}", world.wire.calls());
    assert_eq!(outbound(&world).await.len(), 1);
}

#[tokio::test]
async fn an_echo_before_the_answer_of_the_send_api_is_merged_once_for_all() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    for _ in 0..2 {
        let received = world.receive(&echo("sent", 2, "Yes")).await.expect("received");
        assert_eq!(received.outcome, Outcome::Merged);
    }
    let settled = sent(&world, &message, "sent").await;
    assert_eq!((settled.status, settled.provider_message_id), (Status::Sent, Some(mid("sent"))));
    assert_eq!(outbound(&world).await.len(), 1);
}

#[tokio::test]
async fn an_echo_settles_an_uncertain_message_and_forgets_its_error() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    assert_eq!(uncertain(&world, &message).await.status, Status::Uncertain);
    world.receive(&echo("sent", 2, " Yes ")).await.expect("received");
    let found = world.find("sent").await.expect("merged");
    assert_eq!((found.id, found.status, found.error), (message.id, Status::Sent, None));
    assert!(stuck(&world, 9000).await.is_empty());
}

#[tokio::test]
async fn what_the_phone_app_sent_is_stored_without_unread_and_without_window() {
    let world = world_with_a_question().await;
    let before = world.seen(&tenant("acme"), &conversation()).await.conversation.expect("stored");
    let received = world.receive(&echo("phone", 2, "From my phone")).await.expect("received");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: false });
    assert_eq!(world.receive(&echo("phone", 2, "From my phone")).await.expect("again").outcome, Outcome::Duplicate);
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    let after = seen.conversation.expect("stored");
    assert_eq!((after.unread, after.window_opened_at), (before.unread, before.window_opened_at));
    assert_eq!(after.last_message.expect("shown").author, Author::App);
    let stored = world.find("phone").await.expect("stored");
    assert_eq!((stored.author, stored.status), (Author::App, Status::Sent));
}

#[tokio::test]
async fn an_echo_with_another_text_is_not_taken_for_ours() {
    let world = world_with_a_question().await;
    sending(&world, "Yes", 1).await;
    let received = world.receive(&echo("phone", 2, "No")).await.expect("received");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: false });
    assert_eq!(outbound(&world).await.len(), 2);
}

#[tokio::test]
async fn a_queued_message_is_not_taken_for_sent_by_the_same_text_from_the_phone() {
    let world = world_with_a_question().await;
    queued(&world, "Yes", 1).await;
    world.receive(&echo("phone", 2, "Yes")).await.expect("received");
    let statuses: Vec<_> = outbound(&world).await.iter().map(|message| message.status).collect();
    assert_eq!(statuses.len(), 2);
    assert!(statuses.contains(&Status::Queued));
}

#[tokio::test]
async fn the_same_text_from_the_phone_at_the_same_time_gets_its_own_message_once_meta_answers() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    world.receive(&echo("phone", 2, "Yes")).await.expect("received");
    assert_eq!(sent(&world, &message, "ours").await.provider_message_id, Some(mid("ours")));
    let phone = world.find("phone").await.expect("its own message");
    assert_eq!((phone.author, phone.text.as_deref()), (Author::App, Some("Yes")));
    assert_eq!(world.find("ours").await.expect("ours").id, message.id);
    for redelivered in ["phone", "ours"] {
        world.receive(&echo(redelivered, 2, "Yes")).await.expect("received");
    }
    assert_eq!(outbound(&world).await.len(), 2);
}

#[tokio::test]
async fn two_echoes_of_the_same_text_before_the_answer_of_the_send_api_are_two_messages() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    world.receive(&echo("phone", 2, "Yes")).await.expect("received");
    world.receive(&echo("ours", 3, "Yes")).await.expect("received");
    world.receive(&reacted("ours", 4, Some("❤️"))).await.expect("received");
    sent(&world, &message, "ours").await;
    let ours = world.find("ours").await.expect("ours");
    assert_eq!((&ours.id, ours.author), (&message.id, Author::Agent));
    assert_eq!(ours.reactions.len(), 1, "what happened to the echo happened to the message");
    assert_eq!(world.find("phone").await.expect("its own message").author, Author::App);
    for (redelivered, at) in [("ours", 3), ("phone", 2)] {
        world.receive(&echo(redelivered, at, "Yes")).await.expect("received");
    }
    assert_eq!(outbound(&world).await.len(), 2);
    let conversation = world.seen(&tenant("acme"), &conversation()).await.conversation.expect("stored");
    assert_eq!(conversation.last_message.expect("shown").preview, "Yes");
}

#[tokio::test]
async fn the_echo_of_an_older_uncertain_twin_finds_it_once_meta_answers_for_the_newer() {
    let world = world_with_a_question().await;
    let older = sending(&world, "Yes", 1).await;
    uncertain(&world, &older).await;
    let newer = sending(&world, "Yes", 2).await;
    world.receive(&echo("older", 3, "Yes")).await.expect("received");
    assert_eq!(world.find("older").await.expect("merged").id, newer.id, "what is being sent comes first");
    sent(&world, &newer, "newer").await;
    assert_eq!(world.find("older").await.expect("found its own").id, older.id);
    assert_eq!(world.find("newer").await.expect("corrected").id, newer.id);
    assert_eq!(outbound(&world).await.len(), 2);
}

#[tokio::test]
async fn a_correction_that_was_cut_in_the_middle_is_completed_by_the_next_delivery() {
    for call in 0..12 {
        let world = world_with_a_question().await;
        let message = sending(&world, "Yes", 1).await;
        world.receive(&echo("phone", 2, "Yes")).await.expect("received");
        let (_, outbound_store, wire) = world.another_process();
        wire.cut(call, Cut::After);
        let (whose, thread) = (tenant("acme"), conversation());
        let cut = outbound_store.settle_sent(&whose, &thread, &message.id, &mid("ours"), NOW).await;
        if world.find("ours").await.is_none() {
            sent(&world, &message, "ours").await;
        }
        let begun = world.outbound.begin(&whose, &thread, &message.id, NOW).await.expect("redelivered");
        assert!(matches!(begun, Begun::Settled(_)), "{call}: {begun:?}");
        assert_eq!(world.find("phone").await.expect("its own message").author, Author::App, "{call}");
        assert_eq!(outbound(&world).await.len(), 2, "{call}");
        if cut.is_ok() {
            assert!(call > 3, "only {call} calls");
            return;
        }
    }
    panic!("it never came to an end");
}

#[tokio::test]
async fn changes_of_an_answer_that_come_before_its_echo_are_applied_with_it() {
    for echo_first in [true, false] {
        let world = world_with_a_question().await;
        let message = sending(&world, "Yes", 1).await;
        world.receive(&reacted("sent", 5, Some("❤"))).await.expect("received");
        world.receive(&read("sent")).await.expect("received");
        let (whose, thread) = (tenant("acme"), conversation());
        if echo_first {
            world.receive(&echo("sent", 2, "Yes")).await.expect("received");
        }
        sent(&world, &message, "sent").await;
        world.receive(&echo("sent", 2, "Yes")).await.expect("received");
        let seen = world.seen(&whose, &thread).await;
        let stored = world.find("sent").await.expect("merged");
        assert_eq!(stored.reactions.len(), 1, "echo first: {echo_first}");
        let thread = seen.conversation.expect("stored");
        assert_eq!(thread.shown_status(&stored), Status::Read, "echo first: {echo_first}");
        assert!(thread.waiting.is_empty());
    }
}

#[tokio::test]
async fn an_echo_from_elsewhere_that_was_cut_is_not_taken_for_a_later_answer_of_ours() {
    let world = world_with_a_question().await;
    let (inbox, _, wire) = world.another_process();
    // A cold process reads twice and looks for its original; then it counts the echo, and dies before it stores it.
    wire.cut(4, Cut::Before);
    crate::util::receive(&inbox, &echo("phone", 2, "Yes")).await.expect_err("killed");
    let ours = sending(&world, "Yes", 3).await;
    let received = world.receive(&echo("phone", 2, "Yes")).await.expect("redelivered");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: false });
    assert_eq!(world.find("phone").await.expect("stored").author, Author::App);
    assert_eq!(world.seen(&tenant("acme"), &conversation()).await.messages[0].status, Status::Sending);
    assert_eq!(outbound(&world).await[0].id, ours.id);
}

#[tokio::test]
async fn an_echo_alone_makes_a_conversation_that_nobody_may_answer_yet() {
    let world = World::connected().await;
    let received = world.receive(&echo("phone", 2, "Hi, we met at the fair")).await.expect("received");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: true });
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!(seen.conversation.expect("stored").reply_window().reply_until(), None);
    assert_eq!(seen.listed.len(), 1);
}

#[tokio::test]
async fn what_was_written_elsewhere_is_not_taken_for_an_answer_that_was_tried_at_another_time() {
    const HOUR: i64 = 60 * 60;
    // When it is tried after it was accepted, and when Meta has the same text.
    for (tried, echoed, is_ours) in [
        (0, 2, true),
        (0, -9 * 60, true),
        (0, 10 * 60, true),
        (0, 13 * 60, false),
        (0, 5 * HOUR, false),
        (5 * HOUR, 5 * HOUR + 1, true),
        (5 * HOUR, HOUR, false),
    ] {
        let world = world_with_a_question().await;
        let message = queued(&world, "ok", 1).await;
        let (whose, thread, tried_at) = (tenant("acme"), conversation(), NOW.plus(tried * 1000));
        world.outbound.begin(&whose, &thread, &message.id, tried_at).await.expect("begun");
        uncertain(&world, &message).await;
        world.outbound.leave_in_doubt(&whose, &thread, &message.id).await.expect("left to people");
        world.receive(&echo("phone", echoed, "ok")).await.expect("received");
        let told = outbound(&world).await;
        let ours = told.iter().find(|told| told.id == message.id).expect("ours");
        let expected = if is_ours { (1, Status::Sent) } else { (2, Status::Uncertain) };
        assert_eq!((told.len(), ours.status), expected, "tried after {tried} s, echoed after {echoed} s");
    }
}

#[tokio::test]
async fn an_echo_without_a_time_of_its_own_may_come_late() {
    let world = world_with_a_question().await;
    let message = sending(&world, "ok", 1).await;
    uncertain(&world, &message).await;
    let mut late = echo("ours", 5 * 60 * 60, "ok");
    if let domain::Payload::Message { message, .. } = &mut late.payload {
        message.untimed = true;
    }
    assert_eq!(world.receive(&late).await.expect("received").outcome, Outcome::Merged);
    assert_eq!(outbound(&world).await.len(), 1);
}

/// An echo that gives back an id of ours.
fn named(name: &str, text: &str, id: &MessageId) -> Event {
    let mut event = echo(name, 2, text);
    if let Payload::Message { message, .. } = &mut event.payload {
        message.sent_as = Some(id.clone());
    }
    event
}

#[tokio::test]
async fn an_echo_that_gives_our_id_back_is_of_that_message_whatever_it_says() {
    let world = world_with_a_question().await;
    let [first, second] = [sending(&world, "Yes", 1).await, sending(&world, "Yes", 1).await];
    for message in [&first, &second] {
        uncertain(&world, message).await;
    }
    let received = world.receive(&named("sent", "Yes\u{2026}", &second.id)).await.expect("received");
    assert_eq!((received.outcome, world.find("sent").await.expect("merged").id), (Outcome::Merged, second.id));
    let elsewhere = MessageId::new(NOW, [9; 8]);
    let received = world.receive(&named("other", "Yes", &elsewhere)).await.expect("received");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: false }, "nobody's of ours");
    assert_eq!(world.find("other").await.expect("stored").author, Author::App);
}

#[tokio::test]
async fn an_echo_that_gives_our_id_back_settles_what_was_believed_otherwise() {
    let world = world_with_a_question().await;
    let (whose, thread) = (tenant("acme"), conversation());
    let [waiting, failed] = [sending(&world, "Yes", 1).await, sending(&world, "No", 2).await];
    world.outbound.requeue(&whose, &thread, &waiting.id, NOW.plus(60_000)).await.expect("to be sent again");
    world.outbound.settle_failed(&whose, &thread, &failed.id, &failure("refused")).await.expect("failed");
    for (name, message) in [("waiting", &waiting), ("failed", &failed)] {
        let received = world.receive(&named(name, "?", &message.id)).await.expect("received");
        let found = world.find(name).await.expect("merged");
        assert_eq!((received.outcome, &found.id, found.status), (Outcome::Merged, &message.id, Status::Sent));
        assert_eq!(found.error, None, "{name}");
    }
    let begun = world.outbound.begin(&whose, &thread, &waiting.id, NOW).await.expect("redelivered");
    assert!(matches!(begun, Begun::Settled(_)), "it is not sent again: {begun:?}");
    assert_eq!(outbound(&world).await.len(), 2);
}

#[tokio::test]
async fn a_message_that_metas_list_knew_by_another_id_has_the_echos_whichever_comes_first() {
    for echo_first in [true, false] {
        let world = world_with_a_question().await;
        let (whose, thread) = (tenant("acme"), conversation());
        let message = sending(&world, "Yes", 1).await;
        uncertain(&world, &message).await;
        world.receive(&reacted("webhook", 5, Some("❤"))).await.expect("waits");
        let echo = named("webhook", "Yes", &message.id);
        if echo_first {
            world.receive(&echo).await.expect("received");
        }
        let listed = world.outbound.settle_listed(&whose, &thread, &message.id, &mid("listed"), NOW.plus(2000)).await;
        assert_eq!(listed.expect("settled").expect("a message").status, Status::Sent);
        assert_eq!(world.receive(&echo).await.expect("received").outcome, Outcome::Merged);
        let found = world.find("webhook").await.expect("known by what webhooks call it");
        assert_eq!((found.id, found.reactions.len()), (message.id, 1), "echo first: {echo_first}");
        assert_eq!(outbound(&world).await.len(), 1, "echo first: {echo_first}");
    }
}

#[tokio::test]
async fn what_was_sent_twice_since_it_seemed_absent_is_shown_twice() {
    let world = world_with_a_question().await;
    let (whose, thread) = (tenant("acme"), conversation());
    let message = sending(&world, "Yes", 1).await;
    uncertain(&world, &message).await;
    let later = NOW.plus(120_000);
    world.outbound.requeue(&whose, &thread, &message.id, later).await.expect("it seemed absent");
    world.outbound.begin(&whose, &thread, &message.id, later).await.expect("sent again");
    let settled = world.outbound.settle_sent(&whose, &thread, &message.id, &mid("second"), later).await;
    settled.expect("settled").expect("a message");
    let received = world.receive(&named("first", "Yes", &message.id)).await.expect("received");
    assert_eq!(received.outcome, Outcome::Stored { new_conversation: false });
    assert_eq!(outbound(&world).await.len(), 2, "as on the phone");
}

#[tokio::test]
async fn what_reached_the_phone_is_delivered_up_to_its_time() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    let message = sent(&world, &message, "sent").await;
    for (until, status) in [(-1, Status::Sent), (1, Status::Delivered), (0, Status::Delivered)] {
        let mut receipt = read("sent");
        receipt.payload = Payload::Delivered { contact: contact_id(CONTACT), until: message.at_provider().plus(until) };
        assert_eq!(world.receive(&receipt).await.expect("received").outcome, Outcome::Applied);
        let thread = world.seen(&tenant("acme"), &conversation()).await.conversation.expect("stored");
        assert_eq!(thread.shown_status(&message), status, "{until}");
    }
}
