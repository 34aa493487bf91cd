//! Instagram Login: dialog, codes, tokens.

use meta_sim::Settings;
use serde_json::{Value, json};

use crate::util::{CALLBACK, INSTAGRAM_APP, INSTAGRAM_SCOPES, SECRET, World, parameter, text};

const DAY_MS: i64 = 24 * 3_600_000;

#[tokio::test]
async fn a_person_who_allows_returns_with_code_state_and_fragment() {
    let world = World::start().await;
    let url = world.authorize("&auto_user=luna.cafe").await;
    assert!(url.as_str().starts_with(CALLBACK), "{url}");
    assert_eq!(parameter(&url, "state").as_deref(), Some("s1"));
    assert_eq!(url.fragment(), Some("_"));
}

#[tokio::test]
async fn a_person_who_cancels_returns_with_the_documented_parameters() {
    let world = World::start().await;
    let url = world.authorize("&auto_decision=cancel").await;
    assert_eq!(parameter(&url, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&url, "error_reason").as_deref(), Some("user_denied"));
    assert_eq!(parameter(&url, "error_description").as_deref(), Some("The user denied your request"));
    assert_eq!(parameter(&url, "code"), None);
}

#[tokio::test]
async fn the_dialog_refuses_what_meta_refuses() {
    let world = World::start().await;
    let valid = format!(
        "client_id={INSTAGRAM_APP}&redirect_uri={CALLBACK}&response_type=code&scope={INSTAGRAM_SCOPES}&auto_user=luna.cafe"
    );
    for (old, new, title) in [
        (INSTAGRAM_APP, "1", "Invalid platform app"),
        (CALLBACK, "http://app.example/callback/", "Invalid redirect URI"),
        ("response_type=code", "response_type=token", "Invalid response type"),
        (INSTAGRAM_SCOPES, "instagram_basic", "Invalid Scopes"),
    ] {
        let (status, page) =
            world.get(&format!("/www.instagram.com/oauth/authorize?{}", valid.replace(old, new))).await;
        assert_eq!(status, 400);
        assert!(text(&page).contains(title), "{title}");
    }
}

#[tokio::test]
async fn a_form_on_the_consent_page_decides_like_a_person() {
    let world = World::start().await;
    let query = format!(
        "client_id={INSTAGRAM_APP}&redirect_uri={CALLBACK}&response_type=code&scope={INSTAGRAM_SCOPES}&state=s2"
    );
    let path = world.at(&format!("/www.instagram.com/oauth/authorize?{query}"));
    let page = world.http.get(&path).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("mara.paints") && page.contains("View and answer messages"), "{page}");
    let form = [("user", "mara.paints"), ("grant", "instagram_business_basic"), ("decision", "allow")];
    let url = crate::util::location(&world.http.post(&path).form(&form).send().await.unwrap());
    let (_, body) = world.exchange(&parameter(&url, "code").unwrap(), CALLBACK).await;
    assert_eq!(body["permissions"], json!(["instagram_business_basic"]));
}

#[tokio::test]
async fn a_code_works_once_for_its_redirect_uri_and_within_an_hour() {
    let world = World::start().await;
    let code = async || parameter(&world.authorize("&auto_user=luna.cafe").await, "code").unwrap();
    let used = code().await;
    let (status, body) = world.exchange(&used, CALLBACK).await;
    assert_eq!(status, 200, "{body}");
    assert!(body["user_id"].is_u64());
    let (status, body) = world.exchange(&used, CALLBACK).await;
    let refusal = json!({
        "error_type": "OAuthException", "code": 400,
        "error_message": "Matching code was not found or was already used",
    });
    assert_eq!((status, body), (400, refusal.clone()));
    let (_, body) = world.exchange(&code().await, "http://app.example/other").await;
    assert_eq!(body["error_message"], "Invalid redirect_uri");
    let late = code().await;
    world.clock.advance_ms(3_600_000);
    assert_eq!(world.exchange(&late, CALLBACK).await, (400, refusal));
}

#[tokio::test]
async fn the_token_answer_comes_in_every_known_shape() {
    let world = World::start().await;
    let change = json!({ "token_wrapped": true, "token_user_id": "string", "token_permissions": "string" });
    world.change("/control/variants", change).await;
    let url = world.authorize("&auto_user=luna.cafe&auto_deny_scopes=instagram_business_manage_comments").await;
    let (_, body) = world.exchange(&parameter(&url, "code").unwrap(), CALLBACK).await;
    assert_eq!(body["data"][0]["permissions"], "instagram_business_basic,instagram_business_manage_messages");
    assert!(body["data"][0]["user_id"].is_string());
}

#[tokio::test]
async fn the_id_of_me_is_not_the_account_id() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let path = "/graph.instagram.com/v25.0/me?fields=id,user_id,username,account_type";
    let (_, me) = world.get_with(path, &token).await;
    assert!(text(&me["user_id"]).starts_with("17841"));
    assert_ne!(me["id"], me["user_id"]);
    assert_eq!(me["account_type"], "BUSINESS");
    world.change("/control/variants", json!({ "me_wrapped": true, "documented_account_type": true })).await;
    let (_, me) = world.get_with(path, &token).await;
    assert_eq!(me["data"][0]["account_type"], "Business");
}

#[tokio::test]
async fn a_long_token_is_refreshed_from_its_second_day_until_it_expires() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let refresh = format!("/graph.instagram.com/refresh_access_token?grant_type=ig_refresh_token&access_token={token}");
    let (status, body) = world.get(&refresh).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(100)));
    world.clock.advance_ms(DAY_MS);
    let (status, body) = world.get(&refresh).await;
    assert_eq!((status, &body["token_type"]), (200, &json!("bearer")), "{body}");
    world.clock.advance_ms(60 * DAY_MS);
    let (_, body) = world.get(&refresh).await;
    assert_eq!((&body["error"]["code"], &body["error"]["error_subcode"]), (&json!(190), &json!(463)));
}

#[tokio::test]
async fn token_endpoints_answer_the_wrong_method_as_meta_does() {
    let world = World::start().await;
    let (_, body) = world.post_with("/graph.instagram.com/access_token", "x", &json!({})).await;
    assert_eq!(body["error"]["message"], "Unsupported request - method type: post");
    assert_eq!(body["error"]["type"], "IGApiException");
}

#[tokio::test]
async fn a_token_works_at_its_own_host_only() {
    let world = World::start().await;
    let instagram = world.connected("luna.cafe").await;
    let facebook = world.facebook_token("lucia.navarro").await;
    for (path, token) in [("/graph.facebook.com/v25.0/me", instagram), ("/graph.instagram.com/v25.0/me", facebook)] {
        let (status, body) = world.get_with(path, &token).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!(190)));
    }
}

#[tokio::test]
async fn unknown_versions_and_fields_are_refused() {
    let world = World::start().await;
    let token = world.connected("luna.cafe").await;
    let (status, _) = world.get_with("/graph.instagram.com/v28.0/me", &token).await;
    assert_eq!(status, 400);
    let (status, body) = world.get_with("/graph.instagram.com/v25.0/me?fields=shoe_size", &token).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(100)));
}

#[tokio::test]
async fn the_state_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = Some(folder.path().join("meta.json"));
    let world = World::with(Settings { state_file: state_file.clone(), ..Settings::default() }).await;
    let token = world.connected("luna.cafe").await;
    world.act("luna.cafe", json!({ "kind": "text", "text": "hello" })).await;
    world.meta.stop().await;
    let world = World::with(Settings { state_file, ..Settings::default() }).await;
    let (status, _) = world.get_with("/graph.instagram.com/v25.0/me", &token).await;
    assert_eq!(status, 200);
    let (_, threads) = world.get("/control/threads?account=luna.cafe").await;
    assert_eq!(threads[0]["messages"][0]["text"], Value::from("hello"));
}

#[tokio::test]
async fn the_code_exchange_wants_the_secret_of_an_instagram_app() {
    let world = World::start().await;
    let code = parameter(&world.authorize("&auto_user=luna.cafe").await, "code").unwrap();
    let ask = async |client_id: &str, secret: &str| {
        let form = [
            ("client_id", client_id),
            ("client_secret", secret),
            ("grant_type", "authorization_code"),
            ("redirect_uri", CALLBACK),
            ("code", code.as_str()),
        ];
        let request = world.http.post(world.at("/api.instagram.com/oauth/access_token")).form(&form);
        crate::util::answer(request.send().await.unwrap()).await.1
    };
    assert_eq!(ask(crate::util::FACEBOOK_APP, SECRET).await["error_message"], "Invalid platform app");
    assert_eq!(ask(INSTAGRAM_APP, "wrong").await["code"], 400);
}
