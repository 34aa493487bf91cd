//! What we depend on does not answer: whoever asks is told to ask again, and why it is not their fault.

use futures::future::join_all;
use local_aws::{Effect, FaultId, FaultRule, Service};
use reqwest::Method;
use serde_json::{Value, json};
use stories::{Answer, World, outcome};

use crate::util::{LUNA, Pair, account_of, entry, greeted, luna, notification};

/// From now on every call to a service ends so; answers what takes that back.
fn every_call(world: &World, service: Service, effect: Effect) -> FaultId {
    world.stack.aws().faults().inject(FaultRule { operation: None, ..FaultRule::on(service, "", effect) })
}

/// Demands the answer of what passes: when to try again, and no word of our machines.
fn assert_passes(what: &str, answer: &Answer) {
    assert_eq!(answer.status, 503, "{what}: {}", answer.body);
    assert_eq!(answer.problem_kind(503), "unavailable", "{what}");
    assert_eq!(answer.header("retry-after"), "5", "{what}");
}

#[tokio::test]
async fn while_the_database_is_away_every_route_that_needs_it_says_when_to_try_again() {
    // Arrange
    let world = greeted().await;
    let (ana, olivia) = (world.browser("ana"), world.browser("olivia"));
    let id = ana.conversation().await["id"].as_str().expect("an id").to_owned();
    let conversation = format!("/api/tenants/luna/conversations/{id}");
    let instagram = "/api/integrations/meta/instagram";
    let calls: Vec<(Method, String, Option<Value>)> = [
        ("GET", "/api/integrations/status".to_owned(), None),
        ("GET", format!("{instagram}/status"), None),
        ("POST", format!("{instagram}/start"), Some(json!({"login": "instagram"}))),
        ("POST", format!("{instagram}/disconnect"), Some(json!({}))),
        ("GET", format!("{instagram}/assets?state={}", "A".repeat(43)), None),
        ("GET", "/api/tenants/luna/conversations".to_owned(), None),
        ("GET", format!("{conversation}/messages"), None),
        ("POST", format!("{conversation}/read"), None),
        ("DELETE", conversation, None),
        ("GET", "/api/tenants/luna/events".to_owned(), None),
        (
            "POST",
            "/api/tenants/luna/instagram/messages/send".to_owned(),
            Some(json!({"conversationId": id, "text": "Hi"})),
        ),
        ("GET", "/data-deletion/0123456789abcdef0123456789abcdef".to_owned(), None),
    ]
    .map(|(method, path, body)| (method.parse().expect("a method"), path, body))
    .into();
    let fault = every_call(&world, Service::DynamoDb, Effect::server_error("InternalServerError"));
    // Act
    let answers = join_all(calls.iter().map(async |(method, path, body)| {
        (format!("{method} {path}"), ana.call(method.clone(), path, body.clone(), &[]).await)
    }))
    .await;
    let tenants = olivia.get("/api/admin/tenants").await;
    // Assert
    for (what, answer) in &answers {
        assert_passes(what, answer);
    }
    assert_passes("the operator's list", &tenants);
    world.stack.aws().faults().remove(fault);
    assert_eq!(ana.conversations().await.len(), 1, "and then it works");
}

#[tokio::test]
async fn a_person_whose_login_ends_while_the_database_is_away_is_told_that_it_passes() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let page = ana.start("instagram").await;
    let callback = ana.consent(page, LUNA, &[]).await;
    every_call(&world, Service::DynamoDb, Effect::server_error("InternalServerError"));
    let landed = ana.arrive(&callback).await;
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("unavailable"), "{landed}");
}

#[tokio::test]
async fn while_the_key_is_away_no_account_is_connected_and_the_person_is_told_that_it_passes() {
    let world = World::start().await;
    let ana = world.browser("ana");
    let fault = every_call(&world, Service::Kms, Effect::server_error("KMSInternalException"));
    let landed = ana.authorize("instagram", LUNA, &[]).await;
    assert_eq!(outcome(&landed, "reason").as_deref(), Some("unavailable"), "{landed}");
    world.stack.aws().faults().remove(fault);
    ana.connect("instagram", LUNA).await;
}

#[tokio::test]
async fn while_the_queue_is_away_meta_is_asked_to_deliver_again_and_nothing_is_lost() {
    let world = luna().await;
    let fault = every_call(&world, Service::Sqs, Effect::server_error("InternalError"));
    let pair = Pair::new(&account_of(&world.browser("ana")).await, 17);
    let at = world.stack.clock().now_ms();
    let body = notification(&[entry(&pair.account, at, &[pair.text(at, "mid-1", "Hola")])]);
    // Act
    assert_passes("a delivery", &world.deliver(&body).await);
    world.stack.aws().faults().remove(fault);
    let again = world.deliver(&body).await;
    // Assert
    assert_eq!(again.status, 200, "{}", again.body);
    world.settle().await;
    assert_eq!(world.browser("ana").conversations().await.len(), 1);
}

#[tokio::test]
async fn a_permission_that_is_missing_is_our_fault_and_does_not_pass() {
    let world = luna().await;
    every_call(&world, Service::DynamoDb, Effect::error("AccessDeniedException"));
    let answer = world.browser("ana").get("/api/tenants/luna/conversations").await;
    assert_eq!(answer.problem_kind(500), "internal");
    assert_eq!(answer.header("retry-after"), "");
}
