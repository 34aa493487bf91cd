//! Who a contact is, and addresses that expire.

use serde_json::{Value, json};

use crate::util::{INSTAGRAM_APP, World, text};

const HOUR_MS: i64 = 3_600_000;
const MESSAGES: &str = "/graph.instagram.com/v25.0/me/messages";

async fn profile(world: &World, token: &str, igsid: &Value) -> (u16, Value) {
    let path = format!("/graph.instagram.com/v25.0/{}?fields=name,username,profile_pic", text(igsid));
    world.get_with(&path, token).await
}

/// The status of a picture's address.
async fn picture(world: &World, address: &Value) -> u16 {
    world.http.get(text(address)).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn neither_a_link_nor_what_an_ad_made_somebody_send_is_consent_to_a_profile_call() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    for action in [json!({ "kind": "ad_message", "text": "price?" }), json!({ "kind": "referral", "ref": "menu" })] {
        let igsid = world.act("luna.cafe", action.clone()).await["igsid"].clone();
        assert_eq!(profile(&world, &token, &igsid).await.1["error"]["code"], 230, "{action}");
    }
    let igsid = world.act("luna.cafe", json!({ "kind": "text", "text": "for two" })).await["igsid"].clone();
    assert_eq!(profile(&world, &token, &igsid).await.1["name"], "Inès Moreau");
    world.act("luna.cafe", json!({ "kind": "ad_message", "text": "price?" })).await;
    assert_eq!(profile(&world, &token, &igsid).await.0, 200, "what was given stays given");
}

#[tokio::test]
async fn without_advanced_access_profiles_and_answers_reach_testers_only() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let igsid = world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await["igsid"].clone();
    let app = format!("/control/apps/{INSTAGRAM_APP}");
    world.change(&app, json!({ "standard_access": true })).await;
    let (_, refused) = profile(&world, &token, &igsid).await;
    assert_eq!(refused["error"]["code"], 200);
    assert!(text(&refused["error"]["message"]).contains("does not have Advanced Access"), "{refused}");
    let answer = json!({ "recipient": { "id": igsid }, "message": { "text": "hello" } });
    assert_eq!(world.post_with(MESSAGES, &token, &answer).await.1["error"]["code"], 200);
    world.change(&app, json!({ "testers": ["ines.moreau"] })).await;
    assert_eq!(profile(&world, &token, &igsid).await.0, 200);
    assert_eq!(world.post_with(MESSAGES, &token, &answer).await.0, 200);
}

#[tokio::test]
async fn somebody_who_renames_themselves_is_the_same_person() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let before = world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await["igsid"].clone();
    world.change("/control/contacts/ines.moreau", json!({ "name": "Inès Duval", "renamed_to": "ines.duval" })).await;
    let (_, renamed) = profile(&world, &token, &before).await;
    assert_eq!((&renamed["name"], &renamed["username"]), (&json!("Inès Duval"), &json!("ines.duval")));
    let after = world.act("luna.cafe", json!({ "kind": "comment", "text": "nice" })).await;
    assert_eq!(after["igsid"], before);
    world.quiet().await;
    let comment = world.hook.bodies().into_iter().find(|body| body["entry"][0]["changes"].is_array()).unwrap();
    assert_eq!(comment["entry"][0]["changes"][0]["value"]["from"]["username"], "ines.duval");
}

#[tokio::test]
async fn addresses_of_pictures_expire_and_are_made_anew_by_reading_again() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let told = world.act("luna.cafe", json!({ "kind": "media" })).await;
    let message = format!("/graph.instagram.com/v25.0/{}?fields=attachments", text(&told["id"]));
    let read = async || {
        let (_, shown) = profile(&world, &token, &told["igsid"]).await;
        let (_, read) = world.get_with(&message, &token).await;
        [shown["profile_pic"].clone(), read["attachments"]["data"][0]["image_data"]["url"].clone()]
    };
    let first = read().await;
    for address in &first {
        assert_eq!(picture(&world, address).await, 200);
    }
    world.clock.advance_ms(73 * HOUR_MS);
    for address in &first {
        assert_eq!(picture(&world, address).await, 403);
    }
    for address in &read().await {
        assert_eq!(picture(&world, address).await, 200);
    }
}

#[tokio::test]
async fn the_business_has_no_echo_of_its_own_reaction() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let told = world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await;
    world.quiet().await;
    let before = world.hook.bodies().len();
    let react = json!({
        "recipient": { "id": told["igsid"] }, "sender_action": "react",
        "payload": { "message_id": told["id"], "reaction": "love" },
    });
    assert_eq!(world.post_with(MESSAGES, &token, &react).await.0, 200);
    world.quiet().await;
    assert_eq!(world.hook.bodies().len(), before);
}

#[tokio::test]
async fn whether_a_version_exists_is_told_without_a_token_and_an_expired_one_is_served_without_a_word() {
    let world = World::start().await;
    for (version, says) in [
        ("v27.0", "An active access token must be used"),
        ("v19.0", "An active access token must be used"),
        ("v28.0", "Unknown path components"),
    ] {
        let (_, answer) = world.get(&format!("/graph.facebook.com/{version}/me")).await;
        assert_eq!(answer["error"]["code"], 2500, "{version}");
        assert!(text(&answer["error"]["message"]).starts_with(says), "{version}: {answer}");
    }
    let token = world.connected("luna.cafe").await;
    for (asked, served) in [("v27.0", "v27.0"), ("v19.0", "v21.0")] {
        let path = world.at(&format!("/graph.instagram.com/{asked}/me?fields=user_id"));
        let answer = world.http.get(path).bearer_auth(&token).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["facebook-api-version"]),
            (200, &served.parse().unwrap())
        );
    }
}
