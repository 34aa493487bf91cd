//! A Page's subscription: one list for both channels, replaced as a whole.

use serde_json::json;

use super::{ALL_FIELDS, BAKERY, LUNA, Page, switches, told, told_of};
use crate::util::{FACEBOOK_APP, SECRET, World, text};

#[tokio::test]
async fn a_second_list_replaces_the_first() {
    let world = World::start().await;
    let page = Page::subscribed(&world, LUNA).await;
    page.subscribe(&world, "messages").await;
    let (_, body) = page.get(&world, &format!("{}/subscribed_apps", page.id)).await;
    assert_eq!(body["data"][0]["subscribed_fields"], json!(["messages"]));
    assert_eq!(body["data"][0]["id"], FACEBOOK_APP);
    let psid = page.written_to(&world).await;
    page.send(&world, &super::reply(&psid, "Yes")).await;
    let told = told(&world).await;
    assert_eq!(told.len(), 1, "neither the echo nor the receipt: {told:?}");
}

#[tokio::test]
async fn a_list_is_taken_without_a_field_that_meta_drops_and_the_next_one_whole() {
    let world = World::start().await;
    let page = Page::of(&world, LUNA).await;
    super::variants(&world, json!({ "dropped_fields": { "message_reads": 1 } })).await;
    let asked = json!(["messages", "message_reads"]);
    for kept in [json!(["messages"]), asked] {
        assert_eq!(page.subscribe(&world, "messages,message_reads").await.0, 200);
        let (_, body) = page.get(&world, &format!("{}/subscribed_apps", page.id)).await;
        assert_eq!(body["data"][0]["subscribed_fields"], kept);
    }
}

#[tokio::test]
async fn what_the_page_or_the_dashboard_does_not_have_is_not_told() {
    let world = World::start().await;
    let page = Page::of(&world, BAKERY).await;
    page.subscribe(&world, "messages,feed").await;
    let tap = json!({ "kind": "postback", "title": "Start", "payload": "START" });
    assert_eq!(page.act(&world, tap.clone()).await["told"], json!([]), "the Page did not ask for it");
    page.subscribe(&world, ALL_FIELDS).await;
    assert_eq!(page.act(&world, tap.clone()).await["told"], json!([FACEBOOK_APP]));
    switches(&world, json!({ "page_fields": ["messages"] })).await;
    assert_eq!(page.act(&world, tap).await["told"], json!([]), "the dashboard does not have it");
    assert_eq!(page.act(&world, json!({ "kind": "text", "text": "a" })).await["told"], json!([FACEBOOK_APP]));
}

#[tokio::test]
async fn instagram_over_a_page_is_told_by_any_field_of_the_page_and_the_dashboards_own() {
    let world = World::start().await;
    let page = Page::of(&world, LUNA).await;
    page.subscribe(&world, "feed").await;
    let hello = json!({ "kind": "text", "text": "hi" });
    assert_eq!(page.act(&world, hello.clone()).await["told"], json!([]), "Messenger needs its field");
    assert_eq!(world.act("luna.cafe", hello.clone()).await["told"], json!([FACEBOOK_APP]));
    switches(&world, json!({ "webhook_fields": ["comments"] })).await;
    page.subscribe(&world, ALL_FIELDS).await;
    assert_eq!(world.act("luna.cafe", hello.clone()).await["told"], json!([]));
    assert_eq!(page.act(&world, hello).await["told"], json!([FACEBOOK_APP]), "object `page` has fields of its own");
}

#[tokio::test]
async fn the_end_of_a_subscription_silences_both_channels() {
    let world = World::start().await;
    let page = Page::subscribed(&world, LUNA).await;
    let path = world.at(&page.path("subscribed_apps"));
    assert_eq!(world.http.delete(path).bearer_auth(&page.token).send().await.unwrap().status(), 200);
    for account in [page.id.as_str(), "luna.cafe"] {
        let told = world.act(account, json!({ "kind": "text", "text": "hi" })).await;
        assert_eq!(told["told"], json!([]), "{account}");
    }
}

#[tokio::test]
async fn the_app_cuts_a_page_off_with_its_own_token_where_the_pages_is_dead() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    world.control("/control/password", json!({ "user": BAKERY.0 })).await;
    let cut = async |token: &str| {
        let path = world.at(&page.path("subscribed_apps"));
        world.http.delete(path).query(&[("access_token", token)]).send().await.unwrap().status().as_u16()
    };
    assert_eq!(cut(&page.token).await, 400);
    assert_eq!(cut(&format!("{FACEBOOK_APP}|wrong")).await, 400);
    assert_eq!(page.act(&world, json!({ "kind": "text", "text": "a" })).await["told"], json!([FACEBOOK_APP]));
    assert_eq!(cut(&format!("{FACEBOOK_APP}|{SECRET}")).await, 200);
    assert_eq!(page.act(&world, json!({ "kind": "text", "text": "a" })).await["told"], json!([]));
}

#[tokio::test]
async fn a_subscription_needs_a_task_on_the_page_and_a_permission_for_its_fields() {
    let world = World::start().await;
    super::variants(&world, json!({ "page_cap": 10 })).await;
    let recipes = Page::of(&world, ("amara.okafor", "Okafor Recipes")).await;
    assert_eq!(recipes.subscribe(&world, ALL_FIELDS).await.0, 200);
    let outlet = Page::of(&world, ("amara.okafor", "Okafor Outlet")).await;
    let (_, refused) = outlet.subscribe(&world, "feed").await;
    assert_eq!(refused["error"]["code"], 200, "{refused}");
    let scopes = ["pages_messaging", "pages_show_list"];
    let order = json!({
        "app_id": FACEBOOK_APP, "user": BAKERY.0, "kind": "page", "scopes": scopes,
        "page_id": Page::of(&world, BAKERY).await.id,
    });
    let token = text(&world.control("/control/tokens", order).await["tokens"][0]);
    let bakery = Page { token, ..Page::of(&world, BAKERY).await };
    let (_, refused) = bakery.subscribe(&world, "feed").await;
    assert!(text(&refused["error"]["message"]).contains("pages_manage_metadata"), "{refused}");
}

#[tokio::test]
async fn the_dashboard_lists_both_objects() {
    let world = World::start().await;
    let path = format!("/graph.facebook.com/v25.0/{FACEBOOK_APP}/subscriptions");
    let (_, body) = world.get_with(&path, &format!("{FACEBOOK_APP}|{SECRET}")).await;
    assert_eq!((&body["data"][0]["object"], &body["data"][1]["object"]), (&json!("instagram"), &json!("page")));
    let fields = body["data"][1]["fields"].as_array().unwrap();
    assert!(fields.iter().any(|field| field["name"] == "message_reads"), "{body}");
}

#[tokio::test]
async fn what_an_ad_says_of_a_message_needs_the_field_of_referrals_too() {
    let world = World::start().await;
    let page = Page::subscribed(&world, BAKERY).await;
    let ad = json!({ "kind": "ad_message", "text": "price?" });
    assert_eq!(told_of(&world, &page, ad.clone()).await[0]["message"]["referral"]["source"], "ADS");
    page.subscribe(&world, "messages").await;
    let told = told_of(&world, &page, ad).await;
    assert_eq!((&told[0]["message"]["text"], told[0]["message"].get("referral")), (&json!("price?"), None));
}

#[tokio::test]
async fn what_happens_over_both_channels_shares_no_body() {
    let world = World::start().await;
    let page = Page::subscribed(&world, LUNA).await;
    let options = json!({ "hold": true, "batch_max": 1000, "shuffle": true });
    world.change("/control/webhooks/options", options).await;
    for account in ["luna.cafe", &page.id, "luna.cafe", &page.id] {
        world.act(account, json!({ "kind": "text", "text": "a" })).await;
    }
    world.control("/control/webhooks/release", json!({})).await;
    world.quiet().await;
    let mut objects: Vec<String> = world.hook.bodies().iter().map(|body| text(&body["object"])).collect();
    objects.sort();
    assert_eq!(objects, ["instagram", "page"]);
    assert_eq!(world.hook.messaging().len(), 4);
}

#[tokio::test]
async fn one_channel_of_a_page_fails_and_the_other_does_not() {
    let world = World::start().await;
    let page = Page::subscribed(&world, LUNA).await;
    let psid = page.written_to(&world).await;
    let igsid = text(&world.act("luna.cafe", json!({ "kind": "text", "text": "hi" })).await["contact_id"]);
    let cut = json!({ "kind": "error", "error": { "code": 368, "message": "(#368) Blocked" } });
    let fault = json!({ "endpoint": "messages", "channel": "messenger", "count": null, "action": cut });
    world.control("/control/faults", fault).await;
    assert_eq!(page.send(&world, &super::reply(&psid, "a")).await.1["error"]["code"], 368);
    assert_eq!(page.send(&world, &super::reply(&igsid, "a")).await.0, 200);
}
