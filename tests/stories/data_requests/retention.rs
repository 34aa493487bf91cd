//! What nobody demands to be deleted is, once the plan's time for it is over.

use serde_json::Value;
use stories::World;

use super::now;
use crate::util::{INES, LUNA};

/// What is stored of a tenant's conversation, by the day after which it is deleted, counted from now.
async fn kept_days(world: &World, table: &str) -> Vec<i64> {
    let now = now(world);
    let ends = world.tables().items(table).await.into_iter().map(|item| {
        let end: i64 = item["ttl"].as_n().expect("a number").parse().expect("seconds");
        (end - now + 12 * 60 * 60) / (24 * 60 * 60)
    });
    ends.collect()
}

#[tokio::test]
async fn messages_are_kept_for_as_long_as_the_plan_says() {
    for (person, user, days) in [("ana", LUNA, 365), ("marta", "mara.paints", 90)] {
        let world = World::start().await;
        let browser = world.browser(person);
        browser.connect("instagram", user).await;
        world.dm(INES, user, "old").await;
        assert_eq!(browser.send(&browser.conversation().await, "an answer").await.status, 202);
        world.settle().await;
        assert_eq!(kept_days(&world, "MessagesTable").await, [days, days], "{person}");
        assert_eq!(kept_days(&world, "ConversationsTable").await, [days + 14], "{person}: it outlives them");

        world.advance_hours(24 * 10);
        world.dm(INES, user, "new").await;
        world.stack.aws().sweep_expired_items().await;
        world.advance_hours(24 * (days - 5));
        world.stack.aws().sweep_expired_items().await;
        let browser = world.browser(person);
        assert_eq!(browser.texts(&browser.conversation().await).await, ["new"], "{person}");
        world.advance_hours(24 * 6);
        world.stack.aws().sweep_expired_items().await;
        assert_eq!(world.browser(person).conversations().await, Vec::<Value>::new(), "{person}");
    }
}

#[tokio::test]
async fn who_pays_for_everything_keeps_everything() {
    let world = World::start().await;
    world.browser("eva").connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "for good").await;
    let items = world.tables().items("MessagesTable").await;
    assert!(items.iter().all(|item| !item.contains_key("ttl")), "{items:?}");
}
