//! Answers are accepted: within the quota, once for each key.

use domain::message::Attachment;
use domain::{Author, Status, UnixMillis};
use futures::future::join_all;
use store::{Draft, Earlier, OutboundStore, QueueError, Queued, Terms};

use crate::util::World;
use crate::util::examples::{NOW, conversation, draft, inbound, tenant};

async fn world_with_a_question() -> World {
    let world = World::connected().await;
    world.receive(&inbound("question", 0, "Are you open?")).await.expect("received");
    world
}

async fn queue(
    store: &OutboundStore,
    draft: &Draft,
    limit: Option<u32>,
    now: UnixMillis,
) -> Result<Queued, QueueError> {
    let key = draft.idempotency_key.as_deref();
    let context = store.context(&tenant("acme"), &conversation(), key, now).await?.expect("a conversation");
    store.queue(&context, draft, limit, now).await
}

fn with_key(text: &str, key: &str) -> Draft {
    Draft { idempotency_key: Some(key.to_owned()), ..draft(text) }
}

async fn outbound(world: &World) -> Vec<domain::Message> {
    let messages = world.seen(&tenant("acme"), &conversation()).await.messages;
    messages.into_iter().filter(|message| message.author == Author::Agent).collect()
}

#[tokio::test]
async fn an_accepted_answer_is_queued_shown_and_counted() {
    let world = world_with_a_question().await;
    let Queued::New(message) = queue(&world.outbound, &draft("Yes"), Some(10), NOW.plus(5000)).await.expect("queued")
    else {
        panic!("not new")
    };
    assert_eq!((message.status, message.text.as_deref()), (Status::Queued, Some("Yes")));
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!(seen.messages[0], *message);
    let thread = seen.conversation.expect("stored");
    assert_eq!((thread.unread, thread.last_message_at), (1, NOW.plus(5000)));
    assert_eq!(seen.listed[0].last_message.as_ref().expect("shown").preview, "Yes");
    assert_eq!(world.tenants.usage(&tenant("acme"), NOW).await.expect("a read").sent, 1);
}

#[tokio::test]
async fn the_context_brings_all_that_decides() {
    let world = world_with_a_question().await;
    let terms = Terms { plan: Some("pro".to_owned()), ..Terms::default() };
    let profile = world.tenants.set_terms(&tenant("acme"), &terms, 0, NOW).await.expect("written");
    queue(&world.outbound, &draft("Yes"), None, NOW).await.expect("queued");
    let context = world.outbound.context(&tenant("acme"), &conversation(), None, NOW).await.expect("a read");
    let context = context.expect("a conversation");
    assert_eq!(context.connection.expect("a connection").tenant, tenant("acme"));
    assert_eq!((context.profile, context.usage.sent), (Some(profile), 1));
    assert!(context.conversation.reply_window().reply_until().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_answers_at_once_exactly_as_many_are_accepted_as_the_plan_allows() {
    let world = world_with_a_question().await;
    let drafts: Vec<_> = (0..50).map(|n| draft(&format!("answer {n}"))).collect();
    let attempts = drafts.iter().map(|draft| queue(&world.outbound, draft, Some(20), NOW.plus(1000)));
    let outcomes = join_all(attempts).await;
    let accepted = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Queued::New(_)))).count();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(QueueError::QuotaExceeded))).count();
    assert_eq!((accepted, refused), (20, 30), "{outcomes:?}");
    assert_eq!(outbound(&world).await.len(), 20);
    assert_eq!(world.tenants.usage(&tenant("acme"), NOW).await.expect("a read").sent, 20);
}

#[tokio::test]
async fn a_limit_of_zero_lets_nothing_through_and_a_new_month_begins_anew() {
    let world = world_with_a_question().await;
    let outcome = queue(&world.outbound, &draft("Yes"), Some(0), NOW).await;
    assert!(matches!(outcome, Err(QueueError::QuotaExceeded)), "{outcome:?}");
    queue(&world.outbound, &draft("Yes"), Some(1), NOW).await.expect("the first");
    let second = queue(&world.outbound, &draft("Yes"), Some(1), NOW).await;
    assert!(matches!(second, Err(QueueError::QuotaExceeded)), "{second:?}");
    let december = NOW.plus(12 * 24 * 60 * 60 * 1000);
    queue(&world.outbound, &draft("Yes"), Some(1), december).await.expect("another month");
}

#[tokio::test]
async fn a_refused_answer_leaves_nothing_behind() {
    let world = world_with_a_question().await;
    let before = world.seen(&tenant("acme"), &conversation()).await;
    queue(&world.outbound, &with_key("Yes", "k"), Some(0), NOW).await.expect_err("refused");
    let after = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!((before.messages, before.conversation), (after.messages, after.conversation));
    queue(&world.outbound, &with_key("Other", "k"), Some(1), NOW).await.expect("the key is still free");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_at_once_is_one_message() {
    let world = world_with_a_question().await;
    let draft = with_key("Yes", "k1");
    let outcomes = join_all((0..12).map(|_| queue(&world.outbound, &draft, Some(100), NOW))).await;
    let mut new = 0;
    let mut ids = std::collections::HashSet::new();
    for outcome in outcomes {
        match outcome.expect("accepted or replayed") {
            Queued::New(message) => {
                new += 1;
                ids.insert(message.id.clone());
            }
            Queued::Replayed(message) => {
                ids.insert(message.id.clone());
            }
        }
    }
    assert_eq!((new, ids.len(), outbound(&world).await.len()), (1, 1, 1));
    assert_eq!(world.tenants.usage(&tenant("acme"), NOW).await.expect("a read").sent, 1);
}

#[tokio::test]
async fn a_key_with_another_body_is_refused() {
    let world = world_with_a_question().await;
    queue(&world.outbound, &with_key("Yes", "k1"), None, NOW).await.expect("queued");
    let picture = Attachment { kind: "image".to_owned(), url: None, title: None, metadata: serde_json::Map::new() };
    let with_picture = Draft { attachments: vec![picture], ..with_key("Yes", "k1") };
    for other in [with_key("No", "k1"), with_picture] {
        let outcome = queue(&world.outbound, &other, None, NOW).await;
        assert!(matches!(outcome, Err(QueueError::KeyReuse)), "{outcome:?}");
    }
    assert_eq!(outbound(&world).await.len(), 1);
}

#[tokio::test]
async fn a_replay_is_answered_although_the_quota_is_used_up() {
    let world = world_with_a_question().await;
    let Queued::New(first) = queue(&world.outbound, &with_key("Yes", "k1"), Some(1), NOW).await.expect("queued") else {
        panic!("not new")
    };
    let context = world.outbound.context(&tenant("acme"), &conversation(), Some("k1"), NOW).await.expect("a read");
    let earlier = context.expect("a conversation").earlier(&with_key("Yes", "k1")).expect("compared");
    assert_eq!(earlier, Some(Earlier::Same(first.clone())));
    let again = queue(&world.outbound, &with_key("Yes", "k1"), Some(1), NOW).await.expect("replayed");
    assert_eq!(again, Queued::Replayed(first));
}

#[tokio::test]
async fn a_request_that_raced_its_twin_past_the_first_look_is_replayed_all_the_same() {
    let world = world_with_a_question().await;
    let draft = with_key("Yes", "k1");
    let context = world.outbound.context(&tenant("acme"), &conversation(), Some("k1"), NOW).await.expect("a read");
    let context = context.expect("a conversation");
    let Queued::New(first) = world.outbound.queue(&context, &draft, Some(1), NOW).await.expect("queued") else {
        panic!("not new")
    };
    let twin = world.outbound.queue(&context, &draft, Some(1), NOW).await.expect("replayed");
    assert_eq!(twin, Queued::Replayed(first));
    let other = world.outbound.queue(&context, &with_key("No", "k1"), Some(1), NOW).await;
    assert!(matches!(other, Err(QueueError::KeyReuse)), "{other:?}");
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day_although_its_item_is_still_there() {
    let world = world_with_a_question().await;
    queue(&world.outbound, &with_key("Yes", "k1"), None, NOW).await.expect("queued");
    let tomorrow = NOW.plus(24 * 60 * 60 * 1000);
    let almost = queue(&world.outbound, &with_key("No", "k1"), None, tomorrow.plus(-1000)).await;
    assert!(matches!(almost, Err(QueueError::KeyReuse)), "{almost:?}");
    let again = queue(&world.outbound, &with_key("No", "k1"), None, tomorrow).await.expect("queued");
    assert!(matches!(again, Queued::New(_)));
}

#[tokio::test]
async fn the_same_key_in_another_conversation_is_another_request() {
    let world = world_with_a_question().await;
    let mut other = inbound("other", 1, "And tomorrow?");
    if let domain::Payload::Message { contact, .. } = &mut other.payload {
        *contact = crate::util::examples::contact_id("5");
    }
    let place = world.receive(&other).await.expect("received").place.expect("a place");
    queue(&world.outbound, &with_key("Yes", "k1"), None, NOW).await.expect("queued");
    let second = place.conversation.expect("a conversation");
    let context = world.outbound.context(&tenant("acme"), &second, Some("k1"), NOW).await.expect("a read");
    let outcome = world.outbound.queue(&context.expect("there"), &with_key("Sure", "k1"), None, NOW).await;
    assert!(matches!(outcome, Ok(Queued::New(_))), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_older_than_the_newest_message_does_not_take_its_place_in_the_list() {
    let world = world_with_a_question().await;
    let context = world.outbound.context(&tenant("acme"), &conversation(), None, NOW).await.expect("a read");
    world.receive(&inbound("newer", 60, "Hello?")).await.expect("received meanwhile");
    world.outbound.queue(&context.expect("there"), &draft("Yes"), None, NOW.plus(5000)).await.expect("queued");
    let seen = world.seen(&tenant("acme"), &conversation()).await;
    assert_eq!(seen.messages.len(), 3);
    assert_eq!(seen.conversation.expect("stored").last_message.expect("shown").preview, "Hello?");
}
