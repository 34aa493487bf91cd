//! Instagram is connected from a page of another site, in a browser that keeps no cookies for other sites.

use serde_json::json;

use super::Story;
use super::embedding::page;

/// Asks for a login as a page could by itself; its token is the first argument, the API's address the second.
const START_BY_HAND: &str = "const [token, api, done] = arguments; \
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }; \
    fetch(`${api}/api/integrations/meta/instagram/start`, { method: 'POST', credentials: 'include', headers, body: '{}' }) \
      .then((answer) => done(answer.status));";

#[tokio::test]
async fn the_browser_of_these_stories_keeps_no_cookie_for_another_site() {
    let Some(story) = Story::begin().await else { return };
    let site = story.window().await;
    let api = story.world.stack.api_url().to_owned();
    let arguments = vec![json!(story.world.stack.token("ana")), json!(api)];
    let is_ours = |cookie: &serde_json::Value| cookie["name"] == "buzon_browser";
    for (place, kept) in [(page(&story, ""), false), (format!("{api}/connect"), true)] {
        site.visit(&place).await;
        assert_eq!(site.run_async(START_BY_HAND, arguments.clone()).await, json!(200), "{place}");
        let cookies = site.devtools("Storage.getCookies", json!({})).await["cookies"].clone();
        assert_eq!(cookies.as_array().is_some_and(|all| all.iter().any(is_ours)), kept, "{place}: {cookies}");
    }
    site.close(&[]).await;
}

/// The card goes to Meta in the window that it is in.
const IN_THIS_WINDOW: &str = "document.querySelector('buzon-connect-card').removeAttribute('mode');";

#[tokio::test]
async fn a_login_in_the_same_window_comes_back_to_the_page_of_the_other_site() {
    let Some(story) = Story::begin().await else { return };
    let site = story.window().await;
    // Many products tell other sites nothing of where their links are.
    let hidden = "document.head.append(Object.assign(document.createElement('meta'), { name: 'referrer', content: 'no-referrer' }));";
    let place = page(&story, "&tab=channels");
    site.visit(&place).await;
    for (decision, outcome) in [("Cancel", "Connection cancelled"), ("Allow", "Connected: @luna.cafe")] {
        site.reads("Connect Instagram").await;
        site.run(&format!("{IN_THIS_WINDOW} {hidden}"), &[]).await;
        site.click("Connect Instagram").await;
        site.click("@luna.cafe").await;
        site.click(decision).await;
        site.reads(outcome).await;
        site.comes_true(&format!("decodeURIComponent(location.href) === '{place}'")).await;
    }
    site.click("Reconnect @luna.cafe").await;
    site.turn_to_popup().await;
    site.click("@luna.cafe").await;
    site.click("Allow").await;
    site.turn_back().await;
    site.reads("Instagram conectado.").await;
    site.close(&[]).await;
}

#[tokio::test]
async fn a_login_that_took_too_long_comes_back_to_where_it_began() {
    let Some(story) = Story::begin().await else { return };
    let site = story.window().await;
    site.visit(&page(&story, "")).await;
    site.reads("Connect Instagram").await;
    site.run(IN_THIS_WINDOW, &[]).await;
    site.click("Connect Instagram").await;
    site.click("@luna.cafe").await;
    site.reads("Allow").await;
    story.world.stack.clock().advance(11 * 60 * 1000);
    site.click("Allow").await;
    site.reads("La conexión tardó demasiado").await;
    site.reads("Panel de Luna Café").await;
    site.picture("embedded-expired").await;
    site.close(&[]).await;
}

#[tokio::test]
async fn accounts_are_chosen_in_the_page_of_the_other_site_without_another_sign_in() {
    let Some(story) = Story::begin().await else { return };
    let site = story.window().await;
    site.visit(&page(&story, "&person=eva")).await;
    site.click("Usar Facebook Login").await;
    site.turn_to_popup().await;
    site.click("Amara Okafor").await;
    site.click("Allow").await;
    site.turn_back().await;
    site.click("@atelier.okafor").await;
    site.picture("embedded-choosing").await;
    site.click("Connect 1 Account(s)").await;
    site.reads("Connected: @atelier.okafor").await;

    site.run(IN_THIS_WINDOW, &[]).await;
    site.click("Usar Facebook Login").await;
    site.click("Amara Okafor").await;
    site.click("Allow").await;
    site.reads("Connect 0 Account(s)").await;
    site.click("Cancelar").await;
    site.reads("Connected: @atelier.okafor").await;
    site.close(&[]).await;
}

#[tokio::test]
async fn a_login_whose_window_lost_its_tie_to_the_card_still_ends_there() {
    let Some(story) = Story::begin().await else { return };
    let site = story.window().await;
    site.visit(&page(&story, "")).await;
    site.click("Connect Instagram").await;
    site.turn_to_popup().await;
    site.reads("Log in with Instagram").await;
    site.run("window.opener = null;", &[]).await; // Meta's pages may do so
    site.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": "window.opener = null;"})).await;
    site.click("@luna.cafe").await;
    site.click("Cancel").await;
    site.turn_back().await;
    site.reads("Connection cancelled").await;
    site.close(&[]).await;
}

#[tokio::test]
async fn a_browser_that_opens_no_window_is_told_and_the_login_goes_on_in_the_page() {
    let Some(story) = Story::begin().await else { return };
    let site = story.window().await;
    site.visit(&page(&story, "")).await;
    site.reads("Connect Instagram").await;
    site.run("window.open = () => null;", &[]).await;
    site.click("Connect Instagram").await;
    site.reads("Tu navegador no abrió la ventana de Meta.").await;
    site.picture("embedded-blocked").await;
    site.click("Continuar en esta página").await;
    site.click("@luna.cafe").await;
    site.click("Allow").await;
    site.reads("Connected: @luna.cafe").await;
    site.close(&[]).await;
}

#[tokio::test]
async fn a_login_that_may_not_start_says_why_and_leads_back() {
    let Some(story) = Story::begin().await else { return };
    let site = story.window().await;
    site.visit(&page(&story, "")).await;
    site.reads("Connect Instagram").await;
    site.run(IN_THIS_WINDOW, &[]).await;
    let terms = json!({"overrides": {"max_connections": 0}});
    story.world.browser("olivia").call(reqwest::Method::PUT, "/api/admin/tenants/luna", Some(terms), &[]).await.json();
    site.click("Connect Instagram").await;
    site.reads("Tu plan no").await;
    site.picture("handover-refused").await;
    site.click("Volver").await;
    site.reads("Panel de Luna Café").await;
    site.close(&["403"]).await;
}

/// Posts a form to the API as a page could that means ill.
const POST_A_LOGIN: &str = "const [token, api, back] = arguments; \
    const form = Object.assign(document.createElement('form'), { method: 'post', action: `${api}/connect` }); \
    for (const [name, value] of Object.entries({ token, back })) \
      form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value })); \
    document.body.append(form); form.submit();";

#[tokio::test]
async fn no_other_site_begins_a_login_and_nobody_is_sent_to_one() {
    let Some(story) = Story::begin().await else { return };
    let (world, api) = (&story.world, json!(story.world.stack.api_url()));
    let site = story.window().await;
    let product = page(&story, "");
    let stranger = product.replacen("product", "stranger", 1);
    let hides = "document.head.append(Object.assign(document.createElement('meta'), { name: 'referrer', content: 'no-referrer' }));";
    let cases = [
        // Marta's token in Ana's browser: Ana would give her account away.
        (&stranger, "", &stranger, "no tiene permiso para conectar cuentas aquí"),
        (&product, hides, &product, "no tiene permiso para conectar cuentas aquí"),
        (&product, "", &stranger, "no dijo qué conectar"),
    ];
    for (from, first, back, text) in cases {
        site.visit(from).await;
        site.reads("Panel de Luna Café").await;
        site.run(&format!("{first} {POST_A_LOGIN}"), &[json!(world.stack.token("marta")), api.clone(), json!(back)])
            .await;
        site.reads(text).await;
        site.arrives("/connect").await;
    }
    site.picture("handover-stranger").await;
    assert_eq!(world.browser("marta").audit().await, [""; 0], "no login has begun");
    site.close(&["Buzón: ", "CORS", "ERR_FAILED", "400", "403"]).await;
}
