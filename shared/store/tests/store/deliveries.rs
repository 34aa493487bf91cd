//! What endpoints were told: listed, worked off, made again, deleted.

use domain::endpoint::{Delivered, DeliveryState, Try};
use domain::outbox::{DeliveryEvent, EndpointKey, EventId, EventType};
use domain::{ConversationId, TenantId, UnixMillis};
use store::{Again, DeliveryPlace, DeliveryStore};

use crate::util::World;
use crate::util::examples::NOW;

fn tenant() -> TenantId {
    TenantId::try_from("acme").expect("a tenant")
}

fn conversation() -> ConversationId {
    ConversationId::try_from("0".repeat(32)).expect("a conversation")
}

fn endpoint() -> EndpointKey {
    EndpointKey { tenant: Some(tenant()), id: "ep_1".to_owned() }
}

fn told(number: i64) -> Delivered {
    let at = NOW.plus(number);
    let event = DeliveryEvent {
        id: EventId::derive(EventType::MessageReceived, &["acme", &number.to_string()]),
        kind: EventType::MessageReceived,
        at,
        tenant: tenant(),
        conversation: Some(conversation()),
        body: format!("{{\"number\": {number}}}"),
    };
    Delivered::waiting(endpoint(), event, at)
}

fn tried(at: UnixMillis, status: u16) -> Try {
    let error = (status >= 300).then_some(domain::endpoint::TryError::Status);
    Try { at, status: Some(status), duration_ms: 5, error }
}

async fn with(deliveries: &[Delivered]) -> (World, DeliveryStore) {
    let world = World::empty().await;
    let store = DeliveryStore::new(world.client.clone(), &world.tables);
    for delivered in deliveries {
        store.put(delivered).await.expect("stored");
    }
    (world, store)
}

fn place(delivered: &Delivered) -> DeliveryPlace {
    DeliveryPlace::of(&delivered.endpoint, &delivered.event)
}

#[tokio::test]
async fn what_waits_is_found_by_when_it_is_due_and_as_it_was_stored() {
    let done = told(3).after(tried(NOW, 200), 0);
    let (_world, store) = with(&[told(2), done, told(1)]).await;
    let due = store.due(&endpoint(), Some(NOW.plus(1)), 10).await.expect("a list");
    assert_eq!(due, [told(1)]);
    assert_eq!(store.due(&endpoint(), None, 10).await.expect("a list"), [told(1), told(2)]);
    assert_eq!(store.next_due(&endpoint()).await.expect("a time"), Some(NOW.plus(1)));
    let another = EndpointKey { id: "ep_2".to_owned(), ..endpoint() };
    assert_eq!(store.due(&another, None, 10).await.expect("a list"), []);
}

#[tokio::test]
async fn a_delivery_that_is_settled_waits_no_more() {
    let (_world, store) = with(&[told(1)]).await;
    store.settle(&told(1).after(tried(NOW, 500), 0)).await.expect("settled");
    assert_eq!(store.next_due(&endpoint()).await.expect("a time"), Some(NOW.plus(5_000)));
    store.settle(&told(1).after(tried(NOW, 500), 0).after(tried(NOW, 200), 0)).await.expect("settled");
    assert_eq!(store.next_due(&endpoint()).await.expect("a time"), None);
    let [logged] = store.log(&endpoint(), None, 10).await.expect("a log").items.try_into().expect("one");
    assert_eq!((logged.state, logged.tries.len()), (DeliveryState::Delivered, 2));
}

#[tokio::test]
async fn what_was_deleted_meanwhile_is_not_written_again() {
    let (world, store) = with(&[told(1)]).await;
    let found = world.eraser.deliveries(&tenant(), Some(&conversation()), NOW.plus(1), None).await.expect("found");
    world.eraser.delete_deliveries(&found).await.expect("deleted");
    store.settle(&told(1).after(tried(NOW, 200), 0)).await.expect("an answer");
    assert_eq!(store.again(&place(&told(1)), NOW).await.expect("an answer"), Again::Gone);
    assert!(store.log(&endpoint(), None, 10).await.expect("a log").items.is_empty());
}

#[tokio::test]
async fn a_deletion_takes_what_happened_by_then() {
    let (world, store) = with(&[told(1), told(2), told(3)]).await;
    let found = world.eraser.deliveries(&tenant(), Some(&conversation()), NOW.plus(2), None).await.expect("found");
    world.eraser.delete_deliveries(&found).await.expect("deleted");
    let left = store.log(&endpoint(), None, 10).await.expect("a log").items;
    assert_eq!(left.iter().map(|one| one.logged_at).collect::<Vec<_>>(), [NOW.plus(3)]);
}

#[tokio::test]
async fn a_log_is_read_page_by_page_the_newest_first() {
    let all: Vec<Delivered> = (1..=5).map(told).collect();
    let (_world, store) = with(&all).await;
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.log(&endpoint(), cursor.as_deref(), 2).await.expect("a page");
        seen.extend(page.items.into_iter().map(|one| one.logged_at.get() - NOW.get()));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn any_delivery_can_be_made_again_until_it_is_not_kept_any_more() {
    let done = told(1).after(tried(NOW, 200), 0);
    let (world, store) = with(std::slice::from_ref(&done)).await;
    assert_eq!(store.again(&place(&done), NOW.plus(7)).await.expect("an answer"), Again::Due);
    assert_eq!(store.again(&place(&done), NOW.plus(8)).await.expect("an answer"), Again::Waits);
    let [due] = store.due(&endpoint(), None, 10).await.expect("a list").try_into().expect("one");
    assert_eq!((due.event, due.due_at), (done.event.clone(), Some(NOW.plus(7))));
    world.clock.advance_days(31);
    assert_eq!(store.again(&place(&done), NOW).await.expect("an answer"), Again::Gone);
    assert!(store.log(&endpoint(), None, 10).await.expect("a log").items.is_empty());
}

#[tokio::test]
async fn what_is_kept_already_is_told_from_what_is_not() {
    let (_world, store) = with(&[told(1)]).await;
    let known = store.known(&[place(&told(1)), place(&told(2))]).await.expect("known");
    assert_eq!(known, [told(1).event.id].into());
}
