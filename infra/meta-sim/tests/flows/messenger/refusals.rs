//! Meta's refusals of a Page's messages.

use serde_json::{Value, json};

use super::{BAKERY, LUNA, Page, reply, switches, variants};
use crate::util::World;

async fn refusal(page: &Page, world: &World, body: Value) -> (i64, i64) {
    let (status, answer) = page.send(world, &body).await;
    assert_eq!(status, 400, "{body}: {answer}");
    let error = &answer["error"];
    (error["code"].as_i64().unwrap(), error["error_subcode"].as_i64().unwrap_or_default())
}

#[tokio::test]
async fn every_refusal_has_metas_codes() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    let to = json!({ "id": psid });
    let message = |message: Value| json!({ "recipient": to, "message": message });
    let with = |name: &str, value: &str| {
        let mut body = reply(&psid, "a");
        body[name] = value.into();
        body
    };
    let template = |payload: Value| message(json!({ "attachment": { "type": "template", "payload": payload } }));
    for (body, expected) in [
        (reply("12", "a"), (100, 2_018_001)),
        (message(json!({ "text": " " })), (100, 2_534_015)),
        (message(json!({ "text": "a", "metadata": "a".repeat(1_001) })), (100, 0)),
        (message(json!({ "attachment": { "type": "like_heart" } })), (100, 2_534_015)),
        (message(json!({ "attachment": { "type": "image", "payload": { "url": "a" } } })), (100, 2_018_008)),
        (message(json!({ "attachment": { "type": "image", "payload": { "attachment_id": "1" } } })), (100, 2_018_074)),
        (template(json!({ "template_type": "fax" })), (100, 2_534_015)),
        (template(json!({ "template_type": "media", "elements": [{ "media_type": "image" }] })), (100, 2_534_015)),
        (template(json!({ "template_type": "receipt" })), (100, 2_534_015)),
        (template(json!({ "template_type": "coupon", "title": "a" })), (100, 2_534_015)),
        (json!({ "recipient": to, "message": { "text": "a" }, "sender_action": "typing_on" }), (100, 2_018_014)),
        (json!({ "recipient": to }), (100, 0)),
        (with("messaging_type", "SHOUT"), (100, 0)),
        (with("messaging_type", "UTILITY"), (10, 0)),
        (with("messaging_type", "MESSAGE_TAG"), (100, 0)),
        (with("tag", "ACCOUNT_UPDATE"), (100, 0)),
        (with("tag", "CUSTOMER_FEEDBACK"), (100, 0)),
        (json!({ "recipient": { "comment_id": "55_77" }, "message": { "text": "a" } }), (100, 2_534_013)),
    ] {
        assert_eq!(refusal(&page, &world, body.clone()).await, expected, "{body}");
    }
}

#[tokio::test]
async fn a_psid_of_another_page_is_nobodys() {
    let world = World::start().await;
    let bakery = Page::subscribed(&world, BAKERY).await;
    let luna = Page::subscribed(&world, LUNA).await;
    let psid = bakery.written_to(&world).await;
    luna.written_to(&world).await;
    assert_eq!(refusal(&luna, &world, reply(&psid, "a")).await, (100, 2_018_001));
}

#[tokio::test]
async fn somebody_who_cannot_be_reached_is_refused_in_each_known_way() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    world.change("/control/contacts/ines.moreau", json!({ "reachable": false })).await;
    for (variant, expected) in
        [("unavailable", (551, 1_545_041)), ("blocked", (10, 2_018_108)), ("not_receiving", (200, 1_545_041))]
    {
        variants(&world, json!({ "unreachable": variant })).await;
        assert_eq!(refusal(&page, &world, reply(&psid, "a")).await, expected);
    }
}

#[tokio::test]
async fn another_apps_thread_is_not_written_to() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    page.act(&world, json!({ "kind": "thread_control", "change": "take" })).await;
    assert_eq!(refusal(&page, &world, reply(&psid, "a")).await, (100, 2_534_037));
    page.act(&world, json!({ "kind": "thread_control", "change": "pass" })).await;
    assert_eq!(page.send(&world, &reply(&psid, "a")).await.0, 200);
}

#[tokio::test]
async fn without_advanced_access_answers_reach_testers_only() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    switches(&world, json!({ "standard_access": true })).await;
    let (_, refused) = page.send(&world, &reply(&psid, "a")).await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("pages_messaging"), "{refused}");
    switches(&world, json!({ "testers": ["ines.moreau"] })).await;
    assert_eq!(page.send(&world, &reply(&psid, "a")).await.0, 200);
}

#[tokio::test]
async fn a_page_sends_ten_recordings_a_second() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    let audio = json!({ "type": "audio", "payload": { "url": "https://example.com/a.mp3" } });
    let audio = json!({ "recipient": { "id": psid }, "message": { "attachment": audio } });
    let second = world.clock.now_ms();
    for _ in 0..10 {
        world.turn_back_to(second);
        assert_eq!(page.send(&world, &audio).await.0, 200);
    }
    world.turn_back_to(second);
    assert_eq!(refusal(&page, &world, audio.clone()).await, (613, 2_534_040));
    world.turn_back_to(second);
    assert_eq!(page.send(&world, &reply(&psid, "a text is still sent")).await.0, 200);
    world.clock.advance_ms(1_000);
    assert_eq!(page.send(&world, &audio).await.0, 200);
}

#[tokio::test]
async fn a_page_sends_so_much_a_day_for_each_person() {
    let world = World::start().await;
    variants(&world, json!({ "sends_per_person": 2 })).await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    for _ in 0..2 {
        assert_eq!(page.send(&world, &reply(&psid, "a")).await.0, 200);
    }
    assert_eq!(refusal(&page, &world, reply(&psid, "a")).await.0, 80_006);
    world.clock.advance_ms(23 * 3_600_000);
    page.written_to(&world).await;
    world.clock.advance_ms(3_600_001);
    assert_eq!(page.send(&world, &reply(&psid, "a")).await.0, 200);
}
