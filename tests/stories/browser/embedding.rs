//! The components in a page of another site, in a browser that keeps no cookies for other sites: `infra/local/embed/index.html`.

use serde_json::json;
use stories::outcome;

use super::Story;
use super::window::Window;
use crate::util::{INES, LUNA};

pub(super) fn page(story: &Story, rest: &str) -> String {
    let site = story.world.stack.issuer_url().replace("127.0.0.1", "product.test");
    format!("{site}/embed?api={}{rest}", story.world.stack.api_url())
}

/// The page itself: it is to be no longer than a person reads at a glance.
const PAGE: &str = include_str!("../../../infra/local/embed/index.html");

#[test]
fn twenty_lines_embed_all_three_components() {
    assert!(PAGE.lines().count() <= 20, "{} lines", PAGE.lines().count());
    for component in ["<buzon-connect-card", "<buzon-account-selector", "<buzon-inbox"] {
        assert!(PAGE.contains(component), "{component}");
    }
}

/// Connects luna.cafe with the card of an embedding page: Meta's login is in a window of its own.
pub(super) async fn connect(site: &Window<'_>) {
    site.click("Connect Instagram").await;
    site.turn_to_popup().await;
    site.click("@luna.cafe").await;
    site.click("Allow").await;
    site.turn_back().await;
    site.reads("Connected: @luna.cafe").await;
}

#[tokio::test]
async fn a_page_of_another_site_connects_in_a_window_and_answers() {
    let Some(story) = Story::begin().await else { return };
    let site = story.window().await;
    site.visit(&page(&story, "")).await;
    let themed = "getComputedStyle(find('Connect Instagram')).backgroundColor === 'rgb(11, 110, 79)'";
    site.comes_true(themed).await; // the accent that the page has chosen
    site.click("Connect Instagram").await;
    site.reads("Conectando… Termina en la ventana de Meta.").await;
    site.picture("embedded-connecting").await;
    site.turn_to_popup().await;
    site.click("@luna.cafe").await;
    site.click("Allow").await;
    site.turn_back().await;
    site.reads("Connected: @luna.cafe").await;
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    site.click("Inès Moreau").await;
    site.write("Escribe una respuesta", "Sí\u{E007}").await;
    site.reads("Enviado").await;
    site.picture("embedded").await;
    site.close(&[]).await;
}

#[tokio::test]
async fn the_components_neither_grow_nor_scroll_nor_focus_the_page_around_them() {
    let Some(story) = Story::begin().await else { return };
    story.world.browser("ana").connect("instagram", LUNA).await;
    for contact in 0..40 {
        let sender = json!({"id": format!("70{contact:02}")});
        let account = crate::util::account_of(&story.world.browser("ana")).await;
        let at = story.world.stack.clock().now_ms() + contact;
        let did = json!({"sender": sender, "recipient": {"id": account}, "timestamp": at,
                         "message": {"mid": format!("m-{contact}"), "text": format!("hola {contact}")}});
        story.world.deliver(&crate::util::notification(&[crate::util::entry(&account, at, &[did])])).await;
    }
    story.world.settle().await;
    let site = story.window().await;
    site.visit(&page(&story, "")).await;
    site.reads("hola 39").await;
    let grows = "const inbox = document.querySelector('buzon-inbox').getBoundingClientRect(); \
                 return document.documentElement.scrollHeight - (inbox.bottom + scrollY);";
    let beyond = site.run(grows, &[]).await;
    assert!(beyond.as_f64().is_some_and(|pixels| pixels < 100.0), "{beyond} px below the inbox");
    assert_eq!(site.run("return [scrollY, document.activeElement.localName];", &[]).await, json!([0, "body"]));
    site.close(&[]).await;
}

#[tokio::test]
async fn a_window_that_is_cancelled_or_closed_leaves_the_card_as_it_was() {
    let Some(story) = Story::begin().await else { return };
    let site = story.window().await;
    site.visit(&page(&story, "")).await;
    site.click("Connect Instagram").await;
    site.turn_to_popup().await;
    site.click("Cancel").await;
    site.turn_back().await;
    site.reads("Connection cancelled").await;
    site.click("Connect Instagram").await;
    site.turn_to_popup().await;
    site.reads("Log in with Instagram").await;
    site.close_popup().await;
    site.reads_no_more("Conectando…").await;
    assert!(site.can_press("Connect Instagram").await);
    site.close(&[]).await;
}

#[tokio::test]
async fn a_page_of_another_origin_lets_accounts_be_chosen() {
    let Some(story) = Story::begin().await else { return };
    let landed = story.world.browser("eva").authorize("facebook", "amara.okafor", &[]).await;
    let state = outcome(&landed, "state").expect("the selector is told the state");
    let site = story.window().await;
    site.visit(&page(&story, &format!("&person=eva&state={state}"))).await;
    site.click("@atelier.okafor").await;
    site.click("Connect 1 Account(s)").await;
    site.reads("Connected: @atelier.okafor").await;
    assert_eq!(story.world.browser("eva").status().await["connected"], json!(true));
    site.close(&[]).await;
}

/// Puts another inbox into the page, whose token is what this script gives.
async fn embeds(site: &Window<'_>, token: &str) {
    let script = format!(
        "document.querySelector('main').replaceChildren(document.createElement('buzon-inbox')); \
         const inbox = document.querySelector('buzon-inbox'); {token}"
    );
    site.run(&script, &[]).await;
}

#[tokio::test]
async fn each_mistake_of_whoever_embeds_has_a_text_of_its_own() {
    let Some(story) = Story::begin().await else { return };
    let site = story.window().await;
    let page = page(&story, "");
    site.visit(&page).await;
    site.reads("Connect Instagram").await;

    embeds(&site, "").await;
    site.reads("Esta página no entregó tu sesión.").await;
    embeds(&site, "inbox.token = async () => { throw new Error('500'); };").await;
    site.reads("Esta página no pudo renovar tu sesión.").await;
    embeds(&site, "inbox.token = async () => undefined;").await;
    site.reads("Esta página no entregó tu sesión.").await;
    for (claims, text) in [
        (r#"{"tenant_id":"luna","exp":1}"#, "Tu sesión terminó."),
        (r#"{"tenant_id":"luna","exp":4102444800}"#, "Este servicio no acepta la sesión de esta página."),
        (r#"{"exp":4102444800}"#, "Esta página no dice de qué empresa son los mensajes."),
    ] {
        embeds(&site, &format!("inbox.token = async () => `e30.${{btoa('{claims}')}}.c2ln`;")).await;
        site.reads(text).await;
    }
    let token = format!(
        "inbox.setAttribute('tenant', 'taller'); inbox.token = async () => '{}';",
        story.world.stack.token("ana")
    );
    embeds(&site, &token).await;
    site.reads("Esta página pide los mensajes de otra empresa.").await;
    let token = format!("inbox.token = async () => '{}';", story.world.stack.token("olivia"));
    embeds(&site, &token).await;
    site.reads("Tu rol no lo permite.").await;
    let said = site.console().await;
    for text in [
        "buzon-inbox> was given no function as its \\\"token\\\"",
        "the page's \\\"token\\\" function failed: Error: 500",
        "gave undefined in place of a token",
        "gave a token that ended at 1970-01-01T00:00:01.000Z",
        "its aud undefined",
        "buzon-inbox> needs the attribute \\\"tenant\\\"",
        "the token is of the tenant luna",
        "the token's role does not allow it",
    ] {
        assert!(said.iter().any(|line| line.contains(text)), "{text} is not among {said:#?}");
    }
    site.close(&[]).await;

    let stranger = story.window().await;
    stranger.visit(&page.replacen("product", "stranger", 1)).await;
    stranger.reads("Esta página no tiene permiso para usar este servicio.").await;
    stranger.close(&["Buzón: ", "CORS", "ERR_FAILED"]).await;
}
