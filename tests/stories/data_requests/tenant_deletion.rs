//! The operator has a whole tenant deleted.

use reqwest::Method;
use serde_json::{Value, json};
use stories::{Answer, World};

use super::erasing::order_again;
use crate::util::{INES, KOFI, LUNA, account_of, dead_letters, luna};

const TENANT: &str = "/api/admin/tenants/luna";

async fn delete(world: &World, person: &str) -> Answer {
    world.browser(person).call(Method::DELETE, TENANT, None, &[]).await
}

/// Everything in the tables whose key names the tenant, without what only says that something was deleted.
async fn left_of(world: &World, tenant: &str) -> Vec<String> {
    let everything = world.tables().everything().await;
    let of_tenant = format!("TENANT#{tenant}");
    let items = everything.into_values().flatten().filter(|item| item.contains(&of_tenant));
    items.filter(|item| !item.contains("erased_before")).collect()
}

#[tokio::test]
async fn a_deleted_tenant_leaves_nothing_and_nobody_else_notices() {
    let world = luna().await;
    let ana = world.browser("ana");
    let account = account_of(&ana).await;
    // Nobody is there, so what it was to be told waits.
    let endpoint = json!({"url": "http://127.0.0.1:9/told", "with_content": true});
    assert_eq!(ana.post("/api/tenants/luna/webhooks", endpoint).await.status, 201);
    world.dm(INES, LUNA, "a secret of mine").await;
    let conversation = ana.conversation().await;
    let body = json!({"conversation_id": conversation["id"], "text": "our answer"});
    assert_eq!(ana.send_body(body, &[("idempotency-key", "7c0c5a51")]).await.status, 202);
    world.settle().await;
    let terms = json!({"plan": "pro", "overrides": {"max_connections": 7}});
    world.browser("olivia").call(Method::PUT, TENANT, Some(terms), &[]).await.json();
    world.browser("marta").connect("instagram", "mara.paints").await;
    world.dm(KOFI, "mara.paints", "for mara").await;

    for person in ["ana", "luis", "marta"] {
        assert_eq!(delete(&world, person).await.problem_kind(403), "role-required", "{person}");
    }
    let taken = delete(&world, "olivia").await;
    assert_eq!(taken.status, 202, "{}", taken.body);
    let taken = taken.json();
    let subscriptions = world.meta("GET", "/subscriptions", Value::Null).await.to_string();
    let other = account_of(&world.browser("marta")).await;
    assert!(!subscriptions.contains(&account) && subscriptions.contains(&other), "{subscriptions}");
    world.settle().await;

    assert_eq!(left_of(&world, "luna").await, Vec::<String>::new());
    let left = format!("{:?}", world.tables().everything().await);
    for trace in [account.as_str(), LUNA, INES, "a secret of mine", "our answer"] {
        assert!(!left.contains(trace), "`{trace}` is left in {left}");
    }
    let url = taken["url"].as_str().expect("an address");
    let page = world.stranger().call(Method::GET, url, None, &[("accept-language", "en")]).await.body;
    assert!(page.contains("1 connected accounts, 1 conversations, 2 messages"), "{page}");
    let audit = world.browser("olivia").get("/api/admin/tenants/~operator/events").await.json();
    let lines: Vec<_> = audit["events"].as_array().expect("a list").iter().take(2).collect();
    assert_eq!((&lines[0]["kind"], &lines[0]["details"]["tenant"]), (&json!("data.erased"), &json!("luna")));
    assert_eq!((&lines[1]["kind"], &lines[1]["user"]), (&json!("data.erasure_requested"), &json!("olivia")));
    let marta = world.browser("marta");
    assert_eq!(marta.texts(&marta.conversation().await).await, ["for mara"]);
    assert_eq!(dead_letters(&world), 0);
}

#[tokio::test]
async fn a_tenant_that_comes_back_begins_anew_and_is_not_hit_by_the_old_order() {
    let world = luna().await;
    world.dm(INES, LUNA, "before").await;
    let terms = json!({"plan": "pro", "overrides": {"max_connections": 7}});
    world.browser("olivia").call(Method::PUT, TENANT, Some(terms), &[]).await.json();
    let taken = delete(&world, "olivia").await.json();
    let ana = world.browser("ana");
    world.stack.clock().advance(1_000);
    ana.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "after").await;
    for _ in 0..2 {
        world.settle().await;
        assert_eq!(ana.texts(&ana.conversation().await).await, ["after"]);
        assert_eq!(ana.status().await["status"], "active");
        order_again(&world, &taken["confirmation_code"]).await;
    }
    world.settle().await;
    let profile = world.browser("olivia").get(TENANT).await.json();
    assert_eq!((&profile["terms"]["overrides"], &profile["connections"]), (&json!({}), &json!(1)));
    assert_eq!(delete(&world, "olivia").await.status, 202, "once more");
    world.settle().await;
    assert_eq!(left_of(&world, "luna").await, Vec::<String>::new());
}
