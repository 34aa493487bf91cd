//! What is not right gets a clear answer and changes nothing.

use reqwest::Method;
use serde_json::{Value, json};
use stories::{Answer, Browser, World};

fn dm() -> Value {
    json!({"object": "instagram", "entry": [{"id": "17841405726653026", "time": 1, "messaging": [{
        "sender": {"id": "430915413000664"}, "recipient": {"id": "17841405726653026"}, "timestamp": 1_763_600_000_000_i64,
        "message": {"mid": "aWdforged", "text": "hello"}}]}]})
}

/// Runs a call and checks that no table changed.
async fn unchanged(world: &World, call: impl Future<Output = Answer>) -> Answer {
    let before = world.tables().everything().await;
    let answer = call.await;
    world.settle().await;
    assert_eq!(world.tables().everything().await, before, "{}", answer.body);
    answer
}

#[tokio::test]
async fn a_webhook_without_metas_signature_is_refused() {
    let world = World::start().await;
    world.browser("ana").connect("instagram", "luna.cafe").await;
    let body = dm().to_string().into_bytes();
    let mut other = body.clone();
    other.push(b' ');
    let of_another_body = world.sign(local::Login::Instagram, &other);
    let signatures =
        [None, Some(""), Some("sha256="), Some("sha256=00"), Some("sha1=aa"), Some(of_another_body.as_str())];
    for signature in signatures {
        let answer = unchanged(&world, world.post_webhook(body.clone(), signature)).await;
        let problem = answer.problem(401);
        let right = world.sign(local::Login::Instagram, &body);
        assert!(
            !problem.to_string().contains(right.trim_start_matches("sha256=")),
            "the expected value appears nowhere"
        );
    }
}

#[tokio::test]
async fn either_apps_signature_is_good() {
    let world = World::start().await;
    for login in [local::Login::Instagram, local::Login::Facebook] {
        let body = dm().to_string().into_bytes();
        let signature = world.sign(login, &body);
        assert_eq!(world.post_webhook(body, Some(&signature)).await.status, 200);
    }
}

#[tokio::test]
async fn signed_nonsense_is_a_bad_request() {
    let world = World::start().await;
    for nonsense in ["", "{", "null", "[]", "42", "\"text\"", "{\"object\":\"instagram\",\"entry\":7}"] {
        let body = nonsense.as_bytes().to_vec();
        let signature = world.sign(local::Login::Instagram, &body);
        let answer = unchanged(&world, world.post_webhook(body, Some(&signature))).await;
        assert!(matches!(answer.status, 200 | 400), "{nonsense}: {} {}", answer.status, answer.body);
        if nonsense.starts_with('{') && nonsense.len() == 1 {
            answer.problem(400);
        }
    }
}

#[tokio::test]
async fn an_unknown_object_and_a_page_that_nobody_connected_are_acknowledged() {
    let world = World::start().await;
    for object in ["permissions", "page"] {
        let change = json!({"field": "feed", "value": {}});
        let body = json!({"object": object, "entry": [{"id": "1", "time": 1, "changes": [change]}]});
        let answer = unchanged(&world, world.deliver(&body)).await;
        assert_eq!(answer.status, 200, "{object}");
    }
}

#[tokio::test]
async fn the_webhooks_address_is_verified_only_with_the_right_token() {
    let world = World::start().await;
    let meta = world.stranger();
    let ask = async |token: &str, challenge: &str| {
        let path =
            format!("/webhooks/meta/instagram?hub.mode=subscribe&hub.challenge={challenge}&hub.verify_token={token}");
        meta.get(&path).await
    };
    let app = world.stack.app(local::Login::Instagram).expect("the app is registered");
    let good = ask(&app.verify_token, "1158201444").await;
    assert_eq!((good.status, good.body.as_str()), (200, "1158201444"));
    assert!(good.header("content-type").starts_with("text/plain"));
    ask("wrong", "1158201444").await.problem(403);
    ask(&app.verify_token, "%3Cscript%3E").await.problem(400);
    meta.get("/webhooks/meta/instagram").await.problem(400);
}

#[tokio::test]
async fn malformed_bodies_and_unknown_routes_have_problem_documents() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let authorization = format!("Bearer {}", world.stack.token("ana"));
    for path in [
        "/api/integrations/meta/instagram/start",
        "/api/integrations/meta/instagram/select",
        "/api/integrations/meta/instagram/disconnect",
        "/api/tenants/luna/instagram/messages/send",
    ] {
        let answer = world.post(path, "{\"text\": ", &[("authorization", &authorization)]).await;
        assert_eq!(answer.problem_kind(400), "malformed-json", "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
    }
    for path in ["/api/nothing", "/nothing", "/api/tenants/luna"] {
        ana.get(path).await.problem(404);
    }
}

#[tokio::test]
async fn without_a_good_token_the_api_is_closed() {
    let world = World::start().await;
    let good = world.stack.token("ana");
    let (head, _) = good.rsplit_once('.').expect("a JWT has three parts");
    let forged = format!("{head}.{}", "A".repeat(86));
    for token in ["", "nonsense", forged.as_str()] {
        let browser = world.stranger().with_token(token);
        assert_eq!(browser.get("/api/integrations/meta/instagram/status").await.status, 401, "{token}");
    }
    assert_eq!(world.stranger().get("/api/integrations/meta/instagram/status").await.status, 401);
    world.advance_hours(2);
    let expired = world.stranger().with_token(good);
    assert_eq!(expired.get("/api/integrations/meta/instagram/status").await.status, 401);
}

#[tokio::test]
async fn an_agent_answers_but_does_not_connect() {
    let world = World::start().await;
    let luis: Browser<'_> = world.browser("luis");
    luis.post("/api/integrations/meta/instagram/start", json!({})).await.problem(403);
    luis.disconnect(json!({})).await.problem(403);
    assert_eq!(luis.call(Method::GET, "/api/tenants/luna/conversations", None, &[]).await.status, 200);
}
