//! The `state` of an authorization: unguessable, short-lived, used once, by the browser that started.

use local_aws::Filter;
use reqwest::Method;
use serde_json::json;
use stories::{World, outcome};

const START: &str = "/api/integrations/meta/instagram/start";

#[tokio::test]
async fn a_state_has_256_random_bits_and_is_stored_only_as_a_hash() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let states = [ana.start("instagram").await, ana.start("facebook").await]
        .map(|page| outcome(&page, "state").expect("a state"));
    assert_ne!(states[0], states[1]);
    let stored = format!("{:?}", world.tables().items("OauthStatesTable").await);
    for state in &states {
        assert!(state.len() >= 43, "43 characters of base64url are 256 bits: {state}");
        assert!(!stored.contains(state.as_str()));
    }
}

#[tokio::test]
async fn a_used_state_changes_nothing() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let page = ana.start("instagram").await;
    let callback = ana.consent(page, "luna.cafe", &[]).await;
    ana.arrive(&callback).await;
    let before = world.tables().everything().await;
    let again = ana.arrive(&callback).await;
    assert_eq!(outcome(&again, "reason").as_deref(), Some("state_used"), "{again}");
    assert_eq!(world.tables().everything().await, before);
}

#[tokio::test]
async fn of_ten_callbacks_at_once_one_is_worked_on() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let page = ana.start("instagram").await;
    let callback = ana.consent(page, "luna.cafe", &[]).await;
    let arrivals = (0..10).map(|_| ana.arrive(&callback));
    let mut outcomes = Vec::new();
    for landed in futures::future::join_all(arrivals).await {
        outcomes.push(outcome(&landed, "instagram").unwrap_or_default());
    }
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "connected").count(), 1, "{outcomes:?}");
    let calls = world.meta("GET", "/calls?endpoint=token", json!(null)).await;
    let exchanges = calls["calls"].as_array().map_or(0, Vec::len);
    assert_eq!(exchanges, 1, "a code is exchanged once: {calls}");
}

#[tokio::test]
async fn an_expired_state_changes_nothing() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let page = ana.start("instagram").await;
    let callback = ana.consent(page, "luna.cafe", &[]).await;
    world.stack.clock().advance(601 * 1000);
    let before = world.tables().everything().await;
    let landed = ana.arrive(&callback).await;
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("state_expired"), "{landed}");
    assert_eq!(world.tables().everything().await, before);
}

#[tokio::test]
async fn a_login_that_another_browser_started_is_not_finished() {
    let world = World::start().await;
    let (ana, other) = (world.browser("ana"), world.stranger());
    let page = ana.start("instagram").await;
    let callback = ana.consent(page, "luna.cafe", &[]).await;
    let landed = other.arrive(&callback).await;
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("other_browser"), "{landed}");
    let own = ana.arrive(&callback).await;
    assert_eq!(outcome(&own, "instagram").as_deref(), Some("connected"), "the own browser may still finish: {own}");
}

#[tokio::test]
async fn a_browser_without_the_cookie_costs_no_call() {
    let world = World::start().await;
    let (ana, other) = (world.browser("ana"), world.stranger());
    let page = ana.start("instagram").await;
    let callback = ana.consent(page, "luna.cafe", &[]).await;
    world.stack.aws().calls().clear();
    let guessed = format!("/api/integrations/meta/instagram/callback?code=abc&state={}", "A".repeat(43));
    for address in [callback, guessed] {
        let landed = other.arrive(&address).await;
        assert_eq!(outcome(&landed, "reason").as_deref(), Some("other_browser"), "{landed}");
    }
    assert_eq!(world.stack.aws().calls().count(&Filter::all().function("oauth-callback")), 0);
}

#[tokio::test]
async fn an_invented_state_is_unknown() {
    let world = World::start().await;
    let ana = world.browser("ana");
    for query in ["code=abc&state=invented", "code=abc", "error=access_denied", "", "state=%00&code=%F0%9F%92%A9"] {
        let landed = ana.arrive(&format!("/api/integrations/meta/instagram/callback?{query}")).await;
        assert_eq!(outcome(&landed, "reason").as_deref(), Some("state_unknown"), "{query}: {landed}");
    }
}

#[tokio::test]
async fn two_tabs_of_one_browser_both_work() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let first = ana.start("instagram").await;
    let second = ana.start("instagram").await;
    for (page, user) in [(first, "luna.cafe"), (second, "mara.paints")] {
        let callback = ana.consent(page, user, &[]).await;
        let landed = ana.arrive(&callback).await;
        assert_eq!(outcome(&landed, "instagram").as_deref(), Some("connected"), "{landed}");
    }
}

#[tokio::test]
async fn a_choice_belongs_to_the_person_who_started() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let landed = ana.authorize("facebook", "amara.okafor", &[]).await;
    let state = outcome(&landed, "state").expect("a state");
    let assets = format!("/api/integrations/meta/instagram/assets?state={state}");
    assert_eq!(world.browser("marta").get(&assets).await.problem_kind(404), "unknown-state");
    assert_eq!(ana.get(&assets).await.status, 200);
    world.stack.clock().advance(601 * 1000);
    assert_eq!(world.browser("ana").get(&assets).await.problem_kind(404), "unknown-state");
}

#[tokio::test]
async fn a_person_comes_back_to_the_page_they_started_from_and_nowhere_else() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let started = ana.post(START, json!({"return_to": "/settings/channels"})).await.json();
    let page = url::Url::parse(started["authUrl"].as_str().expect("an address")).expect("an address");
    let callback = ana.consent(page, "luna.cafe", &[]).await;
    assert_eq!(ana.arrive(&callback).await.path(), "/settings/channels");
    for elsewhere in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"] {
        ana.post(START, json!({"return_to": elsewhere})).await.problem(400);
    }
}

#[tokio::test]
async fn the_code_and_the_state_are_in_no_answer_of_ours() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let page = ana.start("instagram").await;
    let state = outcome(&page, "state").expect("a state");
    let callback = ana.consent(page, "luna.cafe", &[]).await;
    let code = url::Url::parse(&callback).ok().and_then(|url| outcome(&url, "code")).expect("a code");
    let answer = ana.call(Method::GET, &callback, None, &[]).await;
    for secret in [&state, &code] {
        assert!(!answer.location().contains(secret.as_str()) && !answer.body.contains(secret.as_str()));
    }
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cache-control"), "no-store");
}
