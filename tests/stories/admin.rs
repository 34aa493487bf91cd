//! What the operator sees and does, and what a tenant's admin may do of it.

use std::time::Duration;

use domain::Channel;
use reqwest::Method;
use serde_json::{Value, json};
use stories::{Answer, Browser, World};

use crate::util::{INES, LUNA, account_of, all_pages, dead_letters, eventually, standing_fault};

const CONNECTIONS: &str = "/api/admin/connections";
const TENANTS: &str = "/api/admin/tenants";

async fn put(person: &Browser<'_>, tenant: &str, body: Value) -> Answer {
    person.call(Method::PUT, &format!("{TENANTS}/{tenant}"), Some(body), &[]).await
}

/// A token of an account's, as Meta's dashboard hands them out.
async fn token(world: &World, login: local::Login, user: &str, more: Value) -> String {
    let app = world.stack.app(login).expect("is registered").app_id.clone();
    let mut order = json!({"app_id": app, "user": user});
    order.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let minted = world.meta("POST", "/tokens", order).await;
    minted["tokens"][0].as_str().expect("a token").to_owned()
}

async fn instagram_token(world: &World, user: &str) -> String {
    let scopes = ["instagram_business_basic", "instagram_business_manage_messages"];
    token(world, local::Login::Instagram, user, json!({"kind": "instagram_long", "scopes": scopes})).await
}

/// The id of an account that is connected through a browser of somebody who disconnects it again.
async fn id_of(world: &World, user: &str) -> String {
    let eva = world.browser("eva");
    eva.connect("instagram", user).await;
    let id = account_of(&eva).await;
    eva.disconnect(json!({"ig_user_id": id})).await.json();
    id
}

#[tokio::test]
async fn the_operator_lists_tenants_page_by_page() {
    let world = World::start().await;
    for (person, user) in [("ana", LUNA), ("eva", "mara.paints"), ("marta", "raman.spices")] {
        world.browser(person).connect("instagram", user).await;
    }
    let olivia = world.browser("olivia");
    let tenants = all_pages(&olivia, TENANTS, "tenants", 2).await;
    let seen: Vec<_> = tenants
        .iter()
        .map(|tenant| (tenant["tenant_id"].as_str(), tenant["plan"]["name"].as_str(), tenant["connections"].as_u64()))
        .collect();
    let expected = [("grande", "Enterprise"), ("luna", "Pro"), ("taller", "Starter")];
    assert_eq!(seen, expected.map(|(tenant, plan)| (Some(tenant), Some(plan), Some(1))));
    let taller = olivia.get(&format!("{TENANTS}/taller")).await.json();
    assert_eq!((&taller["plan"]["max_connections"], &taller["usage"]["sent"]), (&json!(1), &json!(0)));
    assert_eq!(olivia.get(&format!("{TENANTS}?limit=0")).await.problem_kind(400), "invalid-limit");
    assert_eq!(olivia.get(&format!("{TENANTS}?cursor=forged")).await.problem_kind(400), "invalid-cursor");
}

#[tokio::test]
async fn the_operator_sees_how_all_connections_fare_and_no_token() {
    let world = World::start().await;
    world.browser("ana").connect("instagram", LUNA).await;
    world.browser("eva").connect("instagram", "mara.paints").await;
    world.advance_hours(50);
    world.dm(INES, LUNA, "Hola").await;
    world.advance_hours(3);
    let olivia = world.browser("olivia");
    let connections = all_pages(&olivia, CONNECTIONS, "connections", 1).await;
    assert_eq!(connections.len(), 2, "{connections:?}");
    let of = |tenant: &str| connections.iter().find(|connection| connection["tenant_id"] == tenant).expect("listed");
    assert_eq!((&of("luna")["token_age_days"], &of("luna")["hours_since_webhook"]), (&json!(2), &json!(3)));
    assert_eq!((&of("grande")["hours_since_webhook"], &of("grande")["status"]), (&Value::Null, &json!("active")));
    let minted = world.meta("GET", "/tokens", Value::Null).await;
    for token in minted.as_object().expect("tokens by value").keys() {
        assert!(!format!("{connections:?}").contains(token.as_str()), "a token is shown");
    }
    assert!(connections.iter().all(|connection| connection.get("token").is_none()));
}

#[tokio::test]
async fn terms_are_checked_and_nobody_overwrites_anothers_change() {
    let world = World::start().await;
    let olivia = world.browser("olivia");
    let unknown = put(&olivia, "acme", json!({"plan": "gold"})).await.problem(422);
    assert_eq!(
        (&unknown["type"], &unknown["plans"]),
        (&json!("/problems/unknown-plan"), &json!(["enterprise", "pro", "starter"]))
    );
    let misspelt = put(&olivia, "acme", json!({"overrides": {"max_conections": 1}})).await;
    assert_eq!(misspelt.problem_kind(400), "invalid-body");
    let set = put(&olivia, "acme", json!({"plan": "pro", "version": 0})).await.json();
    assert_eq!(
        (&set["plan"]["key"], &set["plan"]["source"], &set["version"]),
        (&json!("pro"), &json!("profile"), &json!(1))
    );
    let stale = put(&olivia, "acme", json!({"plan": "enterprise", "version": 0})).await;
    assert_eq!(stale.problem_kind(409), "changed-meanwhile");
    let events = olivia.get(&format!("{TENANTS}/acme/events")).await.json();
    let change = &events["events"][0];
    assert_eq!((&change["kind"], &change["user"]), (&json!("tenant.plan_changed"), &json!("olivia")));
    assert_eq!((&change["details"]["from"], &change["details"]["to"]), (&json!("starter"), &json!("pro")));
}

#[tokio::test]
async fn an_account_is_connected_by_hand_and_receives() {
    let world = World::start().await;
    let id = id_of(&world, LUNA).await;
    let token = instagram_token(&world, LUNA).await;
    let ana = world.browser("ana");
    let connected = ana.post(CONNECTIONS, json!({"ig_user_id": id, "token": token})).await;
    assert_eq!(connected.status, 201, "{}", connected.body);
    assert!(!connected.body.contains(&token));
    assert_eq!((&connected.json()["tenant_id"], &connected.json()["status"]), (&json!("luna"), &json!("active")));
    world.dm(INES, LUNA, "Hola").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola"]);
    assert_eq!(ana.audit().await[0], "connection.connected");
    let young = ana.post(&format!("{CONNECTIONS}/{id}/refresh"), json!({})).await.json();
    assert_eq!((&young["outcome"], &young["reason"]), (&json!("checked"), &json!("token_too_young")));
    let checked = ana.post(&format!("{CONNECTIONS}/{id}/resubscribe"), json!({})).await.json();
    assert_eq!(checked["connection"]["notice"], Value::Null, "that Meta does not tell its end is no end");
}

/// The id of the Page that is called so.
async fn page_of(world: &World, name: &str) -> String {
    let state = world.meta("GET", "/state", Value::Null).await;
    let pages = state["pages"].as_array().expect("Pages");
    let page = pages.iter().find(|page| page["name"] == name).expect("such a Page");
    page["id"].as_str().expect("a Page has an id").to_owned()
}

/// A token of Lucía's for a Page.
async fn page_token(world: &World, page: &str) -> String {
    let scopes = ["pages_show_list", "pages_messaging", "pages_manage_metadata", "instagram_basic"];
    let more = json!({"kind": "page", "page_id": page, "scopes": scopes});
    token(world, local::Login::Facebook, "lucia.navarro", more).await
}

#[tokio::test]
async fn a_page_is_connected_by_hand_on_messenger_and_looked_after() {
    let world = World::start().await;
    let page = page_of(&world, "Luna Café").await;
    let token = page_token(&world, &page).await;
    let ana = world.browser("ana").on(Channel::Messenger);
    let body = |more: Value| {
        let mut body = json!({"channel": "messenger", "page_id": page, "token": token});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let other = ana.post(CONNECTIONS, body(json!({"login": "instagram"}))).await;
    assert_eq!(other.problem_kind(400), "login-of-another-channel");
    let unnamed = ana.post(CONNECTIONS, json!({"channel": "messenger", "ig_user_id": page, "token": token})).await;
    assert_eq!(unnamed.problem(400)["field"], "page_id");
    let elsewhere = ana.post(CONNECTIONS, body(json!({"page_id": "104700000001"}))).await;
    assert_eq!(elsewhere.problem_kind(422), "token-of-another-account");

    let connected = ana.post(CONNECTIONS, body(json!({}))).await;
    assert_eq!(connected.status, 201, "{}", connected.body);
    assert!(!connected.body.contains(&token));
    assert_eq!((&connected.json()["provider"], &connected.json()["page_id"]), (&json!("meta_messenger"), &json!(page)));
    world.dm_on(Channel::Messenger, INES, LUNA, "Hola").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola"]);

    for (person, what) in [("ana", "refresh"), ("olivia", "resubscribe")] {
        let path = format!("{CONNECTIONS}/{page}/{what}");
        let someone = world.browser(person);
        let checked = someone.post(&format!("{path}?channel=messenger"), json!({})).await.json();
        assert_eq!((&checked["outcome"], checked.get("reason")), (&json!("checked"), None), "it never ends");
        assert_eq!(someone.post(&path, json!({})).await.problem_kind(404), "not-found", "of Instagram there is none");
        let unknown = someone.post(&format!("{path}?channel=whatsapp"), json!({})).await.problem(400);
        assert_eq!((&unknown["type"], &unknown["field"]), (&json!("/problems/invalid-filter"), &json!("channel")));
    }
}

#[tokio::test]
async fn a_pasted_token_may_have_a_line_end_around_it_and_none_inside() {
    let world = World::start().await;
    let id = id_of(&world, LUNA).await;
    let token = instagram_token(&world, LUNA).await;
    let ana = world.browser("ana");
    let (start, end) = token.split_at(20);
    let torn = ana.post(CONNECTIONS, json!({"ig_user_id": id, "token": format!("{start}\n{end}")})).await;
    assert_eq!(torn.problem_kind(422), "token-refused");
    let pasted = ana.post(CONNECTIONS, json!({"ig_user_id": id, "token": format!(" {token}\r\n")})).await;
    assert_eq!(pasted.status, 201, "{}", pasted.body);
}

#[tokio::test]
async fn a_token_that_was_renewed_elsewhere_is_too_young_and_no_outage() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    world.advance_hours(25);
    let error = json!({"message": "The access token must be at least 24 hours old to be refreshed", "type": "IGApiException", "code": 100});
    world.fault("refresh", json!({"kind": "error", "status": 400, "error": error})).await;
    let path = format!("{CONNECTIONS}/{}/refresh", account_of(&world.browser("ana")).await);
    let answer = world.browser("ana").post(&path, json!({})).await.json();
    assert_eq!((&answer["outcome"], &answer["reason"]), (&json!("checked"), &json!("token_too_young")));
    assert_eq!(answer["connection"]["status"], "active");
}

#[tokio::test]
async fn a_token_that_meta_does_not_vouch_for_connects_nothing() {
    let world = World::start().await;
    let id = id_of(&world, LUNA).await;
    let ana = world.browser("ana");
    let refused = ana.post(CONNECTIONS, json!({"ig_user_id": id, "token": "IGAAforged"})).await;
    assert_eq!(refused.problem_kind(422), "token-refused");
    let other = instagram_token(&world, "mara.paints").await;
    let refused = ana.post(CONNECTIONS, json!({"ig_user_id": id, "token": other})).await;
    assert_eq!(refused.problem_kind(422), "token-of-another-account");
    assert!(!refused.body.contains(&other));
    assert_eq!(ana.status().await["connections"], json!([]));
}

#[tokio::test]
async fn a_page_token_connects_the_account_of_its_page() {
    let world = World::start().await;
    let eva = world.browser("eva");
    eva.authorize("facebook", "lucia.navarro", &[]).await;
    let found = eva.status().await["connections"][0].clone();
    eva.disconnect(json!({})).await.json();
    let scopes = [
        "instagram_basic",
        "instagram_manage_messages",
        "pages_manage_metadata",
        "pages_show_list",
        "pages_messaging",
        "pages_read_engagement",
        "business_management",
    ];
    let order = json!({"kind": "page", "page_id": found["page_id"], "scopes": scopes});
    let token = token(&world, local::Login::Facebook, "lucia.navarro", order).await;
    let body =
        json!({"ig_user_id": found["ig_user_id"], "page_id": found["page_id"], "token": token, "tenant_id": "luna"});
    let connected = world.browser("olivia").post(CONNECTIONS, body).await;
    assert_eq!(connected.status, 201, "{}", connected.body);
    let ana = world.browser("ana");
    let status = ana.status().await;
    assert_eq!((&status["connections"][0]["login"], &status["connected"]), (&json!("facebook"), &json!(true)));
    let app_id = world.stack.app(local::Login::Facebook).expect("is registered").app_id.clone();
    world.meta("POST", "/deletion", json!({"user": "lucia.navarro", "app_id": app_id})).await;
    world.settle().await;
    assert_eq!(ana.status().await["connections"], json!([]), "a deletion finds whose token it was");
}

#[tokio::test]
async fn by_hand_only_admins_connect_their_own_unless_the_debug_switch_is_on() {
    let world = World::start().await;
    let id = id_of(&world, LUNA).await;
    let body = json!({"ig_user_id": id, "token": instagram_token(&world, LUNA).await});
    let luis = world.browser("luis");
    assert_eq!(luis.post(CONNECTIONS, body.clone()).await.problem_kind(403), "role-required");
    let mut for_another = body.clone();
    for_another["tenant_id"] = json!("taller");
    assert_eq!(world.browser("ana").post(CONNECTIONS, for_another).await.problem_kind(404), "not-found");
    assert_eq!(world.browser("olivia").post(CONNECTIONS, body.clone()).await.problem_kind(400), "tenant-required");
    put(&world.browser("olivia"), "luna", json!({"settings": {"integration_debug": true}})).await.json();
    assert_eq!(luis.post(CONNECTIONS, body).await.status, 201);
}

#[tokio::test]
async fn a_token_is_renewed_and_a_lost_subscription_restored_on_demand() {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    let id = account_of(&ana).await;
    let ask = async |person: &str, what: &str| {
        world.browser(person).post(&format!("{CONNECTIONS}/{id}/{what}"), json!({})).await
    };
    assert_eq!(ask("ana", "refresh").await.json()["outcome"], "checked", "Meta renews no token of the same day");
    world.advance_hours(25);
    let ana = world.browser("ana");
    let renewed = ask("olivia", "refresh").await.json();
    assert_eq!((&renewed["outcome"], &renewed["connection"]["token_age_days"]), (&json!("renewed"), &json!(0)));

    world.meta("DELETE", &format!("/subscriptions?account={LUNA}"), Value::Null).await;
    world.dm(INES, LUNA, "lost").await;
    assert!(ana.conversations().await.is_empty());
    ask("ana", "resubscribe").await.json();
    world.dm(INES, LUNA, "Hola").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola"]);

    assert_eq!(ask("marta", "refresh").await.problem_kind(404), "not-found", "another tenant's");
    world.meta("POST", "/password", json!({"user": LUNA})).await;
    let broken = ask("ana", "resubscribe").await.problem(409);
    assert_eq!(
        (&broken["type"], &broken["reason"]),
        (&json!("/problems/connection-error"), &json!("password_changed"))
    );
    assert_eq!(ask("ana", "refresh").await.problem_kind(409), "connection-error");
    ana.disconnect(json!({})).await.json();
    assert_eq!(ask("ana", "refresh").await.problem_kind(409), "not-active");
}

#[tokio::test]
async fn a_connection_that_meta_refused_by_mistake_works_again_when_somebody_asks() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    let id = account_of(&ana).await;
    let checkpoint = json!({"message": "Error validating access token: the user is checkpointed.", "code": 190, "error_subcode": 459});
    standing_fault(&world, "messages", json!({"kind": "error", "status": 400, "error": checkpoint})).await;
    ana.send(&ana.conversation().await, "¡Hola!").await.json();
    world.settle().await;
    assert_eq!(ana.status().await["connections"][0]["error"]["reason"], "checkpoint");
    world.meta("DELETE", "/faults", Value::Null).await;

    let healed = world.browser("olivia").post(&format!("{CONNECTIONS}/{id}/resubscribe"), json!({})).await.json();
    assert_eq!((&healed["outcome"], &healed["connection"]["status"]), (&json!("checked"), &json!("active")));
    assert_eq!(ana.status().await["connections"][0]["error"], Value::Null);
    assert_eq!(ana.audit().await[0], "connection.recovered");
    world.stack.clock().advance(60_000); // a sender remembers connections for a moment
    let ana = world.browser("ana");
    ana.send(&ana.conversation().await, "¡Hola!").await.json();
    world.settle().await;
    assert_eq!(ana.messages(&ana.conversation().await).await[0]["status"], "sent");
}

#[tokio::test]
async fn what_lies_in_a_dead_letter_queue_is_delivered_again() {
    let world = World::start_with(|settings| settings.retry_delay = Some(Duration::ZERO)).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    let broken = json!({"service": "dynamodb", "operation": "BatchGetItem", "function": "processor", "times": 1000,
        "effect": {"error": {"code": "AccessDeniedException"}}});
    let faults = format!("{}/_local/faults", world.stack.aws_url());
    let http = reqwest::Client::new();
    assert!(http.post(&faults).json(&broken).send().await.expect("an answer").status().is_success());
    world.act(INES, LUNA, json!({"kind": "text", "text": "late"})).await;
    eventually("it is set aside", async || dead_letters(&world) == 1).await;
    assert_eq!(ana.conversations().await, Vec::<Value>::new());
    assert!(http.delete(&faults).send().await.expect("an answer").status().is_success());

    let olivia = world.browser("olivia");
    let replayed = olivia.post("/api/admin/queues/inbound/replay", json!({})).await;
    assert_eq!(replayed.status, 202, "{}", replayed.body);
    assert_eq!(replayed.json()["queue"], "inbound");
    world.settle().await;
    assert_eq!((ana.texts(&ana.conversation().await).await, dead_letters(&world)), (vec!["late".to_owned()], 0));
    assert_eq!(olivia.post("/api/admin/queues/nope/replay", json!({})).await.problem_kind(404), "not-found");
    let audit = olivia.get(&format!("{TENANTS}/~operator/events?kind=operator.queue_replayed")).await.json();
    assert_eq!(audit["events"][0]["user"], "olivia");
}

#[tokio::test]
async fn an_audit_log_is_filtered_and_exported_for_spreadsheets() {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    let before = ana.status().await["updated_at"].as_str().expect("a time").to_owned();
    world.advance_hours(24);
    let ana = world.browser("ana");
    ana.disconnect(json!({})).await.json();
    let path = format!("{TENANTS}/luna/events");
    let kinds = async |query: &str| {
        let page = ana.get(&format!("{path}{query}")).await.json();
        let events = page["events"].as_array().expect("a list");
        events.iter().map(|event| event["kind"].as_str().expect("a word").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds("?kind=connection.connected").await, ["connection.connected"]);
    let later = format!("?from={}", before.replace('Z', ".999Z"));
    assert_eq!(kinds(&later).await, ["connection.disconnected"]);
    assert!(
        !kinds(&format!("?to={}", before.replace('Z', ".999Z"))).await.contains(&"connection.disconnected".to_owned())
    );
    assert_eq!(ana.get(&format!("{path}?kind=nonsense")).await.problem_kind(400), "invalid-filter");
    assert_eq!(ana.get(&format!("{path}?from=yesterday")).await.problem_kind(400), "invalid-filter");

    let csv = ana.call(Method::GET, &path, None, &[("accept", "text/csv")]).await;
    assert_eq!((csv.status, csv.header("content-type").starts_with("text/csv")), (200, true));
    let lines: Vec<_> = csv.body.split("\r\n").collect();
    assert_eq!(lines[0], "\"at\",\"kind\",\"user\",\"details\"");
    assert!(lines[1].contains("\"connection.disconnected\",\"ana\""), "{}", lines[1]);
    assert_eq!(ana.get(&format!("{path}?format=csv&kind=connection.connected")).await.body.matches("\r\n").count(), 2);
}
