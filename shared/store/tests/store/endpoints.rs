//! Endpoints: as many as their owner may have, and what tries change about them.

use std::collections::BTreeSet;

use domain::endpoint::{Endpoint, Health, OffReason};
use domain::outbox::{EndpointKey, EventType};
use domain::{SealedToken, TenantId, UnixMillis};
use futures::future::join_all;
use store::{EndpointChange, EndpointStore, NEXT_SHARDS, Waiting};

use crate::util::World;
use crate::util::examples::NOW;

fn owner() -> TenantId {
    TenantId::try_from("acme").expect("a tenant")
}

fn endpoint(tenant: Option<TenantId>, number: u8) -> Endpoint {
    Endpoint {
        key: EndpointKey { tenant, id: EndpointKey::new_id(NOW, [number; 10]) },
        url: "https://example.com/hook".to_owned(),
        description: None,
        types: BTreeSet::from([EventType::MessageReceived]),
        with_content: false,
        disabled_at: None,
        disabled_reason: None,
        secret: SealedToken::new("v1.a".to_owned()),
        former: None,
        created_at: NOW,
        created_by: "ana".try_into().expect("a user"),
        health: Health::default(),
    }
}

async fn with_one() -> (World, EndpointStore, Endpoint) {
    let world = World::empty().await;
    let store = EndpointStore::new(world.client.clone(), &world.tables);
    let endpoint = endpoint(Some(owner()), 1);
    assert!(store.insert(&endpoint, 3).await.expect("stored"));
    (world, store, endpoint)
}

async fn now_is(store: &EndpointStore, endpoint: &Endpoint) -> Endpoint {
    store.find(&endpoint.key).await.expect("read").expect("an endpoint")
}

async fn waiting(store: &EndpointStore, now: UnixMillis) -> Vec<Waiting> {
    let shards = join_all((0..NEXT_SHARDS).map(|shard| store.waiting(shard, now))).await;
    shards.into_iter().flat_map(|found| found.expect("a query")).collect()
}

#[tokio::test]
async fn what_was_stored_is_read_by_its_owner_and_nobody_else() {
    let (_world, store, endpoint) = with_one().await;
    assert_eq!(now_is(&store, &endpoint).await, endpoint);
    assert_eq!(store.list(Some(&owner())).await.expect("a list"), std::slice::from_ref(&endpoint));
    let others = EndpointKey { tenant: Some("other".try_into().expect("a tenant")), ..endpoint.key.clone() };
    assert_eq!(store.find(&others).await.expect("read"), None);
    assert_eq!(store.list(None).await.expect("a list"), []);
}

#[tokio::test]
async fn nobody_gets_more_endpoints_than_the_limit_however_many_try_at_once() {
    let (_world, store, first) = with_one().await;
    let more: Vec<_> = (2..10).map(|number| endpoint(Some(owner()), number)).collect();
    let added = join_all(more.iter().map(|endpoint| store.insert(endpoint, 3))).await;
    // One that is refused because of the others may be tried again.
    let added = added.into_iter().filter(|outcome| matches!(outcome, Ok(true))).count();
    assert!(added <= 2, "{added}");
    while store.insert(&endpoint(Some(owner()), fastrand::u8(20..)), 3).await.expect("an answer") {}
    assert_eq!(store.list(Some(&owner())).await.expect("a list").len(), 3);
    assert!(!store.insert(&endpoint(None, 1), 0).await.expect("an answer"));

    assert!(store.delete(&first.key).await.expect("deleted"));
    assert!(!store.delete(&first.key).await.expect("an answer"), "it is gone already");
    assert!(store.insert(&endpoint(Some(owner()), 11), 3).await.expect("an answer"), "a place is free again");
    assert!(!store.insert(&endpoint(Some(owner()), 12), 3).await.expect("an answer"));
}

#[tokio::test]
async fn a_change_changes_what_it_names_and_nothing_else() {
    let (_world, store, endpoint) = with_one().await;
    let change = EndpointChange {
        description: Some(Some("CRM".to_owned())),
        types: Some(BTreeSet::new()),
        with_content: Some(true),
        ..EndpointChange::default()
    };
    let changed = store.change(&endpoint.key, &change, NOW).await.expect("changed").expect("an endpoint");
    let expected = Endpoint {
        description: Some("CRM".to_owned()),
        types: BTreeSet::new(),
        with_content: true,
        ..endpoint.clone()
    };
    assert_eq!(changed, expected);
    let nowhere = EndpointKey { id: "ep_2".to_owned(), ..endpoint.key };
    assert_eq!(store.change(&nowhere, &change, NOW).await.expect("an answer"), None);
}

#[tokio::test]
async fn one_that_is_switched_on_again_begins_anew_and_gets_what_waits() {
    let (_world, store, endpoint) = with_one().await;
    store.note_failures(&endpoint, 5, NOW.plus(5_000), NOW).await.expect("noted");
    store.rest(&endpoint.key, NOW.plus(60_000)).await.expect("rests");
    let off = EndpointChange { enabled: Some(false), ..EndpointChange::default() };
    let off = store.change(&endpoint.key, &off, NOW).await.expect("changed").expect("an endpoint");
    assert_eq!((off.disabled_at, off.disabled_reason), (Some(NOW), Some(OffReason::Asked)));
    assert_eq!(waiting(&store, NOW.plus(i64::from(u32::MAX))).await, []);
    assert_eq!(store.note_failures(&off, 1, NOW, NOW).await.expect("an answer"), None, "it is told nothing");

    let on = EndpointChange { enabled: Some(true), ..EndpointChange::default() };
    let on = store.change(&endpoint.key, &on, NOW).await.expect("changed").expect("an endpoint");
    assert_eq!(
        (on.disabled_at, on.disabled_reason, on.health.failures, on.health.failing_since),
        (None, None, 0, None)
    );
    assert_eq!(waiting(&store, NOW).await.len(), 1);
}

#[tokio::test]
async fn of_two_rotations_at_once_one_counts() {
    let (_world, store, endpoint) = with_one().await;
    let until = NOW.plus(1_000);
    let new = |text: &str| SealedToken::new(text.to_owned());
    let rotated = store.rotate(&endpoint, &new("v1.b"), until).await.expect("rotated").expect("an endpoint");
    let signing: Vec<_> = rotated.secrets(NOW).map(SealedToken::as_str).collect();
    assert_eq!(signing, ["v1.b", "v1.a"]);
    assert_eq!(store.rotate(&endpoint, &new("v1.c"), until).await.expect("an answer"), None);
}

#[tokio::test]
async fn failures_are_counted_from_the_first_one_until_a_success() {
    let (_world, store, endpoint) = with_one().await;
    store.note_failures(&endpoint, 2, NOW.plus(5_000), NOW).await.expect("noted");
    let later = NOW.plus(1_000);
    let failing = store.note_failures(&endpoint, 1, later, later).await.expect("noted").expect("an endpoint");
    assert_eq!((failing.health.failures, failing.health.failing_since), (3, Some(NOW)));
    store.note_success(&endpoint.key).await.expect("noted");
    let health = now_is(&store, &endpoint).await.health;
    assert_eq!((health.failures, health.failing_since, health.is_failing()), (0, None, false));
    assert_eq!(health.waits, 2, "what waits waits on");
}

#[tokio::test]
async fn the_backlog_is_looked_at_when_the_first_of_it_is_due_and_by_one_only() {
    let (_world, store, endpoint) = with_one().await;
    let noted = store.note_failures(&endpoint, 1, NOW.plus(5_000), NOW).await.expect("noted").expect("an endpoint");
    store.note_failures(&noted, 1, NOW.plus(9_000), NOW).await.expect("noted");
    assert_eq!(waiting(&store, NOW.plus(4_999)).await, []);
    let [due] = waiting(&store, NOW.plus(5_000)).await.try_into().expect("one");
    assert_eq!(due, Waiting { endpoint: endpoint.key.clone(), next_at: NOW.plus(5_000) });
    assert!(store.take_up(&due, NOW.plus(300_000)).await.expect("an answer"));
    assert!(!store.take_up(&due, NOW.plus(300_000)).await.expect("an answer"));
    assert_eq!(waiting(&store, NOW.plus(5_000)).await, []);
}

#[tokio::test]
async fn what_begins_to_wait_while_the_backlog_is_looked_at_is_not_forgotten() {
    let (_world, store, endpoint) = with_one().await;
    let read = store.note_failures(&endpoint, 1, NOW, NOW).await.expect("noted").expect("an endpoint");
    store.note_waiting(&read, NOW, NOW).await.expect("noted");
    assert!(!store.schedule(&read, None).await.expect("an answer"), "something has begun to wait since");
    assert_eq!(waiting(&store, NOW).await.len(), 1);
    let read = now_is(&store, &endpoint).await;
    assert!(store.schedule(&read, None).await.expect("an answer"));
    assert_eq!(waiting(&store, NOW).await, []);
}

#[tokio::test]
async fn an_endpoint_is_switched_off_once() {
    let (_world, store, endpoint) = with_one().await;
    assert!(store.disable(&endpoint.key, OffReason::Gone, NOW).await.expect("an answer"));
    assert!(!store.disable(&endpoint.key, OffReason::Failing, NOW).await.expect("an answer"));
    assert_eq!(now_is(&store, &endpoint).await.disabled_reason, Some(OffReason::Gone));
}
