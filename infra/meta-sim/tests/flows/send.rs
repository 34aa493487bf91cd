//! The Send API, profiles and conversations.

use serde_json::{Value, json};

use crate::util::{INSTAGRAM_APP, World, text};

const MESSAGES: &str = "/graph.instagram.com/v25.0/me/messages";
const HOUR_MS: i64 = 3_600_000;

/// A connected account that Inès has written to; token and IGSID.
async fn open_thread(world: &World) -> (String, String) {
    let token = world.connected("luna.cafe").await;
    let act = world.act("luna.cafe", json!({ "kind": "text", "text": "Do you have a table?" })).await;
    (token, text(&act["igsid"]))
}

async fn refusal(world: &World, token: &str, body: Value) -> (i64, i64) {
    let (status, answer) = world.post_with(MESSAGES, token, &body).await;
    assert_eq!(status, 400, "{answer}");
    let error = &answer["error"];
    (error["code"].as_i64().unwrap(), error["error_subcode"].as_i64().unwrap_or_default())
}

#[tokio::test]
async fn a_sent_message_is_answered_with_its_mid_and_echoed() {
    let world = World::start().await;
    let (token, igsid) = open_thread(&world).await;
    let body = json!({ "recipient": { "id": igsid }, "message": { "text": "Yes, at eight" } });
    let (status, sent) = world.post_with(MESSAGES, &token, &body).await;
    assert_eq!((status, &sent["recipient_id"]), (200, &json!(igsid)), "{sent}");
    world.quiet().await;
    let echo = world.hook.messaging().into_iter().find(|event| event["message"]["is_echo"] == true).unwrap();
    assert_eq!(echo["message"]["mid"], sent["message_id"]);
    assert_eq!(echo["recipient"]["id"], json!(igsid));
    assert!((160..180).contains(&text(&sent["message_id"]).len()));
}

#[tokio::test]
async fn an_echo_can_come_before_the_answer() {
    let world = World::start().await;
    let (token, igsid) = open_thread(&world).await;
    world.change("/control/webhooks/options", json!({ "echo": "before" })).await;
    let body = json!({ "recipient": { "id": igsid }, "message": { "text": "Yes" } });
    world.post_with(MESSAGES, &token, &body).await;
    assert!(world.hook.messaging().iter().any(|event| event["message"]["is_echo"] == true));
}

#[tokio::test]
async fn every_refusal_has_metas_codes() {
    let world = World::start().await;
    let (token, igsid) = open_thread(&world).await;
    let to = json!({ "id": igsid });
    let message = |message: Value| json!({ "recipient": to, "message": message });
    let image = json!({ "type": "image", "payload": { "url": "https://example.com/a.mp4" } });
    let replies: Vec<Value> =
        (0..14).map(|_| json!({ "content_type": "text", "title": "a", "payload": "b" })).collect();
    for (body, expected) in [
        (json!({ "recipient": { "id": "12" }, "message": { "text": "a" } }), (100, 2_534_014)),
        (message(json!({ "text": "ä".repeat(501) })), (100, 2_534_015)),
        (message(json!({ "text": " " })), (100, 2_534_015)),
        (message(json!({ "attachment": { "type": "fax" } })), (100, 2_534_015)),
        (message(json!({ "attachment": image })), (100, 2_018_047)),
        (message(json!({ "attachment": { "type": "image", "payload": { "url": "a" } } })), (100, 2_018_008)),
        (message(json!({ "attachment": { "type": "image", "payload": { "attachment_id": "1" } } })), (100, 2_018_074)),
        (message(json!({ "text": "a", "quick_replies": replies })), (100, 2_534_015)),
        (json!({ "recipient": to, "message": { "text": "a" }, "sender_action": "typing_on" }), (100, 2_018_014)),
        (json!({ "recipient": to, "message": { "text": "a" }, "tag": "ACCOUNT_UPDATE" }), (100, 0)),
        (json!({ "recipient": to }), (100, 0)),
        (json!({ "recipient": { "comment_id": "1" }, "message": { "text": "a" } }), (100, 2_534_025)),
    ] {
        assert_eq!(refusal(&world, &token, body.clone()).await, expected, "{body}");
    }
}

#[tokio::test]
async fn exactly_a_thousand_bytes_are_sent() {
    let world = World::start().await;
    let (token, igsid) = open_thread(&world).await;
    let body = json!({ "recipient": { "id": igsid }, "message": { "text": "ä".repeat(500) } });
    assert_eq!(world.post_with(MESSAGES, &token, &body).await.0, 200);
}

#[tokio::test]
async fn every_kind_of_body_is_sent() {
    let world = World::start().await;
    let (token, igsid) = open_thread(&world).await;
    let upload =
        json!({ "message": { "attachment": { "type": "image", "payload": { "url": "https://example.com/a.png" } } } });
    let (_, uploaded) = world.post_with("/graph.instagram.com/v25.0/me/message_attachments", &token, &upload).await;
    let image = json!({ "type": "image", "payload": { "url": "https://example.com/a.png" } });
    let button = json!({ "type": "postback", "title": "A", "payload": "A" });
    let generic = json!({ "template_type": "generic", "elements": [{ "title": "T", "buttons": [button] }] });
    let buttons = json!({ "template_type": "button", "text": "Choose", "buttons": [button] });
    for message in [
        json!({ "attachment": image }),
        json!({ "attachment": { "type": "image", "payload": { "attachment_id": uploaded["attachment_id"] } } }),
        json!({ "attachments": [image, image] }),
        json!({ "attachment": { "type": "like_heart" } }),
        json!({ "attachment": { "type": "MEDIA_SHARE", "payload": { "id": "17918195224117851" } } }),
        json!({ "attachment": { "type": "template", "payload": generic } }),
        json!({ "attachment": { "type": "template", "payload": buttons } }),
        json!({ "text": "Pick", "quick_replies": [{ "content_type": "text", "title": "Red", "payload": "RED" }] }),
    ] {
        let (status, answer) =
            world.post_with(MESSAGES, &token, &json!({ "recipient": { "id": igsid }, "message": message })).await;
        assert_eq!(status, 200, "{message}: {answer}");
    }
}

#[tokio::test]
async fn reactions_and_sender_actions_answer_without_a_mid() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let act = world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await;
    let react = json!({
        "recipient": { "id": act["igsid"] }, "sender_action": "react",
        "payload": { "message_id": act["id"], "reaction": "love" },
    });
    let typing = json!({ "recipient": { "id": act["igsid"] }, "sender_action": "typing_on" });
    for body in [react, typing] {
        let (status, answer) = world.post_with(MESSAGES, &token, &body).await;
        assert_eq!((status, answer), (200, json!({ "recipient_id": act["igsid"] })));
    }
    let (_, thread) = world.get("/phone/api/thread?contact=ines.moreau&account=luna.cafe").await;
    assert_eq!(thread["messages"][0]["their_reaction"], "love");
    assert_eq!(thread["typing"], true);
}

#[tokio::test]
async fn the_window_closes_after_a_day_and_with_the_human_agent_tag_after_a_week() {
    let world = World::start().await;
    let (token, igsid) = open_thread(&world).await;
    let plain = json!({ "recipient": { "id": igsid }, "message": { "text": "a" } });
    let tagged = json!({
        "recipient": { "id": igsid }, "message": { "text": "a" }, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT",
    });
    world.clock.advance_ms(24 * HOUR_MS);
    assert_eq!(refusal(&world, &token, plain).await, (10, 2_534_022));
    assert_eq!(refusal(&world, &token, tagged.clone()).await, (10, 0));
    world.change(&format!("/control/apps/{INSTAGRAM_APP}"), json!({ "human_agent": true })).await;
    assert_eq!(world.post_with(MESSAGES, &token, &tagged).await.0, 200);
    world.clock.advance_ms(6 * 24 * HOUR_MS);
    assert_eq!(refusal(&world, &token, tagged).await, (10, 2_534_022));
}

#[tokio::test]
async fn a_comment_is_answered_privately_once() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let comment = world.act("luna.cafe", json!({ "kind": "comment", "text": "price?" })).await;
    let body = json!({ "recipient": { "comment_id": comment["id"] }, "message": { "text": "12 euros" } });
    assert_eq!(world.post_with(MESSAGES, &token, &body).await.0, 200);
    assert_eq!(refusal(&world, &token, body).await, (10_900, 0));
}

#[tokio::test]
async fn a_private_reply_that_is_no_plain_text_is_refused_to_a_stranger_and_spent() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    world.change("/control/contacts/ines.moreau", json!({ "follows_business": false })).await;
    let comment = world.act("luna.cafe", json!({ "kind": "comment", "text": "price?" })).await;
    let reply = |message: Value| json!({ "recipient": { "comment_id": comment["id"] }, "message": message });
    let heart = reply(json!({ "attachment": { "type": "like_heart" } }));
    assert_eq!(refusal(&world, &token, heart).await, (2, 1_545_133));
    assert_eq!(refusal(&world, &token, reply(json!({ "text": "12 euros" }))).await, (10_900, 0));
}

#[tokio::test]
async fn an_account_that_forbids_access_to_messages_neither_sends_nor_tells() {
    let world = World::start().await;
    let (token, igsid) = open_thread(&world).await;
    world.change("/control/accounts/luna.cafe", json!({ "allow_message_access": false })).await;
    let body = json!({ "recipient": { "id": igsid }, "message": { "text": "a" } });
    assert_eq!(refusal(&world, &token, body).await, (200, 2_534_041));
    let act = world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await;
    assert_eq!(act["told"], json!([]));
}

#[tokio::test]
async fn a_profile_needs_consent_and_the_right_account() {
    let world = World::start().await;
    let luna = world.connected("luna.cafe").await;
    let mara = world.connected("mara.paints").await;
    world.act("luna.cafe", json!({ "kind": "comment", "text": "nice" })).await;
    let igsid = text(&world.act("mara.paints", json!({ "kind": "text", "text": "hi" })).await["igsid"]);
    let path = format!("/graph.instagram.com/v25.0/{igsid}?fields=name,username,profile_pic,follower_count");
    let (status, profile) = world.get_with(&path, &mara).await;
    assert_eq!((status, &profile["username"]), (200, &json!("ines.moreau")), "{profile}");
    let (_, foreign) = world.get_with(&path, &luna).await;
    assert_eq!(foreign["error"]["code"], 9010);
    world.quiet().await;
    let commented = world.hook.bodies().into_iter().find(|body| body["entry"][0]["changes"].is_array()).unwrap();
    let igsid = text(&commented["entry"][0]["changes"][0]["value"]["from"]["id"]);
    let (_, unknown) = world.get_with(&format!("/graph.instagram.com/v25.0/{igsid}"), &luna).await;
    assert_eq!(unknown["error"]["code"], 230);
}

#[tokio::test]
async fn conversations_tell_the_details_of_the_newest_twenty_messages() {
    let world = World::start().await;
    let (token, igsid) = open_thread(&world).await;
    for number in 0..24 {
        world.act("luna.cafe", json!({ "kind": "text", "text": format!("message {number}") })).await;
    }
    let path = format!("/graph.instagram.com/v25.0/me/conversations?platform=instagram&user_id={igsid}");
    let (_, list) = world.get_with(&path, &token).await;
    let conversation = text(&list["data"][0]["id"]);
    assert!(text(&list["data"][0]["updated_time"]).ends_with("+0000"));
    let path = format!("/graph.instagram.com/v25.0/{conversation}?fields=messages{{id,created_time}}");
    let (_, thread) = world.get_with(&path, &token).await;
    let messages = thread["messages"]["data"].as_array().unwrap();
    assert_eq!(messages.len(), 25);
    let fields = "?fields=id,from,to,message,created_time";
    let (_, newest) =
        world.get_with(&format!("/graph.instagram.com/v25.0/{}{fields}", text(&messages[0]["id"])), &token).await;
    assert_eq!(newest["message"], "message 23");
    assert_eq!(newest["from"]["id"], json!(igsid));
    let (_, old) =
        world.get_with(&format!("/graph.instagram.com/v25.0/{}{fields}", text(&messages[20]["id"])), &token).await;
    assert_eq!(old["error"]["code"], 9_000_001);
}

#[tokio::test]
async fn a_send_limit_refuses_what_is_beyond_it_within_a_second() {
    let world = World::start().await;
    let (token, igsid) = open_thread(&world).await;
    world.change("/control/variants", json!({ "sends_per_second": 2 })).await;
    let body = json!({ "recipient": { "id": igsid }, "message": { "text": "a" } });
    for _ in 0..2 {
        assert_eq!(world.post_with(MESSAGES, &token, &body).await.0, 200);
    }
    assert_eq!(refusal(&world, &token, body.clone()).await, (613, 2_534_040));
    world.clock.advance_ms(1_000);
    assert_eq!(world.post_with(MESSAGES, &token, &body).await.0, 200);
}

#[tokio::test]
async fn an_ad_opens_the_window_for_a_week() {
    let world = World::start().await;
    let (token, igsid) = open_thread(&world).await;
    world.act("luna.cafe", json!({ "kind": "ad_message", "text": "price?" })).await;
    world.clock.advance_ms(6 * 24 * HOUR_MS);
    let body = json!({ "recipient": { "id": igsid }, "message": { "text": "12 euros" } });
    assert_eq!(world.post_with(MESSAGES, &token, &body).await.0, 200);
}

#[tokio::test]
async fn somebody_who_blocked_the_account_is_not_reached() {
    let world = World::start().await;
    let (token, igsid) = open_thread(&world).await;
    world.change("/control/contacts/ines.moreau", json!({ "reachable": false })).await;
    let body = json!({ "recipient": { "id": igsid }, "message": { "text": "a" } });
    assert_eq!(refusal(&world, &token, body).await, (551, 1_545_041));
}

#[tokio::test]
async fn ice_breakers_are_kept_and_limited_to_four() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let path = "/graph.instagram.com/v25.0/me/messenger_profile";
    let questions = |count: usize| {
        let actions: Vec<Value> = (0..count).map(|_| json!({ "question": "Hours?", "payload": "H" })).collect();
        json!({ "platform": "instagram", "ice_breakers": [{ "locale": "default", "call_to_actions": actions }] })
    };
    assert_eq!(world.post_with(path, &token, &questions(5)).await.0, 400);
    assert_eq!(world.post_with(path, &token, &questions(4)).await, (200, json!({ "result": "success" })));
    let (_, body) = world.get_with(path, &token).await;
    assert_eq!(body["data"][0]["ice_breakers"][0]["locale"], "default");
}
