//! Who wrote, and what was said: profiles and the Conversations API.

use serde_json::json;

use super::{BAKERY, LUNA, Page, reply, switches, variants};
use crate::util::{World, text};

const PROFILE: &str = "?fields=first_name,last_name,profile_pic";

#[tokio::test]
async fn a_profile_has_first_and_last_name_and_a_picture() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    let (_, body) = page.get(&world, &format!("{psid}{PROFILE}")).await;
    assert_eq!(
        (&body["first_name"], &body["last_name"], &body["id"]),
        (&json!("Inès"), &json!("Moreau"), &json!(psid))
    );
    assert!(body["profile_pic"].is_string());
}

#[tokio::test]
async fn without_access_to_profiles_or_before_somebody_wrote_nothing_is_told() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = text(&page.act(&world, json!({ "kind": "ad_message", "text": "price?" })).await["contact_id"]);
    assert_eq!(page.get(&world, &format!("{psid}{PROFILE}")).await, (200, json!({})));
    page.written_to(&world).await;
    switches(&world, json!({ "profile_access": false })).await;
    assert_eq!(page.get(&world, &format!("{psid}{PROFILE}")).await, (200, json!({})));
    world.change("/control/contacts/ines.moreau", json!({ "phone_number_only": true })).await;
    let (_, refused) = page.get(&world, &format!("{psid}{PROFILE}")).await;
    assert_eq!(refused["error"]["error_subcode"], 2_018_218, "{refused}");
    let luna = Page::of(&world, LUNA).await;
    let (_, refused) = luna.get(&world, &format!("{psid}{PROFILE}")).await;
    assert_eq!(refused["error"]["error_subcode"], 2_018_001, "{refused}");
    let (_, refused) = page.get(&world, &format!("{psid}?fields=locale")).await;
    assert_eq!(refused["error"]["code"], 200, "{refused}");
}

#[tokio::test]
async fn conversations_name_their_participants_and_are_apart_for_each_channel() {
    let world = World::start().await;
    let page = Page::subscribed(&world, LUNA).await;
    let psid = page.written_to(&world).await;
    world.act("luna.cafe", json!({ "kind": "text", "text": "on Instagram" })).await;
    let fields = "updated_time,participants,messages{id,message,from}";
    let path = format!("{}/conversations?platform=messenger&user_id={psid}&fields={fields}", page.id);
    let (_, list) = page.get(&world, &path).await;
    let conversations = list["data"].as_array().unwrap();
    assert_eq!(conversations.len(), 1, "{list}");
    let one = &conversations[0];
    assert!(text(&one["id"]).starts_with("t_"));
    let person = json!({ "id": psid, "name": "Inès Moreau", "email": format!("{psid}@facebook.com") });
    assert!(one["participants"]["data"].as_array().unwrap().contains(&person), "{one}");
    assert_eq!(one["messages"]["data"][0]["message"], "Is it open?");
    let (_, other) = page.get(&world, &format!("{}/conversations?platform=instagram", page.id)).await;
    assert!(text(&other["data"][0]["id"]).starts_with("aWdf"), "{other}");
}

#[tokio::test]
async fn the_conversations_api_can_have_ids_of_its_own_for_messages() {
    let world = World::start().await;
    variants(&world, json!({ "listed_mids": true })).await;
    let page = Page::subscribed(&world, BAKERY).await;
    let psid = page.written_to(&world).await;
    let (_, sent) = page.send(&world, &reply(&psid, "Yes")).await;
    let path = format!("{}/conversations?platform=messenger&fields=messages{{id,message}}", page.id);
    let (_, list) = page.get(&world, &path).await;
    let listed = &list["data"][0]["messages"]["data"][0];
    assert_eq!(listed["message"], "Yes");
    assert_ne!(listed["id"], sent["message_id"]);
    let (status, read) = page.get(&world, &format!("{}?fields=message", text(&listed["id"]))).await;
    assert_eq!((status, &read["message"]), (200, &json!("Yes")));
    assert_eq!(page.get(&world, &text(&sent["message_id"])).await.0, 400);
}

#[tokio::test]
async fn conversations_are_read_within_a_limit_where_one_is_set() {
    let world = World::start().await;
    variants(&world, json!({ "conversation_calls_per_second": 2 })).await;
    let page = Page::subscribed(&world, BAKERY).await;
    page.written_to(&world).await;
    let path = format!("{}/conversations?platform=messenger", page.id);
    let second = world.clock.now_ms();
    for _ in 0..2 {
        world.turn_back_to(second);
        assert_eq!(page.get(&world, &path).await.0, 200);
    }
    world.turn_back_to(second);
    assert_eq!(page.get(&world, &path).await.1["error"]["code"], 613);
    world.clock.advance_ms(1_000);
    assert_eq!(page.get(&world, &path).await.0, 200);
}

#[tokio::test]
async fn somebody_without_the_task_reads_no_conversation() {
    let world = World::start().await;
    variants(&world, json!({ "page_cap": 10 })).await;
    let page = Page::of(&world, ("amara.okafor", "Okafor Outlet")).await;
    let (_, refused) = page.get(&world, &format!("{}/conversations?platform=messenger", page.id)).await;
    assert_eq!(refused["error"]["code"], 200, "{refused}");
}
