//! The pages for people.

use serde_json::json;

use crate::util::{World, text};

#[tokio::test]
async fn the_start_page_lists_people_and_no_token() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let (_, page) = world.get("/").await;
    let page = text(&page);
    assert!(page.contains("Lucía Navarro") && page.contains("@luna.cafe") && page.contains("Simulated Meta"));
    assert!(!page.contains(&token));
}

#[tokio::test]
async fn pages_carry_a_policy_without_inline_scripts() {
    let world = World::start().await;
    let answer = world.http.get(world.at("/phone")).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let page = answer.text().await.unwrap();
    assert!(page.contains(r#"<script src="/assets/phone.js" defer>"#));
    assert!(!page.contains(" style=") && !page.contains(" onclick="));
}

#[tokio::test]
async fn the_phone_shows_what_was_said_and_unsent() {
    let world = World::start().await;
    let sent = world.act("luna.cafe", json!({ "kind": "text", "text": "<b>hi</b>" })).await;
    world.act("luna.cafe", json!({ "kind": "unsend", "mid": sent["id"] })).await;
    let (_, thread) = world.get("/phone/api/thread?contact=ines.moreau&account=luna.cafe").await;
    assert_eq!(thread["messages"][0]["deleted"], true);
    assert_eq!(thread["messages"][0]["text"], json!(null));
    assert_eq!(thread["connected"], false);
}

#[tokio::test]
async fn media_addresses_expire() {
    let world = World::start().await;
    world.act("luna.cafe", json!({ "kind": "media" })).await;
    let (_, thread) = world.get("/phone/api/thread?contact=ines.moreau&account=luna.cafe").await;
    let url = text(&thread["messages"][0]["attachments"][0]["payload"]["url"]);
    let picture = world.http.get(&url).send().await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/svg+xml");
    world.act("luna.cafe", json!({ "kind": "media", "media": "audio" })).await;
    let (_, heard) = world.get("/phone/api/thread?contact=ines.moreau&account=luna.cafe").await;
    let voice = text(&heard["messages"][1]["attachments"][0]["payload"]["url"]);
    let voice = world.http.get(voice).send().await.unwrap().bytes().await.unwrap();
    assert_eq!((&voice[..4], voice.len()), (&b"RIFF"[..], 8_044));
    world.clock.advance_ms(4 * 86_400_000);
    assert_eq!(world.http.get(&url).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn the_phone_has_both_apps_and_each_its_conversations() {
    let world = World::start().await;
    let (_, directory) = world.get("/phone/api/directory").await;
    let luna = directory["pages"].as_array().unwrap().iter().find(|page| page["name"] == "Luna Café").unwrap();
    let page = text(&luna["username"]);
    world.act(&page, json!({ "kind": "text", "text": "on Messenger" })).await;
    world.act("luna.cafe", json!({ "kind": "text", "text": "on Instagram" })).await;
    for (query, said) in [
        (format!("account={page}&channel=messenger"), "on Messenger"),
        ("account=luna.cafe&channel=messenger".to_owned(), "on Messenger"),
        ("account=luna.cafe".to_owned(), "on Instagram"),
    ] {
        let (_, thread) = world.get(&format!("/phone/api/thread?contact=ines.moreau&{query}")).await;
        assert_eq!(
            (&thread["messages"][0]["text"], thread["messages"].as_array().map(Vec::len)),
            (&json!(said), Some(1))
        );
    }
}
