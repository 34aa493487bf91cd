//! Connections keep working, or somebody is told in time.

use domain::Channel;
use serde_json::{Value, json};
use stories::{Browser, World};

use crate::util::{INES, LUNA, account_of, eventually, metric};

const DAY: i64 = 24;

/// The schedule's scan, and all that follows from it.
async fn upkeep(world: &World) {
    world.stack.run_schedule("upkeep", "Scan").await.expect("a scan");
    world.settle().await;
}

/// A world whose schedules run only when the story runs them.
async fn by_hand() -> World {
    World::start_with(|settings| settings.schedules = false).await
}

/// The same world with one account connected.
async fn connected() -> World {
    let world = by_hand().await;
    world.browser("ana").connect("instagram", LUNA).await;
    world
}

/// Some days pass, each with a scan.
async fn days_later(world: &World, days: i64) {
    for _ in 0..days {
        world.advance_hours(DAY);
        upkeep(world).await;
    }
}

/// How often Meta was asked for this.
async fn calls(world: &World, endpoint: &str) -> u64 {
    let calls = world.meta("GET", &format!("/calls?endpoint={endpoint}"), Value::Null).await;
    calls["counts"][endpoint].as_u64().unwrap_or_default()
}

/// The first connection as the card shows it. With a token of the present time.
async fn card(world: &World, person: &str) -> Value {
    world.browser(person).status().await["connections"][0].clone()
}

async fn audit_count(person: &Browser<'_>, kind: &str) -> usize {
    person.audit().await.iter().filter(|line| *line == kind).count()
}

/// The lines of the operator's audit log.
async fn operator_audit(world: &World) -> String {
    let events = world.tables().items("IntegrationEventsTable").await;
    let of_operator = events.iter().filter(|item| item["pk"].as_s().is_ok_and(|pk| pk == "TENANT#~operator"));
    of_operator.map(|item| format!("{:?}", item["kind"])).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_token_lives_on_although_nobody_uses_it() {
    let world = connected().await;
    let expires_at = card(&world, "ana").await["token_expires_at"].clone();
    days_later(&world, 29).await;
    assert_eq!(calls(&world, "refresh").await, 0, "its first half is not over");
    days_later(&world, 2).await;
    assert_eq!(calls(&world, "refresh").await, 1);
    assert_ne!(card(&world, "ana").await["token_expires_at"], expires_at);
    days_later(&world, 40).await;
    assert_eq!(card(&world, "ana").await["status"], "active", "long after the first token's end");
    world.dm(INES, LUNA, "¿Abrís?").await;
    let ana = world.browser("ana");
    assert_eq!(ana.send(&ana.conversation().await, "Sí").await.status, 202);
    world.settle().await;
    let phone = world.phone(INES, LUNA).await;
    assert!(phone.iter().any(|message| message["text"] == "Sí"), "the renewed token sends: {phone:?}");
}

#[tokio::test]
async fn a_scan_that_is_repeated_asks_meta_nothing() {
    let world = connected().await;
    world.advance_hours(31 * DAY);
    upkeep(&world).await;
    let before = (calls(&world, "refresh").await, calls(&world, "subscribed_apps").await);
    upkeep(&world).await;
    assert_eq!((calls(&world, "refresh").await, calls(&world, "subscribed_apps").await), before);
}

#[tokio::test]
async fn what_a_person_does_at_meta_is_found_out_within_a_day_told_once_and_healed_by_a_reconnect() {
    for (deed, reason) in [("/revoke", "access_removed"), ("/password", "password_changed")] {
        let world = connected().await;
        world.dm(INES, LUNA, "Hola").await;
        let mut whose = json!({ "user": LUNA });
        if deed == "/revoke" {
            whose["notify"] = false.into();
        }
        world.meta("POST", deed, whose).await;
        days_later(&world, 2).await;
        let found = card(&world, "ana").await;
        assert_eq!((&found["status"], &found["error"]["reason"]), (&json!("error"), &json!(reason)), "{deed}");
        let ana = world.browser("ana");
        assert_eq!(audit_count(&ana, "connection.failed").await, 1, "{deed}");
        ana.connect("instagram", LUNA).await;
        let healed = card(&world, "ana").await;
        assert_eq!((&healed["status"], &healed["error"]), (&json!("active"), &Value::Null), "{deed}");
        assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola"], "{deed}: the history is kept");
    }
}

#[tokio::test]
async fn a_subscription_that_meta_dropped_is_made_again() {
    for (login, user) in [("instagram", LUNA), ("facebook", "lucia.navarro")] {
        let world = by_hand().await;
        world.browser("ana").connect(login, user).await;
        world.meta("DELETE", &format!("/subscriptions?account={LUNA}"), Value::Null).await;
        world.dm(INES, LUNA, "lost").await;
        days_later(&world, 1).await;
        world.dm(INES, LUNA, "heard").await;
        let ana = world.browser("ana");
        assert_eq!(ana.texts(&ana.conversation().await).await, ["heard"], "{login}");
        assert_eq!(audit_count(&ana, "connection.resubscribed").await, 1, "{login}");
        assert_eq!(card(&world, "ana").await["status"], "active", "{login}");
    }
}

#[tokio::test]
async fn a_subscription_that_meta_will_not_restore_is_shown_told_once_and_made_when_meta_does() {
    let unavailable = json!({"message": "An unexpected error has occurred.", "code": 2, "is_transient": true});
    let refused = json!({"message": "Permissions error", "code": 200});
    for (error, by_reconnect) in [(unavailable.clone(), false), (refused, false), (unavailable, true)] {
        let world = connected().await;
        world.meta("DELETE", &format!("/subscriptions?account={LUNA}"), Value::Null).await;
        let action = json!({"kind": "error", "status": 400, "error": error});
        let fault = json!({"endpoint": "subscribed_apps", "method": "POST", "count": null, "action": action});
        world.meta("POST", "/faults", fault).await;
        days_later(&world, 3).await;
        let shown = card(&world, "ana").await;
        assert_eq!((&shown["status"], &shown["error"]), (&json!("pending"), &Value::Null), "{error}");
        let ana = world.browser("ana");
        assert_eq!(audit_count(&ana, "connection.failed").await, 1, "{error}: told once");
        world.meta("DELETE", "/faults", Value::Null).await;
        if by_reconnect {
            ana.connect("instagram", LUNA).await;
        } else {
            days_later(&world, 1).await;
            assert_eq!(audit_count(&world.browser("ana"), "connection.resubscribed").await, 1, "{error}");
        }
        assert_eq!(card(&world, "ana").await["status"], "active", "{error}");
        world.dm(INES, LUNA, "heard").await;
        let ana = world.browser("ana");
        assert_eq!(ana.texts(&ana.conversation().await).await, ["heard"], "{error}");
    }
}

#[tokio::test]
async fn the_token_of_a_paused_connection_is_renewed_so_that_an_upgrade_finds_it_working() {
    let world = by_hand().await;
    world.browser("eva").connect("instagram", "mara.paints").await;
    world.advance_hours(1);
    world.browser("eva").connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    let terms = async |terms: Value| {
        let olivia = world.browser("olivia");
        olivia.call(reqwest::Method::PUT, "/api/admin/tenants/grande", Some(terms), &[]).await.json()
    };
    terms(json!({"overrides": {"max_connections": 1}})).await;
    let paused = async || {
        let connections = world.browser("eva").status().await["connections"].as_array().cloned().unwrap_or_default();
        connections.into_iter().find(|connection| connection["ig_username"] == LUNA).expect("connected")
    };
    assert_eq!(paused().await["status"], "paused");
    let asked = calls(&world, "subscribed_apps").await;
    days_later(&world, 3).await;
    assert_eq!(calls(&world, "subscribed_apps").await, asked + 3, "only the other one is looked at each day");
    for _ in 0..3 {
        world.advance_hours(31 * DAY);
        upkeep(&world).await;
    }
    let found = paused().await;
    assert_eq!((&found["status"], &found["error"]), (&json!("paused"), &Value::Null));
    terms(json!({})).await;
    upkeep(&world).await;
    assert_eq!(paused().await["status"], "active");
    world.dm(INES, LUNA, "¿Y ahora?").await;
    let eva = world.browser("eva");
    assert_eq!(eva.send(&eva.conversation().await, "Sí").await.status, 202);
    world.settle().await;
    assert_eq!(eva.messages(&eva.conversation().await).await[0]["status"], "sent");
}

#[tokio::test]
async fn passing_trouble_waits_longer_each_time_and_is_over_when_meta_answers() {
    let world = connected().await;
    world.advance_hours(31 * DAY);
    let order = json!({"endpoint": "refresh", "count": null, "action": {"kind": "html", "status": 500}});
    world.meta("POST", "/faults", order).await;
    upkeep(&world).await;
    assert_eq!(calls(&world, "refresh").await, 1);
    upkeep(&world).await;
    assert_eq!(calls(&world, "refresh").await, 1, "not before its wait is over");
    world.advance_hours(2);
    upkeep(&world).await;
    assert_eq!(calls(&world, "refresh").await, 2);
    world.advance_hours(1);
    upkeep(&world).await;
    assert_eq!(calls(&world, "refresh").await, 2, "the second wait is longer");
    assert_eq!(card(&world, "ana").await["status"], "active", "nobody is asked to do anything");
    world.meta("DELETE", "/faults", Value::Null).await;
    world.advance_hours(2);
    upkeep(&world).await;
    assert_eq!(calls(&world, "refresh").await, 3);
    assert_eq!(card(&world, "ana").await["notice"], Value::Null);
}

#[tokio::test]
async fn a_token_that_is_not_renewed_is_told_before_it_ends_and_its_end_as_well() {
    let world = connected().await;
    let order = json!({"endpoint": "refresh", "count": null, "action": {"kind": "html", "status": 500}});
    world.meta("POST", "/faults", order).await;
    days_later(&world, 49).await;
    assert_eq!(card(&world, "ana").await["notice"], Value::Null);
    days_later(&world, 2).await;
    let warned = card(&world, "ana").await;
    assert_eq!((&warned["status"], &warned["notice"]["reason"]), (&json!("active"), &json!("token_expires")));
    assert_eq!(warned["notice"]["until"], warned["token_expires_at"]);
    days_later(&world, 3).await;
    assert_eq!(audit_count(&world.browser("ana"), "connection.notice").await, 1, "told once");
    days_later(&world, 7).await;
    let ended = card(&world, "ana").await;
    assert_eq!((&ended["status"], &ended["error"]["reason"]), (&json!("error"), &json!("token_expired")));
}

#[tokio::test]
async fn a_pages_token_never_ends_on_either_channel() {
    let world = by_hand().await;
    for channel in Channel::ALL {
        world.browser("ana").on(channel).connect("facebook", "lucia.navarro").await;
    }
    for _ in 0..2 {
        world.advance_hours(35 * DAY);
        upkeep(&world).await;
    }
    assert_eq!(calls(&world, "refresh").await, 0, "there is nothing to renew");
    for channel in Channel::ALL {
        let found = world.browser("ana").on(channel).status().await["connections"][0].clone();
        assert_eq!((&found["status"], &found["token_expires_at"]), (&json!("active"), &Value::Null), "{channel}");
        world.dm_on(channel, INES, LUNA, "Hola").await;
    }
    assert_eq!(world.browser("ana").conversations().await.len(), 2);
}

#[tokio::test]
async fn the_end_of_data_access_is_told_two_weeks_before() {
    let world = by_hand().await;
    world.browser("ana").connect("facebook", "lucia.navarro").await;
    days_later(&world, 75).await;
    assert_eq!(card(&world, "ana").await["notice"], Value::Null);
    days_later(&world, 2).await;
    assert_eq!(card(&world, "ana").await["notice"]["reason"], "data_access_expires");
    let ana = world.browser("ana");
    assert_eq!(audit_count(&ana, "connection.notice").await, 1);
    ana.connect("facebook", "lucia.navarro").await;
    assert_eq!(card(&world, "ana").await["notice"], Value::Null, "a new login is all it needs");
}

#[tokio::test]
async fn who_disconnects_while_the_token_is_renewed_stays_disconnected() {
    let world = connected().await;
    world.advance_hours(31 * DAY);
    world.fault("refresh", json!({"kind": "slow", "ms": 1500})).await;
    world.stack.run_schedule("upkeep", "Scan").await.expect("a scan");
    eventually("Meta is asked for a new token", async || calls(&world, "refresh").await == 1).await;
    world.browser("ana").disconnect(json!({})).await.json();
    world.settle().await;
    assert_eq!(card(&world, "ana").await["status"], "revoked");
    let connections = format!("{:?}", world.tables().items("ConnectionsTable").await);
    assert!(!connections.contains("v1."), "no sealed token has come back");
}

#[tokio::test]
async fn who_connects_again_while_the_token_is_renewed_keeps_the_new_connection() {
    let world = connected().await;
    world.dm(INES, LUNA, "Hola").await;
    world.advance_hours(31 * DAY);
    world.fault("refresh", json!({"kind": "slow", "ms": 1500})).await;
    world.stack.run_schedule("upkeep", "Scan").await.expect("a scan");
    eventually("Meta is asked for a new token", async || calls(&world, "refresh").await == 1).await;
    world.browser("ana").connect("facebook", "lucia.navarro").await;
    world.settle().await;
    let found = card(&world, "ana").await;
    assert_eq!((&found["login"], &found["status"]), (&json!("facebook"), &json!("active")));
    world.dm(INES, LUNA, "¿Hola?").await;
    let ana = world.browser("ana");
    ana.send(&ana.conversation().await, "Sí").await.json();
    world.settle().await;
    assert_eq!(ana.messages(&ana.conversation().await).await[0]["status"], "sent", "with the token of the new login");
}

#[tokio::test]
async fn an_outage_of_the_app_disconnects_nobody_tells_the_operator_once_and_ends_by_itself() {
    let world = by_hand().await;
    let tenants = [("ana", LUNA), ("marta", "mara.paints"), ("eva", "raman.spices")];
    for (person, user) in tenants {
        world.browser(person).connect("instagram", user).await;
    }
    let app = world.stack.app(local::Login::Instagram).expect("the app").app_id.clone();
    world.meta("PATCH", &format!("/apps/{app}"), json!({"outage": true})).await;
    world.advance_hours(31 * DAY);
    upkeep(&world).await;
    let asked = calls(&world, "refresh").await;
    for (person, _) in tenants {
        assert_eq!(card(&world, person).await["status"], "active", "{person}");
        assert_eq!(audit_count(&world.browser(person), "connection.failed").await, 0, "{person}");
    }
    assert_eq!(metric(&world, "app_unavailable").len(), 1);
    world.advance_hours(6);
    upkeep(&world).await;
    assert_eq!(metric(&world, "app_unavailable").len(), 1);
    // The clock's own schedules may have probed as well: one call at a time.
    assert!(calls(&world, "refresh").await <= asked + 2, "refreshes pause");

    world.meta("PATCH", &format!("/apps/{app}"), json!({"outage": false})).await;
    world.advance_hours(1);
    world.stack.run_schedule("upkeep", "Probe").await.expect("a probe");
    world.settle().await;
    eventually("all tokens are renewed without another scan of the schedule", async || {
        world.settle().await;
        let mut renewed = 0;
        for (person, _) in tenants {
            let expires_at = card(&world, person).await["token_expires_at"].clone();
            renewed += usize::from(expires_at.as_str() > Some("2027-02-10"));
        }
        renewed == tenants.len()
    })
    .await;
    let audit = operator_audit(&world).await;
    assert_eq!(audit.matches("meta.app_unavailable").count(), 1, "{audit}");
    assert_eq!(audit.matches("meta.app_recovered").count(), 1, "{audit}");
}

#[tokio::test]
async fn a_reconnect_through_the_other_login_is_looked_after_by_its_rules() {
    let world = connected().await;
    world.browser("ana").connect("facebook", "lucia.navarro").await;
    assert!(!account_of(&world.browser("ana")).await.is_empty());
    days_later(&world, 1).await;
    assert_eq!(calls(&world, "debug_token").await, 2, "once at the login, once a day after");
    assert_eq!(calls(&world, "refresh").await, 0);
}
