//! Items that this version does not know: a newer one wrote them before it was rolled back.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::erasure::{Origin, Scope, Task};
use domain::{Account, Connection, Erasure, ErasureCode, Kind, Login, PageId, Payload, UnixSeconds};
use store::{AuthorizationStore, Claim, ErasureStore, Filter, Outcome, StoreError};

use crate::authorizations::request as authorization;
use crate::util::World;
use crate::util::examples::{
    ANY, NOW, account, connection, contact_id, contact_of, conversation, inbound, reacted, tenant,
};

/// Sets an attribute of every item of a table that has this attribute.
async fn set(world: &World, table: &str, name: &str, value: AttributeValue) {
    for mut item in world.dump(table).await {
        if item.insert(name.to_owned(), value.clone()).is_some() {
            world.client.put_item().table_name(table).set_item(Some(item)).send().await.expect("written");
        }
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// The same event of another contact.
fn of_another(mut event: domain::Event) -> domain::Event {
    if let Payload::Message { contact, .. } = &mut event.payload {
        *contact = contact_id("555");
    }
    event
}

#[tokio::test]
async fn a_kind_that_is_not_known_is_listed_as_unsupported_and_kept_when_the_message_changes() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    set(&world, &world.tables.messages, "kind", text("hologram")).await;

    let received = world.receive(&reacted("one", 2, Some("❤"))).await.expect("received");

    assert_eq!(received.outcome, Outcome::Applied);
    let message = world.seen(&tenant("acme"), &conversation()).await.messages.remove(0);
    assert_eq!((message.kind.shown(), message.reactions.len()), (Kind::Unsupported, 1));
    let stored = world.dump(&world.tables.messages).await.remove(0);
    assert_eq!(stored["kind"], text("hologram"), "what the newer version wrote is still there");
    let shown = world.dump(&world.tables.conversations).await.remove(0);
    assert_eq!(shown["last_message"].as_m().expect("a map")["kind"], text("hologram"));
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_left_out_of_the_list_and_its_neighbours_are_there() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    set(&world, &world.tables.messages, "direction", AttributeValue::Bool(true)).await;
    set(&world, &world.tables.conversations, "contact", AttributeValue::Bool(true)).await;
    world.receive(&of_another(inbound("two", 2, "Hello"))).await.expect("received");

    let listed = world.inbox.conversations(&tenant("acme"), None, 10, Filter::default()).await.expect("a page");
    let messages = world.inbox.messages(&tenant("acme"), &conversation(), None, 10).await.expect("a page");

    assert_eq!(listed.items.iter().map(|it| it.contact.id.as_str()).collect::<Vec<_>>(), ["555"]);
    assert!(messages.items.is_empty());
}

#[tokio::test]
async fn what_is_of_a_login_or_a_channel_that_is_not_known_is_left_out_and_its_neighbours_are_there() {
    for (name, word) in [("login", "unified"), ("account", "meta_whatsapp#17841")] {
        let world = World::connected().await;
        world.receive(&inbound("one", 1, "Hello")).await.expect("received");
        world.receive(&of_another(inbound("two", 2, "Hello"))).await.expect("received");
        set(&world, &world.tables.connections, name, text(word)).await;
        let mut conversations = world.dump(&world.tables.conversations).await;
        conversations[0].insert("account".to_owned(), text("meta_whatsapp#17841"));
        let put = world.client.put_item().table_name(&world.tables.conversations);
        put.set_item(Some(conversations.remove(0))).send().await.expect("written");
        world.connections.activate(&connection("acme", "222"), None, &ANY).await.expect("connected");

        let own = world.connections.list(&tenant("acme")).await.expect("read");
        let all = world.connections.list_all(None, 10).await.expect("read").items;
        let listed = world.inbox.conversations(&tenant("acme"), None, 10, Filter::default()).await.expect("a page");

        for connections in [own, all] {
            assert_eq!(connections.iter().map(|it| it.account.id.as_str()).collect::<Vec<_>>(), ["222"], "{word}");
        }
        assert_eq!(listed.items.len(), 1, "{word}");
    }
}

#[tokio::test]
async fn the_same_page_on_two_channels_is_two_connections_of_two_tenants() {
    let world = World::empty().await;
    let page = PageId::try_from("55").expect("a Page");
    let login = Login::Facebook;
    let linked = Connection { login, page_id: Some(page.clone()), ..connection("acme", "17841") };
    let on_messenger = Connection { login, account: Account::messenger(&page), ..connection("rival", "55") };
    for (first, second) in [(&linked, &on_messenger), (&on_messenger, &linked)] {
        world.connections.activate(first, None, &ANY).await.expect("connected");
        assert_eq!(receiving(&world, &page).await, std::slice::from_ref(&first.account));
        world.connections.activate(second, None, &ANY).await.expect("connected");
        assert_eq!(receiving(&world, &page).await, [linked.account.clone(), on_messenger.account.clone()]);
        world.connections.revoke(&second.tenant, &second.account, NOW.seconds()).await.expect("revoked");
        assert_eq!(receiving(&world, &page).await, std::slice::from_ref(&first.account));
        world.connections.activate(second, Some(2), &ANY).await.expect("connected again");

        world.connections.forget(&first.tenant, &first.account, None, NOW.plus(1000)).await.expect("forgotten");

        let left = world.connections.route(&second.account).await.expect("read").expect("still there");
        assert_eq!((&left.tenant, &left.account), (&second.tenant, &second.account));
        assert_eq!(world.connections.route(&first.account).await.expect("read"), None);
        world.connections.forget(&second.tenant, &second.account, None, NOW.plus(1000)).await.expect("forgotten");
    }
}

#[tokio::test]
async fn a_conversation_that_cannot_be_read_stops_nobody_elses_events() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    set(&world, &world.tables.conversations, "contact", AttributeValue::Bool(true)).await;
    let events = [inbound("two", 2, "Me again"), of_another(inbound("three", 3, "Hello"))];

    let wanted: Vec<_> = events.iter().map(|event| (account("17841"), contact_of(event))).collect();
    let mut prefetched = world.inbox.prefetch(&wanted).await.expect("a read");
    let unreadable = world.inbox.receive(&mut prefetched, &events[0], NOW).await;
    let stored = world.inbox.receive(&mut prefetched, &events[1], NOW).await.expect("received");

    assert!(matches!(unreadable, Err(StoreError::Shape { entity: "conversation" })), "{unreadable:?}");
    assert_eq!(stored.outcome, Outcome::Stored { new_conversation: true });
}

#[tokio::test]
async fn a_deletion_with_words_that_are_not_known_is_read_and_keeps_them() {
    let world = World::connected().await;
    let store = ErasureStore::new(world.client.clone(), &world.tables);
    let task = Task::new(tenant("acme"), Scope::Contact { conversation: conversation() });
    let asked = Erasure::new(ErasureCode::new([7; 16]), Origin::Tenant, vec![task], NOW);
    store.insert(&asked).await.expect("stored");
    set(&world, &world.tables.connections, "origin", text("regulator")).await;
    set(&world, &world.tables.connections, "progress", text("on_hold")).await;

    let mut found = store.find(&asked.code).await.expect("read").expect("there");
    assert!(store.save(&mut found).await.expect("a write"));

    let items = world.dump(&world.tables.connections).await;
    let stored = items.iter().find(|item| item.contains_key("progress")).expect("the deletion");
    assert_eq!((&stored["origin"], &stored["progress"]), (&text("regulator"), &text("on_hold")));
}

#[tokio::test]
async fn a_login_in_a_phase_that_is_not_known_is_taken_for_one_that_was_used() {
    let world = World::connected().await;
    let store = AuthorizationStore::new(world.client.clone(), &world.tables);
    let request = authorization();
    store.insert(&request).await.expect("stored");
    set(&world, &world.tables.oauth_states, "phase", text("two_factor")).await;

    let now = UnixSeconds::new(request.created_at.get() + 1);
    let claimed = store.claim(&request.state_hash, &request.browser_hash, now).await.expect("an answer");
    let waiting = store.choosing(&request.state_hash, &request.tenant, &request.user, now).await.expect("an answer");

    assert_eq!((claimed, waiting), (Claim::Used, None));
}

/// The accounts that receive over a Page.
async fn receiving(world: &World, page: &PageId) -> Vec<Account> {
    let connections = world.connections.receiving_over(page).await.expect("read");
    connections.into_iter().map(|connection| connection.account).collect()
}
