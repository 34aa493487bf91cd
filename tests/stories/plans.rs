//! What a plan allows holds, wherever it is tried and however much at once; what it does not allow is said in its words.

use domain::Channel;
use reqwest::Method;
use serde_json::{Value, json};
use stories::{Answer, Browser, World, outcome};

use crate::util::{INES, KOFI, LUNA, account_of};

const START: &str = "/api/integrations/meta/instagram/start";
const SELECT: &str = "/api/integrations/meta/instagram/select";
const MARA: &str = "mara.paints";
const ONLY_ONE: &str = "Starter plan allows only one account";

/// What the operator sets for a tenant.
async fn set(world: &World, tenant: &str, terms: Value) -> Value {
    let path = format!("/api/admin/tenants/{tenant}");
    world.browser("olivia").call(Method::PUT, &path, Some(terms), &[]).await.json()
}

async fn limited_to(world: &World, tenant: &str, connections: u32) {
    set(world, tenant, json!({"overrides": {"max_connections": connections}})).await;
}

/// Status by username.
async fn statuses(person: &Browser<'_>) -> Vec<(String, String)> {
    let status = person.status().await;
    let text = |connection: &Value, name: &str| connection[name].as_str().unwrap_or_default().to_owned();
    let connections = status["connections"].as_array().expect("a list");
    let mut found: Vec<_> =
        connections.iter().map(|connection| (text(connection, "ig_username"), text(connection, "status"))).collect();
    found.sort();
    found
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, status)| ((*name).to_owned(), (*status).to_owned())).collect()
}

fn assert_plan_limit(answer: &Answer) {
    let problem = answer.problem(403);
    assert_eq!(problem["type"], "/problems/plan-limit");
    assert_eq!(problem["title"], ONLY_ONE);
    assert_eq!(
        (&problem["plan"], &problem["limit"], &problem["required_plan"]),
        (&json!("Starter"), &json!(1), &json!("Pro"))
    );
}

#[tokio::test]
async fn the_card_says_whether_one_more_account_can_be_connected() {
    let world = World::start().await;
    let marta = world.browser("marta");
    let before = marta.status().await;
    assert_eq!((&before["can_connect"], &before["plan"]["required"]), (&json!(true), &Value::Null));
    assert_eq!((&before["plan"]["name"], &before["plan"]["connections_left"]), (&json!("Starter"), &json!(1)));
    marta.connect("instagram", LUNA).await;
    let after = marta.status().await;
    assert_eq!((&after["can_connect"], &after["plan"]["required"]), (&json!(false), &json!("Pro")));
    assert_eq!(after["plan"]["connections_left"], 0);
    let eva = world.browser("eva").status().await;
    assert_eq!((&eva["plan"]["max_connections"], &eva["plan"]["connections_left"]), (&Value::Null, &Value::Null));
    let luis = world.browser("luis").status().await;
    assert_eq!(luis["can_connect"], false, "an agent connects nothing: {luis}");
}

#[tokio::test]
async fn a_login_for_one_account_too_many_is_not_even_started() {
    let world = World::start().await;
    let marta = world.browser("marta");
    marta.connect("instagram", LUNA).await;
    assert_plan_limit(&marta.post(START, json!({})).await);
    assert_eq!(marta.audit().await[0], "connection.refused");
}

#[tokio::test]
async fn of_two_logins_that_were_started_in_time_one_finds_the_place_taken() {
    let world = World::start().await;
    let marta = world.browser("marta");
    let pages = [marta.start("instagram").await, marta.start("instagram").await];
    let [first, second] = pages;
    let first = marta.consent(first, LUNA, &[]).await;
    let second = marta.consent(second, MARA, &[]).await;
    assert_eq!(outcome(&marta.arrive(&first).await, "instagram").as_deref(), Some("connected"));
    let landed = marta.arrive(&second).await;
    assert_eq!(outcome(&landed, "instagram").as_deref(), Some("error"));
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("plan_limit"));
    assert_eq!(outcome(&landed, "title").as_deref(), Some(ONLY_ONE));
    assert_eq!(statuses(&marta).await, pairs(&[(LUNA, "active")]));
}

/// Marta at the choice among Amara's accounts: the `state`, and the accounts that can be chosen.
async fn choosing(marta: &Browser<'_>) -> (String, Vec<Value>) {
    let landed = marta.authorize("facebook", "amara.okafor", &[]).await;
    let state = outcome(&landed, "state").expect("a choice");
    let assets = marta.get(&format!("/api/integrations/meta/instagram/assets?state={state}")).await.json();
    let selectable = assets.as_array().expect("a list").iter().filter(|asset| asset["selectable"] == true);
    let accounts: Vec<Value> = selectable.map(|asset| json!({"ig_user_id": asset["ig_user_id"]})).collect();
    (state, accounts)
}

#[tokio::test]
async fn of_several_chosen_accounts_as_many_are_connected_as_the_plan_has_room_for() {
    let world = World::start().await;
    let marta = world.browser("marta");
    let (state, accounts) = choosing(&marta).await;
    assert!(accounts.len() > 1, "{accounts:?}");
    let selected = marta.post(SELECT, json!({"state": state, "accounts": accounts})).await.json();
    assert_eq!(selected["connections"].as_array().map(Vec::len), Some(1), "{selected}");
    let refused = selected["refused"].as_array().expect("the others");
    assert_eq!(refused.len(), accounts.len() - 1);
    assert!(refused.iter().all(|account| account["reason"] == "plan_limit" && account["title"] == ONLY_ONE));
    assert_eq!(statuses(&marta).await.len(), 1);
}

#[tokio::test]
async fn a_choice_that_the_plan_has_no_room_for_can_be_made_after_an_upgrade() {
    let world = World::start().await;
    let marta = world.browser("marta");
    let login = marta.start("instagram").await;
    let (state, accounts) = choosing(&marta).await;
    let callback = marta.consent(login, LUNA, &[]).await;
    marta.arrive(&callback).await;
    let choice = json!({"state": state, "accounts": [accounts[0]]});
    assert_plan_limit(&marta.post(SELECT, choice.clone()).await);
    limited_to(&world, "taller", 2).await;
    let selected = marta.post(SELECT, choice).await.json();
    assert_eq!(selected["connections"].as_array().map(Vec::len), Some(1), "{selected}");
}

#[tokio::test]
async fn a_broken_connection_is_connected_again_although_the_plan_has_no_room() {
    let world = World::start().await;
    let marta = world.browser("marta");
    marta.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    world.meta("POST", "/password", json!({"user": LUNA})).await;
    marta.send(&marta.conversation().await, "¡Hola!").await.json();
    world.settle().await;
    assert_eq!(statuses(&marta).await, pairs(&[(LUNA, "error")]));
    marta.connect("instagram", LUNA).await;
    assert_eq!(statuses(&marta).await, pairs(&[(LUNA, "active")]));
    assert_plan_limit(&marta.post(START, json!({})).await);
}

#[tokio::test]
async fn of_twenty_that_connect_at_once_as_many_succeed_as_the_plan_allows() {
    let world = World::start().await;
    let app = world.stack.app(local::Login::Instagram).expect("is registered").app_id.clone();
    let account = |number: usize| format!("178414000000{number:05}");
    let accounts: Vec<Value> = (0..20)
        .map(|number| json!({"id": account(number), "username": format!("shop{number}"), "name": "Shop", "kind": "business"}))
        .collect();
    world.meta("POST", "/accounts", json!(accounts)).await;
    let orders: Vec<Value> = (0..20)
        .map(|number| {
            let scopes = ["instagram_business_basic", "instagram_business_manage_messages"];
            json!({"app_id": app, "user": format!("shop{number}"), "kind": "instagram_long", "scopes": scopes})
        })
        .collect();
    let minted = world.meta("POST", "/tokens", json!(orders)).await;
    let ana = world.browser("ana");
    // Twenty transactions want one item at once: whom the database lets wait in vain tries again, as people do.
    let attempts = (0..20).map(async |number| {
        let body = json!({"ig_user_id": account(number), "token": minted["tokens"][number]});
        let mut answer = ana.post("/api/admin/connections", body.clone()).await;
        for _ in 0..10 {
            if answer.status < 500 {
                break;
            }
            answer = ana.post("/api/admin/connections", body.clone()).await;
        }
        answer
    });
    let answers = futures::future::join_all(attempts).await;
    let connected = answers.iter().filter(|answer| answer.status == 201).count();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 403).collect();
    assert_eq!(
        (connected, refused.len()),
        (3, 17),
        "{:?}",
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
    );
    assert!(refused.iter().all(|answer| answer.problem(403)["title"] == "Pro plan allows only 3 accounts"));
    assert_eq!(statuses(&ana).await.len(), 3);
}

/// Eva's Grande Retail with three accounts, connected an hour apart.
async fn grande(world: &World) {
    for user in [LUNA, MARA, "raman.spices"] {
        world.browser("eva").connect("instagram", user).await;
        world.advance_hours(1);
    }
}

#[tokio::test]
async fn a_downgrade_pauses_the_youngest_and_an_upgrade_resumes_them_in_order() {
    let world = World::start().await;
    grande(&world).await;
    let eva = world.browser("eva");
    limited_to(&world, "grande", 1).await;
    assert_eq!(statuses(&eva).await, pairs(&[(LUNA, "active"), (MARA, "paused"), ("raman.spices", "paused")]));
    limited_to(&world, "grande", 2).await;
    assert_eq!(statuses(&eva).await, pairs(&[(LUNA, "active"), (MARA, "active"), ("raman.spices", "paused")]));
    let luna = eva.status().await["connections"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|connection| connection["ig_username"] == LUNA)
        .expect("connected")["ig_user_id"]
        .clone();
    eva.disconnect(json!({"ig_user_id": luna})).await.json();
    let resumed = pairs(&[(LUNA, "revoked"), (MARA, "active"), ("raman.spices", "active")]);
    assert_eq!(statuses(&eva).await, resumed, "a place that is left goes to who waits");
    let audit = eva.audit().await;
    assert_eq!(audit.iter().filter(|kind| *kind == "connection.paused").count(), 2, "{audit:?}");
    assert_eq!(audit.iter().filter(|kind| *kind == "connection.resumed").count(), 2, "{audit:?}");
}

#[tokio::test]
async fn a_place_that_is_left_at_meta_goes_to_who_waits() {
    for (deed, left) in [("/revoke", Some((LUNA, "revoked"))), ("/deletion", None)] {
        let world = World::start().await;
        grande(&world).await;
        limited_to(&world, "grande", 1).await;
        world.meta("POST", deed, json!({"user": LUNA})).await;
        // Read beside the API: to ask for the status would itself put things right.
        let moved: Vec<_> = world.tables().items("ConnectionsTable").await;
        let resumed =
            moved.iter().find(|item| item.get("name").is_some_and(|name| name.as_s().is_ok_and(|name| name == MARA)));
        assert_eq!(resumed.expect("connected")["status"].as_s().map(String::as_str), Ok("active"), "{deed}");
        world.settle().await;
        let mut expected = vec![(MARA, "active"), ("raman.spices", "paused")];
        expected.extend(left);
        expected.sort_unstable();
        assert_eq!(statuses(&world.browser("eva")).await, pairs(&expected), "{deed}");
        assert_eq!(world.browser("eva").audit().await.iter().filter(|kind| *kind == "connection.resumed").count(), 1);
    }
}

#[tokio::test]
async fn a_paused_account_neither_receives_nor_sends_and_stays_readable_and_ones_own() {
    let world = World::start().await;
    grande(&world).await;
    let eva = world.browser("eva");
    world.dm(KOFI, MARA, "Do you ship?").await;
    limited_to(&world, "grande", 1).await;

    world.dm(KOFI, MARA, "Hello?").await;
    let conversation = eva.conversation().await;
    assert_eq!(eva.texts(&conversation).await, ["Do you ship?"], "what arrives during the pause is dropped");
    assert_eq!(eva.send(&conversation, "Yes").await.problem_kind(409), "connection-paused");
    let rival = world.browser("marta").authorize("instagram", MARA, &[]).await;
    assert_eq!(outcome(&rival, "reason").as_deref(), Some("account_taken"));

    set(&world, "grande", json!({})).await;
    world.dm(KOFI, MARA, "Anybody there?").await;
    assert_eq!(eva.texts(&conversation).await, ["Do you ship?", "Anybody there?"]);
    eva.send(&conversation, "Yes").await.json();
    world.settle().await;
    assert_eq!(eva.messages(&conversation).await[0]["status"], "sent");
}

#[tokio::test]
async fn a_program_answers_only_where_the_plan_includes_it() {
    let world = World::start().await;
    world.browser("ana").connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    let (ana, robot) = (world.browser("ana"), world.browser("robot"));
    let conversation = ana.conversation().await;
    assert_eq!(robot.send(&conversation, "¡Hola! Soy un robot.").await.status, 202);
    set(&world, "luna", json!({"overrides": {"auto_reply": false}})).await;
    let problem = robot.send(&conversation, "¿Sigues ahí?").await.problem(403);
    assert_eq!((&problem["type"], &problem["plan"]), (&json!("/problems/plan-required"), &json!("Pro")));
    assert_eq!(ana.audit().await[0], "connection.refused");
    assert_eq!(ana.send(&conversation, "Yo sí").await.status, 202, "people may always answer");
}

#[tokio::test]
async fn a_used_up_month_names_the_plan_that_allows_more() {
    let world = World::start().await;
    world.browser("ana").connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    set(&world, "luna", json!({"overrides": {"monthly_messages": 1}})).await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    assert_eq!(ana.send(&conversation, "Uno").await.status, 202);
    let problem = ana.send(&conversation, "Dos").await.problem(403);
    assert_eq!(problem["type"], "/problems/quota-exceeded");
    assert_eq!((&problem["limit"], &problem["required_plan"]), (&json!(1), &json!("Enterprise")));
}

#[tokio::test]
async fn a_tenant_without_a_channel_in_its_plan_is_told_which_plan_has_it() {
    for (channel, overrides, lacks) in [
        (Channel::Instagram, json!({"channels": []}), "Starter does not include Instagram. Pro does."),
        (Channel::Messenger, json!({}), "Starter does not include Messenger. Pro does."),
    ] {
        let world = World::start().await;
        set(&world, "taller", json!({"overrides": overrides})).await;
        let marta = world.browser("marta").on(channel);
        let problem = marta.post(&marta.route("start"), json!({})).await.problem(403);
        assert_eq!(problem["type"], "/problems/plan-required");
        assert_eq!((&problem["title"], &problem["detail"]), (&json!("Pro plan required"), &json!(lacks)));
        let status = marta.status().await;
        assert_eq!((&status["can_connect"], &status["plan"]["required"]), (&json!(false), &json!("Pro")));
    }
}

#[tokio::test]
async fn accounts_of_all_channels_take_the_places_of_one_plan() {
    let both = json!({"overrides": {"channels": ["instagram", "messenger"]}});
    for (taken, other) in [(Channel::Instagram, Channel::Messenger), (Channel::Messenger, Channel::Instagram)] {
        let world = World::start().await;
        set(&world, "taller", both.clone()).await;
        let marta = world.browser("marta").on(other);
        // Begun while there was a place, and finished when there is none any more.
        let page = marta.start("facebook").await;
        world.browser("marta").on(taken).connect("facebook", "lucia.navarro").await;
        let problem = marta.post(&marta.route("start"), json!({})).await.problem(403);
        assert_eq!((&problem["type"], &problem["title"]), (&json!("/problems/plan-limit"), &json!(ONLY_ONE)));
        let callback = marta.consent(page, "lucia.navarro", &[]).await;
        let landed = marta.arrive(&callback).await;
        assert_eq!(outcome(&landed, other.as_str()).as_deref(), Some("error"));
        assert_eq!(outcome(&landed, "title").as_deref(), Some(ONLY_ONE));
        let card = marta.status().await;
        assert_eq!((&card["connected"], &card["can_connect"]), (&json!(false), &json!(false)));
        assert_eq!(card["plan"]["connections_left"], 0);

        world.browser("marta").on(taken).disconnect(json!({})).await.json();
        marta.connect("facebook", "lucia.navarro").await;
    }
}

#[tokio::test]
async fn of_two_channels_that_are_connected_at_once_the_last_place_goes_to_one() {
    let world = World::start().await;
    set(&world, "taller", json!({"overrides": {"channels": ["instagram", "messenger"]}})).await;
    let logins = Channel::ALL.map(|channel| world.browser("marta").on(channel));
    let mut callbacks = Vec::new();
    for login in &logins {
        callbacks.push(login.consent(login.start("facebook").await, "lucia.navarro", &[]).await);
    }
    let landed = tokio::join!(logins[0].arrive(&callbacks[0]), logins[1].arrive(&callbacks[1]));
    let outcomes = [outcome(&landed.0, "instagram"), outcome(&landed.1, "messenger")];
    let connected = outcomes.iter().filter(|outcome| outcome.as_deref() == Some("connected")).count();
    assert_eq!(connected, 1, "{outcomes:?}");
}

/// What the routes of an account say about how long messages are kept.
async fn retention(world: &World) -> Vec<Option<String>> {
    let items = world.tables().items("ConnectionsTable").await;
    let routes = items.iter().filter(|item| item["sk"].as_s().is_ok_and(|sk| sk == "ROUTE"));
    routes.map(|item| Some(item.get("retention_days")?.as_n().ok()?.clone())).collect()
}

#[tokio::test]
async fn how_long_messages_are_kept_follows_the_plan() {
    let world = World::start().await;
    let marta = world.browser("marta");
    marta.connect("instagram", LUNA).await;
    assert_eq!(retention(&world).await, [Some("90".to_owned())]);
    set(&world, "taller", json!({"overrides": {"retention_days": 30}})).await;
    assert_eq!(retention(&world).await, [Some("30".to_owned())]);
    set(&world, "taller", json!({"overrides": {"retention_days": null}})).await;
    assert_eq!(retention(&world).await, [None]);
    assert!(!account_of(&marta).await.is_empty());
}

#[tokio::test]
async fn what_a_token_says_of_the_plan_is_known_without_a_token() {
    let world = World::start().await;
    world.browser("marta").status().await;
    let tenant = world.browser("olivia").get("/api/admin/tenants/taller").await.json();
    assert_eq!((&tenant["claimed_plan"], &tenant["plan"]["source"]), (&json!("starter"), &json!("claim")));
    let pro = set(&world, "taller", json!({"plan": "pro"})).await;
    assert_eq!(pro["plan"]["key"], "starter", "a token's word goes before the operator's: {pro}");
    assert_eq!(pro["terms"]["plan"], "pro");
}
