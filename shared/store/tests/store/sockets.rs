//! Tickets and sockets.

use domain::live::{SOCKET_SECONDS, Socket, Ticket};
use domain::{TenantId, UnixSeconds, UserId};
use store::ListenerStore;

use crate::util::World;
use crate::util::examples::{self, NOW};

const DIGEST: &str = "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02";

fn ticket(tenant: &str) -> Ticket {
    let user = UserId::try_from("ana").expect("a user");
    Ticket { tenant: examples::tenant(tenant), user, token_ends_at: None }
}

async fn sockets(store: &ListenerStore, tenant: &TenantId) -> Vec<String> {
    let found = store.of(tenant).await.expect("a read").sockets;
    found.into_iter().map(|socket| socket.connection_id).collect()
}

async fn store() -> (World, ListenerStore) {
    let world = World::empty().await;
    let store = ListenerStore::new(world.client.clone(), &world.tables);
    (world, store)
}

#[tokio::test]
async fn a_ticket_lets_in_once() {
    let (_world, store) = store().await;
    let ends_at = NOW.seconds().plus(30);
    store.issue(DIGEST, &ticket("acme"), ends_at).await.expect("a write");
    let (one, other) = futures::join!(store.claim(DIGEST), store.claim(DIGEST));
    let let_in = [one, other].into_iter().filter_map(|claimed| claimed.expect("a call")).collect::<Vec<_>>();
    assert_eq!(let_in, [ticket("acme")]);
    assert_eq!(store.claim(DIGEST).await.expect("a call"), None, "it is used");
}

#[tokio::test]
async fn a_ticket_that_is_too_old_lets_nobody_in() {
    let (_world, store) = store().await;
    store.issue(DIGEST, &ticket("acme"), NOW.seconds()).await.expect("a write");
    assert_eq!(store.claim(DIGEST).await.expect("a call"), None);
}

#[tokio::test]
async fn a_socket_is_its_tenants_until_it_is_closed_or_its_end_has_come() {
    let (world, store) = store().await;
    let open = |tenant: &str, id: &str, token_ends_at: Option<UnixSeconds>| {
        let ticket = Ticket { token_ends_at, ..ticket(tenant) };
        ticket.open(id.to_owned(), NOW.seconds())
    };
    let sockets_opened: [Socket; 3] = [
        open("acme", "A1", None),
        open("acme", "A2", Some(NOW.seconds().plus(60))),
        open("globex", "G1", Some(NOW.seconds().plus(10 * SOCKET_SECONDS))),
    ];
    assert_eq!(sockets_opened[1].ends_at, NOW.seconds().plus(60), "the token ends then");
    assert_eq!(sockets_opened[2].ends_at, NOW.seconds().plus(SOCKET_SECONDS), "API Gateway closes it then");
    for socket in &sockets_opened {
        store.open_socket(socket).await.expect("a write");
    }
    let (acme, globex) = (examples::tenant("acme"), examples::tenant("globex"));
    assert_eq!(sockets(&store, &acme).await, ["A1", "A2"]);
    store.close_socket("A1").await.expect("a write");
    store.close_socket("A1").await.expect("twice is as good");
    store.close_socket("unknown").await.expect("nobody's is as good");
    assert_eq!(
        (sockets(&store, &acme).await, sockets(&store, &globex).await),
        (vec!["A2".to_owned()], vec!["G1".to_owned()])
    );
    world.clock.advance_days(1);
    assert_eq!((sockets(&store, &acme).await, sockets(&store, &globex).await), (vec![], vec![]));
}
