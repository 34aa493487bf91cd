//! Webhooks of object `page`, event by event, and the shapes that sources disagree on.

use serde_json::{Value, json};

use super::{BAKERY, LUNA, Page, reply, told, told_of, variants};
use crate::util::{FACEBOOK_APP, World, text};

/// A Page that Inès wrote to, and that answered.
async fn in_conversation(world: &World) -> (Page, String) {
    let page = Page::subscribed(world, BAKERY).await;
    let psid = page.written_to(world).await;
    assert_eq!(page.send(world, &reply(&psid, "Yes, until six")).await.0, 200);
    (page, psid)
}

fn at<'a>(events: &'a [Value], pointer: &str) -> Option<&'a Value> {
    events.iter().find_map(|event| event.pointer(pointer))
}

#[tokio::test]
async fn a_message_names_the_page_and_a_psid() {
    let world = World::start().await;
    let page = Page::subscribed(&world, LUNA).await;
    let acted = page.act(&world, json!({ "kind": "text", "text": "Is it open?" })).await;
    world.quiet().await;
    let body = world.hook.bodies().remove(0);
    assert_eq!((&body["object"], &body["entry"][0]["id"]), (&json!("page"), &json!(page.id)));
    let event = &body["entry"][0]["messaging"][0];
    assert_eq!((&event["sender"]["id"], &event["recipient"]["id"]), (&acted["contact_id"], &json!(page.id)));
    assert!(text(&event["message"]["mid"]).starts_with("m_"), "{event}");
    let over_instagram = world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await;
    assert_ne!(over_instagram["contact_id"], acted["contact_id"]);
    let bakery = Page::of(&world, BAKERY).await;
    let elsewhere = bakery.act(&world, json!({ "kind": "text", "text": "hi" })).await;
    assert_ne!(elsewhere["contact_id"], acted["contact_id"]);
    let again = page.act(&world, json!({ "kind": "text", "text": "hello?" })).await;
    assert_eq!(again["contact_id"], acted["contact_id"]);
}

#[tokio::test]
async fn a_page_is_meant_by_its_name_or_with_the_channel_by_its_account() {
    let world = World::start().await;
    let page = Page::subscribed(&world, LUNA).await;
    let action = json!({ "kind": "text", "text": "hi" });
    let order = json!({ "contact": "ines.moreau", "account": "luna.cafe", "channel": "messenger", "action": action });
    let by_channel = world.control("/control/act", order).await;
    let by_name = world.act("Luna Café", action.clone()).await;
    let by_id = page.act(&world, action).await;
    assert_eq!((&by_channel["contact_id"], &by_name["contact_id"]), (&by_id["contact_id"], &by_id["contact_id"]));
    let (_, threads) = world.get("/control/threads?account=luna.cafe&channel=messenger").await;
    assert_eq!(threads[0]["messages"].as_array().map(Vec::len), Some(3), "{threads}");
}

#[tokio::test]
async fn every_event_of_messenger_can_be_produced() {
    let world = World::start().await;
    let (page, _) = in_conversation(&world).await;
    for (action, pointer) in [
        (json!({ "kind": "media" }), "/message/attachments/0/payload/url"),
        (json!({ "kind": "media", "media": "file" }), "/message/attachments/0/payload/url"),
        (json!({ "kind": "sticker" }), "/message/attachments/0/payload/sticker_id"),
        (json!({ "kind": "fallback", "title": "Menu" }), "/message/attachments/0/payload/title"),
        (json!({ "kind": "fallback", "title": "Menu", "echo": true }), "/message/attachments/0/title"),
        (json!({ "kind": "share" }), "/message/attachments/0/payload/id"),
        (json!({ "kind": "reel" }), "/message/attachments/0/payload/reel_video_id"),
        (
            json!({ "kind": "attachments", "attachments": [
                { "type": "location", "payload": { "coordinates": { "lat": 47.07, "long": 15.44 } } },
            ] }),
            "/message/attachments/0/payload/coordinates/lat",
        ),
        (json!({ "kind": "quick_reply", "text": "Blue", "payload": "BLUE" }), "/message/quick_reply/payload"),
        (json!({ "kind": "postback", "title": "Start", "payload": "START" }), "/postback/mid"),
        (json!({ "kind": "postback", "title": "S", "payload": "S", "ref": "qr7" }), "/postback/referral/ref"),
        (json!({ "kind": "postback", "title": "S", "payload": "S", "plugin": true }), "/sender/user_ref"),
        (json!({ "kind": "referral", "ref": "qr7" }), "/referral/source"),
        (json!({ "kind": "ad_message", "text": "price" }), "/message/referral/ads_context_data/post_id"),
        (json!({ "kind": "lead" }), "/lead/data/0/answer"),
        (json!({ "kind": "lead" }), "/message/hop_context"),
        (json!({ "kind": "reaction", "reaction": "smile", "emoji": "😆" }), "/reaction/emoji"),
        (json!({ "kind": "unreact" }), "/reaction/action"),
        (json!({ "kind": "seen" }), "/read/watermark"),
        (json!({ "kind": "delivered" }), "/delivery/mids/0"),
        (json!({ "kind": "edit", "text": "Open now?" }), "/message_edit/num_edit"),
        (json!({ "kind": "optin" }), "/optin/notification_messages_token"),
        (json!({ "kind": "optin", "ref": "box1" }), "/optin/ref"),
        (json!({ "kind": "account_linking" }), "/account_linking/authorization_code"),
        (json!({ "kind": "policy_enforcement" }), "/policy_enforcement/action"),
        (
            json!({ "kind": "thread_control", "change": "pass", "other_app": "" }),
            "/pass_thread_control/new_owner_app_id",
        ),
        (json!({ "kind": "app_roles" }), "/app_roles/880001/0"),
        (json!({ "kind": "standby", "text": "a" }), "/message/text"),
        (json!({ "kind": "standby", "text": "a", "echo": true }), "/message/is_echo"),
        (json!({ "kind": "comment", "text": "price?" }), "/value/comment_id"),
    ] {
        let told = told_of(&world, &page, action.clone()).await;
        assert!(at(&told, pointer).is_some(), "{action}: {told:?}");
    }
}

#[tokio::test]
async fn what_happens_on_one_channel_only_is_refused_on_the_other() {
    let world = World::start().await;
    let page = Page::of(&world, LUNA).await;
    for (account, kind) in [(page.id.as_str(), "story_mention"), ("luna.cafe", "delivered"), ("luna.cafe", "app_roles")]
    {
        let order = json!({ "contact": "ines.moreau", "account": account, "action": { "kind": kind } });
        let answer = world.http.post(world.at("/control/act")).json(&order).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{kind}");
    }
}

#[tokio::test]
async fn an_echo_carries_metadata_and_names_its_app_in_each_known_way() {
    for (shape, app_id) in [("number", Some(json!(880_001))), ("string", Some(json!(FACEBOOK_APP))), ("absent", None)] {
        let world = World::start().await;
        variants(&world, json!({ "echo_app": shape, "receipts": "never" })).await;
        let page = Page::subscribed(&world, BAKERY).await;
        let psid = page.written_to(&world).await;
        let mut body = reply(&psid, "Yes");
        body["message"]["metadata"] = "send-71".into();
        let (_, sent) = page.send(&world, &body).await;
        let told = told(&world).await;
        let echo = told.last().unwrap();
        assert_eq!((&echo["message"]["mid"], &echo["message"]["metadata"]), (&sent["message_id"], &json!("send-71")));
        assert_eq!((&echo["sender"]["id"], &echo["recipient"]["id"]), (&json!(page.id), &json!(psid)));
        assert_eq!(echo["message"].get("app_id").cloned(), app_id, "{shape}");
    }
}

#[tokio::test]
async fn somebody_elses_answer_is_the_page_inboxs_or_another_apps() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let inbox = told_of(&world, &page, json!({ "kind": "app_reply", "text": "Hello" })).await;
    assert_eq!(inbox[0]["message"]["app_id"], 263_902_037_430_900_u64);
    let order = json!({ "kind": "app_reply", "text": "Hello", "app_id": "9001", "metadata": "bot-1" });
    let other = told_of(&world, &page, order).await;
    assert_eq!((&other[0]["message"]["app_id"], &other[0]["message"]["metadata"]), (&json!(9001), &json!("bot-1")));
}

#[tokio::test]
async fn a_sent_message_is_echoed_and_then_delivered_with_or_without_its_mid() {
    for (receipts, has_mids, has_time) in [("mids", true, true), ("watermark", false, true), ("bare", false, false)] {
        let world = World::start().await;
        variants(&world, json!({ "receipts": receipts })).await;
        let (page, psid) = in_conversation(&world).await;
        let told = told(&world).await;
        let [.., echo, delivery] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(echo["message"]["is_echo"], true);
        assert_eq!((&delivery["sender"]["id"], &delivery["recipient"]["id"]), (&json!(psid), &json!(page.id)));
        assert!(delivery["delivery"]["watermark"].as_i64() >= echo["timestamp"].as_i64(), "{delivery}");
        assert_eq!(delivery["delivery"].get("mids").is_some(), has_mids, "{receipts}");
        assert_eq!(delivery.get("timestamp").is_some(), has_time, "{receipts}");
    }
}

#[tokio::test]
async fn a_read_tells_until_when_and_no_message() {
    let world = World::start().await;
    let (page, psid) = in_conversation(&world).await;
    let first = world.get(&format!("/control/threads?account={}", page.id)).await.1[0]["messages"][1].clone();
    world.clock.advance_ms(5_000);
    page.send(&world, &reply(&psid, "Come in")).await;
    let until_first = told_of(&world, &page, json!({ "kind": "seen", "mid": first["mid"] })).await;
    assert_eq!(until_first[0]["read"], json!({ "watermark": first["at_ms"] }));
    let until_now = told_of(&world, &page, json!({ "kind": "seen" })).await;
    assert!(until_now[0]["read"]["watermark"].as_i64() >= first["at_ms"].as_i64().map(|at_ms| at_ms + 5_000));
}

#[tokio::test]
async fn what_is_optional_can_be_missing() {
    let world = World::start().await;
    variants(&world, json!({ "postback_mids": false, "referral_sources": false, "feed_authors": false })).await;
    let page = Page::subscribed(&world, BAKERY).await;
    let tap = json!({ "kind": "postback", "title": "Start", "payload": "START", "ref": "qr7" });
    let tapped = told_of(&world, &page, tap).await;
    assert_eq!((tapped[0]["postback"].get("mid"), tapped[0]["postback"]["referral"].get("source")), (None, None));
    let shared = told_of(&world, &page, json!({ "kind": "fallback", "url": "https://example.com/m" })).await;
    assert_eq!(shared[0]["message"]["attachments"][0]["payload"], json!({ "url": "https://example.com/m" }));
    let lead = told_of(&world, &page, json!({ "kind": "lead" })).await;
    assert!(lead[0]["timestamp"].as_i64().is_some_and(|seconds| seconds < 100_000_000_000), "{lead:?}");
    let comment = told_of(&world, &page, json!({ "kind": "comment", "text": "price?" })).await;
    assert_eq!((&comment[0]["value"]["message"], comment[0]["value"].get("from")), (&json!("price?"), None));
    let warned = told_of(&world, &page, json!({ "kind": "policy_enforcement" })).await;
    assert_eq!(warned[0].get("sender"), None);
}

#[tokio::test]
async fn mids_come_in_three_shapes_and_each_is_read_back() {
    for (shape, prefix) in [("m", "m_"), ("dollar", "mid.$c"), ("hex", "mid.1")] {
        let world = World::start().await;
        variants(&world, json!({ "mids": shape })).await;
        let page = Page::subscribed(&world, BAKERY).await;
        let mid = text(&page.act(&world, json!({ "kind": "text", "text": "hi" })).await["id"]);
        assert!(mid.starts_with(prefix), "{mid}");
        let (status, read) = page.get(&world, &format!("{mid}?fields=message")).await;
        assert_eq!((status, &read["message"]), (200, &json!("hi")), "{read}");
    }
}

#[tokio::test]
async fn nobody_is_told_of_a_message_taken_back_unless_meta_does_after_all() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    page.written_to(&world).await;
    assert_eq!(told_of(&world, &page, json!({ "kind": "unsend" })).await, Vec::<Value>::new());
    variants(&world, json!({ "messenger_unsends": true })).await;
    page.written_to(&world).await;
    let told = told_of(&world, &page, json!({ "kind": "unsend" })).await;
    assert_eq!(told[0]["message"]["is_deleted"], true, "{told:?}");
}

#[tokio::test]
async fn a_message_is_edited_five_times_at_most() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    page.written_to(&world).await;
    for number in 1..=5 {
        let told = told_of(&world, &page, json!({ "kind": "edit", "text": "Open now?" })).await;
        assert_eq!(told[0]["message_edit"]["num_edit"], number);
    }
    let edit = json!({ "kind": "edit", "text": "Open?" });
    let order = json!({ "contact": "ines.moreau", "account": page.id, "action": edit });
    assert_eq!(world.http.post(world.at("/control/act")).json(&order).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_dashboards_test_button_is_there_for_both_objects() {
    let world = World::start().await;
    for (channel, object) in [("instagram", "instagram"), ("messenger", "page")] {
        world.hook.received.lock().unwrap().clear();
        world.control("/control/webhooks/test", json!({ "app_id": FACEBOOK_APP, "channel": channel })).await;
        world.quiet().await;
        assert_eq!(world.hook.bodies()[0]["object"], object);
    }
}
