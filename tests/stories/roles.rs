//! Who may do what: every role on every route.

use std::collections::BTreeSet;

use edge::Role;
use edge::access::{Access, ROUTES};
use reqwest::Method;
use serde_json::json;
use stories::{Answer, Browser, World};

/// A person of each role.
const PEOPLE: [(&str, Role); 4] =
    [("luis", Role::Agent), ("ana", Role::Admin), ("robot", Role::Service), ("olivia", Role::Operator)];

/// A path of the route that names the person's own tenant, and otherwise nothing that there is.
fn path(route: &str, person: &Browser<'_>) -> String {
    let tenant = if person.tenant().is_empty() { "luna" } else { person.tenant() };
    route
        .replace("{tenantId}", tenant)
        .replace("{conversationId}", &"0".repeat(32))
        .replace("{accountId}", "17841")
        .replace("{name}", "nope")
        .replace("{code}", "nope")
}

async fn call(person: &Browser<'_>, route: &str) -> Answer {
    let (method, template) = route.split_once(' ').expect("a method and a path");
    let method: Method = method.parse().expect("an HTTP method");
    let body = (method != Method::GET).then(|| json!({}));
    person.call(method, &path(template, person), body, &[]).await
}

fn is_refused_for_the_role(answer: &Answer) -> bool {
    answer.status == 403 && answer.problem_kind(403) == "role-required"
}

/// All routes that need a caller.
fn closed() -> impl Iterator<Item = (&'static str, Access)> {
    ROUTES.iter().copied().filter(|(_, access)| *access != Access::Public)
}

#[tokio::test]
async fn every_role_gets_to_the_routes_that_the_table_says_and_to_no_other() {
    let world = World::start().await;
    for (route, access) in closed() {
        for (name, role) in PEOPLE {
            let answer = call(&world.browser(name), route).await;
            let admitted = !is_refused_for_the_role(&answer);
            assert_eq!(admitted, access.admits(role, false), "{name} {route}: {} {}", answer.status, answer.body);
            assert_ne!(answer.status, 401, "{name} {route}");
            assert!(answer.status < 500, "{name} {route}: {} {}", answer.status, answer.body);
        }
    }
}

#[tokio::test]
async fn nobody_gets_anywhere_without_a_token() {
    let world = World::start().await;
    let stranger = world.stranger();
    for (route, _) in closed() {
        assert_eq!(call(&stranger, route).await.status, 401, "{route}");
    }
}

#[tokio::test]
async fn another_tenants_paths_look_like_nothing_to_everybody_but_the_operator() {
    let world = World::start().await;
    for (route, access) in closed().filter(|(route, _)| route.contains("{tenantId}")) {
        let rivals = route.replace("{tenantId}", "taller");
        for (name, role) in PEOPLE {
            let answer = call(&world.browser(name), &rivals).await;
            if role != Role::Operator && access.admits(role, false) {
                assert_eq!(answer.problem_kind(404), "not-found", "{name} {route}");
            }
        }
    }
}

/// `METHOD path` of every route of the template, and whether it is open to anybody.
fn routes_of_the_template() -> BTreeSet<(String, bool)> {
    let template = include_str!("../../template.yaml");
    let events = template.split("Type: HttpApi\n").skip(1);
    events
        .map(|event| {
            // The event's own lines: those that are indented as deep as its properties.
            let lines: Vec<_> = event.lines().take_while(|line| line.starts_with("          ")).collect();
            let value = |name: &str| lines.iter().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
            let route = match (value("Method:"), value("Path:")) {
                (Some(method), Some(path)) => format!("{} {path}", method.to_uppercase()),
                _ => "$default".to_owned(),
            };
            (route, value("Authorizer:") == Some("NONE"))
        })
        .collect()
}

#[test]
fn the_table_and_the_template_know_the_same_routes() {
    let table = ROUTES.iter().map(|(route, access)| ((*route).to_owned(), *access == Access::Public));
    assert_eq!(routes_of_the_template(), table.collect());
}
