//! Consent: Messenger's permissions alone, with Instagram's, by configuration, declined.

use serde_json::{Value, json};

use super::{PAGES_SCOPES, switches};
use crate::util::{CALLBACK, FACEBOOK_APP, SECRET, World, location, parameter, text};

/// A short-lived token of a person who was asked in this way.
async fn token(world: &World, person: &str, asked: &str) -> String {
    let query = format!("client_id={FACEBOOK_APP}&redirect_uri={CALLBACK}&response_type=code&{asked}");
    let path = format!("/www.facebook.com/v25.0/dialog/oauth?{query}&auto_user={person}");
    let code = parameter(&location(&world.http.get(world.at(&path)).send().await.unwrap()), "code").unwrap();
    let client = format!("client_id={FACEBOOK_APP}&client_secret={SECRET}&redirect_uri={CALLBACK}");
    let (_, body) = world.get(&format!("/graph.facebook.com/v25.0/oauth/access_token?{client}&code={code}")).await;
    text(&body["access_token"])
}

async fn pages(world: &World, token: &str) -> Vec<Value> {
    let fields = "id,name,tasks,access_token,instagram_business_account";
    let path = format!("/graph.facebook.com/v25.0/me/accounts?fields={fields}");
    let (status, body) = world.get_with(&path, token).await;
    assert_eq!(status, 200, "{body}");
    body["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_login_for_messenger_alone_sees_pages_with_tasks_and_no_instagram_account() {
    let world = World::start().await;
    let token = token(&world, "lucia.navarro", &format!("scope={PAGES_SCOPES}")).await;
    let pages = pages(&world, &token).await;
    assert!(pages[0]["tasks"].as_array().unwrap().contains(&json!("MESSAGING")), "{pages:?}");
    assert_eq!(pages[0].get("instagram_business_account"), None);
    assert!(pages[0]["access_token"].is_string());
}

#[tokio::test]
async fn one_login_asks_for_both_channels() {
    let world = World::start().await;
    let scopes = format!("scope={PAGES_SCOPES},instagram_basic,instagram_manage_messages");
    let token = token(&world, "lucia.navarro", &scopes).await;
    assert!(pages(&world, &token).await[0]["instagram_business_account"]["id"].is_string());
}

#[tokio::test]
async fn a_configuration_stands_for_the_permissions_it_was_given() {
    let world = World::start().await;
    let scopes: Vec<&str> = PAGES_SCOPES.split(',').collect();
    switches(&world, json!({ "configurations": { "777": { "scopes": scopes } } })).await;
    let messenger = token(&world, "lucia.navarro", "config_id=777").await;
    let everything = token(&world, "lucia.navarro", "config_id=1").await;
    for (token, has_instagram) in [(messenger, false), (everything, true)] {
        let (_, body) = world.get_with("/graph.facebook.com/v25.0/me/permissions", &token).await;
        let of_instagram = json!({ "permission": "instagram_basic", "status": "granted" });
        assert_eq!(body["data"].as_array().unwrap().contains(&of_instagram), has_instagram, "{body}");
    }
}

#[tokio::test]
async fn what_is_declined_is_named_and_refused_later() {
    let world = World::start().await;
    let asked = format!("scope={PAGES_SCOPES}&auto_deny_scopes=pages_messaging");
    let token = token(&world, "petra.novak", &asked).await;
    let (_, body) = world.get_with("/graph.facebook.com/v25.0/me/permissions", &token).await;
    let declined = json!({ "permission": "pages_messaging", "status": "declined" });
    assert!(body["data"].as_array().unwrap().contains(&declined), "{body}");
    let page = &pages(&world, &token).await[0];
    let path = format!("/graph.facebook.com/v25.0/{}/messages", text(&page["id"]));
    let body = super::reply("7300000001", "a");
    let (_, refused) = world.post_with(&path, &text(&page["access_token"]), &body).await;
    assert_eq!(refused["error"]["code"], 200, "{refused}");
    assert!(text(&refused["error"]["message"]).contains("pages_messaging"), "{refused}");
}

#[tokio::test]
async fn the_consent_page_lists_what_messenger_needs() {
    let world = World::start().await;
    let query = format!("client_id={FACEBOOK_APP}&redirect_uri={CALLBACK}&response_type=code&scope={PAGES_SCOPES}");
    let (_, page) = world.get(&format!("/www.facebook.com/v25.0/dialog/oauth?{query}")).await;
    let page = text(&page);
    assert!(page.contains("Send messages as your Pages") && page.contains("Petra Nováková"), "{page}");
}

#[tokio::test]
async fn a_deletion_request_names_a_person_by_what_is_neither_psid_nor_page() {
    let world = World::start().await;
    let page = super::Page::subscribed(&world, super::LUNA).await;
    let psid = page.written_to(&world).await;
    let deletion = json!({ "user": "lucia.navarro", "app_id": FACEBOOK_APP });
    let told = world.control("/control/deletion", deletion).await;
    let id = text(&told["callbacks"][0]["user_id"]);
    assert!(id != psid && id != page.id, "{told}");
}
