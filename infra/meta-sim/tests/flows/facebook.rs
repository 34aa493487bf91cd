//! Facebook Login: Pages in all their hiding places, proofs, Page tokens.

use serde_json::{Value, json};

use crate::util::{FACEBOOK_APP, SECRET, World, text};

const FIELDS: &str = "id,name,access_token,tasks,instagram_business_account{id,username}";

/// All elements of a list, over its pages.
async fn all(world: &World, path: &str, token: &str) -> (Vec<Value>, usize) {
    let mut found = Vec::new();
    let mut pages = 0;
    let mut next = Some(world.at(path));
    while let Some(url) = next {
        let (status, body) = crate::util::answer(world.http.get(&url).bearer_auth(token).send().await.unwrap()).await;
        assert_eq!(status, 200, "{body}");
        found.extend(body["data"].as_array().cloned().unwrap());
        next = body["paging"]["next"].as_str().map(str::to_owned);
        pages += 1;
    }
    (found, pages)
}

async fn page_token(world: &World, person: &str, page: usize) -> (String, String) {
    let token = world.facebook_token(person).await;
    let (pages, _) = all(world, &format!("/graph.facebook.com/v25.0/me/accounts?fields={FIELDS}"), &token).await;
    (text(&pages[page]["id"]), text(&pages[page]["access_token"]))
}

#[tokio::test]
async fn seven_pages_come_over_three_cursor_pages() {
    let world = World::start().await;
    let token = world.facebook_token("jonas.keller").await;
    let path = format!("/graph.facebook.com/v25.0/me/accounts?fields={FIELDS}&limit=100");
    let (found, pages) = all(&world, &path, &token).await;
    assert_eq!((found.len(), pages), (7, 3));
    assert!(found.iter().all(|page| page["instagram_business_account"]["username"].is_string()));
}

#[tokio::test]
async fn one_of_five_pages_has_no_instagram_and_one_no_messaging_task() {
    let world = World::start().await;
    let token = world.facebook_token("amara.okafor").await;
    let (found, _) = all(&world, &format!("/graph.facebook.com/me/accounts?fields={FIELDS}"), &token).await;
    assert_eq!(found.len(), 5);
    assert_eq!(found.iter().filter(|page| page.get("instagram_business_account").is_none()).count(), 1);
    let messaging = |page: &&Value| page["tasks"].as_array().unwrap().contains(&json!("MESSAGING"));
    assert_eq!(found.iter().filter(messaging).count(), 4);
}

#[tokio::test]
async fn a_page_missing_in_the_list_is_among_the_target_ids() {
    let world = World::start().await;
    let token = world.facebook_token("priya.raman").await;
    let (listed, _) = all(&world, "/graph.facebook.com/v25.0/me/accounts", &token).await;
    assert!(listed.is_empty());
    let path =
        format!("/graph.facebook.com/v25.0/debug_token?input_token={token}&access_token={FACEBOOK_APP}|{SECRET}");
    let (_, info) = world.get(&path).await;
    let scopes = info["data"]["granular_scopes"].as_array().unwrap();
    let pages = scopes.iter().find(|scope| scope["scope"] == "pages_show_list").unwrap();
    let page = text(&pages["target_ids"][0]);
    let (_, page) = world.get_with(&format!("/graph.facebook.com/v25.0/{page}?fields={FIELDS}"), &token).await;
    assert_eq!(page["instagram_business_account"]["username"], "raman.spices");
    assert!(page["access_token"].is_string());
}

#[tokio::test]
async fn pages_of_a_portfolio_are_found_through_the_business() {
    let world = World::start().await;
    let token = world.facebook_token("elena.rossi").await;
    let (businesses, _) = all(&world, "/graph.facebook.com/v25.0/me/businesses", &token).await;
    let id = text(&businesses[0]["id"]);
    for edge in ["owned_pages", "client_pages"] {
        let (pages, _) = all(&world, &format!("/graph.facebook.com/v25.0/{id}/{edge}?fields={FIELDS}"), &token).await;
        assert_eq!(pages.len(), 1, "{edge}");
    }
}

#[tokio::test]
async fn a_page_token_of_a_long_lived_token_never_expires() {
    let world = World::start().await;
    let (_, token) = page_token(&world, "lucia.navarro", 0).await;
    world.clock.advance_ms(80 * 24 * 3_600_000);
    let path =
        format!("/graph.facebook.com/v25.0/debug_token?input_token={token}&access_token={FACEBOOK_APP}|{SECRET}");
    let (_, info) = world.get(&path).await;
    assert_eq!(info["data"]["expires_at"], 0);
    assert_eq!(info["data"]["type"], "PAGE");
    assert_eq!(info["data"]["is_valid"], true);
    let (status, _) = world.get_with("/graph.facebook.com/v25.0/me?fields=id,name", &token).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_page_refuses_the_fields_that_only_instagram_has() {
    let world = World::start().await;
    let (page, token) = page_token(&world, "lucia.navarro", 0).await;
    let path = format!("/graph.facebook.com/v25.0/{page}/subscribed_apps");
    let fields = "?subscribed_fields=messages,feed,messaging_seen";
    let (_, body) = world.post_with(&format!("{path}{fields}"), &token, &json!({})).await;
    assert_eq!(body["error"]["code"], 100);
    assert!(text(&body["error"]["message"]).starts_with("(#100) Param subscribed_fields[2] must be one of {feed,"));
    let (_, body) = world.post_with(&path, &token, &json!({ "subscribed_fields": "messages" })).await;
    assert_eq!(body, json!({ "success": true }));
    let (_, body) = world.get_with(&path, &token).await;
    assert_eq!(body["data"][0]["subscribed_fields"], json!(["messages"]));
    let deleted = world.http.delete(world.at(&path)).bearer_auth(&token).send().await.unwrap();
    assert_eq!(deleted.status(), 200);
    let (_, body) = world.get_with(&path, &token).await;
    assert_eq!(body["data"], json!([]));
}

#[tokio::test]
async fn a_wrong_proof_is_refused_and_a_missing_one_when_the_app_requires_it() {
    let world = World::start().await;
    let token = world.facebook_token("lucia.navarro").await;
    let (status, _) = world.get_with("/graph.facebook.com/v25.0/me?appsecret_proof=00", &token).await;
    assert_eq!(status, 400);
    world.change(&format!("/control/apps/{FACEBOOK_APP}"), json!({ "require_proof": true })).await;
    let (status, _) = world.get_with("/graph.facebook.com/v25.0/me", &token).await;
    assert_eq!(status, 400);
    let proof = proof_of(&token);
    let (status, _) = world.get_with(&format!("/graph.facebook.com/v25.0/me?appsecret_proof={proof}"), &token).await;
    assert_eq!(status, 200);
}

fn proof_of(token: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[tokio::test]
async fn a_page_sends_for_its_instagram_account_and_is_told_of_messages() {
    let world = World::start().await;
    let (page, token) = page_token(&world, "lucia.navarro", 0).await;
    let path = format!("/graph.facebook.com/v25.0/{page}");
    world.post_with(&format!("{path}/subscribed_apps?subscribed_fields=messages"), &token, &json!({})).await;
    let act = world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await;
    assert_eq!(act["told"], json!([FACEBOOK_APP]));
    let body = json!({ "recipient": { "id": act["igsid"] }, "message": { "text": "hello" } });
    let (status, sent) = world.post_with(&format!("{path}/messages?access_token={token}"), &token, &body).await;
    assert_eq!((status, &sent["recipient_id"]), (200, &act["igsid"]), "{sent}");
}

#[tokio::test]
async fn permissions_tell_what_was_declined_and_their_deletion_ends_the_grant() {
    let world = World::start().await;
    let token = world.facebook_token("lucia.navarro").await;
    let (_, body) = world.get_with("/graph.facebook.com/v25.0/me/permissions", &token).await;
    assert!(
        body["data"].as_array().unwrap().contains(&json!({ "permission": "instagram_basic", "status": "granted" }))
    );
    let path = world.at("/graph.facebook.com/v25.0/me/permissions");
    assert_eq!(world.http.delete(path).bearer_auth(&token).send().await.unwrap().status(), 200);
    let (_, body) = world.get_with("/graph.facebook.com/v25.0/me", &token).await;
    assert_eq!(body["error"]["error_subcode"], 458);
}

#[tokio::test]
async fn mentions_and_policy_events_are_told_with_facebook_login_only() {
    let world = World::start().await;
    world.connected("luna.cafe").await;
    let (page, token) = page_token(&world, "lucia.navarro", 0).await;
    let path = format!("/graph.facebook.com/v25.0/{page}/subscribed_apps?subscribed_fields=feed");
    world.post_with(&path, &token, &json!({})).await;
    for kind in ["mention", "policy_enforcement"] {
        assert_eq!(world.act("luna.cafe", json!({ "kind": kind })).await["told"], json!([FACEBOOK_APP]), "{kind}");
    }
    assert_eq!(world.act("luna.cafe", json!({ "kind": "optin" })).await["told"], json!([crate::util::INSTAGRAM_APP]));
}

#[tokio::test]
async fn a_list_can_have_empty_pages() {
    let world = World::start().await;
    let token = world.facebook_token("jonas.keller").await;
    let path = format!("/graph.facebook.com/v25.0/me/accounts?fields={FIELDS}&limit=100");
    world.change("/control/variants", json!({ "empty_pages": "between" })).await;
    let (found, pages) = all(&world, &path, &token).await;
    assert_eq!((found.len(), pages), (7, 6));
    world.change("/control/variants", json!({ "empty_pages": "endless", "page_cap": 10 })).await;
    let (_, body) = world.get_with(&path, &token).await;
    let after = text(&body["paging"]["cursors"]["after"]);
    let (_, body) = world.get_with(&format!("{path}&after={after}"), &token).await;
    assert_eq!((&body["data"], text(&body["paging"]["cursors"]["after"])), (&json!([]), after));
    assert!(body["paging"]["next"].is_string());
}

#[tokio::test]
async fn control_over_a_thread_is_passed_with_a_message_where_routing_is_set_up() {
    let world = World::start().await;
    let (page, token) = page_token(&world, "lucia.navarro", 0).await;
    let igsid = text(&world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await["igsid"]);
    let path = format!("/graph.facebook.com/v25.0/{page}/messages");
    let body = json!({
        "recipient": { "id": igsid }, "message": { "text": "A colleague takes over" },
        "thread_control": { "control_type": "pass" },
    });
    let (_, refused) = world.post_with(&path, &token, &body).await;
    assert_eq!(refused["error"]["code"], 27);
    world.change("/control/variants", json!({ "routing": true, "owner_refusal": "other_app" })).await;
    let status = "/graph.facebook.com/v25.0/me?fields=messaging_feature_status";
    let (_, me) = world.get_with(status, &token).await;
    assert_eq!(me["messaging_feature_status"]["ig_multi_app"], true);
    let (status, answer) = world.post_with(&path, &token, &body).await;
    assert_eq!(status, 200, "{answer}");
    let (_, refused) = world.post_with(&path, &token, &body).await;
    assert_eq!(refused["error"]["error_subcode"], 2_018_300);
}
