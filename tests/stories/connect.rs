//! A tenant connects accounts: of Instagram with either login, Pages on Messenger.

use domain::Channel;
use serde_json::{Value, json};
use stories::{Browser, World, outcome};

use crate::util::{INES, KOFI, LUNA, WAYS};

/// What Amara's Pages are called on a channel: two to choose, and one that she may not answer for.
const fn amaras(channel: Channel) -> [&'static str; 3] {
    match channel {
        Channel::Instagram => ["atelier.okafor", "okafor.studio", "okafor.outlet"],
        Channel::Messenger => ["Atelier Okafor", "Okafor Studio", "Okafor Outlet"],
    }
}

/// The field with the name that people choose by.
const fn name_field(channel: Channel) -> &'static str {
    match channel {
        Channel::Instagram => "ig_username",
        Channel::Messenger => "page_name",
    }
}

/// The accounts that somebody chooses from.
struct Offered {
    channel: Channel,
    state: String,
    assets: Vec<Value>,
}

impl Offered {
    /// Logs in with Facebook, and lands on the account selector.
    async fn to(world: &World, person: &Browser<'_>, channel: Channel, user: &str) -> Self {
        let landed = person.authorize("facebook", user, &[]).await;
        assert_eq!(landed.path(), format!("/settings/integrations/{channel}/select"), "{landed}");
        assert!(landed.as_str().starts_with(world.stack.api_url()));
        let state = outcome(&landed, "state").expect("the selector is told the state");
        let list = person.get(&format!("{}?state={state}", person.route("assets"))).await.json();
        Self { channel, state, assets: list.as_array().expect("assets are a list").clone() }
    }

    fn find(&self, name: &str) -> &Value {
        let found = self.assets.iter().find(|asset| asset[name_field(self.channel)] == name);
        found.unwrap_or_else(|| panic!("{name}: {:?}", self.assets))
    }

    /// How a choice names an account.
    fn pick(&self, name: &str) -> Value {
        let asset = self.find(name);
        match self.channel {
            Channel::Instagram => json!({"ig_user_id": asset["ig_user_id"], "page_id": asset["page_id"]}),
            Channel::Messenger => json!({"page_id": asset["page_id"]}),
        }
    }

    /// The body that chooses one account.
    fn choice(&self, name: &str) -> Value {
        let mut body = self.pick(name);
        body["state"] = self.state.clone().into();
        body
    }
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
async fn an_account_is_shown_with_its_picture() {
    for (channel, login, user) in WAYS {
        let world = World::start().await;
        let ana = world.browser("ana").on(channel);
        ana.connect(login, user).await;
        let connection = ana.status().await["connections"][0].clone();
        let picture = connection["picture_url"].as_str().unwrap_or_else(|| panic!("{channel} {login}: {connection}"));
        assert_eq!(reqwest::get(picture).await.expect("an answer").status(), 200, "{channel} {login}");
    }
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
async fn a_page_is_connected_at_once_on_messenger() {
    let world = World::start().await;
    let ana = world.browser("ana").on(Channel::Messenger);
    ana.connect("facebook", "lucia.navarro").await;
    let status = ana.status().await;
    assert_eq!((&status["connected"], &status["status"]), (&json!(true), &json!("active")));
    assert_eq!(status["page_name"], "Luna Café");
    assert!(status.get("ig_username").is_none(), "{status}");
    let connection = &status["connections"][0];
    assert_eq!((&connection["provider"], &connection["login"]), (&json!("meta_messenger"), &json!("facebook")));
    assert_eq!(world.browser("ana").status().await["connected"], false, "Instagram was not asked for");
    world.dm_on(Channel::Messenger, INES, LUNA, "Hola").await;
    assert_eq!(ana.conversations().await.len(), 1);
}

#[tokio::test]
async fn a_page_without_an_instagram_account_is_connected_on_messenger() {
    let world = World::start().await;
    let ana = world.browser("ana").on(Channel::Messenger);
    ana.connect("facebook", "petra.novak").await;
    assert_eq!(ana.status().await["page_name"], "Novák Bakery");
}

#[tokio::test]
async fn every_channel_has_a_card_of_its_own() {
    let world = World::start().await;
    let ana = world.browser("ana");
    for (channel, login, user) in WAYS {
        world.browser("ana").on(channel).connect(login, user).await;
    }
    let cards = ana.get("/api/integrations/status").await.json();
    for channel in Channel::ALL {
        assert_eq!(cards[channel.as_str()], world.browser("ana").on(channel).status().await, "{channel}");
        assert_eq!(cards[channel.as_str()]["connections"].as_array().map(Vec::len), Some(1), "{cards}");
    }
}

#[tokio::test]
async fn a_login_that_does_not_lead_to_the_channel_is_refused_and_no_other_takes_its_place() {
    let world = World::start().await;
    let ana = world.browser("ana").on(Channel::Messenger);
    let refused = ana.post(&ana.route("start"), json!({"login": "instagram"})).await;
    assert_eq!(refused.problem_kind(400), "login-of-another-channel");
    assert!(ana.audit().await.is_empty(), "nothing was begun");
    let started = ana.post(&ana.route("start"), json!({})).await.json();
    let address = started["authUrl"].as_str().expect("an address");
    assert!(address.contains("/www.facebook.com/") && address.contains("pages_messaging"), "{address}");
    assert!(!address.contains("instagram_"), "what Messenger does not need is not asked for: {address}");
}

#[tokio::test]
async fn each_channel_has_a_configuration_of_the_login_of_its_own() {
    let world = World::start().await;
    configure(&world, &[("config_id", "701"), ("config_id_messenger", "702")]).await;
    for (channel, config_id) in [(Channel::Instagram, "701"), (Channel::Messenger, "702")] {
        let ana = world.browser("ana").on(channel);
        let address = ana.start("facebook").await;
        assert_eq!(outcome(&address, "config_id").as_deref(), Some(config_id));
        assert_eq!(outcome(&address, "scope"), None);
        let callback = format!("/api/integrations/meta/{channel}/callback");
        assert!(outcome(&address, "redirect_uri").is_some_and(|address| address.ends_with(&callback)), "{address}");
        ana.connect("facebook", "lucia.navarro").await;
    }
}

/// The operator sets fields of the registered app of Facebook's login.
async fn configure(world: &World, fields: &[(&str, &str)]) {
    let mut app = json!(world.stack.app(local::Login::Facebook).expect("is registered"));
    for (field, value) in fields {
        app[*field] = (*value).into();
    }
    let client = aws_sdk_secretsmanager::Client::new(&world.stack.aws_config("story"));
    let secret = world.stack.resource("MetaAppsSecret").expect("the secret");
    let put = client.put_secret_value().secret_id(secret).secret_string(json!({"apps": [app]}).to_string());
    put.send().await.expect("the secret can be changed");
}

#[tokio::test]
async fn of_several_accounts_one_is_chosen() {
    for channel in Channel::ALL {
        let world = World::start().await;
        let ana = world.browser("ana").on(channel);
        let offered = Offered::to(&world, &ana, channel, "amara.okafor").await;
        let [atelier, _, outlet] = amaras(channel);
        assert_eq!(offered.find(atelier)["selectable"], true);
        let outlet = offered.find(outlet);
        assert_eq!((&outlet["selectable"], &outlet["reason"]), (&json!(false), &json!("no_messaging_task")));
        let chosen = ana.post(&ana.route("select"), offered.choice(atelier)).await.json();
        assert_eq!(chosen["connections"][0][name_field(channel)], atelier);
        assert_eq!(ana.status().await["status"], "active");
        let again = ana.post(&ana.route("select"), offered.choice(atelier)).await;
        assert_eq!(again.problem_kind(404), "unknown-state", "a choice is made once");
    }
}

#[tokio::test]
async fn a_page_without_instagram_is_greyed_out_for_instagram_and_offered_for_messenger() {
    let world = World::start().await;
    for (channel, reason) in [(Channel::Instagram, Some("no_instagram_account")), (Channel::Messenger, None)] {
        let ana = world.browser("ana").on(channel);
        let offered = Offered::to(&world, &ana, channel, "amara.okafor").await;
        let recipes = offered.assets.iter().find(|asset| asset["page_name"] == "Okafor Recipes").expect("is shown");
        assert_eq!(
            (recipes["selectable"] == true, recipes["reason"].as_str()),
            (reason.is_none(), reason),
            "{recipes}"
        );
        assert_eq!(recipes.get("ig_user_id").is_some(), channel == Channel::Instagram, "{recipes}");
    }
}

#[tokio::test]
async fn a_choice_is_made_at_the_route_of_its_channel_and_by_its_fields() {
    let world = World::start().await;
    for (channel, other) in [(Channel::Instagram, Channel::Messenger), (Channel::Messenger, Channel::Instagram)] {
        let ana = world.browser("ana").on(channel);
        let offered = Offered::to(&world, &ana, channel, "amara.okafor").await;
        let [atelier, ..] = amaras(channel);
        let elsewhere = world.browser("ana").on(other);
        let assets = elsewhere.get(&format!("{}?state={}", elsewhere.route("assets"), offered.state)).await;
        assert_eq!(assets.problem_kind(404), "unknown-state");
        let select = elsewhere.post(&elsewhere.route("select"), offered.choice(atelier)).await;
        assert_eq!(select.problem_kind(404), "unknown-state");
        let [right, wrong] = match channel {
            Channel::Instagram => ["ig_user_id", "page_id"],
            Channel::Messenger => ["page_id", "ig_user_id"],
        };
        let misnamed = json!({"state": offered.state, wrong: offered.find(atelier)[right]});
        let refused = ana.post(&ana.route("select"), misnamed).await.problem(400);
        assert_eq!(refused["type"], "/problems/invalid-selection");
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains(right)), "{refused}");
    }
}

#[tokio::test]
async fn who_chose_an_account_that_is_taken_can_choose_another() {
    for channel in Channel::ALL {
        let world = World::start().await;
        let (eva, ana) = (world.browser("eva").on(channel), world.browser("ana").on(channel));
        let evas = Offered::to(&world, &eva, channel, "amara.okafor").await;
        let anas = Offered::to(&world, &ana, channel, "amara.okafor").await;
        let choose = async |person: &Browser<'_>, offered: &Offered, name: &str| {
            let body = json!({"state": offered.state, "accounts": [offered.pick(name)]});
            person.post(&person.route("select"), body).await
        };
        let [atelier, studio, _] = amaras(channel);
        choose(&eva, &evas, atelier).await.json();
        for _ in 0..2 {
            let refused = choose(&ana, &anas, atelier).await.problem(409);
            assert_eq!(
                (&refused["type"], &refused["reason"]),
                (&json!("/problems/connection-refused"), &json!("account_taken"))
            );
        }
        let chosen = choose(&ana, &anas, studio).await.json();
        assert_eq!(chosen["connections"][0][name_field(channel)], studio);
        let tokens = format!("{:?}", world.tables().items("OauthStatesTable").await);
        assert!(!tokens.contains("v1."), "no candidate's token is kept: {tokens}");
    }
}

#[tokio::test]
async fn of_several_accounts_several_are_chosen() {
    for channel in Channel::ALL {
        let world = World::start().await;
        let eva = world.browser("eva").on(channel);
        let offered = Offered::to(&world, &eva, channel, "amara.okafor").await;
        let [atelier, studio, _] = amaras(channel);
        let accounts = [atelier, studio].map(|name| offered.pick(name));
        let body = json!({"state": offered.state, "accounts": accounts});
        let chosen = eva.post(&eva.route("select"), body).await.json();
        assert_eq!(chosen["connections"].as_array().map(Vec::len), Some(2), "{chosen}");
        world.dm_on(channel, KOFI, atelier, "Hi atelier").await;
        world.dm_on(channel, KOFI, studio, "Hi studio").await;
        assert_eq!(eva.conversations().await.len(), 2, "one thread for each account");
    }
}

#[tokio::test]
async fn an_account_that_cannot_answer_messages_cannot_be_chosen() {
    for channel in Channel::ALL {
        let world = World::start().await;
        let ana = world.browser("ana").on(channel);
        let offered = Offered::to(&world, &ana, channel, "amara.okafor").await;
        let [.., outlet] = amaras(channel);
        let refused = ana.post(&ana.route("select"), offered.choice(outlet)).await.problem(409);
        assert_eq!(refused["reason"], "no_messaging_task");
        let field = match channel {
            Channel::Instagram => "ig_user_id",
            Channel::Messenger => "page_id",
        };
        let stranger = json!({"state": offered.state, field: "17849999999999999"});
        assert_eq!(ana.post(&ana.route("select"), stranger).await.problem_kind(400), "account-not-offered");
        assert_eq!(ana.status().await["connected"], false);
    }
}

#[tokio::test]
async fn pages_beyond_the_first_page_of_the_list_are_offered() {
    for channel in Channel::ALL {
        let world = World::start().await;
        let ana = world.browser("ana").on(channel);
        assert_eq!(Offered::to(&world, &ana, channel, "jonas.keller").await.assets.len(), 7);
    }
}

#[tokio::test]
async fn pages_that_meta_does_not_list_are_found_through_the_fallbacks() {
    for (channel, names) in [
        (Channel::Instagram, ["raman.spices", "trattoria.rossi", "cantina.del.sole"]),
        (Channel::Messenger, ["Raman Spices", "Trattoria Rossi", "Cantina del Sole"]),
    ] {
        let world = World::start().await;
        let ana = world.browser("ana").on(channel);
        let [spices, trattoria, cantina] = names;
        ana.connect("facebook", "priya.raman").await;
        assert_eq!(ana.status().await[name_field(channel)], spices, "by granular scopes");
        let offered = Offered::to(&world, &ana, channel, "elena.rossi").await;
        offered.find(trattoria);
        offered.find(cantina);
    }
}

#[tokio::test]
async fn a_cancelled_login_says_so_and_changes_nothing() {
    for (channel, login, user) in WAYS {
        let world = World::start().await;
        let ana = world.browser("ana").on(channel);
        let landed = ana.authorize(login, user, &[("auto_decision", "cancel")]).await;
        assert_eq!(landed.path(), "/settings/integrations");
        assert_eq!(outcome(&landed, channel.as_str()).as_deref(), Some("cancelled"));
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
    for (channel, missing) in [(Channel::Instagram, "Instagram account"), (Channel::Messenger, "Facebook Page")] {
        let landed = world.browser("ana").on(channel).authorize("facebook", "noah.weiss", &[]).await;
        assert_eq!(outcome(&landed, "reason").as_deref(), Some("no_accounts"), "{landed}");
        assert!(outcome(&landed, "title").is_some_and(|title| title.contains(missing)), "{landed}");
    }
}

#[tokio::test]
async fn an_unticked_permission_is_noticed() {
    for ((channel, login, user), scope) in
        WAYS.into_iter().zip(["instagram_business_manage_messages", "instagram_manage_messages", "pages_messaging"])
    {
        let world = World::start().await;
        let ana = world.browser("ana").on(channel);
        let landed = ana.authorize(login, user, &[("auto_deny_scopes", scope)]).await;
        assert_eq!(outcome(&landed, "reason").as_deref(), Some("permissions_missing"), "{landed}");
        assert_eq!(ana.status().await["connected"], false);
    }
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
    for (channel, login, user) in WAYS {
        let world = World::start().await;
        let (ana, eva) = (world.browser("ana").on(channel), world.browser("eva").on(channel));
        let callback_of = async |person: &Browser<'_>| {
            let page = person.start(login).await;
            person.consent(page, user, &[]).await
        };
        let (first, second) = (callback_of(&ana).await, callback_of(&eva).await);
        tokio::join!(ana.arrive(&first), eva.arrive(&second));
        let connected = [ana.status().await["connected"] == true, eva.status().await["connected"] == true];
        assert_eq!(connected.iter().filter(|connected| **connected).count(), 1, "{channel}: {connected:?}");
    }
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
async fn a_page_that_is_connected_again_keeps_its_history_and_no_other_tenant_gets_it() {
    let world = World::start().await;
    let ana = world.browser("ana").on(Channel::Messenger);
    ana.connect("facebook", "lucia.navarro").await;
    let eva = world.browser("eva").on(Channel::Messenger);
    let landed = eva.authorize("facebook", "lucia.navarro", &[]).await;
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("account_taken"), "{landed}");
    world.dm_on(Channel::Messenger, INES, LUNA, "before").await;
    let created = ana.status().await["connections"][0]["created_at"].clone();
    ana.disconnect(json!({})).await.json();
    ana.connect("facebook", "lucia.navarro").await;
    let status = ana.status().await;
    assert_eq!(status["connections"].as_array().map(Vec::len), Some(1), "one connection for each Page");
    assert_eq!(status["connections"][0]["created_at"], created);
    world.dm_on(Channel::Messenger, INES, LUNA, "after").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["before", "after"]);
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
