//! The Send API of a Page: bodies, windows, private replies, menus.

use serde_json::{Value, json};

use super::{BAKERY, LUNA, Page, reply, switches, told, variants};
use crate::util::{World, text};

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn every_kind_of_body_is_sent() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    let image = json!({ "type": "image", "payload": { "url": "https://example.com/a.png" } });
    let (_, uploaded) = world
        .post_with(&page.path("message_attachments"), &page.token, &json!({ "message": { "attachment": image } }))
        .await;
    let id = &uploaded["attachment_id"];
    let button = json!({ "type": "postback", "title": "A", "payload": "A" });
    let call = json!({ "type": "phone_number", "title": "Call", "payload": "+4331612345" });
    let template = |payload: Value| json!({ "attachment": { "type": "template", "payload": payload } });
    for message in [
        json!({ "attachment": image }),
        json!({ "attachment": { "type": "image", "payload": { "attachment_id": id } } }),
        json!({ "attachment": { "type": "file", "payload": { "url": "https://example.com/a.docx" } } }),
        json!({ "attachments": [image, image] }),
        json!({ "sticker_id": 369_239_263_222_822_u64 }),
        json!({ "text": "Which?", "quick_replies": [{ "content_type": "user_email" }] }),
        json!({ "attachment": image, "quick_replies": [{ "content_type": "text", "title": "A", "payload": "A" }] }),
        template(json!({ "template_type": "generic", "elements": [{ "title": "T", "buttons": [button, call] }] })),
        template(json!({ "template_type": "button", "text": "Choose", "buttons": [button] })),
        template(json!({ "template_type": "media", "elements": [{ "media_type": "image", "attachment_id": id }] })),
        template(json!({ "template_type": "product", "elements": [{ "id": "17" }] })),
        template(json!({ "template_type": "coupon", "title": "Two for one", "coupon_code": "BUN" })),
        template(json!({
            "template_type": "receipt", "recipient_name": "Inès", "order_number": "7", "currency": "EUR",
            "payment_method": "Cash", "summary": { "total_cost": 12.5 },
        })),
        template(json!({
            "template_type": "customer_feedback", "title": "How was it?", "button_title": "Rate",
            "feedback_screens": [{}], "business_privacy": { "url": "https://example.com/privacy" },
        })),
    ] {
        let (status, answer) = page.send(&world, &json!({ "recipient": { "id": psid }, "message": message })).await;
        assert_eq!((status, &answer["recipient_id"]), (200, &json!(psid)), "{message}: {answer}");
    }
    let told = told(&world).await;
    let echoed = told.iter().find_map(|event| event.pointer("/message/attachments/0/payload/elements/0/attachment_id"));
    assert!(echoed.is_some_and(Value::is_number), "{echoed:?}");
}

#[tokio::test]
async fn two_thousand_utf_16_units_are_sent_and_one_more_is_refused() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    assert_eq!(page.send(&world, &reply(&psid, &"🎉".repeat(1_000))).await.0, 200);
    let (_, refused) = page.send(&world, &reply(&psid, &"ä".repeat(2_001))).await;
    let expected = "(#100) Length of param message[text] must be less than or equal to 2000";
    assert_eq!((&refused["error"]["message"], &refused["error"]["code"]), (&json!(expected), &json!(100)));
    variants(&world, json!({ "text_unit": "bytes" })).await;
    assert_eq!(page.send(&world, &reply(&psid, &"ä".repeat(1_001))).await.0, 400);
    assert_eq!(page.send(&world, &reply(&psid, &"ä".repeat(1_000))).await.0, 200);
}

#[tokio::test]
async fn media_kept_for_the_next_time_are_the_pages_own_for_ninety_days() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    let payload = json!({ "url": "https://example.com/a.png", "is_reusable": true });
    let body =
        json!({ "recipient": { "id": psid }, "message": { "attachment": { "type": "image", "payload": payload } } });
    let (_, sent) = page.send(&world, &body).await;
    let again = json!({ "type": "image", "payload": { "attachment_id": sent["attachment_id"] } });
    let again = json!({ "recipient": { "id": psid }, "message": { "attachment": again } });
    assert_eq!(page.send(&world, &again).await.0, 200, "{sent}");
    world.clock.advance_ms(91 * 24 * HOUR_MS);
    page.written_to(&world).await;
    let (_, refused) = page.send(&world, &again).await;
    assert_eq!(refused["error"]["error_subcode"], 2_018_074, "{refused}");
}

#[tokio::test]
async fn the_window_closes_after_a_day_and_with_the_human_agent_tag_after_a_week() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    let plain = reply(&psid, "a");
    let mut tagged = plain.clone();
    tagged["messaging_type"] = "MESSAGE_TAG".into();
    tagged["tag"] = "HUMAN_AGENT".into();
    let refusal = async |body: &Value| page.send(&world, body).await.1["error"]["error_subcode"].clone();
    world.clock.advance_ms(24 * HOUR_MS);
    assert_eq!(refusal(&plain).await, 2_018_278);
    variants(&world, json!({ "closed_window": "not_receiving" })).await;
    assert_eq!(refusal(&plain).await, 1_545_041);
    assert_eq!(page.send(&world, &tagged).await.1["error"]["code"], 10, "the feature is not approved");
    switches(&world, json!({ "human_agent": true })).await;
    assert_eq!(page.send(&world, &tagged).await.0, 200);
    page.act(&world, json!({ "kind": "reaction", "reaction": "like", "emoji": "👍" })).await;
    assert_eq!(page.send(&world, &plain).await.0, 200, "a reaction opens the window");
    world.clock.advance_ms(7 * 24 * HOUR_MS);
    assert_eq!(page.send(&world, &tagged).await.0, 400);
}

#[tokio::test]
async fn a_comment_is_answered_once_and_within_a_week_with_anything() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let comment = text(&page.act(&world, json!({ "kind": "comment", "text": "price?" })).await["id"]);
    let may = async || page.get(&world, &format!("{comment}?fields=can_reply_privately")).await.1;
    assert_eq!(may().await["can_reply_privately"], true);
    let image = json!({ "attachment": { "type": "image", "payload": { "url": "https://example.com/a.png" } } });
    let body = json!({ "recipient": { "comment_id": comment }, "message": image });
    let (status, sent) = page.send(&world, &body).await;
    assert_eq!(status, 200, "{sent}");
    assert_eq!(may().await["can_reply_privately"], false);
    assert_eq!(page.send(&world, &body).await.1["error"]["code"], 10_900);
    let psid = text(&sent["recipient_id"]);
    assert_eq!(page.send(&world, &reply(&psid, "12 euros")).await.0, 400, "only an answer opens the window");
    let late = page.act(&world, json!({ "kind": "comment", "text": "and now?" })).await;
    world.clock.advance_ms(7 * 24 * HOUR_MS);
    let body = json!({ "recipient": { "comment_id": late["id"] }, "message": { "text": "12 euros" } });
    assert_eq!(page.send(&world, &body).await.1["error"]["code"], 10_903);
}

#[tokio::test]
async fn a_plugin_and_notification_messages_have_recipients_of_their_own() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let ticked = super::told_of(&world, &page, json!({ "kind": "optin", "ref": "box1" })).await;
    let body = json!({ "recipient": ticked[0]["sender"], "message": { "text": "Thanks" } });
    let (status, answer) = page.send(&world, &body).await;
    assert_eq!((status, answer.get("recipient_id")), (200, None), "{answer}");
    let wants = super::told_of(&world, &page, json!({ "kind": "optin" })).await;
    let token = &wants[0]["optin"]["notification_messages_token"];
    world.clock.advance_ms(30 * 24 * HOUR_MS);
    let body = json!({ "recipient": { "notification_messages_token": token }, "message": { "text": "News" } });
    assert_eq!(page.send(&world, &body).await.0, 200);
}

#[tokio::test]
async fn reactions_and_sender_actions_answer_without_a_mid() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let wrote = page.act(&world, json!({ "kind": "text", "text": "hi" })).await;
    let to = json!({ "id": wrote["contact_id"] });
    let payload = json!({ "message_id": wrote["id"], "reaction": "love" });
    for body in [
        json!({ "recipient": to, "sender_action": "typing_on" }),
        json!({ "recipient": to, "sender_action": "mark_seen" }),
        json!({ "recipient": to, "sender_action": "react", "payload": payload }),
        json!({ "recipient": to, "sender_action": "unreact", "payload": payload }),
    ] {
        assert_eq!(page.send(&world, &body).await, (200, json!({ "recipient_id": wrote["contact_id"] })), "{body}");
    }
}

#[tokio::test]
async fn one_page_answers_on_both_channels() {
    let world = World::start().await;
    let page = Page::subscribed(&world, LUNA).await;
    let on_messenger = page.written_to(&world).await;
    let on_instagram = text(&world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await["contact_id"]);
    for (id, prefix) in [(&on_messenger, "m_"), (&on_instagram, "aWdf")] {
        let (status, sent) = page.send(&world, &reply(id, "Yes")).await;
        assert_eq!((status, &sent["recipient_id"]), (200, &json!(id)), "{sent}");
        assert!(text(&sent["message_id"]).starts_with(prefix), "{sent}");
    }
}

#[tokio::test]
async fn a_menu_needs_get_started_and_other_properties_stay() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let set = async |body: Value| world.post_with(&page.path("messenger_profile"), &page.token, &body).await.0;
    let action = json!({ "type": "postback", "title": "Agent", "payload": "AGENT" });
    let menu = json!({ "persistent_menu": [{ "locale": "default", "call_to_actions": [action] }] });
    assert_eq!(set(menu.clone()).await, 400);
    assert_eq!(set(json!({ "get_started": { "payload": "START" } })).await, 200);
    assert_eq!(set(menu).await, 200);
    assert_eq!(set(json!({ "greeting": [{ "locale": "default", "text": "a".repeat(161) }] })).await, 400);
    let path = format!("{}/messenger_profile?fields=get_started,persistent_menu", page.id);
    let (_, body) = page.get(&world, &path).await;
    assert_eq!(body["data"][0]["get_started"]["payload"], "START", "{body}");
    assert!(body["data"][0]["persistent_menu"].is_array(), "{body}");
    for _ in 0..5 {
        assert_eq!(page.get(&world, &path).await.0, 200);
    }
    assert_eq!(page.get(&world, &path).await.1["error"]["code"], 613, "ten calls within ten minutes");
    world.clock.advance_ms(600_000);
    assert_eq!(page.get(&world, &path).await.0, 200);
}
