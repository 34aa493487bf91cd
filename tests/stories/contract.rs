//! The description of the API is kept: who may what, and that no answer has more than it says.

use std::collections::BTreeSet;

use edge::Role;
use edge::access::{Access, ROUTES};
use reqwest::Method;
use serde_json::{Value, json};
use stories::contract::{self, Violation};
use stories::{Answer, World};

/// The operation of a route's key.
fn described(route: &str) -> &'static Value {
    let (method, path) = route.split_once(' ').expect("a method and a path");
    &contract::document()["paths"][path][method.to_ascii_lowercase()]
}

fn roles(operation: &Value) -> BTreeSet<&str> {
    operation["x-roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn names(roles: &[Role]) -> BTreeSet<&'static str> {
    roles.iter().map(|role| role.as_str()).collect()
}

#[test]
fn the_description_names_the_roles_that_the_table_admits() {
    for (route, access) in ROUTES.iter().filter(|(route, _)| *route != "$default") {
        let operation = described(route);
        let (expected, debug) = match access {
            Access::Public => (BTreeSet::new(), false),
            Access::Roles(roles) => (names(roles), false),
            Access::RolesOrDebug(roles) => (names(roles), true),
        };
        assert_eq!(roles(operation), expected, "{route}");
        assert_eq!(operation["x-integration-debug"] == true, debug, "{route}");
    }
}

/// What `GET /api/integrations/status` answers to somebody of a tenant without connections, changed.
async fn changed(change: impl FnOnce(&mut Answer, &mut Value)) -> Result<(), Violation> {
    const PATH: &str = "/api/integrations/status";
    let world = World::start().await;
    let mut answer = world.browser("ana").get(PATH).await;
    let mut body = answer.json();
    change(&mut answer, &mut body);
    answer.body = body.to_string();
    contract::check(&Method::GET, PATH, &answer)
}

#[tokio::test]
async fn an_answer_with_a_field_that_is_not_described_is_noticed() {
    let outcome = changed(|_, body| body["instagram"]["token"] = json!("IGAA")).await;
    assert!(matches!(&outcome, Err(Violation::Body(fault)) if fault.contains("token")), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_without_a_field_that_is_promised_is_noticed() {
    let outcome = changed(|_, body| _ = body["instagram"].as_object_mut().and_then(|card| card.remove("plan"))).await;
    assert!(matches!(&outcome, Err(Violation::Body(fault)) if fault.contains("plan")), "{outcome:?}");
}

#[tokio::test]
async fn a_status_and_a_content_type_that_are_not_described_are_noticed() {
    let outcome = changed(|answer, _| answer.status = 418).await;
    assert!(matches!(outcome, Err(Violation::Status(418))), "{outcome:?}");
    let html = "text/html".parse().expect("a header");
    let outcome = changed(|answer, _| _ = answer.headers.insert("content-type", html)).await;
    assert!(matches!(outcome, Err(Violation::ContentType(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_promised_header_that_is_missing_is_noticed() {
    let outcome = changed(|answer, _| _ = answer.headers.remove("etag")).await;
    assert!(matches!(&outcome, Err(Violation::Header(name)) if name == "etag"), "{outcome:?}");
}

#[tokio::test]
async fn a_refusal_that_the_operation_does_not_name_is_noticed() {
    let problem = json!({"type": "/problems/quota-exceeded", "title": "Your plan's messages are used up",
        "status": 403, "plan": "Starter", "limit": 1000, "required_plan": "Pro", "request_id": "r"});
    let outcome = changed(|answer, body| {
        answer.status = 403;
        _ = answer.headers.insert("content-type", "application/problem+json".parse().expect("a header"));
        *body = problem;
    });
    let outcome = outcome.await;
    assert!(matches!(outcome, Err(Violation::Body(_))), "a status costs no message: {outcome:?}");
}
