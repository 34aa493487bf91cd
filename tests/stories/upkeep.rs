//! Appointments are kept when they are due, and one account's trouble stays its own.

use serde_json::{Value, json};
use stories::World;

use crate::util::{INES, LUNA, account_of, answered, audited, calls, eventually, metric};

const MARA: &str = "mara.paints";
const RAMAN: &str = "raman.spices";

/// Beyond the time of an appointment: the next scan finds it.
const SCAN_MINUTES: i64 = 10;

async fn by_hand() -> World {
    World::start_with(|settings| settings.schedules = false).await
}

/// Three tenants, each with an account.
async fn three_tenants() -> World {
    let world = by_hand().await;
    for (person, user) in [("ana", LUNA), ("marta", MARA), ("eva", RAMAN)] {
        world.browser(person).connect("instagram", user).await;
    }
    world
}

async fn run(world: &World, task: &str) {
    world.stack.run_schedule("upkeep", task).await.expect("a schedule's task");
    world.settle().await;
}

async fn hours_later(world: &World, hours: i64) {
    for _ in 0..hours {
        world.advance_hours(1);
        run(world, "Scan").await;
    }
}

fn advance_minutes(world: &World, minutes: i64) {
    world.stack.clock().advance(minutes * 60_000);
}

async fn outage(world: &World, on: bool) {
    let app = world.stack.app(local::Login::Instagram).expect("the app").app_id.clone();
    world.meta("PATCH", &format!("/apps/{app}"), json!({"outage": on})).await;
}

/// Meta refuses our app for this account, in whatever it is asked.
async fn refused_alone(world: &World, account: &str) {
    let fault = json!({"endpoint": "any", "account": account, "count": null, "action": {"kind": "unsupported"}});
    world.meta("POST", "/faults", fault).await;
}

async fn card(world: &World, person: &str) -> Value {
    world.browser(person).status().await["connections"][0].clone()
}

async fn recovered(world: &World) -> usize {
    let path = "/api/admin/tenants/~operator/events?kind=meta.app_recovered";
    world.browser("olivia").get(path).await.json()["events"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn setbacks_of_one_two_and_four_hours_are_one_two_and_four_hours() {
    let world = World::start().await;
    world.browser("ana").connect("instagram", LUNA).await;
    world.meta("DELETE", &format!("/subscriptions?account={LUNA}"), Value::Null).await;
    let fault = json!({"endpoint": "subscribed_apps", "method": "GET", "count": null, "action": {"kind": "html", "status": 500}});
    let before = calls(&world, "subscribed_apps").await;
    world.meta("POST", "/faults", fault).await;
    for (hours, looks) in [(1, 1), (1, 2), (2, 3), (4, 4)] {
        world.advance_hours(hours);
        advance_minutes(&world, SCAN_MINUTES);
        eventually("it is looked at again", async || calls(&world, "subscribed_apps").await >= before + looks).await;
        world.settle().await;
        assert_eq!(calls(&world, "subscribed_apps").await, before + looks, "after {hours} more hours");
    }
}

#[tokio::test]
async fn a_lost_subscription_of_a_quiet_account_is_found_within_the_hour() {
    let world = World::start().await;
    world.browser("ana").connect("instagram", LUNA).await;
    world.meta("DELETE", &format!("/subscriptions?account={LUNA}"), Value::Null).await;
    world.advance_hours(1);
    advance_minutes(&world, SCAN_MINUTES);
    let ana = world.browser("ana"); // with a token of the present time
    eventually("it is made again", async || audited(&ana, "connection.resubscribed").await == 1).await;
    world.dm(INES, LUNA, "heard").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["heard"]);
}

#[tokio::test]
async fn an_account_that_receives_is_not_asked_for_more_than_once_a_day() {
    let world = by_hand().await;
    world.browser("ana").connect("instagram", LUNA).await;
    hours_later(&world, 1).await;
    let asked = calls(&world, "subscribed_apps").await;
    for _ in 0..20 {
        advance_minutes(&world, 50);
        world.dm(INES, LUNA, "Hola").await;
        advance_minutes(&world, 10);
        run(&world, "Scan").await;
    }
    assert_eq!(calls(&world, "subscribed_apps").await, asked);
    hours_later(&world, 1).await;
    assert_eq!(calls(&world, "subscribed_apps").await, asked + 1, "it has become quiet");
}

#[tokio::test]
async fn one_account_that_meta_refuses_alone_does_not_keep_an_outage_from_ending() {
    let world = three_tenants().await;
    outage(&world, true).await;
    hours_later(&world, 2).await;
    assert_eq!(metric(&world, "app_unavailable").len(), 1);
    // The most overdue of all is refused from now on; the others are served again.
    refused_alone(&world, LUNA).await;
    outage(&world, false).await;
    advance_minutes(&world, 15);
    run(&world, "Probe").await;
    assert_eq!(recovered(&world).await, 1);
}

#[tokio::test]
async fn five_accounts_that_meta_refuses_alone_do_not_keep_an_outage_from_ending() {
    let world = by_hand().await;
    let eva = world.browser("eva");
    eva.connect("instagram", LUNA).await;
    advance_minutes(&world, 10);
    let refused = [MARA, RAMAN, "atelier.okafor", "okafor.studio", "vintage.by.amara"];
    for user in refused {
        eva.connect("instagram", user).await;
    }
    for minutes in [51, 10] {
        advance_minutes(&world, minutes);
        run(&world, "Scan").await;
    }
    for user in refused {
        refused_alone(&world, user).await;
    }
    // The one that Meta serves receives, so nobody asks for it, and its appointment is the earliest of all.
    advance_minutes(&world, 48);
    world.dm(INES, LUNA, "Hola").await;
    for minutes in [3, 10] {
        advance_minutes(&world, minutes);
        run(&world, "Scan").await;
    }
    assert_eq!(metric(&world, "app_unavailable").len(), 1);

    for _ in 0..12 {
        advance_minutes(&world, 15);
        run(&world, "Probe").await;
    }

    assert_eq!(recovered(&world).await, 1);
}

#[tokio::test]
async fn a_probe_a_moment_before_its_time_is_not_left_out() {
    let world = three_tenants().await;
    outage(&world, true).await;
    hours_later(&world, 2).await;
    advance_minutes(&world, 15);
    run(&world, "Probe").await;
    let asked = calls(&world, "subscribed_apps").await;
    world.stack.clock().advance(15 * 60_000 - 5_000);
    run(&world, "Probe").await;
    assert!(calls(&world, "subscribed_apps").await > asked);
}

#[tokio::test]
async fn an_account_refused_alone_is_asked_less_and_less_told_once_and_others_are_looked_after() {
    let world = three_tenants().await;
    refused_alone(&world, LUNA).await;
    hours_later(&world, 12).await;
    let shown = card(&world, "ana").await;
    assert_eq!((&shown["status"], &shown["notice"]["reason"]), (&json!("active"), &json!("refused_by_meta")));
    assert_eq!(audited(&world.browser("ana"), "connection.notice").await, 1);
    assert_eq!(metric(&world, "app_unavailable").len(), 0, "the others are served");
    for person in ["marta", "eva"] {
        assert_eq!(card(&world, person).await["notice"], Value::Null, "{person}");
    }
    world.meta("DELETE", "/faults", Value::Null).await;
    hours_later(&world, 9).await;
    assert_eq!(card(&world, "ana").await["notice"], Value::Null);
}

#[tokio::test]
async fn an_answer_that_meta_takes_ends_an_outage_before_any_probe() {
    let world = three_tenants().await;
    world.dm(INES, LUNA, "Hola").await;
    outage(&world, true).await;
    hours_later(&world, 2).await;
    assert_eq!(metric(&world, "app_unavailable").len(), 1);
    outage(&world, false).await;
    let ana = world.browser("ana");
    assert_eq!(answered(&world, &ana, "¡Hola!").await["status"], "sent");
    eventually("the outage is over", async || recovered(&world).await == 1).await;
}

#[tokio::test]
async fn a_look_that_the_operator_asks_for_ends_an_outage_when_meta_answers() {
    let world = three_tenants().await;
    outage(&world, true).await;
    hours_later(&world, 2).await;
    outage(&world, false).await;
    let id = account_of(&world.browser("ana")).await;
    let path = format!("/api/admin/connections/{id}/resubscribe");
    world.browser("olivia").post(&path, json!({})).await.json();
    assert_eq!(recovered(&world).await, 1);
}

#[tokio::test]
async fn an_account_that_meta_wants_to_be_left_alone_is_looked_after_later() {
    let world = by_hand().await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    let usage = json!({"1": [{"type": "instagram", "call_count": 100, "estimated_time_to_regain_access": 230}]});
    let headers = json!({"x-business-use-case-usage": usage.to_string(), "x-app-usage": "{}"});
    let error = json!({"message": "This person isn't available right now.", "code": 551});
    world.fault("messages", json!({"kind": "error", "status": 400, "error": error, "headers": headers})).await;
    answered(&world, &ana, "one").await;
    let before = calls(&world, "subscribed_apps").await;
    hours_later(&world, 3).await;
    assert_eq!(calls(&world, "subscribed_apps").await, before);
    hours_later(&world, 2).await;
    assert!(calls(&world, "subscribed_apps").await > before, "its time has come");
    assert_eq!(card(&world, "ana").await["status"], "active");
}

#[tokio::test]
async fn a_limit_that_is_told_to_upkeep_holds_for_answers_too() {
    let world = by_hand().await;
    world.browser("ana").connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    let limit = json!({"endpoint": "subscribed_apps", "action": {"kind": "rate_limit", "code": 80_002, "minutes": 90}});
    world.meta("POST", "/faults", limit).await;
    hours_later(&world, 2).await;
    let ana = world.browser("ana");
    ana.send(&ana.conversation().await, "one").await.json();
    let put_off = || metric(&world, "sends").iter().any(|outcome| outcome["outcome"] == "not_yet");
    eventually("the answer is put off", async || put_off()).await;
    assert_eq!(calls(&world, "messages").await, 0);
}
