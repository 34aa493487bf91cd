//! Meta refuses the app as a whole, and it is an answer that finds out.

use serde_json::{Value, json};
use stories::World;

use crate::util::{INES, KOFI, LUNA, answers_on_phone, calls, eventually, metric, standing_fault};

const TENANTS: [(&str, &str); 3] = [("ana", LUNA), ("marta", "mara.paints"), ("eva", "raman.spices")];

/// More often than a message could be delivered before the sender gave it up by the clock.
const MANY_TRIES: usize = 22;

/// A world of three tenants to whom somebody has written. No schedule runs, and a refused answer is tried again each second.
async fn three_tenants() -> World {
    let world = World::start_with(|settings| settings.schedules = false).await;
    for (person, user) in TENANTS {
        world.browser(person).connect("instagram", user).await;
        world.act(INES, user, json!({"kind": "text", "text": "Hola"})).await;
    }
    for (person, _) in TENANTS {
        eventually("the message arrives", async || world.browser(person).conversations().await.len() == 1).await;
    }
    world
}

async fn outage(world: &World, on: bool) {
    let app = world.stack.app(local::Login::Instagram).expect("is registered").app_id.clone();
    world.meta("PATCH", &format!("/apps/{app}"), json!({"outage": on})).await;
}

/// Whether all answers wait, or are just being tried.
async fn all_wait(world: &World) -> bool {
    statuses(world).await.iter().all(|status| matches!(status.as_str(), "queued" | "sending"))
}

/// The status of each tenant's answer.
async fn statuses(world: &World) -> Vec<String> {
    let mut statuses = Vec::new();
    for (person, _) in TENANTS {
        let browser = world.browser(person);
        let newest = browser.messages(&browser.conversation().await).await.swap_remove(0);
        statuses.push(newest["status"].as_str().unwrap_or_default().to_owned());
    }
    statuses
}

async fn answer_all(world: &World) {
    for (person, _) in TENANTS {
        let browser = world.browser(person);
        browser.send(&browser.conversation().await, "¡Hola!").await.json();
    }
}

/// The kinds of the lines in the operator's audit log, newest first.
async fn operator_audit(world: &World) -> Vec<String> {
    let audit = world.browser("olivia").get("/api/admin/tenants/~operator/events").await.json();
    let lines = audit["events"].as_array().cloned().unwrap_or_default();
    lines.iter().map(|line| line["kind"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn answers_wait_out_an_outage_of_half_a_day_and_the_operator_is_told_by_them() {
    let world = three_tenants().await;
    outage(&world, true).await;
    answer_all(&world).await;
    eventually("the third refusal is told", async || metric(&world, "app_unavailable").len() == 1).await;
    assert_eq!(operator_audit(&world).await, ["meta.app_unavailable"]);
    for (person, _) in TENANTS {
        assert_eq!(world.browser(person).status().await["status"], "active", "{person} is not to blame");
    }
    for _ in 0..2 {
        let before = metric(&world, "sends").len();
        world.advance_hours(6);
        let tries = TENANTS.len() * MANY_TRIES / 2;
        eventually("each is tried again", async || metric(&world, "sends").len() >= before + tries).await;
    }
    assert!(all_wait(&world).await, "nothing is given up");
    assert_eq!(metric(&world, "app_unavailable").len(), 1, "told once");

    outage(&world, false).await;
    eventually("all answers are sent", async || statuses(&world).await == ["sent"; 3]).await;
    for (_, user) in TENANTS {
        let thread = world.phone(INES, user).await;
        assert_eq!(thread.iter().filter(|message| message["text"] == "¡Hola!").count(), 1, "{user}");
    }
    world.stack.run_schedule("upkeep", "Probe").await.expect("a probe");
    eventually("a probe ends it", async || operator_audit(&world).await.len() == 2).await;
    assert_eq!(operator_audit(&world).await, ["meta.app_recovered", "meta.app_unavailable"]);
}

#[tokio::test]
async fn a_profile_that_meta_tells_ends_an_outage_as_any_other_call_does() {
    // Arrange
    let world = three_tenants().await;
    outage(&world, true).await;
    answer_all(&world).await;
    eventually("the third refusal is told", async || metric(&world, "app_unavailable").len() == 1).await;
    // Act
    standing_fault(&world, "messages", json!({"kind": "unsupported"})).await;
    outage(&world, false).await;
    world.stack.clock().advance(61_000); // a process that has just looked does not look again
    world.act(KOFI, LUNA, json!({"kind": "text", "text": "Hi"})).await;
    // Assert
    eventually("it is over", async || metric(&world, "app_recovered").len() == 1).await;
    assert!(metric(&world, "profiles").iter().any(|profile| profile["outcome"] == "learned"));
    assert!(!metric(&world, "sends").iter().any(|send| send["outcome"] == "sent"), "no answer has told it");
}

#[tokio::test]
async fn an_answer_that_an_outage_holds_up_for_a_day_is_given_up_and_says_so() {
    let world = three_tenants().await;
    outage(&world, true).await;
    answer_all(&world).await;
    eventually("all are refused", async || metric(&world, "sends").len() == 3).await;
    world.advance_hours(25);
    eventually("all are given up", async || statuses(&world).await == ["failed"; 3]).await;
    let ana = world.browser("ana");
    let failed = ana.messages(&ana.conversation().await).await.swap_remove(0);
    assert_eq!(failed["error"]["reason"], "not_sent_in_time");
}

#[tokio::test]
async fn one_tenants_refusals_are_no_outage_however_many() {
    let world = three_tenants().await;
    let ana = world.browser("ana");
    standing_fault(&world, "messages", json!({"kind": "unsupported"})).await;
    let conversation = ana.conversation().await;
    ana.send(&conversation, "one").await.json();
    eventually("it is tried again and again", async || calls(&world, "messages").await >= 7).await;
    assert_eq!(metric(&world, "app_unavailable"), Vec::<Value>::new());
    world.meta("DELETE", "/faults", Value::Null).await;
    world.browser("marta").send(&world.browser("marta").conversation().await, "works").await.json();
    eventually("others are answered", async || {
        world.phone(INES, "mara.paints").await.iter().any(|message| message["text"] == "works")
    })
    .await;
    eventually("and it is sent", async || answers_on_phone(&world, INES).await == ["one"]).await;
}

#[tokio::test]
async fn an_app_that_meta_does_not_know_any_more_breaks_no_connection() {
    let world = three_tenants().await;
    let gone = json!({"message": "Error validating application. Application has been deleted.", "type": "OAuthException", "code": 190});
    standing_fault(&world, "messages", json!({"kind": "error", "status": 400, "error": gone})).await;
    answer_all(&world).await;
    eventually("the operator is told", async || operator_audit(&world).await == ["meta.app_unavailable"]).await;
    for (person, _) in TENANTS {
        let browser = world.browser(person);
        assert_eq!(browser.status().await["status"], "active", "{person}");
        assert!(!browser.audit().await.iter().any(|kind| kind == "connection.failed"), "{person}");
    }
    assert!(all_wait(&world).await, "nothing is given up");
}
