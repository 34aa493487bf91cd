//! Failures on demand, time, counting.

use std::time::Duration;

use serde_json::{Value, json};

use crate::util::{INSTAGRAM_APP, World, text};

const MESSAGES: &str = "/graph.instagram.com/v25.0/me/messages";

async fn sent(world: &World) -> usize {
    let (_, threads) = world.get("/control/threads?account=luna.cafe").await;
    let messages = threads[0]["messages"].as_array().unwrap().clone();
    messages.iter().filter(|message| message["outbound"] == true).count()
}

async fn open_thread(world: &World) -> (String, Value) {
    let token = world.connected("luna.cafe").await;
    let act = world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await;
    (token, json!({ "recipient": { "id": act["igsid"] }, "message": { "text": "hello" } }))
}

#[tokio::test]
async fn a_cut_connection_may_or_may_not_have_sent_the_message() {
    let world = World::start().await;
    let (token, body) = open_thread(&world).await;
    for accept in [false, true] {
        world
            .control(
                "/control/faults",
                json!({ "endpoint": "messages", "accept": accept, "action": { "kind": "cut" } }),
            )
            .await;
        let outcome = world.http.post(world.at(MESSAGES)).bearer_auth(&token).json(&body).send().await;
        assert!(outcome.is_err());
        assert_eq!(sent(&world).await, usize::from(accept));
    }
    assert_eq!(world.post_with(MESSAGES, &token, &body).await.0, 200);
}

#[tokio::test]
async fn a_hanging_call_is_not_answered() {
    let world = World::start().await;
    let (token, body) = open_thread(&world).await;
    world
        .control("/control/faults", json!({ "endpoint": "messages", "accept": true, "action": { "kind": "hang" } }))
        .await;
    let request = world.http.post(world.at(MESSAGES)).bearer_auth(&token).json(&body);
    let error = request.timeout(Duration::from_millis(200)).send().await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(sent(&world).await, 1);
    let (_, calls) = world.get("/control/calls?endpoint=messages").await;
    assert_eq!((&calls["counts"]["messages"], &calls["calls"][0]["status"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn failures_look_like_metas() {
    let world = World::start().await;
    let (token, body) = open_thread(&world).await;
    let order = |action: Value| json!({ "endpoint": "messages", "action": action });
    let fail = async |action: Value| {
        world.control("/control/faults", order(action)).await;
        world.http.post(world.at(MESSAGES)).bearer_auth(&token).json(&body).send().await.unwrap()
    };
    let page = fail(json!({ "kind": "html", "status": 503 })).await;
    assert_eq!(
        (page.status().as_u16(), page.headers()["content-type"].to_str().unwrap()),
        (503, "text/html; charset=utf-8")
    );
    let limited = fail(json!({ "kind": "rate_limit", "minutes": 7 })).await;
    let usage: Value = serde_json::from_str(limited.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
    let usage = usage.as_object().unwrap().values().next().unwrap();
    assert_eq!(usage[0]["estimated_time_to_regain_access"], 7);
    let dead: Value = fail(json!({ "kind": "token", "subcode": 460 })).await.json().await.unwrap();
    assert_eq!((&dead["error"]["code"], &dead["error"]["error_subcode"]), (&json!(190), &json!(460)));
    assert_eq!(sent(&world).await, 0);
    let doubtful: Value = fail(json!({ "kind": "sent_but_error" })).await.json().await.unwrap();
    assert_eq!(doubtful["error"]["error_subcode"], 1_357_046);
    assert_eq!(sent(&world).await, 1);
    let own: Value = fail(json!({ "kind": "error", "status": 500, "error": { "code": 368, "message": "m" } }))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(own["error"]["code"], 368);
}

#[tokio::test]
async fn an_outage_answers_every_call_of_the_app_alike() {
    let world = World::start().await;
    let (token, body) = open_thread(&world).await;
    let app = format!("/control/apps/{INSTAGRAM_APP}");
    world.change(&app, json!({ "outage": true })).await;
    let (_, refused) = world.post_with(MESSAGES, &token, &body).await;
    assert_eq!(refused["error"]["message"], "Unsupported request - method type: post");
    world.change(&app, json!({ "outage": false })).await;
    assert_eq!(world.post_with(MESSAGES, &token, &body).await.0, 200);
}

#[tokio::test]
async fn calls_are_counted_without_their_tokens() {
    let world = World::start().await;
    let (token, _) = open_thread(&world).await;
    world.get(&format!("/graph.instagram.com/v25.0/me?access_token={token}")).await;
    let (_, calls) = world.get("/control/calls").await;
    assert_eq!(calls["counts"]["me"], 1);
    assert_eq!(calls["counts"]["exchange"], 1);
    assert!(!calls.to_string().contains(&token));
    assert_eq!(calls["calls"][0]["app_id"], INSTAGRAM_APP);
}

#[tokio::test]
async fn tokens_can_be_minted_with_any_age() {
    let world = World::start().await;
    let (_, clock) = world.get("/control/clock").await;
    let now_ms = clock["now_ms"].as_i64().unwrap();
    let minted = world
        .control(
            "/control/tokens",
            json!([{
                "app_id": INSTAGRAM_APP, "user": "luna.cafe", "kind": "instagram_long",
                "scopes": ["instagram_business_basic"], "issued_at_ms": now_ms - 50 * 86_400_000,
                "expires_at_ms": now_ms + 1_000,
            }]),
        )
        .await;
    let token = text(&minted["tokens"][0]);
    world.control("/control/clock", json!({ "advance_ms": 2_000 })).await;
    let (_, body) = world.get_with("/graph.instagram.com/v25.0/me", &token).await;
    assert_eq!(body["error"]["error_subcode"], 463);
}

#[tokio::test]
async fn a_changed_password_and_a_reset_end_tokens() {
    let world = World::start().await;
    let (token, _) = open_thread(&world).await;
    world.control("/control/password", json!({ "user": "luna.cafe" })).await;
    let (_, body) = world.get_with("/graph.instagram.com/v25.0/me", &token).await;
    assert_eq!(body["error"]["error_subcode"], 460);
    world.control("/control/reset", json!({})).await;
    let (_, body) = world.get_with("/graph.instagram.com/v25.0/me", &token).await;
    assert_eq!(body["error"]["code"], 190);
    let (_, apps) = world.get("/control/apps").await;
    assert_eq!(apps.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn nonsense_is_refused_without_harm() {
    let world = World::start().await;
    for (path, body) in [
        ("/control/faults", json!({ "endpoint": "messages" })),
        ("/control/act", json!({ "contact": "x", "account": "y", "action": { "kind": "dance" } })),
        ("/control/tokens", json!([{}])),
    ] {
        let answer = world.http.post(world.at(path)).json(&body).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{path}");
    }
    let answer = world.http.patch(world.at("/control/variants")).json(&json!({ "nonsense": 1 })).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    for path in ["/graph.instagram.com/", "/graph.facebook.com/v25.0/%00%ff", "/api.instagram.com/x/y", "/nowhere"] {
        let (status, _) = world.get(path).await;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn a_dropped_subscription_is_silent_and_reads_as_gone() {
    let world = World::start().await;
    let (token, _) = open_thread(&world).await;
    let path = world.at("/control/subscriptions?account=luna.cafe");
    let dropped: Value = world.http.delete(path).send().await.unwrap().json().await.unwrap();
    assert_eq!(dropped["subscriptions"], 1);
    let (_, body) = world.get_with("/graph.instagram.com/v25.0/me/subscribed_apps", &token).await;
    assert_eq!(body["data"], json!([]));
}

#[tokio::test]
async fn people_with_accounts_and_pages_can_be_added() {
    let world = World::start().await;
    let account = json!({ "id": "17841999999999999", "username": "new.shop", "name": "New Shop", "kind": "business" });
    let page = json!({ "id": "109999999999999", "name": "New Shop", "instagram": "17841999999999999" });
    let role = json!({ "page_id": "109999999999999", "tasks": ["MESSAGING"] });
    let person = json!({ "username": "nora", "name": "Nora Berg", "pages": [role] });
    world.control("/control/people", json!({ "person": person, "accounts": [account], "pages": [page] })).await;
    let token = world.facebook_token("nora").await;
    let (_, pages) = world.get_with("/graph.facebook.com/v25.0/me/accounts", &token).await;
    assert_eq!(pages["data"][0]["name"], "New Shop");
    assert!(!world.connected("new.shop").await.is_empty());
}

#[tokio::test]
async fn a_late_call_takes_effect_after_its_caller_has_gone() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let igsid = text(&world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await["igsid"]);
    let order = json!({ "endpoint": "messages", "action": { "kind": "late", "ms": 200 } });
    world.control("/control/faults", order).await;
    let path = world.at("/graph.instagram.com/v25.0/me/messages");
    let body = json!({ "recipient": { "id": igsid }, "message": { "text": "hello" } });
    let impatient = world.http.post(path).bearer_auth(&token).json(&body).timeout(Duration::from_millis(50));
    assert!(impatient.send().await.is_err_and(|error| error.is_timeout()));
    assert_eq!(world.meta.late_calls(), 1);
    while world.meta.late_calls() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (_, threads) = world.get("/control/threads?account=luna.cafe").await;
    assert!(threads.to_string().contains("hello"), "{threads}");
}
