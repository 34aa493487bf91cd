//! What is seen before and while something arrives, and how much has to arrive before something is seen.

use serde_json::json;

use super::Story;
use super::answering::{begin, inbox};
use crate::util::{INES, LUNA, connected};

/// The list of conversations, as a call.
const LIST: &str = "/conversations?";

const SETTINGS: &str = "/settings/integrations";

/// "New messages appear within two seconds": each poll begins sooner after the one before, and shows all that there is.
const SOON_MS: u64 = 2000;

/// Scripts that the page's own markup did not name: the browser would find out about them level by level.
const UNNAMED: &str = "return performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname) \
     .filter((path) => path.endsWith('.js') && !document.querySelector(`[href=\"${path}\"], [src=\"${path}\"]`));";

/// Everything that moves by itself.
const MOVES: &str = "deep(document).some((e) => e.getAnimations().length > 0)";

#[tokio::test]
async fn the_inbox_shows_content_with_the_first_answer() {
    let Some(story) = begin().await else { return };
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    let ana = inbox(&story).await;
    ana.visit("/").await;
    ana.reads("Inès Moreau te escribió.").await;
    ana.hold(&["/api/"]).await;
    ana.visit("/inbox").await;
    ana.holds(LIST).await;
    ana.picture("inbox-loading").await;
    assert_eq!(ana.run(UNNAMED, &[]).await, json!([]));
    ana.let_through(LIST).await; // and nothing else
    ana.reads("¿Abren hoy?").await;

    ana.hold(&["/messages?"]).await;
    ana.click("Inès Moreau").await;
    ana.holds("/messages?").await;
    ana.picture("thread-loading").await;
    ana.let_through("/messages?").await;
    ana.reads("Aquí empieza la conversación.").await;
    ana.release().await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn where_nobody_is_told_a_new_message_appears_with_the_next_poll() {
    let off = |settings: &mut local::StackSettings| {
        settings.parameters.insert("LiveUpdates".to_owned(), "off".to_owned());
    };
    let Some(mut story) = Story::begin_with(off).await else { return };
    story.world = connected(story.world).await;
    let ana = inbox(&story).await;
    ana.reads("Aún no hay conversaciones").await;
    ana.hold(&[LIST]).await;
    ana.holds(LIST).await; // so every poll before it has ended
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    assert!(!ana.words().await.contains("¿Abren hoy?"));
    ana.waits().await;
    ana.let_through(LIST).await;
    ana.reads("¿Abren hoy?").await;
    ana.holds(LIST).await; // the next one is about to go out
    let shortest = ana.waits().await.into_iter().min().expect("the page has waited between the polls");
    assert!(shortest < SOON_MS, "polls are {shortest} ms apart");
    println!("a new message appears with the next poll; polls are {shortest} ms apart");

    ana.release().await;
    ana.click("Inès Moreau").await;
    ana.reads("Aquí empieza la conversación.").await;
    ana.hold(&[LIST]).await;
    ana.holds(LIST).await;
    story.world.dm(INES, LUNA, "¿Y mañana?").await;
    ana.let_through(LIST).await;
    ana.comes_true("deep(document).some((e) => e.matches('.bubble') && e.innerText === '¿Y mañana?')").await;
    ana.release().await;
    ana.close(&["live/tickets"]).await;
}

#[tokio::test]
async fn an_answer_is_seen_before_the_server_knows_of_it() {
    let Some(story) = begin().await else { return };
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    let ana = inbox(&story).await;
    ana.click("Inès Moreau").await;
    ana.reads("Aquí empieza la conversación.").await;
    ana.hold(&["/messages/send"]).await;
    ana.write("Escribe una respuesta", "Sí, hasta las 20 h\u{E007}").await;
    ana.holds("/messages/send").await;
    ana.reads("Sí, hasta las 20 h").await;
    ana.reads("En cola").await;
    ana.picture("thread-optimistic").await;
    ana.let_through("/messages/send").await;
    ana.reads("Enviado").await;
    ana.release().await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn the_card_says_what_it_waits_for() {
    let Some(story) = Story::begin().await else { return };
    let ana = story.signed_in("Ana Luna", SETTINGS).await;
    ana.hold(&["/instagram/status"]).await;
    ana.visit(SETTINGS).await;
    ana.holds("/instagram/status").await;
    ana.picture("card-loading").await;
    ana.comes_true(&format!("!{MOVES}")).await; // as pictures are taken for people who prefer less motion
    ana.prefers("light", "no-preference").await;
    ana.comes_true(MOVES).await;
    ana.release().await;
    ana.hold(&["/instagram/start"]).await;
    ana.click("Connect Instagram").await;
    ana.reads("Te llevamos a Meta…").await;
    assert!(!ana.can_press("Connect Instagram").await, "once is enough");
    ana.picture("card-connecting").await;
    ana.let_through("/instagram/start").await;
    ana.reads("Log in with Instagram").await;
    ana.release().await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn the_selector_says_that_it_loads() {
    let Some(story) = Story::begin().await else { return };
    let eva = story.signed_in("Eva Grande", SETTINGS).await;
    eva.hold(&["/instagram/assets"]).await;
    eva.click("Usar Facebook Login").await;
    eva.click("Amara Okafor").await;
    eva.click("Allow").await;
    eva.holds("/instagram/assets").await;
    eva.picture("selector-loading").await;
    eva.release().await;
    eva.reads("@atelier.okafor").await;
    eva.close(&[]).await;
}

#[tokio::test]
async fn a_card_without_a_network_says_so_until_it_is_back() {
    let Some(story) = Story::begin().await else { return };
    let ana = story.signed_in("Ana Luna", SETTINGS).await;
    ana.reads("Connect Instagram").await;
    ana.offline(true).await;
    ana.click("Connect Instagram").await;
    ana.reads("Sin conexión. Lo intentamos de nuevo…").await;
    ana.picture("card-offline").await;
    ana.offline(false).await;
    ana.reads_no_more("Lo intentamos de nuevo…").await;
    ana.close(&["ERR_INTERNET_DISCONNECTED"]).await;
}
