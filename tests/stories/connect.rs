//! A tenant connects Instagram, with either login.

use serde_json::{Value, json};
use stories::{World, outcome};

const SELECT: &str = "/api/integrations/meta/instagram/select";

/// Lands on the account selector; answers the state.
async fn land_on_selector(world: &World, person: &stories::Browser<'_>, login: &str, user: &str) -> String {
    let landed = person.authorize(login, user, &[]).await;
    assert_eq!(landed.path(), "/settings/integrations/instagram/select", "{landed}");
    assert!(landed.as_str().starts_with(world.stack.api_url()));
    outcome(&landed, "state").expect("the selector is told the state")
}

async fn assets(person: &stories::Browser<'_>, state: &str) -> Vec<Value> {
    let list = person.get(&format!("/api/integrations/meta/instagram/assets?state={state}")).await.json();
    list.as_array().expect("assets are a list").clone()
}

fn find<'a>(assets: &'a [Value], username: &str) -> &'a Value {
    assets.iter().find(|asset| asset["ig_username"] == username).unwrap_or_else(|| panic!("{username}: {assets:?}"))
}

#[tokio::test]
async fn one_account_is_connected_at_once_with_instagram_login() {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("instagram", "luna.cafe").await;
    let status = ana.status().await;
    assert_eq!(status["connected"], true);
    assert_eq!(status["status"], "active");
    assert_eq!(status["ig_username"], "luna.cafe");
    assert_eq!(status["connections"][0]["login"], "instagram");
    assert_eq!(ana.audit().await.first().map(String::as_str), Some("connection.connected"));
}

#[tokio::test]
async fn one_account_is_connected_at_once_with_facebook_login() {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("facebook", "lucia.navarro").await;
    let status = ana.status().await;
    assert_eq!(status["connected"], true);
    assert_eq!(status["connections"][0]["login"], "facebook");
    assert!(status["page_name"].as_str().is_some_and(|name| !name.is_empty()), "{status}");
}

#[tokio::test]
async fn a_creator_account_is_professional_too() {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("instagram", "mara.paints").await;
    assert_eq!(ana.status().await["ig_username"], "mara.paints");
}

#[tokio::test]
async fn instagram_login_is_the_default() {
    let world = World::start().await;
    let started = world.browser("ana").post("/api/integrations/meta/instagram/start", json!({})).await.json();
    let address = started["authUrl"].as_str().expect("an address");
    assert!(address.contains("/www.instagram.com/oauth/authorize"), "{address}");
    for scope in ["instagram_business_basic", "instagram_business_manage_messages"] {
        assert!(address.contains(scope), "{address}");
    }
}

#[tokio::test]
async fn every_documented_shape_of_metas_answers_is_understood() {
    let variants = [
        json!({"token_wrapped": true, "token_user_id": "string", "token_permissions": "string"}),
        json!({"token_wrapped": false, "token_user_id": "number", "token_permissions": "array"}),
        json!({"token_permissions": "absent", "omit_expires_in": true}),
        json!({"me_wrapped": true, "documented_account_type": true}),
        json!({"me_wrapped": false, "success_as_text": true}),
    ];
    for variant in variants {
        let world = World::start().await;
        world.meta("PATCH", "/variants", variant.clone()).await;
        let ana = world.browser("ana");
        ana.connect("instagram", "luna.cafe").await;
        assert_eq!(ana.status().await["status"], "active", "{variant}");
        world.dm("ines.moreau", "luna.cafe", "¿Abren hoy?").await;
        assert_eq!(ana.conversations().await.len(), 1, "routed by user_id: {variant}");
    }
}

#[tokio::test]
async fn of_several_accounts_one_is_chosen() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let state = land_on_selector(&world, &ana, "facebook", "amara.okafor").await;
    let assets = assets(&ana, &state).await;
    let atelier = find(&assets, "atelier.okafor");
    assert_eq!(atelier["selectable"], true);
    let outlet = find(&assets, "okafor.outlet");
    assert_eq!((&outlet["selectable"], &outlet["reason"]), (&json!(false), &json!("no_messaging_task")));
    let body = json!({"state": state, "ig_user_id": atelier["ig_user_id"], "page_id": atelier["page_id"]});
    let chosen = ana.post(SELECT, body.clone()).await.json();
    assert_eq!(chosen["connections"][0]["ig_username"], "atelier.okafor");
    assert_eq!(ana.status().await["status"], "active");
    assert_eq!(ana.post(SELECT, body).await.problem_kind(404), "unknown-state", "a choice is made once");
}

#[tokio::test]
async fn who_chose_an_account_that_is_taken_can_choose_another() {
    let world = World::start().await;
    let (marta, ana) = (world.browser("marta"), world.browser("ana"));
    let choose = async |person: &stories::Browser<'_>, state: &str, name: &str| {
        let offered = assets(person, state).await;
        let asset = find(&offered, name);
        let account = json!({"ig_user_id": asset["ig_user_id"], "page_id": asset["page_id"]});
        person.post(SELECT, json!({"state": state, "accounts": [account]})).await
    };
    let martas = land_on_selector(&world, &marta, "facebook", "amara.okafor").await;
    let anas = land_on_selector(&world, &ana, "facebook", "amara.okafor").await;
    choose(&marta, &martas, "atelier.okafor").await.json();
    for _ in 0..2 {
        let refused = choose(&ana, &anas, "atelier.okafor").await.problem(409);
        assert_eq!(
            (&refused["type"], &refused["reason"]),
            (&json!("/problems/connection-refused"), &json!("account_taken"))
        );
    }
    let chosen = choose(&ana, &anas, "okafor.studio").await.json();
    assert_eq!(chosen["connections"][0]["ig_username"], "okafor.studio");
    let tokens = format!("{:?}", world.tables().items("OauthStatesTable").await);
    assert!(!tokens.contains("v1."), "no candidate's token is kept: {tokens}");
}

#[tokio::test]
async fn of_several_accounts_several_are_chosen() {
    let world = World::start().await;
    let eva = world.browser("eva");
    let state = land_on_selector(&world, &eva, "facebook", "amara.okafor").await;
    let assets = assets(&eva, &state).await;
    let pick = |name: &str| {
        let asset = find(&assets, name);
        json!({"ig_user_id": asset["ig_user_id"], "page_id": asset["page_id"]})
    };
    let accounts = [pick("atelier.okafor"), pick("okafor.studio"), pick("vintage.by.amara")];
    let chosen = eva.post(SELECT, json!({"state": state, "accounts": accounts})).await.json();
    assert_eq!(chosen["connections"].as_array().map(Vec::len), Some(3), "{chosen}");
    world.dm("kofi_mensah", "okafor.studio", "Hi studio").await;
    world.dm("kofi_mensah", "vintage.by.amara", "Hi vintage").await;
    assert_eq!(eva.conversations().await.len(), 2, "one thread for each account");
}

#[tokio::test]
async fn an_account_that_cannot_answer_messages_cannot_be_chosen() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let state = land_on_selector(&world, &ana, "facebook", "amara.okafor").await;
    let assets = assets(&ana, &state).await;
    let outlet = find(&assets, "okafor.outlet");
    let refused = ana
        .post(SELECT, json!({"state": state, "ig_user_id": outlet["ig_user_id"], "page_id": outlet["page_id"]}))
        .await;
    refused.problem(409);
    let stranger = ana.post(SELECT, json!({"state": state, "ig_user_id": "17849999999999999"})).await;
    stranger.problem(400);
    assert_eq!(ana.status().await["connected"], false);
}

#[tokio::test]
async fn pages_beyond_the_first_page_of_the_list_are_offered() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let state = land_on_selector(&world, &ana, "facebook", "jonas.keller").await;
    assert_eq!(assets(&ana, &state).await.len(), 7);
}

#[tokio::test]
async fn pages_that_meta_does_not_list_are_found_through_the_fallbacks() {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("facebook", "priya.raman").await;
    assert_eq!(ana.status().await["ig_username"], "raman.spices", "by granular scopes");
    let state = land_on_selector(&world, &ana, "facebook", "elena.rossi").await;
    let assets = assets(&ana, &state).await;
    find(&assets, "trattoria.rossi");
    find(&assets, "cantina.del.sole");
}

#[tokio::test]
async fn a_cancelled_login_says_so_and_changes_nothing() {
    for (login, user) in [("instagram", "luna.cafe"), ("facebook", "lucia.navarro")] {
        let world = World::start().await;
        let ana = world.browser("ana");
        let landed = ana.authorize(login, user, &[("auto_decision", "cancel")]).await;
        assert_eq!(landed.path(), "/settings/integrations");
        assert_eq!(outcome(&landed, "instagram").as_deref(), Some("cancelled"));
        assert_eq!(outcome(&landed, "title").as_deref(), Some("Connection cancelled"));
        assert_eq!(ana.status().await["connected"], false);
        assert_eq!(ana.audit().await.first().map(String::as_str), Some("authorization.cancelled"));
    }
}

#[tokio::test]
async fn a_personal_account_is_refused_with_a_reason() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let landed = ana.authorize("instagram", "theo.brandt", &[]).await;
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("professional_account_required"), "{landed}");
    assert_eq!(outcome(&landed, "title").as_deref(), Some("Professional account required"));
    assert_eq!(ana.status().await["connected"], false);
}

#[tokio::test]
async fn a_person_without_accounts_is_told_what_is_missing() {
    let world = World::start().await;
    let landed = world.browser("ana").authorize("facebook", "noah.weiss", &[]).await;
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("no_accounts"), "{landed}");
}

#[tokio::test]
async fn an_unticked_permission_is_noticed() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let denied = [("auto_deny_scopes", "instagram_business_manage_messages")];
    let landed = ana.authorize("instagram", "luna.cafe", &denied).await;
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("permissions_missing"), "{landed}");
    assert_eq!(ana.status().await["connected"], false);
}

#[tokio::test]
async fn an_account_of_another_tenant_is_refused_without_naming_that_tenant() {
    let world = World::start().await;
    world.browser("ana").connect("instagram", "luna.cafe").await;
    let marta = world.browser("marta");
    for (login, user) in [("instagram", "luna.cafe"), ("facebook", "lucia.navarro")] {
        let landed = marta.authorize(login, user, &[]).await;
        assert_eq!(outcome(&landed, "reason").as_deref(), Some("account_taken"), "{landed}");
        assert!(!landed.as_str().replace("luna.cafe", "").contains("luna"), "{landed}");
    }
    assert_eq!(marta.status().await["connected"], false);
    assert_eq!(world.browser("ana").status().await["connected"], true);
    assert!(marta.audit().await.iter().any(|kind| kind == "connection.refused"));
}

#[tokio::test]
async fn two_tenants_that_connect_one_account_at_once_end_with_one_owner() {
    let world = World::start().await;
    let (ana, marta) = (world.browser("ana"), world.browser("marta"));
    let callback_of = async |person: &stories::Browser<'_>| {
        let page = person.start("instagram").await;
        person.consent(page, "luna.cafe", &[]).await
    };
    let (first, second) = (callback_of(&ana).await, callback_of(&marta).await);
    tokio::join!(ana.arrive(&first), marta.arrive(&second));
    let connected = [ana.status().await["connected"] == true, marta.status().await["connected"] == true];
    assert_eq!(connected.iter().filter(|connected| **connected).count(), 1, "{connected:?}");
}

#[tokio::test]
async fn a_reconnect_with_either_login_keeps_the_history() {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("instagram", "luna.cafe").await;
    world.dm("ines.moreau", "luna.cafe", "before").await;
    let created = ana.status().await["connections"][0]["created_at"].clone();
    ana.disconnect(json!({})).await.json();
    ana.connect("facebook", "lucia.navarro").await;
    let status = ana.status().await;
    assert_eq!(status["connections"].as_array().map(Vec::len), Some(1), "one connection for each account");
    assert_eq!(status["connections"][0]["created_at"], created);
    assert_eq!(status["connections"][0]["login"], "facebook");
    world.dm("ines.moreau", "luna.cafe", "after").await;
    let conversation = ana.conversation().await;
    assert_eq!(ana.texts(&conversation).await, ["before", "after"]);
}

#[tokio::test]
async fn a_subscription_that_meta_refuses_is_not_silent() {
    let world = World::start().await;
    let error = json!({"message": "An unexpected error has occurred.", "type": "OAuthException", "code": 2, "is_transient": true});
    let fault = json!({"endpoint": "subscribed_apps", "method": "POST", "count": null, "action": {"kind": "error", "status": 500, "error": error}});
    world.meta("POST", "/faults", fault).await;
    let ana = world.browser("ana");
    let landed = ana.authorize("instagram", "luna.cafe", &[]).await;
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("subscription_failed"), "{landed}");
    assert_eq!(ana.status().await["status"], "pending");
    world.meta("DELETE", "/faults", Value::Null).await;
    ana.connect("instagram", "luna.cafe").await;
    assert_eq!(ana.status().await["status"], "active", "a second try heals it");
}

#[tokio::test]
async fn what_meta_refuses_during_the_exchange_ends_in_a_reason() {
    let cases = [
        ("token", json!({"kind": "html", "status": 503}), "meta_unavailable"),
        ("exchange", json!({"kind": "unsupported"}), "app_unavailable"),
        ("token", json!({"kind": "cut"}), "meta_unavailable"),
    ];
    for (endpoint, action, reason) in cases {
        let world = World::start().await;
        world.meta("POST", "/faults", json!({"endpoint": endpoint, "count": null, "action": action})).await;
        let ana = world.browser("ana");
        let landed = ana.authorize("instagram", "luna.cafe", &[]).await;
        assert_eq!(outcome(&landed, "instagram").as_deref(), Some("error"), "{endpoint}: {landed}");
        assert_eq!(outcome(&landed, "reason").as_deref(), Some(reason), "{endpoint}: {landed}");
        assert_eq!(ana.status().await["connected"], false);
    }
}
