//! What a person grants is what Meta delivers: an optional permission less is no reason not to connect.

use std::time::Duration;

use domain::Channel;
use local_aws::{Effect, FaultRule, Service};
use serde_json::{Value, json};
use stories::{World, outcome};

use crate::util::{INES, LUNA, account_of, calls, eventually, standing_fault};

const COMMENTS: (&str, &str) = ("auto_deny_scopes", "instagram_business_manage_comments");

const START: &str = "/api/integrations/meta/instagram/start";

/// Meta's answer to a field that the permissions do not cover.
fn not_permitted() -> Value {
    let message = "(#10) To subscribe to the messages field, one of these permissions is needed";
    json!({"kind": "error", "status": 403, "error": {"message": message, "type": "IGApiException", "code": 10}})
}

fn unavailable() -> Value {
    json!({"kind": "error", "status": 500, "error": {"message": "Try later.", "code": 2, "is_transient": true}})
}

/// Meta answers every attempt to subscribe like this.
async fn no_subscription(world: &World, action: Value) {
    let fault = json!({"endpoint": "subscribed_apps", "method": "POST", "count": null, "action": action});
    world.meta("POST", "/faults", fault).await;
}

/// The connection as the card shows it.
async fn card(world: &World, person: &str) -> Value {
    world.browser(person).status().await["connections"][0].clone()
}

async fn days_later(world: &World, days: usize) {
    for _ in 0..days {
        world.advance_hours(24);
        world.stack.run_schedule("upkeep", "Scan").await.expect("a scan");
        world.settle().await;
    }
}

#[tokio::test]
async fn without_the_permission_for_comments_an_account_is_connected_and_receives() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let landed = ana.authorize("instagram", LUNA, &[COMMENTS]).await;
    assert_eq!(outcome(&landed, "instagram").as_deref(), Some("connected"), "{landed}");
    assert_eq!(calls(&world, "subscribed_apps").await, 2, "asked for what was granted, and read back");
    world.dm(INES, LUNA, "Hola").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola"]);
}

#[tokio::test]
async fn where_meta_refuses_a_field_in_spite_of_its_permission_the_smallest_list_is_left() {
    let world = World::start().await;
    let refusal = json!({"kind": "error", "status": 400, "error": {"message": "(#100) Param subscribed_fields[5] must be one of {messages}", "code": 100}});
    let fault = json!({"endpoint": "subscribed_apps", "method": "POST", "count": 2, "action": refusal});
    world.meta("POST", "/faults", fault).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola"]);
}

#[tokio::test]
async fn the_owners_own_answers_arrive_whether_they_are_a_field_or_not() {
    for echoes in ["own", "messages", "refused"] {
        let world = World::start().await;
        world.meta("PATCH", "/variants", json!({"echoes": echoes})).await;
        let ana = world.browser("ana");
        ana.connect("instagram", LUNA).await;
        world.dm(INES, LUNA, "Hola").await;
        world.act(INES, LUNA, json!({"kind": "app_reply", "text": "from the phone"})).await;
        world.settle().await;
        assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola", "from the phone"], "{echoes}");
    }
}

#[tokio::test]
async fn a_field_that_meta_has_made_meanwhile_is_asked_for_when_somebody_asks_to_subscribe_again() {
    let world = World::start().await;
    world.meta("PATCH", "/variants", json!({"echoes": "refused"})).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    world.meta("PATCH", "/variants", json!({"echoes": "own"})).await;
    let path = format!("/api/admin/connections/{}/resubscribe", account_of(&ana).await);
    ana.post(&path, json!({})).await.json();
    world.dm(INES, LUNA, "Hola").await;
    world.act(INES, LUNA, json!({"kind": "app_reply", "text": "from the phone"})).await;
    world.settle().await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola", "from the phone"]);
}

#[tokio::test]
async fn a_field_that_meta_has_made_meanwhile_is_asked_for_by_the_daily_look() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    world.meta("PATCH", "/variants", json!({"echoes": "refused"})).await;
    world.browser("ana").connect("instagram", LUNA).await;
    world.meta("PATCH", "/variants", json!({"echoes": "own"})).await;
    days_later(&world, 1).await;
    world.dm(INES, LUNA, "Hola").await;
    world.act(INES, LUNA, json!({"kind": "app_reply", "text": "from the phone"})).await;
    world.settle().await;
    let ana = world.browser("ana");
    assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola", "from the phone"]);
}

#[tokio::test]
async fn a_page_without_the_permission_for_its_messages_is_not_connected_and_says_which_is_missing() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let landed = ana.authorize("facebook", "lucia.navarro", &[("auto_deny_scopes", "pages_messaging")]).await;
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("permissions_missing"), "{landed}");
    assert_eq!(ana.status().await["connections"], json!([]));
}

#[tokio::test]
async fn a_reconnect_that_does_not_succeed_leaves_an_active_connection_as_it_was() {
    for action in [not_permitted(), unavailable()] {
        let world = World::start_with(|settings| settings.schedules = false).await;
        let ana = world.browser("ana");
        ana.connect("instagram", LUNA).await;
        no_subscription(&world, action.clone()).await;
        ana.authorize("instagram", LUNA, &[COMMENTS]).await;
        assert_eq!(card(&world, "ana").await["status"], "active", "the same login: {action}");
        let landed = ana.authorize("facebook", "lucia.navarro", &[]).await;
        assert_eq!(outcome(&landed, "reason").as_deref(), Some("subscription_failed"), "{landed}");
        let kept = card(&world, "ana").await;
        assert_eq!(
            (&kept["status"], &kept["login"]),
            (&json!("active"), &json!("instagram")),
            "another login: {action}"
        );
        world.dm(INES, LUNA, "Hola").await;
        assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola"], "{action}");
        assert_eq!(ana.send(&ana.conversation().await, "¡Hola!").await.status, 202);
        world.settle().await;
        assert_eq!(ana.messages(&ana.conversation().await).await[0]["status"], "sent", "{action}");
    }
}

#[tokio::test]
async fn an_account_that_meta_refuses_to_deliver_for_takes_no_place_in_the_plan() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    no_subscription(&world, not_permitted()).await;
    let marta = world.browser("marta");
    let landed = marta.authorize("instagram", LUNA, &[]).await;
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("subscription_failed"), "{landed}");
    let status = marta.status().await;
    assert_eq!((&status["connections"][0]["status"], &status["can_connect"]), (&json!("revoked"), &json!(true)));
    world.meta("DELETE", "/faults", Value::Null).await;
    marta.connect("instagram", "mara.paints").await;
}

#[tokio::test]
async fn an_account_that_waits_in_vain_for_meta_gives_its_place_back_after_two_days() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    no_subscription(&world, unavailable()).await;
    let marta = world.browser("marta");
    marta.authorize("instagram", LUNA, &[]).await;
    let waiting = card(&world, "marta").await;
    assert_eq!((&waiting["status"], &waiting["notice"]["reason"]), (&json!("pending"), &json!("not_subscribed")));
    days_later(&world, 1).await;
    assert_eq!(card(&world, "marta").await["status"], "pending");
    days_later(&world, 2).await;
    let marta = world.browser("marta");
    assert_eq!(card(&world, "marta").await["status"], "revoked");
    assert_eq!(marta.audit().await[0], "connection.disconnected");
    world.meta("DELETE", "/faults", Value::Null).await;
    marta.connect("instagram", "mara.paints").await;
    assert_eq!(marta.post(START, json!({})).await.status, 403, "what has ended does not want to be connected again");
}

#[tokio::test]
async fn who_connects_again_while_an_account_is_about_to_be_given_up_keeps_it() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    no_subscription(&world, unavailable()).await;
    world.browser("marta").authorize("instagram", LUNA, &[]).await;
    world.meta("DELETE", "/faults", Value::Null).await;
    world.advance_hours(49);
    let asked = calls(&world, "subscribed_apps").await;
    let hang = json!({"endpoint": "subscribed_apps", "method": "GET", "action": {"kind": "hang"}});
    world.meta("POST", "/faults", hang).await;
    world.stack.run_schedule("upkeep", "Scan").await.expect("a scan");
    eventually("Meta is asked whether it delivers", async || calls(&world, "subscribed_apps").await > asked).await;
    world.browser("marta").connect("instagram", LUNA).await;
    world.settle().await;
    assert_eq!(card(&world, "marta").await["status"], "active");
}

#[tokio::test]
async fn an_account_that_has_worked_is_not_given_up_because_somebody_tries_to_connect_it_again() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    world.browser("ana").connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    world.meta("DELETE", &format!("/subscriptions?account={LUNA}"), Value::Null).await;
    no_subscription(&world, unavailable()).await;
    days_later(&world, 1).await;
    assert_eq!(card(&world, "ana").await["status"], "pending");
    world.browser("ana").authorize("instagram", LUNA, &[]).await;
    days_later(&world, 3).await;
    assert_eq!(card(&world, "ana").await["status"], "pending");
    world.meta("DELETE", "/faults", Value::Null).await;
    days_later(&world, 1).await;
    assert_eq!(card(&world, "ana").await["status"], "active", "its token is still there");
}

#[tokio::test]
async fn an_account_that_receives_is_not_given_up_though_meta_does_not_tell_that_it_delivers() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    let silence = json!({"kind": "html", "status": 500});
    let fault = json!({"endpoint": "subscribed_apps", "method": "GET", "count": null, "action": silence});
    world.meta("POST", "/faults", fault).await;
    world.browser("marta").authorize("instagram", LUNA, &[]).await;
    for _ in 0..3 {
        world.dm(INES, LUNA, "Hola").await;
        days_later(&world, 1).await;
    }
    assert_eq!(card(&world, "marta").await["status"], "pending");
    let marta = world.browser("marta");
    assert_eq!(marta.texts(&marta.conversation().await).await, ["Hola"; 3]);
}

#[tokio::test]
async fn of_two_logins_at_once_the_one_that_meta_delivers_for_is_kept() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    let ana = world.browser("ana");
    let page = ana.start("facebook").await;
    let callback = ana.consent(page, "lucia.navarro", &[]).await;
    // The first login has seen that nothing is connected, and is held up before it stores.
    let slow = FaultRule::on(Service::DynamoDb, "TransactWriteItems", Effect::delay_before(Duration::from_secs(4)));
    let slow = world.stack.aws().faults().inject(slow.from_function("oauth-callback").times(1));
    let held_up = ana.arrive(&callback);
    let second = async {
        eventually("the first login is held up", async || world.stack.aws().faults().hits(slow) == 1).await;
        world.browser("ana").connect("instagram", LUNA).await;
        let fault = json!({"endpoint": "subscribed_apps", "method": "POST", "count": null, "action": not_permitted()});
        world.meta("POST", "/faults", fault).await;
    };
    tokio::join!(held_up, second);
    let kept = card(&world, "ana").await;
    assert_eq!((&kept["status"], &kept["login"]), (&json!("active"), &json!("instagram")));
    world.dm(INES, LUNA, "Hola").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola"]);
}

#[tokio::test]
async fn an_account_that_waited_for_meta_receives_as_soon_as_meta_answers() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    no_subscription(&world, unavailable()).await;
    world.browser("marta").authorize("instagram", LUNA, &[]).await;
    world.meta("DELETE", "/faults", Value::Null).await;
    days_later(&world, 1).await;
    let healed = card(&world, "marta").await;
    assert_eq!((&healed["status"], &healed["notice"]), (&json!("active"), &Value::Null));
    days_later(&world, 2).await;
    assert_eq!(card(&world, "marta").await["status"], "active");
}

#[tokio::test]
async fn an_active_account_is_connected_again_although_the_plan_is_full() {
    let world = World::start().await;
    let marta = world.browser("marta");
    marta.connect("instagram", LUNA).await;
    let id = account_of(&marta).await;
    assert_eq!(marta.post(START, json!({})).await.status, 403, "another account");
    assert_eq!(marta.post(START, json!({"ig_user_id": "17841400000000000"})).await.status, 403, "a stranger's");
    let started = marta.post(START, json!({"ig_user_id": id})).await.json();
    let page = started["authUrl"].as_str().expect("an address").parse().expect("an address");
    let callback = marta.consent(page, LUNA, &[]).await;
    let landed = marta.arrive(&callback).await;
    assert_eq!(outcome(&landed, "instagram").as_deref(), Some("connected"), "{landed}");
    assert_eq!(marta.status().await["connections"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_app_that_its_dashboard_delivers_no_messages_to_is_told_to_the_operator_at_once_and_every_day() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    let app = world.stack.app(local::Login::Facebook).expect("the app").app_id.clone();
    world.meta("PATCH", &format!("/apps/{app}"), json!({"webhook_fields": ["comments"]})).await;
    let lines = async || {
        let path = "/api/admin/tenants/~operator/events?kind=meta.app_fields_missing";
        world.browser("olivia").get(path).await.json()["events"].as_array().cloned().unwrap_or_default()
    };
    world.browser("ana").connect("facebook", "lucia.navarro").await;
    let told = lines().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["details"]["login"], &told[0]["details"]["reason"]), (&json!("facebook"), &json!("messages")));
    world.browser("ana").connect("facebook", "lucia.navarro").await;
    assert_eq!(lines().await.len(), 1, "once a day");
    world.advance_hours(24);
    world.stack.run_schedule("upkeep", "Fields").await.expect("a look");
    world.settle().await;
    assert_eq!(lines().await.len(), 2);
    world.meta("PATCH", &format!("/apps/{app}"), json!({"webhook_fields": []})).await;
    world.advance_hours(24);
    world.stack.run_schedule("upkeep", "Fields").await.expect("a look");
    world.settle().await;
    assert_eq!(lines().await.len(), 2, "it is mended");
}

#[tokio::test]
async fn the_dashboards_fields_of_a_channel_are_missed_where_the_channel_is_connected() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    let app = world.stack.app(local::Login::Facebook).expect("the app").app_id.clone();
    world.meta("PATCH", &format!("/apps/{app}"), json!({"page_fields": ["feed"]})).await;
    let look = async || {
        world.advance_hours(24);
        world.stack.run_schedule("upkeep", "Fields").await.expect("a look");
        world.settle().await;
        let path = "/api/admin/tenants/~operator/events?kind=meta.app_fields_missing";
        let page = world.browser("olivia").get(path).await.json();
        page["events"].as_array().cloned().unwrap_or_default()
    };
    world.browser("ana").connect("facebook", "lucia.navarro").await;
    assert!(look().await.is_empty(), "nobody has connected Messenger");
    world.browser("ana").on(Channel::Messenger).connect("facebook", "lucia.navarro").await;
    let told = look().await;
    assert_eq!(told.len(), 2, "when it was connected, and a day later: {told:?}");
    assert!(told.iter().all(|line| line["details"]["channel"] == "messenger"), "{told:?}");
}

#[tokio::test]
async fn what_meta_does_not_tell_of_the_apps_fields_keeps_nobody_from_connecting() {
    let world = World::start().await;
    standing_fault(&world, "subscriptions", json!({"kind": "html", "status": 500})).await;
    world.browser("ana").connect("facebook", "lucia.navarro").await;
    assert_eq!(card(&world, "ana").await["status"], "active");
}

#[tokio::test]
async fn what_meta_is_only_asked_by_the_way_uses_up_nobodys_time() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    for (endpoint, ms) in [("token", 6_000), ("exchange", 6_000)] {
        world.fault(endpoint, json!({"kind": "slow", "ms": ms})).await;
    }
    let slow = json!({"endpoint": "subscribed_apps", "method": "POST", "action": {"kind": "slow", "ms": 4_000}});
    world.meta("POST", "/faults", slow).await;
    standing_fault(&world, "subscriptions", json!({"kind": "hang"})).await;
    let landed = ana.authorize("facebook", "lucia.navarro", &[]).await;
    assert_eq!(outcome(&landed, "instagram").as_deref(), Some("connected"), "{landed}");
    assert_eq!(ana.audit().await[0], "connection.connected");
}
