//! What a token's permissions cover, which webhook fields there are, and connections that idle.

use reqwest::Client;
use serde_json::json;

use crate::util::{CALLBACK, FACEBOOK_APP, INSTAGRAM_APP, SECRET, World, parameter, text};

#[tokio::test]
async fn one_field_without_its_permission_refuses_the_whole_list() {
    let world = World::start().await;
    let url = world.authorize("&auto_user=luna.cafe&auto_deny_scopes=instagram_business_manage_comments").await;
    let (_, body) = world.exchange(&parameter(&url, "code").unwrap(), CALLBACK).await;
    let token = text(&body["access_token"]);
    let path = "/graph.instagram.com/v25.0/me/subscribed_apps";
    let (status, body) = world.post_with(path, &token, &json!({ "subscribed_fields": "messages,comments" })).await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!(10)), "{body}");
    assert!(text(&body["error"]["message"]).contains("instagram_business_manage_comments"), "{body}");
    let (_, listed) = world.get_with(path, &token).await;
    assert_eq!(listed["data"], json!([]));
    let (status, _) = world.post_with(path, &token, &json!({ "subscribed_fields": "messages" })).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_page_is_subscribed_to_messages_with_the_permission_for_its_messages() {
    let world = World::start().await;
    let scopes = ["instagram_basic", "instagram_manage_messages", "pages_manage_metadata"];
    let page = text(&world.get("/control/state").await.1["pages"][0]["id"]);
    let order =
        json!({ "app_id": FACEBOOK_APP, "user": "lucia.navarro", "kind": "page", "page_id": page, "scopes": scopes });
    let token = text(&world.control("/control/tokens", order).await["tokens"][0]);
    let path = format!("/graph.facebook.com/v25.0/{page}/subscribed_apps");
    let (status, body) = world.post_with(&path, &token, &json!({ "subscribed_fields": "messages" })).await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!(200)), "{body}");
    assert!(text(&body["error"]["message"]).starts_with("(#200) To subscribe to the messages field"), "{body}");
}

#[tokio::test]
async fn echoes_are_a_field_of_their_own_or_come_with_messages() {
    for (echoes, fields, told) in [
        ("own", "messages", 0),
        ("own", "messages,message_echoes", 1),
        ("messages", "messages", 1),
        ("messages", "messages,message_echoes", 1),
        ("refused", "messages", 1),
    ] {
        let world = World::start().await;
        world.change("/control/variants", json!({ "echoes": echoes })).await;
        let token = world.short_token("luna.cafe").await;
        let path = "/graph.instagram.com/v25.0/me/subscribed_apps";
        let (status, _) = world.post_with(path, &token, &json!({ "subscribed_fields": fields })).await;
        assert_eq!(status, 200, "{echoes}");
        world.act("luna.cafe", json!({ "kind": "app_reply", "text": "from the phone" })).await;
        world.quiet().await;
        assert_eq!(world.hook.messaging().len(), told, "{echoes}: {fields}");
    }
}

#[tokio::test]
async fn a_name_for_echoes_that_is_not_taken_refuses_the_whole_list() {
    let world = World::start().await;
    world.change("/control/variants", json!({ "echoes": "refused" })).await;
    let token = world.short_token("luna.cafe").await;
    let path = "/graph.instagram.com/v25.0/me/subscribed_apps";
    let (status, body) =
        world.post_with(path, &token, &json!({ "subscribed_fields": "messages,message_echoes" })).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(100)), "{body}");
}

#[tokio::test]
async fn the_apps_own_fields_are_read_with_its_own_token_and_follow_the_dashboard() {
    let world = World::start().await;
    let path = format!("/graph.facebook.com/v25.0/{FACEBOOK_APP}/subscriptions");
    let own = format!("{FACEBOOK_APP}|{SECRET}");
    let (_, body) = world.get_with(&path, &own).await;
    let fields = body["data"][0]["fields"].as_array().unwrap().clone();
    assert!(fields.iter().any(|field| field["name"] == "messages"), "{body}");
    world.change(&format!("/control/apps/{FACEBOOK_APP}"), json!({ "webhook_fields": ["comments"] })).await;
    let (_, body) = world.get_with(&path, &own).await;
    assert_eq!(body["data"][0]["fields"].as_array().map(Vec::len), Some(1), "{body}");
    assert_eq!(world.get_with(&path, &format!("{INSTAGRAM_APP}|{SECRET}")).await.0, 400, "another login's app");
}

#[tokio::test]
async fn a_connection_that_idled_is_reset_by_its_next_call_and_a_fresh_one_is_not() {
    let world = World::start().await;
    let token = world.short_token("luna.cafe").await;
    let pooled = Client::builder().no_proxy().build().unwrap();
    let me = world.at("/graph.instagram.com/v25.0/me?fields=user_id");
    let ask = async || Ok::<_, reqwest::Error>(pooled.get(&me).bearer_auth(&token).send().await?.text().await?.len());
    ask().await.unwrap();
    world.clock.advance_ms(4_000);
    ask().await.unwrap();
    world.clock.advance_ms(6_000);
    assert!(ask().await.is_err());
    ask().await.unwrap();
}
