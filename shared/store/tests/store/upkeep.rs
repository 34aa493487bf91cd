//! Connections that are due are found at the price of what is due, and what others did meanwhile holds.

use domain::{Connection, Login, SealedToken, UnixSeconds};
use store::{Due, DueCursor, Next};

use crate::util::World;
use crate::util::examples::{ANY, NOW, account, connection, tenant};

fn due(whose: &str, ig: &str) -> Due {
    Due { tenant: tenant(whose), account: account(ig) }
}

const fn then(due_at: UnixSeconds, setbacks: u32) -> Next {
    Next { due_at, setbacks, checked_at: Some(NOW.seconds()) }
}

#[tokio::test]
async fn what_is_due_is_found_page_after_page_and_by_login() {
    let world = World::empty().await;
    for number in 1..=5 {
        let one = connection(&format!("t{number}"), &number.to_string());
        world.connections.activate(&one, None, &ANY).await.expect("connected");
    }
    let page = Connection { login: Login::Facebook, ..connection("page", "9") };
    world.connections.activate(&page, None, &ANY).await.expect("connected");
    let soon = NOW.seconds().plus(60 * 60);
    let (early, _) = world.connections.due(Login::Instagram, soon.plus(-1), None, 10).await.expect("a read");
    assert_eq!(early, []);
    let (mut found, mut cursor): (Vec<Due>, Option<DueCursor>) = (Vec::new(), None);
    loop {
        let (more, next) = world.connections.due(Login::Instagram, soon, cursor, 2).await.expect("a read");
        found.extend(more);
        let Some(next) = next else { break };
        let json = serde_json::to_string(&next).expect("a cursor travels as JSON");
        cursor = Some(serde_json::from_str(&json).expect("and back"));
    }
    found.sort_by(|one, other| one.tenant.cmp(&other.tenant));
    assert_eq!(found, (1..=5).map(|number| due(&format!("t{number}"), &number.to_string())).collect::<Vec<_>>());
    let (pages, _) = world.connections.due(Login::Facebook, soon, None, 10).await.expect("a read");
    assert_eq!(pages, [due("page", "9")]);
}

#[tokio::test]
async fn of_those_that_have_an_appointment_the_one_that_worked_last_comes_first() {
    let world = World::empty().await;
    for (number, minutes) in [(1, 30), (2, 59), (3, 120)] {
        let one = connection(&format!("t{number}"), &number.to_string());
        let used = world.connections.activate(&one, None, &ANY).await.expect("connected");
        let next = then(NOW.seconds().plus(minutes * 60), 0);
        world.connections.record_upkeep(&used, &used, next).await.expect("written").expect("kept");
    }
    let latest = world.connections.latest(Login::Instagram, NOW.seconds().plus(3_600), 5).await.expect("a read");
    assert_eq!(latest, [due("t2", "2"), due("t1", "1")]);
}

#[tokio::test]
async fn a_setback_moves_the_appointment_and_nothing_else() {
    let world = World::connected().await;
    let whose = due("acme", "17841");
    let found = world.connections.appointment(&whose).await.expect("a read").expect("there");
    let later = NOW.seconds().plus(7_200);
    let kept =
        world.connections.record_upkeep(&found.connection, &found.connection, then(later, 2)).await.expect("written");
    assert_eq!(kept.as_ref(), Some(&found.connection), "not even the version");
    let moved = world.connections.appointment(&whose).await.expect("a read").expect("there");
    assert_eq!((moved.due_at, moved.setbacks, moved.checked_at), (Some(later), 2, Some(NOW.seconds())));
    world
        .connections
        .record_upkeep(&found.connection, &found.connection, then(later, 0))
        .await
        .expect("written")
        .expect("kept");
    assert_eq!(world.connections.appointment(&whose).await.expect("a read").expect("there").setbacks, 0);
}

#[tokio::test]
async fn a_renewed_token_loses_against_a_disconnect_and_a_reconnect() {
    let world = World::connected().await;
    let whose = due("acme", "17841");
    let used = world.connections.appointment(&whose).await.expect("a read").expect("there").connection;
    let renewed = Connection { token: Some(SealedToken::new("v1.renewed".to_owned())), ..used.clone() };
    world.connections.activate(&used, Some(used.version), &ANY).await.expect("reconnected");
    let outcome = world.connections.record_upkeep(&used, &renewed, then(NOW.seconds(), 0)).await.expect("answered");
    assert_eq!(outcome, None);
    let reconnected = world.connections.appointment(&whose).await.expect("a read").expect("there").connection;
    assert_eq!(reconnected.token, used.token);
    world.connections.revoke(&whose.tenant, &whose.account, NOW.seconds()).await.expect("revoked");
    let outcome =
        world.connections.record_upkeep(&reconnected, &renewed, then(NOW.seconds(), 0)).await.expect("answered");
    assert_eq!(outcome, None);
    let revoked = world.connections.appointment(&whose).await.expect("a read").expect("there");
    assert_eq!((revoked.connection.token, revoked.due_at), (None, None));
}
