//! A process dies between any two calls; the event is delivered again; nothing is lost and nothing doubled.

use domain::Event;

use crate::echoes::sending;
use crate::util::examples::{conversation, echo, edited, inbound, reacted, read, tenant, unsent};
use crate::util::wire::Cut;
use crate::util::{World, receive};

/// Events that are received undisturbed first, then the one whose processing is cut.
struct Story {
    name: &'static str,
    before: Vec<Event>,
    cut: Event,
    /// Whether an answer is being sent when the cut event comes.
    sending: Option<&'static str>,
}

fn stories() -> Vec<Story> {
    let hello = || inbound("one", 1, "Hello");
    let many = || (0..12).map(|n| inbound(&format!("m{n}"), n, "Hello")).collect::<Vec<_>>();
    let waiting = || vec![reacted("one", 2, Some("❤")), edited("one", 1, "Hello!"), read("one")];
    let story = |name, before, cut| Story { name, before, cut, sending: None };
    vec![
        story("a first message", vec![], hello()),
        story("a message", vec![hello()], inbound("two", 2, "Me again")),
        story("a late message", many(), inbound("late", 2, "Late")),
        story("a message that changes wait for", waiting(), hello()),
        story("a message that was unsent before it came", vec![unsent("one")], hello()),
        story("a change before its message", vec![], reacted("one", 2, Some("❤"))),
        story("a second change before its message", vec![reacted("one", 2, Some("❤"))], edited("one", 1, "Hello!")),
        story("an edit", vec![hello()], edited("one", 1, "Hello!")),
        story("an unsend", vec![hello()], unsent("one")),
        story("a read mark", vec![hello()], read("one")),
        story("an echo from elsewhere", vec![hello()], echo("phone", 2, "From my phone")),
        Story { sending: Some("Yes"), ..story("an echo of ours", vec![hello()], echo("ours", 3, "Yes")) },
        Story {
            sending: Some("Yes"),
            ..story(
                "an echo that changes wait for",
                vec![hello(), reacted("ours", 4, Some("❤"))],
                echo("ours", 3, "Yes"),
            )
        },
    ]
}

async fn prepared(story: &Story) -> World {
    let world = World::connected().await;
    for event in &story.before {
        world.receive(event).await.expect("received");
    }
    if let Some(text) = story.sending {
        sending(&world, text, 2).await;
    }
    world
}

/// What is seen, without the random half of our own message's id.
async fn essence(world: &World, story: &Story) -> String {
    let essence = world.seen(&tenant("acme"), &conversation()).await.essence();
    let parked = world.dump(&world.tables.messages).await.len();
    let text = format!("{essence:?} {parked} items");
    if story.sending.is_none() {
        return text;
    }
    let mut plain = text;
    for message in essence.0 {
        plain = plain.replace(message.id.as_str(), &message.id.as_str()[..13]);
    }
    plain
}

#[tokio::test]
async fn whichever_call_is_cut_a_redelivery_ends_as_if_nothing_had_happened() {
    for story in stories() {
        let undisturbed = prepared(&story).await;
        undisturbed.receive(&story.cut).await.expect("received");
        let expected = essence(&undisturbed, &story).await;
        for how in [Cut::Before, Cut::After] {
            let mut call = 0;
            loop {
                let world = prepared(&story).await;
                let (inbox, _, wire) = world.another_process();
                wire.cut(call, how);
                let died = receive(&inbox, &story.cut).await.is_err();
                world.receive(&story.cut).await.expect("redelivered");
                assert_eq!(essence(&world, &story).await, expected, "{}: {how:?} call {call}", story.name);
                if !died {
                    break;
                }
                call += 1;
            }
            assert!(call >= 3, "{}: only {call} calls", story.name);
        }
    }
}

#[tokio::test]
async fn a_process_that_dies_after_each_call_in_turn_gets_there_in_the_end() {
    let world = World::connected().await;
    for event in [reacted("one", 2, Some("❤")), unsent("one"), inbound("one", 1, "Hello"), inbound("two", 2, "Hi")] {
        for call in 0..30 {
            let (inbox, _, wire) = world.another_process();
            wire.cut(call, Cut::After);
            if receive(&inbox, &event).await.is_ok() {
                break;
            }
        }
    }
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!(seen.messages.len(), 2);
    let stored = seen.conversation.expect("stored");
    assert_eq!(stored.unread, 2);
    assert!(stored.waiting.is_empty());
    assert_eq!(world.dump(&world.tables.messages).await.len(), 2);
}
