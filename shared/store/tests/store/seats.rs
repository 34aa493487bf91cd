//! Connections count against a plan, and its limit holds whatever happens at once.

use domain::connection::ConnectionError;
use domain::{Connection, ConnectionStatus, UnixSeconds};
use futures::future::join_all;
use store::{ActivateError, Allowance, Terms};

use crate::util::World;
use crate::util::examples::{ANY, NOW, account, connection, seconds, tenant};

const ONE: Allowance = at_most(1);

const fn at_most(limit: u32) -> Allowance {
    Allowance { max_connections: Some(limit), plan_version: None }
}

async fn counted(world: &World) -> i64 {
    world.tenants.profile(&tenant("acme")).await.expect("a read").map_or(0, |profile| profile.connections)
}

async fn connected(world: &World, ig: &str) -> Connection {
    world.connections.activate(&connection("acme", ig), None, &ANY).await.expect("connected")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_that_take_the_last_places_at_once_as_many_get_one_as_there_are() {
    let world = World::empty().await;
    for limit in [1, 3] {
        let whose = format!("tenant{limit}");
        let wanted: Vec<_> = (0..50).map(|n| connection(&whose, &format!("{limit}{n:03}"))).collect();
        let allowance = at_most(limit);
        let attempts = wanted.iter().map(|it| world.connections.activate(it, None, &allowance));
        let outcomes = join_all(attempts).await;
        let connected = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(ActivateError::NoRoom))).count();
        let expected = usize::try_from(limit).expect("a small number");
        assert_eq!((connected, refused), (expected, 50 - expected), "{outcomes:?}");
        assert_eq!(world.connections.list(&tenant(&whose)).await.expect("a read").len(), expected);
    }
}

#[tokio::test]
async fn who_is_refused_leaves_no_route_behind() {
    let world = World::empty().await;
    let refused = world.connections.activate(&connection("acme", "17841"), None, &at_most(0)).await;
    assert!(matches!(refused, Err(ActivateError::NoRoom)), "{refused:?}");
    assert_eq!(world.connections.route(&account("17841")).await.expect("a read"), None);
    assert_eq!(counted(&world).await, 0);
}

#[tokio::test]
async fn a_reconnect_takes_no_further_room() {
    let world = World::empty().await;
    let first = world.connections.activate(&connection("acme", "17841"), None, &ONE).await.expect("connected");
    let error = ConnectionError { reason: "token_expired".to_owned(), since: NOW.seconds() };
    let broken = world.connections.set_error(&first, &error, NOW.seconds()).await.expect("noted").expect("current");
    let healed = Connection { status: ConnectionStatus::Active, error: None, ..broken.clone() };
    world.connections.activate(&healed, Some(broken.version), &ONE).await.expect("reconnected");
    assert_eq!(counted(&world).await, 1);
}

#[tokio::test]
async fn a_disconnect_leaves_its_place_to_another_once() {
    let world = World::empty().await;
    connected(&world, "1").await;
    for _ in 0..2 {
        world.connections.revoke(&tenant("acme"), &account("1"), NOW.seconds()).await.expect("revoked");
        assert_eq!(counted(&world).await, 0);
    }
    world.connections.activate(&connection("acme", "2"), None, &ONE).await.expect("there is room");
    let revoked = world.connections.find(&tenant("acme"), &account("1")).await.expect("a read").expect("kept");
    let again = Connection { status: ConnectionStatus::Active, ..revoked };
    let refused = world.connections.activate(&again, Some(again.version), &ONE).await;
    assert!(matches!(refused, Err(ActivateError::NoRoom)), "{refused:?}");
}

#[tokio::test]
async fn a_plan_that_changed_meanwhile_has_no_room_for_who_read_it_before() {
    let world = World::empty().await;
    let read = Allowance { max_connections: None, plan_version: Some(0) };
    world.tenants.set_terms(&tenant("acme"), &Terms::default(), 0, NOW).await.expect("set");
    let refused = world.connections.activate(&connection("acme", "1"), None, &read).await;
    assert!(matches!(refused, Err(ActivateError::NoRoom)), "{refused:?}");
    let read = Allowance { plan_version: Some(1), ..read };
    world.connections.activate(&connection("acme", "1"), None, &read).await.expect("read anew");
}

#[tokio::test]
async fn a_paused_connection_keeps_account_and_token_and_gives_its_place_back() {
    let world = World::empty().await;
    let used = connected(&world, "1").await;
    let paused = world.connections.pause(&used, seconds(5)).await.expect("written").expect("current");
    assert_eq!((paused.status, paused.updated_at), (ConnectionStatus::Paused, seconds(5)));
    let found = world.connections.find(&tenant("acme"), &account("1")).await.expect("a read").expect("kept");
    assert_eq!((found, counted(&world).await), (paused.clone(), 0));
    let route = world.connections.route(&account("1")).await.expect("a read").expect("kept");
    assert!(route.paused && route.tenant == tenant("acme"));
    assert!(is_looked_after(&world).await, "an upgrade finds a token that works");
    let taken = world.connections.activate(&connection("rival", "1"), None, &ANY).await;
    assert!(matches!(taken, Err(ActivateError::OwnedByAnother)), "{taken:?}");

    let resumed = world.connections.resume(&paused, &ONE, seconds(9)).await.expect("written").expect("room");
    assert_eq!((resumed.status, counted(&world).await), (ConnectionStatus::Active, 1));
    assert!(!world.connections.route(&account("1")).await.expect("a read").expect("kept").paused);
    assert!(is_looked_after(&world).await);
}

async fn is_looked_after(world: &World) -> bool {
    let items = world.dump(&world.tables.connections).await;
    items.iter().any(|item| item.contains_key("refresh_at") && item.contains_key("refresh_shard"))
}

#[tokio::test]
async fn without_room_nothing_is_resumed_and_what_changed_is_neither_paused_nor_resumed() {
    let world = World::empty().await;
    let used = connected(&world, "1").await;
    connected(&world, "2").await;
    let paused = world.connections.pause(&used, NOW.seconds()).await.expect("written").expect("current");
    assert_eq!(world.connections.resume(&paused, &ONE, NOW.seconds()).await.expect("answered"), None);
    assert_eq!(world.connections.pause(&used, NOW.seconds()).await.expect("answered"), None, "paused already");
    assert_eq!(world.connections.resume(&used, &ANY, NOW.seconds()).await.expect("answered"), None);
    assert_eq!(counted(&world).await, 1);
    world.connections.revoke(&tenant("acme"), &account("1"), NOW.seconds()).await.expect("revoked");
    assert_eq!(counted(&world).await, 1, "who was paused did not count");
}

#[tokio::test]
async fn what_meta_refuses_while_paused_is_an_error_once_resumed() {
    let world = World::empty().await;
    let used = connected(&world, "1").await;
    let paused = world.connections.pause(&used, NOW.seconds()).await.expect("written").expect("current");
    let error = ConnectionError { reason: "access_removed".to_owned(), since: UnixSeconds::new(1) };
    let noted = world.connections.set_error(&paused, &error, seconds(1)).await.expect("noted").expect("current");
    assert_eq!(noted.status, ConnectionStatus::Paused);
    let resumed = world.connections.resume(&noted, &ONE, seconds(2)).await.expect("written").expect("room");
    assert_eq!((resumed.status, resumed.error), (ConnectionStatus::Error, Some(error)));
}
