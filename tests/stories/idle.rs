//! A pause is no trouble: Meta forgets connections that carried nothing, and a function may have slept meanwhile.

use stories::World;

use crate::util::{INES, KOFI, LUNA, answered, answers_on_phone, calls, metric};

/// Longer than Meta keeps a connection that carries nothing, shorter than anything else takes.
const PAUSE_MS: i64 = 60_000;

#[tokio::test]
async fn the_first_answer_after_a_pause_goes_out_at_once_and_once() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    assert_eq!(answered(&world, &ana, "one").await["status"], "sent");
    for text in ["two", "three"] {
        world.stack.clock().advance(PAUSE_MS);
        let sends = calls(&world, "messages").await;
        assert_eq!(answered(&world, &ana, text).await["status"], "sent", "{text}");
        assert_eq!(calls(&world, "messages").await, sends + 1, "{text}: Meta was asked once");
    }
    assert_eq!(answers_on_phone(&world, INES).await, ["one", "two", "three"]);
    let doubted = metric(&world, "sends").iter().filter(|sent| sent["outcome"] == "uncertain").count();
    assert_eq!(doubted, 0, "nobody had to find out what became of an answer");
}

#[tokio::test]
async fn after_a_pause_people_connect_and_names_are_read() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    world.stack.clock().advance(PAUSE_MS);
    world.browser("marta").connect("instagram", "mara.paints").await;
    world.dm(KOFI, LUNA, "Hi").await;
    let names: Vec<_> = ana.conversations().await.iter().map(|one| one["contact"]["username"].clone()).collect();
    assert_eq!(names, [KOFI, INES]);
}
