//! Webhooks: signature, shapes, batching, retries, callbacks.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

use crate::util::{INSTAGRAM_APP, SECRET, World, text};

#[tokio::test]
async fn a_message_is_delivered_signed_and_escaped() {
    let world = World::start().await;
    world.connected("luna.cafe").await;
    world.act("luna.cafe", json!({ "kind": "text", "text": "Grüße 🎉" })).await;
    world.quiet().await;
    let received = world.hook.received.lock().unwrap()[0].clone();
    let body = std::str::from_utf8(&received.body).unwrap();
    assert!(body.contains(r"Gr\u00fc\u00dfe \ud83c\udf89"), "{body}");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(&received.body);
    let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    assert_eq!(received.headers["x-hub-signature-256"], expected.as_str());
    assert_eq!(received.headers["user-agent"], "facebookexternalua");
    assert_eq!(received.headers["content-type"], "application/json");
    assert!(received.headers.contains_key("x-hub-signature"));
}

#[tokio::test]
async fn every_kind_of_event_can_be_produced() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let first = world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await;
    let body = json!({ "recipient": { "id": first["igsid"] }, "message": { "text": "hello" } });
    world.post_with("/graph.instagram.com/v25.0/me/messages", &token, &body).await;
    for (action, pointer) in [
        (json!({ "kind": "text", "text": "so", "reply_to": first["id"] }), "/message/reply_to/mid"),
        (json!({ "kind": "media", "media": "video" }), "/message/attachments/0/payload/url"),
        (json!({ "kind": "story_mention" }), "/message/attachments/0/payload/url"),
        (json!({ "kind": "story_reply", "text": "wow" }), "/message/reply_to/story/id"),
        (json!({ "kind": "story_share" }), "/message/attachments/0/payload/story_media_id"),
        (json!({ "kind": "share" }), "/message/attachments/1/payload/ig_post_media_id"),
        (json!({ "kind": "reel" }), "/message/attachments/0/payload/reel_video_id"),
        (json!({ "kind": "template" }), "/message/attachments/0/payload"),
        (json!({ "kind": "ephemeral" }), "/message/attachments/0/type"),
        (json!({ "kind": "unsupported" }), "/message/is_unsupported"),
        (json!({ "kind": "quick_reply", "text": "Red", "payload": "RED" }), "/message/quick_reply/payload"),
        (json!({ "kind": "postback", "title": "Hours?", "payload": "H" }), "/postback/payload"),
        (json!({ "kind": "referral", "ref": "card" }), "/referral/ref"),
        (json!({ "kind": "ad_message", "text": "price?" }), "/message/referral/ad_id"),
        (json!({ "kind": "reaction" }), "/reaction/emoji"),
        (json!({ "kind": "unreact" }), "/reaction/action"),
        (json!({ "kind": "seen" }), "/read/mid"),
        (json!({ "kind": "edit", "text": "new" }), "/message_edit/num_edit"),
        (json!({ "kind": "edit_zero" }), "/message_edit/mid"),
        (json!({ "kind": "unsend" }), "/message/is_deleted"),
        (json!({ "kind": "thread_control", "change": "take" }), "/take_thread_control/new_owner_app_id"),
        (json!({ "kind": "optin" }), "/optin/type"),
        (json!({ "kind": "app_reply", "text": "from the app" }), "/message/is_echo"),
        (json!({ "kind": "self_message", "text": "test" }), "/message/is_self"),
    ] {
        world.quiet().await;
        world.hook.received.lock().unwrap().clear();
        world.act("luna.cafe", action.clone()).await;
        world.quiet().await;
        let events = world.hook.messaging();
        assert!(events.iter().any(|event| event.pointer(pointer).is_some()), "{action}: {events:?}");
    }
}

#[tokio::test]
async fn comments_come_in_three_shapes_and_standby_in_its_own_list() {
    let world = World::start().await;
    world.connected("luna.cafe").await;
    for (action, pointer) in [
        (json!({ "kind": "comment", "text": "a" }), "/entry/0/changes/0/value/id"),
        (json!({ "kind": "comment", "text": "a", "shape": "flat" }), "/entry/0/value/id"),
        (json!({ "kind": "comment", "text": "a", "shape": "facebook" }), "/entry/0/changes/0/value/comment_id"),
        (json!({ "kind": "standby", "text": "a" }), "/entry/0/standby/0/message/text"),
    ] {
        world.hook.received.lock().unwrap().clear();
        world.act("luna.cafe", action.clone()).await;
        world.quiet().await;
        let bodies = world.hook.bodies();
        assert!(bodies.iter().any(|body| body.pointer(pointer).is_some()), "{action}: {bodies:?}");
    }
}

#[tokio::test]
async fn only_subscribed_accounts_are_told_of() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    assert_eq!(world.act("mara.paints", json!({ "kind": "text", "text": "a" })).await["told"], json!([]));
    let path = world.at("/graph.instagram.com/v25.0/me/subscribed_apps");
    world.http.delete(path).bearer_auth(&token).send().await.unwrap();
    assert_eq!(world.act("luna.cafe", json!({ "kind": "text", "text": "a" })).await["told"], json!([]));
}

#[tokio::test]
async fn held_events_are_delivered_in_one_body_and_twice_when_asked() {
    let world = World::start().await;
    world.connected("luna.cafe").await;
    world.connected("mara.paints").await;
    let options = json!({ "hold": true, "batch_max": 1000, "duplicates": 1, "shuffle": true });
    world.change("/control/webhooks/options", options).await;
    for number in 0..5 {
        let account = if number % 2 == 0 { "luna.cafe" } else { "mara.paints" };
        world.act(account, json!({ "kind": "text", "text": number.to_string() })).await;
    }
    assert!(world.hook.bodies().is_empty());
    world.control("/control/webhooks/release", json!({})).await;
    world.quiet().await;
    assert_eq!(world.hook.bodies().len(), 2);
    assert_eq!(world.hook.messaging().len(), 10);
}

#[tokio::test]
async fn a_refused_body_is_delivered_again_until_it_is_dropped() {
    let world = World::start().await;
    world.connected("luna.cafe").await;
    world.change("/control/webhooks/options", json!({ "retry_delays_ms": [0, 5] })).await;
    world.hook.statuses.lock().unwrap().extend([500, 503]);
    world.act("luna.cafe", json!({ "kind": "text", "text": "a" })).await;
    world.quiet().await;
    assert_eq!(world.hook.bodies().len(), 3);
    world.hook.statuses.lock().unwrap().extend([500, 500, 500]);
    world.act("luna.cafe", json!({ "kind": "text", "text": "b" })).await;
    world.quiet().await;
    let (_, log) = world.get("/control/webhooks/deliveries").await;
    let states: Vec<&Value> = log.as_array().unwrap().iter().map(|delivery| &delivery["state"]).collect();
    assert_eq!(states, ["delivered", "dropped"]);
    assert_eq!(log[1]["attempts"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_handshake_wants_its_challenge_back() {
    let world = World::start().await;
    let path = format!("/control/apps/{INSTAGRAM_APP}");
    assert_eq!(world.control(&format!("{path}/verify"), json!({})).await, json!({ "verified": true }));
    world.change(&path, json!({ "verify_token": "another" })).await;
    let refused = world.http.post(world.at(&format!("{path}/verify"))).send().await.unwrap();
    assert_eq!(refused.status(), 502);
}

#[tokio::test]
async fn raw_bodies_and_dashboard_tests_are_signed_too() {
    let world = World::start().await;
    world.control("/control/webhooks/raw", json!({ "app_id": INSTAGRAM_APP, "body": "not json" })).await;
    world.control("/control/webhooks/test", json!({ "app_id": INSTAGRAM_APP })).await;
    world.quiet().await;
    assert_eq!(world.hook.received.lock().unwrap()[0].body, "not json");
    assert_eq!(world.hook.bodies()[0]["entry"][0]["changes"][0]["value"]["timestamp"], "1527459824");
}

#[tokio::test]
async fn a_removed_app_is_called_back_and_its_token_dead() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let revoked = world.control("/control/revoke", json!({ "user": "luna.cafe", "app_id": INSTAGRAM_APP })).await;
    assert_eq!(revoked["callbacks"][0]["status"], 200, "{revoked}");
    let form = world.hook.received.lock().unwrap()[0].body.clone();
    let form = std::str::from_utf8(&form).unwrap().to_owned();
    assert!(form.starts_with("signed_request="), "{form}");
    let (_, body) = world.get_with("/graph.instagram.com/v25.0/me", &token).await;
    assert_eq!((&body["error"]["code"], &body["error"]["error_subcode"]), (&json!(190), &json!(458)));
    assert_eq!(world.act("luna.cafe", json!({ "kind": "text", "text": "a" })).await["told"], json!([]));
    let deletion = world.control("/control/deletion", json!({ "user": "luna.cafe", "app_id": INSTAGRAM_APP })).await;
    assert_eq!(text(&deletion["callbacks"][0]["user_id"]), text(&revoked["callbacks"][0]["user_id"]));
}
