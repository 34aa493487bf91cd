//! What the database cannot hold is reduced, and holds nobody up.

use domain::message::Attachment;
use domain::{Event, Payload};
use serde_json::{Map, Value, json};
use store::Outcome;

use crate::util::World;
use crate::util::examples::{conversation, edited, inbound, tenant};

/// A message with this beside its text.
fn with(metadata: Value, attachments: usize) -> Event {
    let mut event = inbound("one", 1, "Hello");
    if let Payload::Message { message, .. } = &mut event.payload {
        message.metadata = Map::from_iter([("raw".to_owned(), metadata)]);
        let attachment = |n: usize| Attachment {
            kind: "image".to_owned(),
            url: Some(format!("https://cdn.example/{n}/{}", "x".repeat(3500))),
            title: None,
            metadata: Map::new(),
        };
        message.attachments = (0..attachments).map(attachment).collect();
    }
    event
}

fn deep() -> Value {
    (0..40).fold(json!("bottom"), |inner, _| json!({"in": inner}))
}

#[tokio::test]
async fn a_message_that_the_database_cannot_hold_is_stored_without_what_only_its_channel_knows() {
    for (what, event) in [
        ("too deep", with(deep(), 1)),
        ("a number out of range", with(json!(1e300), 1)),
        ("a member without a name", with(json!({"": 1}), 1)),
        ("over 400 KB", with(json!("x".repeat(300_000)), 30)),
    ] {
        let world = World::connected().await;
        let received = world.receive(&event).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(received.outcome, Outcome::Stored { new_conversation: true }, "{what}");
        let message = world.seen(&tenant("acme"), &conversation()).await.messages.remove(0);
        assert_eq!(message.text.as_deref(), Some("Hello"), "{what}");
        assert!(!message.attachments.is_empty(), "{what}");
    }
}

#[tokio::test]
async fn an_edit_that_makes_a_message_too_large_is_applied_to_what_is_left_of_it() {
    let world = World::connected().await;
    world.receive(&with(json!("x".repeat(250_000)), 30)).await.expect("received");

    let received = world.receive(&edited("one", 1, &"y".repeat(60_000))).await.expect("received");

    assert_eq!(received.outcome, Outcome::Applied);
    let message = world.seen(&tenant("acme"), &conversation()).await.messages.remove(0);
    assert!(message.text.is_some_and(|text| text.starts_with("yyyy")));
}
