//! Unified Login: a token that never ends, and accounts without a Page.

use serde_json::{Value, json};

use crate::util::{CALLBACK, FACEBOOK_APP, SECRET, World, location, parameter, text};

const SCOPES: &str = "instagram_basic,instagram_manage_messages,instagram_manage_comments";
const GRAPH: &str = "/graph.facebook.com/v25.0";

/// A token of somebody whose account has no Page, and the account.
async fn login(world: &World) -> (String, String) {
    world.change(&format!("/control/apps/{FACEBOOK_APP}"), json!({ "unified": true })).await;
    let query = format!("client_id={FACEBOOK_APP}&redirect_uri={CALLBACK}&response_type=code&scope={SCOPES}");
    let path = format!("/www.facebook.com/v25.0/dialog/oauth?{query}&auto_user=noor.haddad");
    let code = parameter(&location(&world.http.get(world.at(&path)).send().await.unwrap()), "code").unwrap();
    let client = format!("client_id={FACEBOOK_APP}&client_secret={SECRET}&redirect_uri={CALLBACK}");
    let (_, body) = world.get(&format!("{GRAPH}/oauth/access_token?{client}&code={code}")).await;
    assert_eq!(body.get("expires_in"), None, "{body}");
    let token = text(&body["access_token"]);
    let account = text(&info(world, &token).await["granular_scopes"][0]["target_ids"][0]);
    (token, account)
}

async fn info(world: &World, token: &str) -> Value {
    let path = format!("{GRAPH}/debug_token?input_token={token}&access_token={FACEBOOK_APP}|{SECRET}");
    world.get(&path).await.1["data"].clone()
}

#[tokio::test]
async fn the_token_is_a_system_users_and_never_ends() {
    let world = World::start().await;
    let (token, account) = login(&world).await;
    world.clock.advance_ms(400 * 24 * 3_600_000);
    let info = info(&world, &token).await;
    assert_eq!(
        (&info["type"], &info["expires_at"], &info["is_valid"]),
        (&json!("SYSTEM_USER"), &json!(0), &json!(true))
    );
    let (_, shown) = world.get_with(&format!("{GRAPH}/{account}?fields=username"), &token).await;
    assert_eq!(shown["username"], "haddad.ceramics");
    let exchange = format!("grant_type=fb_exchange_token&fb_exchange_token={token}");
    let client = format!("client_id={FACEBOOK_APP}&client_secret={SECRET}");
    assert_eq!(world.get(&format!("{GRAPH}/oauth/access_token?{client}&{exchange}")).await.0, 400, "nothing to renew");
}

#[tokio::test]
async fn an_account_without_a_page_is_subscribed_told_answered_and_read() {
    let world = World::start().await;
    let (token, account) = login(&world).await;
    let path = format!("{GRAPH}/{account}/subscribed_apps");
    let (_, refused) = world.post_with(&path, &token, &json!({ "subscribed_fields": "messages,standby" })).await;
    assert_eq!(refused["error"]["code"], 100, "{refused}");
    let (status, _) = world.post_with(&path, &token, &json!({ "subscribed_fields": "messages,messaging_seen" })).await;
    assert_eq!(status, 200);
    let wrote = world.act("haddad.ceramics", json!({ "kind": "text", "text": "hi" })).await;
    assert_eq!(wrote["told"], json!([FACEBOOK_APP]));
    assert_eq!(world.act("haddad.ceramics", json!({ "kind": "edit", "text": "hello" })).await["told"], json!([]));
    let body = json!({ "recipient": { "id": wrote["contact_id"] }, "message": { "text": "Good morning" } });
    let (status, sent) = world.post_with(&format!("{GRAPH}/{account}/messages"), &token, &body).await;
    assert_eq!(status, 200, "{sent}");
    world.quiet().await;
    assert!(world.hook.messaging().iter().any(|event| event["message"]["mid"] == sent["message_id"]));
    for path in [
        format!("{account}/conversations?platform=instagram"),
        text(&sent["message_id"]),
        format!("{}?fields=name", text(&wrote["contact_id"])),
    ] {
        assert_eq!(world.get_with(&format!("{GRAPH}/{path}"), &token).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn a_removed_app_loses_the_token_and_the_subscription() {
    let world = World::start().await;
    let (token, account) = login(&world).await;
    let path = format!("{GRAPH}/{account}/subscribed_apps");
    world.post_with(&path, &token, &json!({ "subscribed_fields": "messages" })).await;
    world.control("/control/revoke", json!({ "user": "noor.haddad", "app_id": FACEBOOK_APP })).await;
    let (_, refused) = world.get_with(&path, &token).await;
    assert_eq!(refused["error"]["error_subcode"], 458, "{refused}");
    assert_eq!(world.act("haddad.ceramics", json!({ "kind": "text", "text": "hi" })).await["told"], json!([]));
}
