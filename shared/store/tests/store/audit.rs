//! The audit log.

use domain::{AuditEvent, AuditKind};
use store::{AuditFilter, AuditStore, StoreError};

use crate::util::World;
use crate::util::examples::{NOW, tenant, user};

fn event(seconds: i64) -> AuditEvent {
    AuditEvent::new(tenant("acme"), AuditKind::Connected, NOW.plus(seconds * 1000))
        .by(user("ana"))
        .with("account_name", "cafe")
        .with("count", seconds)
}

#[tokio::test]
async fn the_audit_log_is_read_newest_first_in_pages_by_its_own_tenant() {
    let world = World::empty().await;
    let audit = AuditStore::new(world.client.clone(), &world.tables);
    for seconds in 0..5 {
        audit.append(&event(seconds), Some(90)).await.expect("written");
    }
    let first = audit.list(&tenant("acme"), None, 3).await.expect("a page");
    let second = audit.list(&tenant("acme"), first.cursor.as_deref(), 3).await.expect("a page");
    let found: Vec<_> = first.items.iter().chain(&second.items).cloned().collect();
    assert_eq!(found, (0..5).rev().map(event).collect::<Vec<_>>());
    assert_eq!(second.cursor, None);
    let stolen = audit.list(&tenant("rival"), first.cursor.as_deref(), 3).await;
    assert!(matches!(stolen, Err(StoreError::BadCursor)), "{stolen:?}");
    assert!(audit.list(&tenant("rival"), None, 3).await.expect("a page").items.is_empty());
}

#[tokio::test]
async fn a_cursor_from_outside_the_asked_time_or_of_another_kind_is_refused() {
    let world = World::empty().await;
    let audit = AuditStore::new(world.client.clone(), &world.tables);
    for seconds in 0..5 {
        audit.append(&event(seconds), None).await.expect("written");
    }
    let cursor = audit.list(&tenant("acme"), None, 1).await.expect("a page").cursor.expect("a second page");
    let earlier = AuditFilter { to: Some(NOW.plus(2000)), ..AuditFilter::default() };
    let of_a_kind = AuditFilter { kind: Some(AuditKind::Connected), ..AuditFilter::default() };
    let in_no_time = AuditFilter { from: earlier.to, to: Some(NOW), kind: None };
    for wanted in [earlier, of_a_kind, in_no_time] {
        let outcome = audit.search(&tenant("acme"), wanted, Some(&cursor), 3).await;
        assert!(matches!(outcome, Err(StoreError::BadCursor)), "{wanted:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn details_that_the_database_cannot_hold_are_left_out() {
    let world = World::empty().await;
    let audit = AuditStore::new(world.client.clone(), &world.tables);
    audit.append_once(&event(1).with("figure", 1e300), None).await.expect("written");
    let lines = audit.list(&tenant("acme"), None, 3).await.expect("a page").items;
    assert_eq!((lines[0].kind, lines[0].details.len()), (AuditKind::Connected, 0));
}

#[tokio::test]
async fn a_redelivered_event_is_one_line_and_another_at_the_same_time_is_a_second() {
    let world = World::empty().await;
    let audit = AuditStore::new(world.client.clone(), &world.tables);
    for event in [event(1), event(1), event(1).with("account_name", "bar")] {
        audit.append_once(&event, None).await.expect("written");
    }
    assert_eq!(audit.list(&tenant("acme"), None, 10).await.expect("a page").items.len(), 2);
}

#[tokio::test]
async fn what_happens_twice_in_a_millisecond_is_two_lines() {
    let world = World::empty().await;
    let audit = AuditStore::new(world.client.clone(), &world.tables);
    for _ in 0..2 {
        audit.append(&event(1), None).await.expect("written");
    }
    assert_eq!(audit.list(&tenant("acme"), None, 10).await.expect("a page").items, [event(1), event(1)]);
}

#[tokio::test]
async fn a_line_is_kept_as_long_as_the_plan_says() {
    let world = World::empty().await;
    let audit = AuditStore::new(world.client.clone(), &world.tables);
    audit.append(&event(0), Some(90)).await.expect("written");
    audit.append(&event(1), None).await.expect("written");
    let mut expiries: Vec<_> =
        world.dump(&world.tables.events).await.iter().map(|item| item.get("ttl").cloned()).collect();
    expiries.sort_by_key(Option::is_none);
    let expected = NOW.seconds().plus(90 * 24 * 60 * 60).get().to_string();
    assert_eq!(expiries[0].as_ref().and_then(|ttl| ttl.as_n().ok()), Some(&expected));
    assert_eq!(expiries[1], None);
}
