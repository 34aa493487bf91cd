//! What strangers write stays text, and pages do no more than they should.

use reqwest::Method;
use serde_json::json;
use stories::World;

use super::Story;
use crate::util::{INES, LUNA};

/// Markup that would run wherever text became markup.
const MARKUP: &str = "<img src=x onerror=\"window.ran=1\"><script>window.ran=1</script>";

#[tokio::test]
async fn markup_in_names_and_messages_stays_text() {
    let Some(story) = Story::begin().await else { return };
    let world = &story.world;
    world.browser("ana").connect("instagram", LUNA).await;
    world.meta("PATCH", &format!("/contacts/{INES}"), json!({"name": MARKUP})).await;
    world.dm(INES, LUNA, MARKUP).await;
    world.act(INES, LUNA, json!({"kind": "media", "media": "file", "url": "javascript:window.ran=1"})).await;
    world.settle().await;
    let ana = story.signed_in("Ana Luna", "/inbox").await;
    ana.click(MARKUP).await;
    ana.comes_true(
        "deep(document).some((e) => e.matches('.bubble') && e.innerText === arguments[0])"
            .replace("arguments[0]", &json!(MARKUP).to_string())
            .as_str(),
    )
    .await;
    ana.comes_true("deep(document).some((e) => e.matches('.thread h2') && e.innerText.startsWith('<img'))").await;
    assert_eq!(ana.run("return typeof window.ran;", &[]).await, json!("undefined"));
    let dangerous = "return deep(document).filter((e) => e.matches('[src=x], a[href^=javascript]')).length;";
    assert_eq!(ana.run(dangerous, &[]).await, json!(0));
    ana.close(&[]).await;
}

#[tokio::test]
async fn a_sign_in_that_was_not_started_here_is_not_finished() {
    let Some(story) = Story::begin().await else { return };
    let ana = story.window().await;
    ana.visit("/auth/callback?code=stolen&state=forged").await;
    ana.reads("No se pudo iniciar sesión").await;
    ana.picture("sign-in-failed").await;
    ana.click("Intentar de nuevo").await;
    ana.reads("Sign in as").await;
    let pkce = "new URLSearchParams(location.search).get('code_challenge_method') === 'S256'";
    ana.comes_true(pkce).await;
    ana.click("Ana Luna").await;
    ana.reads("Tres pasos y listo.").await;
    ana.close(&[]).await;
}

/// The checklist: OWASP's secure headers project, as far as it concerns pages.
#[tokio::test]
async fn every_page_has_the_headers_of_the_checklist() {
    let world = World::start().await;
    let stranger = world.stranger();
    for page in [
        "/",
        "/inbox",
        "/settings/integrations",
        "/settings/integrations/instagram/select",
        "/settings/integrations/messenger/select",
        "/auth/callback",
    ] {
        let answer = stranger.get(page).await;
        assert_eq!(answer.status, 200, "{page}");
        let policy = answer.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self';",
            "style-src 'self';",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(rule), "{page}: {rule} is not in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("strict-transport-security").starts_with("max-age=63072000"));
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        // Pages that end a login in a popup keep their tie to the card that opened it; no other page is tied to a stranger.
        let tied = !matches!(page, "/" | "/inbox");
        let opener = if tied { "" } else { "same-origin-allow-popups" };
        assert_eq!(answer.header("cross-origin-opener-policy"), opener, "{page}");
        assert_eq!(answer.header("cache-control"), "no-cache", "a deployment is seen at once");
        assert_eq!(answer.header("set-cookie"), "", "a page sets no cookie");
        let page_itself = answer.body.replace("type=\"module\" src=", "");
        assert!(
            !page_itself.contains("<style") && !page_itself.contains(" on") && !page_itself.contains("javascript:"),
            "{page}"
        );
        for asset in answer.body.split('"').filter(|text| text.starts_with("/ui/")) {
            let file = stranger.call(Method::GET, asset, None, &[("accept-encoding", "br")]).await.headers;
            assert_eq!(file["cache-control"], "public, max-age=31536000, immutable", "{asset}");
            assert_eq!(file["content-encoding"], "br", "{asset}");
            assert_eq!(file["x-content-type-options"], "nosniff", "{asset}");
        }
    }
}

#[tokio::test]
async fn the_cookie_of_a_login_is_out_of_reach_for_scripts_and_other_sites() {
    let world = World::start().await;
    let started = world.browser("ana").post("/api/integrations/meta/instagram/start", json!({})).await;
    let cookie = started.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
}
