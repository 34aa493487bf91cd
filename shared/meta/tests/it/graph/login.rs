//! Codes, tokens, permissions.

use domain::Channel;
use domain::connection::Login;
use domain::secret::AuthorizationCode;
use meta::graph::{LoginGrant, Renewal};
use meta::{FailureClass, GraphError};
use serde_json::{Value, json};

use super::{APP_ID, APP_SECRET, FakeMeta, NOW, TOKEN, ok, proof, token, with_client};

const CALLBACK: &str = "https://app.example/callback";
const SCOPES: &str = "instagram_business_basic,instagram_business_manage_messages";
const FACEBOOK_SCOPES: [&str; 5] =
    ["instagram_basic", "instagram_manage_messages", "pages_show_list", "pages_manage_metadata", "pages_messaging"];

async fn exchange(meta: &FakeMeta, login: Login, code: &str) -> Result<LoginGrant, GraphError> {
    let code = AuthorizationCode::new(code.to_owned());
    with_client(&meta.hosts, login, async |client| {
        client.exchange_code(&code, CALLBACK, &[Channel::Instagram], NOW).await
    })
    .await
}

async fn long_lived(meta: &FakeMeta, login: Login) -> Result<LoginGrant, GraphError> {
    let short = LoginGrant {
        token: token(),
        app_scoped_user_id: None,
        scopes: Vec::new(),
        channels: vec![Channel::Instagram],
        issued_at: NOW,
        expires_at: None,
        data_access_expires_at: None,
        pages: Vec::new(),
    };
    with_client(&meta.hosts, login, async |client| client.long_lived(short, NOW).await).await
}

#[tokio::test]
async fn every_shape_of_the_token_answer_is_accepted() {
    let list: Vec<_> = SCOPES.split(',').collect();
    let shapes = [
        json!({"data": [{"access_token": "IGAAshort", "user_id": "27640875392278831", "permissions": SCOPES}]}),
        json!({"access_token": "IGAAshort", "user_id": 27_640_875_392_278_831_u64, "permissions": list}),
        json!({"access_token": "IGAAshort", "user_id": "27640875392278831"}),
    ];
    for (number, shape) in shapes.into_iter().enumerate() {
        let meta = FakeMeta::start(move |_| ok(&shape)).await;
        let grant = exchange(&meta, Login::Instagram, "AQB#_").await.expect("a grant");
        assert_eq!(grant.token.expose(), "IGAAshort");
        assert_eq!(grant.app_scoped_user_id.map(|id| id.to_string()).as_deref(), Some("27640875392278831"));
        assert_eq!(grant.scopes.len(), if number < 2 { 2 } else { 0 });
        let [request] = meta.seen().try_into().expect("one request");
        assert_eq!(request.line, "POST /api.instagram.com/oauth/access_token");
        assert!(request.body.contains("code=AQB&") || request.body.ends_with("code=AQB"), "without the fragment");
        assert!(request.query.is_empty(), "no secret in the address");
    }
}

#[tokio::test]
async fn a_grant_without_a_needed_permission_is_refused_by_name() {
    let meta = FakeMeta::start(|_| ok(&json!({"access_token": "t", "permissions": "instagram_business_basic"}))).await;
    match exchange(&meta, Login::Instagram, "c").await {
        Err(GraphError::MissingScopes(missing)) => assert_eq!(missing, ["instagram_business_manage_messages"]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_errors_of_the_exchange_tell_a_spent_code_from_our_own_mistakes() {
    let cases = [
        ("Matching code was not found or was already used", FailureClass::InvalidGrant),
        ("Something new", FailureClass::InvalidGrant),
        ("Invalid platform app", FailureClass::AppLevel),
        ("Error validating verification code. Please make sure your redirect_uri is identical", FailureClass::AppLevel),
    ];
    for (text, class) in cases {
        let body = json!({"error_type": "OAuthException", "code": 400, "error_message": text}).to_string();
        let meta = FakeMeta::start(move |_| (400, Vec::new(), body.clone())).await;
        let error = exchange(&meta, Login::Instagram, "secretcode").await.expect_err("refused");
        assert_eq!(error.class(), class, "{text}");
        assert!(!format!("{error:?}").contains("secretcode"));
    }
}

#[tokio::test]
async fn a_code_of_facebook_login_is_exchanged_by_get() {
    let meta =
        FakeMeta::start(|_| ok(&json!({"access_token": "EAA", "token_type": "bearer", "expires_in": 5000}))).await;
    let grant = exchange(&meta, Login::Facebook, "AQB").await.expect("a grant");
    assert_eq!(grant.expires_at, Some(NOW.plus(5000)));
    let [request] = meta.seen().try_into().expect("one request");
    assert_eq!(request.line, "GET /graph.facebook.com/v25.0/oauth/access_token");
    assert_eq!((request.query["client_id"].as_str(), request.query["redirect_uri"].as_str()), (APP_ID, CALLBACK));
}

#[tokio::test]
async fn a_long_lived_token_of_instagram_login_expires_in_sixty_days() {
    let meta = FakeMeta::start(|_| ok(&json!({"access_token": "IGAAlong", "expires_in": 5_183_944}))).await;
    let grant = long_lived(&meta, Login::Instagram).await.expect("a grant");
    assert_eq!((grant.token.expose(), grant.expires_at), ("IGAAlong", Some(NOW.plus(5_183_944))));
    assert_eq!(grant.shared(Login::Instagram).token_expires_at, grant.expires_at);
    let [request] = meta.seen().try_into().expect("one request");
    assert_eq!(request.line, "GET /graph.instagram.com/access_token");
    assert_eq!(request.query["grant_type"], "ig_exchange_token");
}

/// `debug_token` answers `info`, the exchange answers `exchange`.
async fn facebook(info: Value, exchange: Value) -> FakeMeta {
    FakeMeta::start(
        move |request| {
            if request.line.ends_with("/debug_token") { ok(&json!({"data": info})) } else { ok(&exchange) }
        },
    )
    .await
}

fn info() -> Value {
    json!({"app_id": APP_ID, "type": "USER", "is_valid": true, "user_id": 1_207_059, "expires_at": "1795003600",
        "data_access_expires_at": 1_802_776_000, "scopes": FACEBOOK_SCOPES,
        "granular_scopes": [{"scope": "pages_show_list", "target_ids": ["134"]}, {"scope": "instagram_basic"}]})
}

#[tokio::test]
async fn a_long_lived_token_of_facebook_login_knows_what_was_granted_to_whom() {
    let meta = facebook(info(), json!({"access_token": "EAAlong", "expires_in": 5_183_944})).await;
    let grant = long_lived(&meta, Login::Facebook).await.expect("a grant");
    assert_eq!(grant.token.expose(), "EAAlong");
    assert_eq!(grant.app_scoped_user_id.as_ref().map(ToString::to_string).as_deref(), Some("1207059"));
    assert_eq!(grant.data_access_expires_at.map(domain::UnixSeconds::get), Some(1_802_776_000));
    assert_eq!(grant.pages.iter().map(ToString::to_string).collect::<Vec<_>>(), ["134"]);
    assert_eq!(grant.scopes, FACEBOOK_SCOPES);
    assert_eq!(grant.shared(Login::Facebook).token_expires_at, None, "a Page token does not expire");
    let [debug, exchange] = meta.seen().try_into().expect("two requests");
    assert_eq!(debug.query["access_token"], format!("{APP_ID}|{APP_SECRET}"));
    assert_eq!(debug.query["appsecret_proof"], proof(&format!("{APP_ID}|{APP_SECRET}")));
    assert_eq!((debug.query["input_token"].as_str(), exchange.query["fb_exchange_token"].as_str()), (TOKEN, TOKEN));
}

#[tokio::test]
async fn a_grant_of_which_a_part_cannot_be_read_is_read_all_the_same() {
    let mut odd = info();
    let shown = json!({"scope": "pages_show_list", "target_ids": [{}, "134", null]});
    odd["granular_scopes"] = json!([null, {"scope": {}}, {"scope": "pages_messaging", "target_ids": null}, shown]);
    let meta = facebook(odd, json!({"access_token": "EAAlong", "expires_in": 5_183_944})).await;
    let grant = long_lived(&meta, Login::Facebook).await.expect("a grant");
    assert_eq!(grant.pages.iter().map(ToString::to_string).collect::<Vec<_>>(), ["134"]);
}

#[tokio::test]
async fn an_exchange_without_expiry_asks_for_it() {
    let meta = facebook(info(), json!({"access_token": "EAAlong"})).await;
    let grant = long_lived(&meta, Login::Facebook).await.expect("a grant");
    assert_eq!(grant.expires_at.map(domain::UnixSeconds::get), Some(1_795_003_600));
    assert_eq!(meta.seen()[2].query["input_token"], "EAAlong");
}

#[tokio::test]
async fn the_token_of_a_system_user_is_long_lived_already() {
    let mut system = info();
    system["type"] = "SYSTEM_USER".into();
    system["expires_at"] = 0.into();
    let meta = facebook(system, json!({"access_token": "never asked"})).await;
    let grant = long_lived(&meta, Login::Facebook).await.expect("a grant");
    assert_eq!((grant.token.expose(), grant.expires_at), (TOKEN, None));
    assert_eq!(meta.seen().len(), 1);
}

#[tokio::test]
async fn a_facebook_grant_without_a_needed_permission_is_refused() {
    let mut partial = info();
    partial["scopes"] = json!(["instagram_basic"]);
    let meta = facebook(partial, json!({})).await;
    let outcome = long_lived(&meta, Login::Facebook).await;
    assert!(matches!(outcome, Err(GraphError::MissingScopes(missing)) if missing.len() == 4));
}

#[tokio::test]
async fn a_refresh_renews_an_instagram_token_and_asks_nothing_for_a_page() {
    let meta =
        FakeMeta::start(|_| ok(&json!({"access_token": "IGAAnew", "token_type": "bearer", "expires_in": 100}))).await;
    let token = token();
    let renewed = with_client(&meta.hosts, Login::Instagram, async |client| client.refresh(&token, NOW).await).await;
    let Renewal::Renewed(renewed) = renewed.expect("an answer") else { panic!("a new token") };
    assert_eq!((renewed.token.expose(), renewed.expires_at), ("IGAAnew", Some(NOW.plus(100))));
    let page = with_client(&meta.hosts, Login::Facebook, async |client| client.refresh(&token, NOW).await).await;
    assert!(matches!(page, Ok(Renewal::NotNeeded)));
    let [request] = meta.seen().try_into().expect("one request");
    assert_eq!(request.line, "GET /graph.instagram.com/refresh_access_token");
    assert!(!request.query.contains_key("client_secret"));
}

#[tokio::test]
async fn a_token_too_young_to_renew_is_told_from_one_that_does_not_work() {
    for (code, too_young) in [(100, true), (190, false), (2, false)] {
        let error = json!({"error": {"message": "The access token must be at least 24 hours old", "code": code}});
        let meta = FakeMeta::start(move |_| (400, Vec::new(), error.to_string())).await;
        let token = token();
        let outcome =
            with_client(&meta.hosts, Login::Instagram, async |client| client.refresh(&token, NOW).await).await;
        assert_eq!(matches!(outcome, Ok(Renewal::TooYoung)), too_young, "{code}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_grant_is_revoked_where_meta_offers_it() {
    let meta = FakeMeta::start(|_| ok(&json!({"success": true}))).await;
    let person = domain::AppScopedId::try_from("1207059").expect("digits");
    for (login, offered) in [(Login::Instagram, false), (Login::Facebook, true)] {
        let revoked = with_client(&meta.hosts, login, async |client| client.revoke(&person).await).await;
        assert_eq!(revoked.expect("no failure"), offered);
    }
    assert_eq!(meta.lines(), ["DELETE /graph.facebook.com/v25.0/1207059/permissions"]);
}
