//! Connections: an account has one tenant, whatever happens at once.

use domain::connection::{ConnectionError, Notice, ProfilesRefused};
use domain::{AppScopedId, Connection, ConnectionStatus, Login};
use futures::future::join_all;
use store::{ActivateError, ConnectionStore};

use crate::util::World;
use crate::util::examples::{ANY, NOW, account, connection, page, seconds, tenant};

fn with_page(whose: &str, ig: &str, on: &str) -> Connection {
    Connection { login: Login::Facebook, page_id: Some(page(on)), ..connection(whose, ig) }
}

#[tokio::test]
async fn an_activated_connection_is_found_listed_and_routed() {
    let world = World::empty().await;
    let stored = world.connections.activate(&connection("acme", "17841"), None, &ANY).await.expect("connected");
    assert_eq!(stored.version, 1);
    let whose = tenant("acme");
    assert_eq!(world.connections.find(&whose, &account("17841")).await.expect("a read"), Some(stored.clone()));
    assert_eq!(world.connections.list(&whose).await.expect("a read"), [stored]);
    let route = world.connections.route(&account("17841")).await.expect("a read").expect("a route");
    assert_eq!(route.tenant, whose);
    assert!(world.connections.list(&tenant("rival")).await.expect("a read").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_tenants_that_connect_one_account_at_once_one_gets_it() {
    let world = World::empty().await;
    let names: Vec<_> = (0..8).map(|n| format!("tenant{n}")).collect();
    let wanted: Vec<_> = names.iter().map(|name| connection(name, "17841")).collect();
    let outcomes = join_all(wanted.iter().map(|connection| world.connections.activate(connection, None, &ANY))).await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|outcome| matches!(outcome, Err(ActivateError::OwnedByAnother))), "{lost:?}");
    let owner = world.connections.route(&account("17841")).await.expect("a read").expect("a route").tenant;
    for name in names {
        let listed = world.connections.list(&tenant(&name)).await.expect("a read");
        assert_eq!(listed.len(), usize::from(owner.as_str() == name), "{name}");
    }
}

#[tokio::test]
async fn a_page_of_another_tenant_is_refused_and_nothing_is_stored() {
    let world = World::empty().await;
    world.connections.activate(&with_page("acme", "17841", "55"), None, &ANY).await.expect("connected");
    let outcome = world.connections.activate(&with_page("rival", "222", "55"), None, &ANY).await;
    assert!(matches!(outcome, Err(ActivateError::OwnedByAnother)), "{outcome:?}");
    assert_eq!(world.connections.route(&account("222")).await.expect("a read"), None);
    assert!(world.connections.list(&tenant("rival")).await.expect("a read").is_empty());
}

#[tokio::test]
async fn a_reconnect_needs_the_version_that_it_replaces() {
    let world = World::empty().await;
    let first = world.connections.activate(&connection("acme", "17841"), None, &ANY).await.expect("connected");
    let blind = world.connections.activate(&connection("acme", "17841"), None, &ANY).await;
    assert!(matches!(blind, Err(ActivateError::Conflict)), "{blind:?}");
    let second = world.connections.activate(&first, Some(first.version), &ANY).await.expect("reconnected");
    assert_eq!(second.version, 2);
    let stale = world.connections.activate(&first, Some(first.version), &ANY).await;
    assert!(matches!(stale, Err(ActivateError::Conflict)), "{stale:?}");
}

#[tokio::test]
async fn the_page_that_a_reconnect_leaves_is_free_for_others() {
    let world = World::empty().await;
    let first = world.connections.activate(&with_page("acme", "17841", "55"), None, &ANY).await.expect("connected");
    let moved = Connection { page_id: Some(page("66")), ..first.clone() };
    world.connections.activate(&moved, Some(first.version), &ANY).await.expect("reconnected");
    world.connections.activate(&with_page("rival", "222", "55"), None, &ANY).await.expect("the Page is free");
    let taken = world.connections.activate(&with_page("rival", "333", "66"), None, &ANY).await;
    assert!(matches!(taken, Err(ActivateError::OwnedByAnother)), "{taken:?}");
}

#[tokio::test]
async fn a_revoked_connection_has_no_token_and_no_route_and_frees_the_account() {
    let world = World::empty().await;
    world.connections.activate(&with_page("acme", "17841", "55"), None, &ANY).await.expect("connected");
    let (whose, which) = (tenant("acme"), account("17841"));
    let revoked = world.connections.revoke(&whose, &which, seconds(9)).await.expect("revoked").expect("there");
    assert_eq!((revoked.status, &revoked.token, revoked.updated_at), (ConnectionStatus::Revoked, &None, seconds(9)));
    assert_eq!(world.connections.find(&whose, &which).await.expect("a read"), Some(revoked.clone()));
    assert_eq!(world.connections.route(&which).await.expect("a read"), None);
    let again = world.connections.revoke(&whose, &which, seconds(10)).await.expect("revoked before");
    assert_eq!(again, Some(revoked));
    world.connections.activate(&with_page("rival", "17841", "55"), None, &ANY).await.expect("free for others");
}

#[tokio::test]
async fn nothing_is_told_any_more_about_a_connection_that_has_ended() {
    let world = World::empty().await;
    let refused = ProfilesRefused { reason: "app_not_reviewed".to_owned(), since: seconds(0), asked_at: seconds(0) };
    let noticed = Connection {
        notice: Some(Notice::not_subscribed(seconds(0))),
        profiles_refused: Some(refused),
        ..connection("acme", "17841")
    };
    world.connections.activate(&noticed, None, &ANY).await.expect("connected");
    let revoked = world.connections.revoke(&tenant("acme"), &account("17841"), seconds(9)).await.expect("revoked");
    let revoked = revoked.expect("there");
    assert_eq!((revoked.notice, revoked.profiles_refused), (None, None));
}

#[tokio::test]
async fn what_one_token_was_refused_is_not_held_against_the_next() {
    let world = World::empty().await;
    let refused = ProfilesRefused { reason: "app_not_reviewed".to_owned(), since: seconds(5), asked_at: seconds(5) };
    let first = world.connections.activate(&connection("acme", "17841"), None, &ANY).await.expect("connected");
    let again = Connection { token_refreshed_at: first.token_refreshed_at.plus(9), ..first.clone() };
    let second = world.connections.activate(&again, Some(first.version), &ANY).await.expect("reconnected");
    assert!(!world.connections.set_profiles_refused(&first, &refused).await.expect("a write"));
    let found = world.connections.find(&second.tenant, &second.account).await.expect("a read").expect("there");
    assert_eq!(found.profiles_refused, None);
    assert!(world.connections.set_profiles_refused(&second, &refused).await.expect("a write"));
}

#[tokio::test]
async fn revoking_the_old_account_of_a_page_keeps_the_route_of_its_new_one() {
    let world = World::empty().await;
    world.connections.activate(&with_page("acme", "17841", "55"), None, &ANY).await.expect("connected");
    world
        .connections
        .activate(&with_page("acme", "222", "55"), None, &ANY)
        .await
        .expect("the Page has another account");
    world.connections.revoke(&tenant("acme"), &account("17841"), NOW.seconds()).await.expect("revoked");
    let taken = world.connections.activate(&with_page("rival", "333", "55"), None, &ANY).await;
    assert!(matches!(taken, Err(ActivateError::OwnedByAnother)), "{taken:?}");
}

#[tokio::test]
async fn nothing_is_revoked_where_nothing_is() {
    let world = World::empty().await;
    let revoked = world.connections.revoke(&tenant("acme"), &account("17841"), NOW.seconds()).await;
    assert_eq!(revoked.expect("a read"), None);
}

#[tokio::test]
async fn what_a_person_connected_is_found_after_the_connection_has_ended() {
    let world = World::empty().await;
    let person = AppScopedId::try_from("777").expect("a person");
    let connected = Connection { app_scoped_user_id: Some(person.clone()), ..connection("acme", "17841") };
    world.connections.activate(&connected, None, &ANY).await.expect("connected");
    world.connections.revoke(&tenant("acme"), &account("17841"), NOW.seconds()).await.expect("revoked");
    let accounts = world.connections.accounts_of(Login::Instagram, &person).await.expect("a read");
    assert_eq!(accounts.len(), 1);
    assert_eq!((&accounts[0].tenant, &accounts[0].account), (&tenant("acme"), &account("17841")));
    assert!(world.connections.accounts_of(Login::Facebook, &person).await.expect("a read").is_empty());
}

#[tokio::test]
async fn an_error_is_noted_and_cleared_unless_a_reconnect_was_faster() {
    let world = World::empty().await;
    let used = world.connections.activate(&connection("acme", "17841"), None, &ANY).await.expect("connected");
    let error = ConnectionError { reason: "token_expired".to_owned(), since: NOW.seconds() };
    let noted = world.connections.set_error(&used, &error, NOW.seconds()).await.expect("written").expect("noted");
    assert_eq!((noted.status, noted.error.as_ref()), (ConnectionStatus::Error, Some(&error)));
    assert_eq!(refresh_at(&world).await, None, "a token that Meta refuses is not renewed");
    let late = world.connections.set_error(&used, &error, NOW.seconds()).await.expect("answered");
    assert_eq!(late, None);
    let healed = world.connections.clear_error(&noted, seconds(5)).await.expect("written").expect("healed");
    assert_eq!((healed.status, healed.error), (ConnectionStatus::Active, None));
    assert!(refresh_at(&world).await.is_some());
}

async fn refresh_at(world: &World) -> Option<i64> {
    let items = world.dump(&world.tables.connections).await;
    let entry = items.iter().find_map(|item| item.get("refresh_at"))?;
    entry.as_n().expect("a number").parse().ok()
}

#[tokio::test]
async fn an_active_connection_is_due_an_hour_later_and_a_revoked_one_never() {
    let world = World::connected().await;
    assert_eq!(refresh_at(&world).await, Some(seconds(60 * 60).get()));
    world.connections.revoke(&tenant("acme"), &account("17841"), NOW.seconds()).await.expect("revoked");
    assert_eq!(refresh_at(&world).await, None);
}

#[tokio::test]
async fn a_webhook_is_noted_at_most_every_five_minutes() {
    let world = World::connected().await;
    let (whose, which) = (tenant("acme"), account("17841"));
    let mut noted = Vec::new();
    for after in [0, 299, 300] {
        world.connections.touch_webhook(&whose, &which, seconds(after)).await.expect("noted");
        noted.push(world.connections.find(&whose, &which).await.expect("a read").expect("there").last_webhook_at);
    }
    assert_eq!(noted, [Some(seconds(0)), Some(seconds(0)), Some(seconds(300))]);
    let updates = world.wire.calls().iter().filter(|call| *call == "UpdateItem").count();
    assert_eq!(updates, 2, "a warm process does not even ask");
    let cold = ConnectionStore::new(world.client.clone(), &world.tables);
    cold.touch_webhook(&whose, &which, seconds(301)).await.expect("nothing to note");
    let found = world.connections.find(&whose, &which).await.expect("a read").expect("there");
    assert_eq!((found.last_webhook_at, found.version), (Some(seconds(300)), 1));
}

#[tokio::test]
async fn a_webhook_for_a_connection_that_is_gone_makes_no_item() {
    let world = World::empty().await;
    world.connections.touch_webhook(&tenant("acme"), &account("17841"), NOW.seconds()).await.expect("nothing");
    assert!(world.dump(&world.tables.connections).await.is_empty());
}

#[tokio::test]
async fn a_token_takes_another_form_unless_the_connection_was_changed_meanwhile() {
    let world = World::connected().await;
    let (whose, which) = (tenant("acme"), account("17841"));
    let read = async || world.connections.find(&whose, &which).await.expect("a read").expect("there");
    let (used, moved) = (read().await, domain::SealedToken::new("under another key".to_owned()));
    assert!(world.connections.replace_token(&used, &moved).await.expect("answered"));
    assert_eq!(read().await, Connection { token: Some(moved), version: used.version + 1, ..used.clone() });
    let late = domain::SealedToken::new("late".to_owned());
    assert!(!world.connections.replace_token(&used, &late).await.expect("answered"), "it has changed since");
    world.connections.revoke(&whose, &which, NOW.seconds()).await.expect("revoked");
    assert!(!world.connections.replace_token(&read().await, &late).await.expect("answered"), "it has none");
}
