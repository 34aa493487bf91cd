//! Lists: in order, in pages, filtered, and only one's own.

use domain::conversation::ConversationState;
use domain::{Account, Channel, Connection, Event, Login};
use store::{Filter, StoreError};

use crate::util::World;
use crate::util::examples::{ANY, NOW, account, connection, contact_id, conversation, inbound, page, tenant};

/// A message of contact number `n`, sent at second `n`.
fn from_contact(n: i64) -> Event {
    let mut event = inbound(&format!("m{n}"), n, &format!("from {n}"));
    if let domain::Payload::Message { contact, .. } = &mut event.payload {
        *contact = contact_id(&(1000 + n).to_string());
    }
    event
}

async fn world_with_conversations(count: i64) -> World {
    let world = World::connected().await;
    for n in 0..count {
        world.receive(&from_contact(n)).await.expect("received");
    }
    world
}

/// Every page's previews.
async fn pages(world: &World, limit: u32, filter: Filter) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let whose = tenant("acme");
        let page = world.inbox.conversations(&whose, cursor.as_deref(), limit, filter).await.expect("a page");
        pages.push(page.items.into_iter().filter_map(|it| it.last_message).map(|last| last.preview).collect());
        cursor = page.cursor;
        if cursor.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn conversations_come_newest_first_in_full_pages_and_the_last_has_no_cursor() {
    let world = world_with_conversations(6).await;
    let pages = pages(&world, 3, Filter::default()).await;
    assert_eq!(pages, [["from 5", "from 4", "from 3"], ["from 2", "from 1", "from 0"]]);
}

#[tokio::test]
async fn a_new_message_moves_its_conversation_to_the_top() {
    let world = world_with_conversations(3).await;
    let mut again = from_contact(0);
    let newer = inbound("again", 60, "Me again");
    if let (domain::Payload::Message { message, .. }, domain::Payload::Message { message: newer, .. }) =
        (&mut again.payload, newer.payload)
    {
        *message = newer;
    }
    world.receive(&again).await.expect("received");
    assert_eq!(pages(&world, 10, Filter::default()).await, [["Me again", "from 2", "from 1"]]);
}

#[tokio::test]
async fn filtered_pages_are_full_although_most_conversations_are_left_out() {
    let world = world_with_conversations(9).await;
    for conversation in
        world.inbox.conversations(&tenant("acme"), None, 100, Filter::default()).await.expect("a list").items
    {
        let number: i64 = conversation.contact.id.as_str().parse().expect("digits");
        if number % 3 != 0 {
            world.inbox.mark_read(&tenant("acme"), &conversation.id, None).await.expect("marked");
        }
        if number % 2 == 0 {
            let closed = ConversationState::Closed;
            world.inbox.set_state(&tenant("acme"), &conversation.id, closed).await.expect("closed");
        }
    }
    let unread = Filter { unread: true, ..Filter::default() };
    assert_eq!(pages(&world, 2, unread).await, [vec!["from 8", "from 5"], vec!["from 2"]]);
    let closed = Filter { state: Some(ConversationState::Closed), ..Filter::default() };
    assert_eq!(pages(&world, 4, closed).await, [vec!["from 8", "from 6", "from 4", "from 2"], vec!["from 0"]]);
    let both = Filter { state: Some(ConversationState::Open), unread: true, ..Filter::default() };
    assert_eq!(pages(&world, 4, both).await, [["from 5"]]);
}

#[tokio::test]
async fn a_list_of_one_channel_leaves_out_the_other() {
    let world = world_with_conversations(2).await;
    let on_messenger = Account::messenger(&page("17841"));
    let connected = Connection { account: on_messenger.clone(), login: Login::Facebook, ..connection("acme", "17841") };
    world.connections.activate(&connected, None, &ANY).await.expect("connected");
    for n in 2..4 {
        world.receive(&Event { account: on_messenger.clone(), ..from_contact(n) }).await.expect("received");
    }
    assert_eq!(pages(&world, 9, Filter::default()).await, [["from 3", "from 2", "from 1", "from 0"]]);
    let of = |channel| Filter { channel: Some(channel), ..Filter::default() };
    assert_eq!(pages(&world, 1, of(Channel::Instagram)).await, [["from 1"], ["from 0"]]);
    assert_eq!(pages(&world, 1, of(Channel::Messenger)).await, [["from 3"], ["from 2"]]);
}

#[tokio::test]
async fn messages_come_newest_first_in_pages() {
    let world = World::connected().await;
    for n in 0..5 {
        world.receive(&inbound(&format!("m{n}"), n, &n.to_string())).await.expect("received");
    }
    let whose = tenant("acme");
    let first = world.inbox.messages(&whose, &conversation(), None, 3).await.expect("a page");
    let second = world.inbox.messages(&whose, &conversation(), first.cursor.as_deref(), 3).await.expect("a page");
    let texts: Vec<_> = first.items.iter().chain(&second.items).filter_map(|it| it.text.as_deref()).collect();
    assert_eq!(texts, ["4", "3", "2", "1", "0"]);
    assert_eq!((first.items.len(), second.cursor), (3, None));
}

#[tokio::test]
async fn another_tenant_sees_nothing_and_cannot_use_the_cursor() {
    let world = world_with_conversations(3).await;
    world.connections.activate(&connection("rival", "222"), None, &ANY).await.expect("connected");
    let (mine, rival) = (tenant("acme"), tenant("rival"));
    let page = world.inbox.conversations(&mine, None, 2, Filter::default()).await.expect("a page");
    let cursor = page.cursor.expect("a second page");
    let stolen = world.inbox.conversations(&rival, Some(&cursor), 2, Filter::default()).await;
    assert!(matches!(stolen, Err(StoreError::BadCursor)), "{stolen:?}");
    assert!(world.inbox.conversations(&rival, None, 2, Filter::default()).await.expect("a page").items.is_empty());
    let id = &page.items[0].id;
    assert!(world.inbox.conversation(&rival, id).await.expect("a read").is_none());
    assert!(world.inbox.messages(&rival, id, None, 10).await.expect("a read").items.is_empty());
    assert!(world.inbox.mark_read(&rival, id, None).await.expect("a write").is_none());
    assert!(world.outbound.context(&rival, id, None, NOW).await.expect("a read").is_none());
}

#[tokio::test]
async fn a_cursor_of_another_conversation_or_of_nonsense_is_refused() {
    let world = World::connected().await;
    for n in 0..3 {
        world.receive(&inbound(&format!("m{n}"), n, "Hello")).await.expect("received");
    }
    world.receive(&from_contact(7)).await.expect("received");
    let other = domain::ConversationId::derive(&tenant("acme"), &account("17841"), &contact_id("1007"));
    let cursor = world.inbox.messages(&tenant("acme"), &conversation(), None, 1).await.expect("a page").cursor;
    for (thread, cursor) in
        [(&other, cursor.as_deref()), (&conversation(), Some("bm9uc2Vuc2U")), (&other, Some("\u{e9}"))]
    {
        let outcome = world.inbox.messages(&tenant("acme"), thread, cursor, 1).await;
        assert!(matches!(outcome, Err(StoreError::BadCursor)), "{outcome:?}");
    }
}

#[tokio::test]
async fn marking_as_read_again_costs_no_change_and_a_later_message_counts_anew() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    let first = world.inbox.mark_read(&tenant("acme"), &conversation(), None).await.expect("marked").expect("there");
    let second = world.inbox.mark_read(&tenant("acme"), &conversation(), None).await.expect("marked").expect("there");
    assert_eq!((first.unread, &first), (0, &second));
    world.receive(&inbound("two", 2, "Me again")).await.expect("received");
    let stored = world.inbox.conversation(&tenant("acme"), &conversation()).await.expect("a read").expect("there");
    assert_eq!(stored.unread, 1);
}

#[tokio::test]
async fn a_message_counted_on_an_old_reading_does_not_bring_read_messages_back() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    let wanted = [(account("17841"), Some(contact_id(crate::util::examples::CONTACT)))];
    let mut prefetched = world.inbox.prefetch(&wanted).await.expect("read before the mark");
    world.inbox.mark_read(&tenant("acme"), &conversation(), None).await.expect("marked");
    world.inbox.receive(&mut prefetched, &inbound("two", 2, "Me again"), NOW).await.expect("received");
    let stored = world.inbox.conversation(&tenant("acme"), &conversation()).await.expect("a read").expect("there");
    assert_eq!(stored.unread, 1);
}

#[tokio::test]
async fn a_closed_conversation_opens_with_the_next_message() {
    let world = World::connected().await;
    world.receive(&inbound("one", 1, "Hello")).await.expect("received");
    let closed = world.inbox.set_state(&tenant("acme"), &conversation(), ConversationState::Closed).await;
    assert_eq!(closed.expect("closed").expect("there").state, ConversationState::Closed);
    world.receive(&inbound("two", 2, "One more thing")).await.expect("received");
    let stored = world.inbox.conversation(&tenant("acme"), &conversation()).await.expect("a read").expect("there");
    assert_eq!(stored.state, ConversationState::Open);
}
