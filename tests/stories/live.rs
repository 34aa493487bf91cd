//! Open browsers are told what has changed: hints, after a ticket, until the token ends.

use std::time::Duration;

use domain::Channel;
use local_aws::{Effect, FaultRule, Service};
use serde_json::{Value, json};
use stories::{Closed, Socket, World};

use crate::util::{INES, LUNA, connected};

const MINUTE_MS: i64 = 60 * 1000;

/// A world in which no hint is lost.
async fn calm() -> World {
    World::start_with(|settings| settings.weather.lost_posts = 0).await
}

/// The conversations that were named.
fn named(hints: &[Value]) -> Vec<&str> {
    let all = hints.iter().flat_map(|hint| hint["conversations"].as_array().into_iter().flatten());
    let mut ids: Vec<&str> = all.filter_map(|conversation| conversation["id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// How many sockets are stored.
async fn stored(world: &World) -> usize {
    let listeners = world.tables().items("ListenersTable").await;
    listeners.iter().filter(|item| item["sk"].as_s().is_ok_and(|sk| sk.starts_with("SOCKET#"))).count()
}

#[tokio::test]
async fn who_has_the_inbox_open_is_told_of_a_dm_and_nobody_of_another_tenant() {
    for channel in Channel::ALL {
        let world = connected(calm().await.on(channel)).await;
        let (ana, luis, eva) = (world.browser("ana"), world.browser("luis"), world.browser("eva"));
        let mut sockets = [ana.socket().await, luis.socket().await, eva.socket().await];
        world.stack.aws().catch_up();
        world.dm(INES, LUNA, "¿Abren hoy?").await;
        let conversation = ana.conversation().await;
        let mut heard = Vec::new();
        for socket in &mut sockets {
            heard.push(socket.heard().await);
        }
        let id = conversation["id"].as_str().expect("an id");
        assert_eq!(named(&heard[0]), [id], "{channel}: {heard:?}");
        assert_eq!(named(&heard[1]), [id], "{channel}: {heard:?}");
        assert_eq!(heard[2], [Value::Null; 0], "{channel}: another tenant's");
        let said = json!(heard).to_string();
        for secret in ["Abren", "Inès", "ines", "luna"] {
            assert!(!said.contains(secret), "{channel}: a hint says `{secret}`: {said}");
        }
    }
}

#[tokio::test]
async fn who_looks_is_told_of_answers_marks_and_connections_as_well() {
    let world = connected(calm().await).await;
    world.dm(INES, LUNA, "¿Abren hoy?").await;
    let (ana, luis) = (world.browser("ana"), world.browser("luis"));
    let conversation = ana.conversation().await;
    let id = conversation["id"].as_str().expect("an id");
    let mut socket = ana.socket().await;
    world.stack.aws().catch_up();

    luis.post(&format!("/api/tenants/luna/conversations/{id}/read"), json!({})).await;
    world.settle().await;
    assert_eq!(named(&socket.heard().await), [id], "a colleague has read it");
    luis.send(&conversation, "Sí, hasta las 20 h").await;
    world.settle().await;
    assert_eq!(named(&socket.heard().await), [id], "a colleague has answered");
    world.act(INES, LUNA, json!({"kind": "seen"})).await;
    world.settle().await;
    assert_eq!(named(&socket.heard().await), [id], "she has seen it");
    ana.disconnect(json!({})).await;
    world.settle().await;
    assert!(socket.heard().await.iter().any(|hint| hint["connections"] == true), "the account is gone");
}

#[tokio::test]
async fn a_ticket_that_was_used_is_refused() {
    let world = calm().await;
    let ticket = world.browser("ana").ticket().await;
    let (one, other) = tokio::join!(Socket::open(&ticket), Socket::open(&ticket));
    let refused: Vec<u16> = [&one, &other].iter().filter_map(|opened| opened.as_ref().err().copied()).collect();
    assert_eq!(refused, [401], "one of two");
    assert_eq!(Socket::open(&ticket).await.err(), Some(401));
    assert_eq!(stored(&world).await, 1);
}

#[tokio::test]
async fn a_ticket_that_comes_late_is_refused() {
    let world = calm().await;
    let ticket = world.browser("ana").ticket().await;
    world.stack.clock().advance(31 * 1000);
    assert_eq!(Socket::open(&ticket).await.err(), Some(401));
    assert_eq!(stored(&world).await, 0);
}

#[tokio::test]
async fn what_is_stored_or_logged_of_a_ticket_opens_nothing() {
    let world = calm().await;
    let mut ticket = world.browser("ana").ticket().await;
    let text = ticket["ticket"].as_str().expect("a ticket").to_owned();
    let stored = format!("{:?}", world.tables().items("ListenersTable").await);
    assert!(!stored.contains(&text), "the ticket itself is stored");
    let (_, digest) = stored.split_once("TICKET#").expect("its digest is");
    for stolen in [&digest[..64], "", "x", &text[1..]] {
        ticket["ticket"] = json!(stolen);
        assert_eq!(Socket::open(&ticket).await.err(), Some(401), "{stolen}");
    }
    let url = ticket["url"].as_str().expect("an address");
    assert_eq!(Socket::connect(url).await.err(), Some(401), "no ticket at all");
    ticket["ticket"] = json!(text);
    let opened = Socket::open(&ticket).await;
    assert!(opened.is_ok(), "the ticket itself is good");
    assert_eq!(Socket::open(&ticket).await.err(), Some(401), "who finds its address in a history comes too late");
}

#[tokio::test]
async fn a_ticket_of_another_tenant_opens_that_tenants_inbox_and_no_other() {
    let world = connected(calm().await).await;
    let eva = world.browser("eva");
    let refused = eva.post("/api/tenants/luna/live/tickets", json!({})).await;
    assert_eq!(refused.problem_kind(404), "not-found");
    let ticket = eva.ticket().await;
    let [url, text] = ["url", "ticket"].map(|name| ticket[name].as_str().expect("a ticket says it"));
    let mut socket =
        Socket::connect(&format!("{url}?ticket={text}&tenant=luna&tenant_id=luna")).await.expect("it opens");
    world.stack.aws().catch_up();
    world.dm(INES, LUNA, "¿Abren hoy?").await;
    assert_eq!(socket.heard().await, [Value::Null; 0]);
}

#[tokio::test]
async fn without_a_token_nobody_gets_a_ticket() {
    let world = calm().await;
    for person in [world.stranger(), world.browser("ana").with_token("e30.e30.c2ln")] {
        assert_eq!(person.post("/api/tenants/luna/live/tickets", json!({})).await.status, 401);
    }
}

#[tokio::test]
async fn who_was_removed_is_told_nothing_once_the_token_has_ended_and_gets_no_other_ticket() {
    let world = connected(calm().await).await;
    let luis = world.browser("luis");
    let mut ended = luis.socket().await;
    // A token lives for an hour; her socket would be open for another, and is used, so that it does not idle away.
    for _ in 0..7 {
        world.stack.clock().advance(9 * MINUTE_MS);
        ended.heard().await;
    }
    assert_eq!(luis.post("/api/tenants/luna/live/tickets", json!({})).await.status, 401);
    let mut socket = world.browser("ana").socket().await;
    world.stack.aws().catch_up();
    world.dm(INES, LUNA, "¿Abren hoy?").await;
    assert_eq!(named(&socket.heard().await).len(), 1, "who is let in is told");
    assert_eq!(ended.heard().await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_socket_on_which_nothing_moves_is_closed_after_ten_minutes_and_a_ping_keeps_it_open() {
    let world = calm().await;
    let ana = world.browser("ana");
    let (mut quiet, mut pinging) = (ana.socket().await, ana.socket().await);
    world.stack.clock().advance(6 * MINUTE_MS);
    pinging.heard().await;
    world.stack.clock().advance(5 * MINUTE_MS);
    assert_eq!(quiet.told().await, Err(Closed(Some(1001))));
    pinging.heard().await;
    world.stack.clock().advance(11 * MINUTE_MS);
    assert_eq!(pinging.told().await, Err(Closed(Some(1001))));
}

#[tokio::test]
async fn a_socket_is_open_for_two_hours_at_most() {
    let world = calm().await;
    let mut socket = world.browser("ana").socket().await;
    for _ in 0..13 {
        world.stack.clock().advance(9 * MINUTE_MS);
        socket.heard().await;
    }
    world.stack.clock().advance(4 * MINUTE_MS);
    assert_eq!(socket.told().await, Err(Closed(Some(1001))));
}

#[tokio::test]
async fn what_is_too_large_or_no_text_closes_the_socket_and_what_nobody_knows_is_ignored() {
    let world = calm().await;
    let ana = world.browser("ana");
    let mut socket = ana.socket().await;
    for ignored in ["", "ping", "[]", r#"{"action":"changed"}"#, r#"{"action":"$disconnect"}"#] {
        socket.say(ignored).await;
    }
    assert_eq!(socket.heard().await, [Value::Null; 0]);
    socket.say("x".repeat(33 * 1024)).await;
    assert_eq!(socket.told().await, Err(Closed(Some(1009))));
    let mut socket = ana.socket().await;
    socket.say(vec![1_u8, 2, 3]).await;
    assert_eq!(socket.told().await, Err(Closed(Some(1003))));
}

#[tokio::test]
async fn a_browser_that_left_without_a_word_is_forgotten_with_the_first_hint_that_it_misses() {
    let world = World::start_with(|settings| settings.weather.lost_posts = 1000).await; // and every goodbye
    let world = connected(world).await;
    drop(world.browser("ana").socket().await);
    while world.stack.aws().sockets().count() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await; // the line is found to be cut
    }
    assert_eq!(stored(&world).await, 1);
    world.stack.clock().advance(2 * MINUTE_MS);
    world.stack.aws().catch_up();
    world.dm(INES, LUNA, "¿Abren hoy?").await;
    assert_eq!(stored(&world).await, 0);
}

#[tokio::test]
async fn who_leaves_is_forgotten() {
    let world = calm().await;
    drop(world.browser("ana").socket().await);
    while stored(&world).await > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_socket_that_could_not_be_stored_is_refused_and_the_next_ticket_opens_one() {
    let world = calm().await;
    let ana = world.browser("ana");
    for operation in ["DeleteItem", "Query", "TransactWriteItems"] {
        let refusal = FaultRule::on(Service::DynamoDb, operation, Effect::throughput_exceeded()).from_function("live");
        world.stack.aws().faults().inject(refusal);
        assert_eq!(Socket::open(&ana.ticket().await).await.err(), Some(503), "{operation}");
        world.stack.aws().faults().clear();
        assert!(Socket::open(&ana.ticket().await).await.is_ok(), "after {operation}");
    }
}

#[tokio::test]
async fn a_person_has_thirty_sockets_at_most() {
    let world = calm().await;
    let (ana, luis) = (world.browser("ana"), world.browser("luis"));
    let mut open = Vec::new();
    for _ in 0..30 {
        open.push(ana.socket().await);
    }
    world.stack.aws().catch_up();
    assert_eq!(Socket::open(&ana.ticket().await).await.err(), Some(429));
    assert!(Socket::open(&luis.ticket().await).await.is_ok(), "it is nobody else's limit");
}

#[tokio::test]
async fn where_live_updates_are_off_there_are_no_tickets() {
    let off = |settings: &mut local::StackSettings| {
        settings.parameters.insert("LiveUpdates".to_owned(), "off".to_owned());
    };
    let world = connected(World::start_with(off).await).await;
    let ana = world.browser("ana");
    let refused = ana.post("/api/tenants/luna/live/tickets", json!({})).await;
    assert_eq!(refused.problem_kind(404), "live-off");
    world.dm(INES, LUNA, "¿Abren hoy?").await;
    assert_eq!(ana.conversations().await.len(), 1);
}
