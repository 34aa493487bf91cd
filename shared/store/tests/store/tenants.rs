//! Profiles, and lists across tenants.

use domain::tenant::{Limit, Overrides, TenantSettings};
use domain::{AuditEvent, AuditKind, PlanClaim, UnixSeconds};
use store::{AuditFilter, AuditStore, StoreError, Terms};

use crate::util::World;
use crate::util::examples::{ANY, NOW, connection, tenant};

fn claim(key: &str, issued_at: i64) -> PlanClaim {
    PlanClaim { key: key.to_owned(), issued_at: UnixSeconds::new(issued_at) }
}

#[tokio::test]
async fn terms_replace_terms_and_leave_the_count_alone() {
    let world = World::connected().await;
    let overrides = Overrides { max_connections: Some(Limit::Unlimited), ..Overrides::default() };
    let settings = TenantSettings { integration_debug: true };
    let terms = Terms { plan: Some("pro".to_owned()), overrides, settings };
    let set = world.tenants.set_terms(&tenant("acme"), &terms, 0, NOW).await.expect("set");
    assert_eq!((set.plan.as_deref(), &set.overrides, set.settings), (Some("pro"), &terms.overrides, settings));
    assert_eq!((set.version, set.connections), (1, 1));
    let stale = world.tenants.set_terms(&tenant("acme"), &Terms::default(), 0, NOW).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    let reset = world.tenants.set_terms(&tenant("acme"), &Terms::default(), 1, NOW).await.expect("set");
    assert_eq!((reset.plan, reset.overrides, reset.connections), (None, Overrides::default(), 1));
}

#[tokio::test]
async fn of_two_tokens_the_later_one_is_believed() {
    let world = World::empty().await;
    let whose = tenant("acme");
    let taken = world.tenants.take_claim(&whose, &claim("pro", 100), NOW).await.expect("written").expect("news");
    assert_eq!((taken.claimed, taken.version), (Some(claim("pro", 100)), 1));
    for known in [claim("pro", 200), claim("starter", 99)] {
        assert_eq!(world.tenants.take_claim(&whose, &known, NOW).await.expect("answered"), None, "{known:?}");
    }
    let later = world.tenants.take_claim(&whose, &claim("starter", 101), NOW).await.expect("written");
    assert_eq!(later.expect("news").version, 2);
}

#[tokio::test]
async fn a_wrong_count_is_corrected_unless_it_has_changed_since() {
    let world = World::connected().await;
    let read = world.tenants.profile(&tenant("acme")).await.expect("a read").expect("a profile");
    assert!(world.tenants.recount(&read, 7).await.expect("written"));
    assert!(!world.tenants.recount(&read, 8).await.expect("answered"));
    assert_eq!(world.tenants.profile(&tenant("acme")).await.expect("a read").expect("a profile").connections, 7);
}

#[tokio::test]
async fn who_connects_or_is_set_up_is_listed_page_by_page() {
    let world = World::empty().await;
    for name in ["a", "b", "c"] {
        world
            .connections
            .activate(&connection(name, &format!("1{}", name.as_bytes()[0])), None, &ANY)
            .await
            .expect("connected");
    }
    world.tenants.set_terms(&tenant("d"), &Terms::default(), 0, NOW).await.expect("set");
    let (mut names, mut cursor) = (Vec::new(), None);
    loop {
        let page = world.tenants.list_all(cursor.as_deref(), 3).await.expect("a page");
        names.extend(page.items.into_iter().map(|profile| profile.tenant.to_string()));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(names, ["a", "b", "c", "d"]);
    let forged = world.tenants.list_all(Some("forged"), 3).await;
    assert!(matches!(forged, Err(StoreError::BadCursor)), "{forged:?}");
}

#[tokio::test]
async fn all_connections_are_listed_once_and_nothing_else_is() {
    let world = World::empty().await;
    for number in 0..7 {
        let whose = format!("tenant{number}");
        world.connections.activate(&connection(&whose, &format!("20{number}")), None, &ANY).await.expect("connected");
    }
    let (mut accounts, mut cursor) = (Vec::new(), None);
    loop {
        let page = world.connections.list_all(cursor.as_deref(), 2).await.expect("a page");
        assert!(page.items.len() <= 2);
        accounts.extend(page.items.into_iter().map(|connection| connection.account.id.to_string()));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    accounts.sort();
    assert_eq!(accounts, ["200", "201", "202", "203", "204", "205", "206"]);
}

#[tokio::test]
async fn an_audit_log_is_searched_by_kind_and_by_time() {
    let world = World::empty().await;
    let audit = AuditStore::new(world.client.clone(), &world.tables);
    for number in 0..6 {
        let kind = if number % 2 == 0 { AuditKind::Connected } else { AuditKind::Refused };
        let line = AuditEvent::new(tenant("acme"), kind, NOW.plus(number)).with("number", number);
        audit.append(&line, None).await.expect("written");
    }
    let numbers = async |wanted: AuditFilter| {
        let page = audit.search(&tenant("acme"), wanted, None, 10).await.expect("a page");
        page.items.iter().map(|line| line.details["number"].as_i64().expect("a number")).collect::<Vec<_>>()
    };
    assert_eq!(numbers(AuditFilter { kind: Some(AuditKind::Refused), ..AuditFilter::default() }).await, [5, 3, 1]);
    let (from, to) = (Some(NOW.plus(1)), Some(NOW.plus(4)));
    assert_eq!(numbers(AuditFilter { from, to, kind: None }).await, [3, 2, 1]);
    assert_eq!(numbers(AuditFilter { from, to, kind: Some(AuditKind::Connected) }).await, [2]);
    assert!(numbers(AuditFilter { from: to, to: from, kind: None }).await.is_empty());
}
