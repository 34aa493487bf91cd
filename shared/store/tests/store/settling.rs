//! From queued to where a message ends.

use std::collections::HashMap;
use std::sync::OnceLock;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Channel;
use domain::policy::WindowClosed;
use domain::{Message, MessageId, Status};
use futures::future::join_all;
use serde_json::{Value, json};
use store::{Begun, Doubt, SHARDS};

use crate::echoes::{queued, sending, sent, uncertain};
use crate::util::World;
use crate::util::examples::{NOW, conversation, echo, failure, inbound, mid, tenant};
use crate::util::wire::Cut;

async fn world_with_a_question() -> World {
    let world = World::connected().await;
    world.receive(&inbound("question", 0, "Are you open?")).await.expect("received");
    world
}

async fn begin(world: &World, message: &Message) -> Begun {
    world.outbound.begin(&tenant("acme"), &conversation(), &message.id, NOW).await.expect("an answer")
}

/// Its turn, as `last` has it.
async fn first_waiting(world: &World, last: &Message) -> Option<MessageId> {
    world.outbound.first_waiting(&tenant("acme"), &conversation(), &last.id).await.expect("an answer")
}

async fn failed(world: &World, message: &Message) -> Message {
    let reason = failure("window_closed");
    let settled = world.outbound.settle_failed(&tenant("acme"), &conversation(), &message.id, &reason).await;
    settled.expect("settled").expect("a message")
}

async fn requeued(world: &World, message: &Message, due: i64) -> Message {
    let due_at = NOW.plus(due * 1000);
    let settled = world.outbound.requeue(&tenant("acme"), &conversation(), &message.id, due_at).await;
    settled.expect("settled").expect("a message")
}

pub(crate) async fn stuck(world: &World, before: i64) -> Vec<Message> {
    let mut stuck = Vec::new();
    for shard in 0..SHARDS {
        let mut from = None;
        loop {
            let page = world.outbound.stuck(shard, NOW.plus(before * 1000), from).await.expect("a sweep");
            stuck.extend(page.found);
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    assert!(stuck.iter().all(|unsettled| unsettled.tenant == tenant("acme")));
    assert!(stuck.iter().all(|unsettled| unsettled.conversation.id == conversation()));
    stuck.into_iter().map(|unsettled| unsettled.message).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_senders_one_may_send() {
    let world = world_with_a_question().await;
    let message = queued(&world, "Yes", 1).await;
    let begun = join_all((0..8).map(|_| begin(&world, &message))).await;
    let started: Vec<_> = begun.iter().filter(|begun| matches!(begun, Begun::Started(_))).collect();
    assert_eq!(started.len(), 1, "{begun:?}");
    assert!(matches!(started[0], Begun::Started(message) if message.attempts == 1));
    assert_eq!(begun.iter().filter(|begun| matches!(begun, Begun::Running(_))).count(), 7);
}

#[tokio::test]
async fn a_message_that_does_not_exist_is_gone() {
    let world = world_with_a_question().await;
    let message = queued(&world, "Yes", 1).await;
    let elsewhere = world.outbound.begin(&tenant("rival"), &conversation(), &message.id, NOW).await.expect("an answer");
    assert_eq!(elsewhere, Begun::Gone);
    let settled = world.outbound.settle_sent(&tenant("rival"), &conversation(), &message.id, &mid("x"), NOW).await;
    assert_eq!(settled.expect("an answer"), None);
    assert!(world.seen(&tenant("rival"), &conversation()).await.messages.is_empty(), "no update makes an item");
}

#[tokio::test]
async fn a_sent_message_has_its_mid_and_time_and_cannot_fail_any_more() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    let settled = sent(&world, &message, "sent").await;
    assert_eq!((settled.status, settled.sent_at), (Status::Sent, Some(NOW)));
    assert_eq!(sent(&world, &message, "sent").await.provider_message_id, Some(mid("sent")), "again");
    assert_eq!(failed(&world, &message).await.status, Status::Sent);
    assert_eq!(uncertain(&world, &message).await.status, Status::Sent);
    assert_eq!(requeued(&world, &message, 5).await.status, Status::Sent);
    assert!(matches!(begin(&world, &message).await, Begun::Settled(_)));
}

#[tokio::test]
async fn a_late_mid_makes_a_failed_message_a_sent_one() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    let refused = failed(&world, &message).await;
    assert_eq!((refused.status, refused.error), (Status::Failed, Some(failure("window_closed"))));
    let settled = sent(&world, &message, "late").await;
    assert_eq!((settled.status, settled.error), (Status::Sent, None));
}

#[tokio::test]
async fn a_requeued_message_is_begun_again() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    assert_eq!(requeued(&world, &message, 60).await.status, Status::Queued);
    assert!(matches!(begin(&world, &message).await, Begun::Started(message) if message.attempts == 2));
}

#[tokio::test]
async fn an_uncertain_message_is_sent_again_only_after_it_was_requeued() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    assert_eq!(uncertain(&world, &message).await.status, Status::Uncertain);
    let doubt = async || match begin(&world, &message).await {
        Begun::Uncertain(_, doubt) => doubt,
        other => panic!("{other:?}"),
    };
    assert_eq!(doubt().await, Doubt { tried_at: NOW, absent_at: None });
    for seconds in [30, 60] {
        let at = NOW.plus(seconds * 1000);
        world.outbound.note_absent(&tenant("acme"), &conversation(), &message.id, at).await.expect("noted");
        assert_eq!(doubt().await.absent_at, Some(NOW.plus(30_000)), "the first look counts");
    }
    let proven_absent = requeued(&world, &message, 0).await;
    assert_eq!((proven_absent.status, proven_absent.error), (Status::Queued, None));
}

#[tokio::test]
async fn an_answer_knows_which_ones_wait_before_it() {
    let world = world_with_a_question().await;
    let first = queued(&world, "first", 1).await;
    let second = queued(&world, "second", 2).await;
    world.receive(&inbound("another", 3, "Hello?")).await.expect("received");
    let third = queued(&world, "third", 4).await;
    assert_eq!((&first.after, &second.after, &third.after), (&None, &Some(first.id.clone()), &Some(second.id.clone())));
    assert_eq!(first_waiting(&world, &third).await, Some(first.id.clone()));
    begin(&world, &first).await;
    uncertain(&world, &first).await;
    assert_eq!(first_waiting(&world, &second).await, Some(first.id.clone()), "what is in doubt holds up the next");
    world.outbound.leave_in_doubt(&tenant("acme"), &conversation(), &first.id).await.expect("left to people");
    assert_eq!(first_waiting(&world, &second).await, Some(second.id.clone()));
    failed(&world, &second).await;
    failed(&world, &third).await;
    assert_eq!(first_waiting(&world, &third).await, None);
    assert_eq!(queued(&world, "fourth", 5).await.after, None, "nothing waits any more");
}

#[tokio::test]
async fn the_sweep_goes_through_all_pages() {
    let world = world_with_a_question().await;
    for second in 0..60 {
        queued(&world, "one of many", second).await;
    }
    assert_eq!(stuck(&world, 100).await.len(), 60);
}

#[tokio::test]
async fn metas_word_on_a_window_counts_unless_the_contact_has_acted_since() {
    let world = world_with_a_question().await;
    let close = async |second: i64| {
        let closed = WindowClosed { at: NOW.plus(second * 1000), for_everybody: false };
        world.outbound.close_window(&tenant("acme"), &conversation(), closed).await.expect("noted");
        let seen = world.seen(&tenant("acme"), &conversation()).await;
        assert_eq!(seen.listed[0].window_closed, seen.conversation.as_ref().expect("it").window_closed);
        seen.listed[0].reply_window().reply_until()
    };
    assert_eq!(close(10).await, Some(NOW.plus(10_000)), "also in the list");
    world.receive(&inbound("another", 20, "Hello?")).await.expect("received");
    let reckoned = Some(NOW.plus(20_000 + Channel::Instagram.limits().window_ms));
    assert_eq!(close(15).await, reckoned, "the contact was faster");
}

#[tokio::test]
async fn the_sweep_finds_what_is_not_settled_and_nothing_else() {
    let world = world_with_a_question().await;
    let messages = [
        queued(&world, "queued", 1).await,
        sending(&world, "sending", 2).await,
        sending(&world, "uncertain", 3).await,
        sending(&world, "sent", 4).await,
        sending(&world, "failed", 5).await,
        queued(&world, "young", 100).await,
    ];
    uncertain(&world, &messages[2]).await;
    sent(&world, &messages[3], "sent").await;
    failed(&world, &messages[4]).await;
    let found = stuck(&world, 60).await;
    let statuses: Vec<_> = found.iter().map(|message| message.status).collect();
    assert_eq!(statuses, [Status::Queued, Status::Sending, Status::Uncertain]);
    assert_eq!(found[0], messages[0]);
}

#[tokio::test]
async fn the_sweep_leaves_alone_what_waits_for_its_time() {
    let world = world_with_a_question().await;
    let limited = sending(&world, "rate limited", 1).await;
    requeued(&world, &limited, 3600).await;
    let asked = queued(&world, "handed to the queue again", 2).await;
    let until = NOW.plus(600_000);
    world.outbound.postpone(&tenant("acme"), &conversation(), &asked.id, until).await.expect("postponed");
    assert!(stuck(&world, 60).await.is_empty());
    assert_eq!(stuck(&world, 601).await.len(), 1);
    assert_eq!(stuck(&world, 3601).await.len(), 2);
}

#[tokio::test]
async fn the_sweep_never_finds_what_is_left_to_people_unless_it_is_tried_again() {
    const FOR_EVER: i64 = 1_000_000_000_000;
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    uncertain(&world, &message).await;
    world.outbound.leave_in_doubt(&tenant("acme"), &conversation(), &message.id).await.expect("left to people");
    assert!(stuck(&world, FOR_EVER).await.is_empty());
    requeued(&world, &message, 10).await;
    assert_eq!(stuck(&world, 60).await.len(), 1);
}

#[tokio::test]
async fn postponing_a_settled_message_does_not_bring_it_back() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    sent(&world, &message, "sent").await;
    let until = NOW.plus(1000);
    world.outbound.postpone(&tenant("acme"), &conversation(), &message.id, until).await.expect("nothing to do");
    assert!(stuck(&world, 60).await.is_empty());
}

/// The item that the database brings along when it refuses a write, although it has been deleted since.
static BROUGHT_ALONG: OnceLock<Value> = OnceLock::new();

fn refused_with_what_was_there(_: &Value) -> (u16, Value) {
    let kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    (400, json!({"__type": kind, "message": "The conditional request failed", "Item": BROUGHT_ALONG.get()}))
}

fn wire_form(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        AttributeValue::Null(flag) => json!({ "NULL": flag }),
        AttributeValue::L(list) => json!({"L": list.iter().map(wire_form).collect::<Vec<_>>()}),
        AttributeValue::M(map) => json!({ "M": wire_item(map) }),
        other => panic!("{other:?}"),
    }
}

fn wire_item(item: &HashMap<String, AttributeValue>) -> Value {
    item.iter().map(|(name, value)| (name.clone(), wire_form(value))).collect()
}

#[tokio::test]
async fn a_correction_of_a_message_that_is_deleted_meanwhile_leaves_nothing_behind() {
    let world = world_with_a_question().await;
    let message = sending(&world, "Yes", 1).await;
    world.receive(&echo("phone", 2, "Yes")).await.expect("received");
    let (_, cut_off, wire) = world.another_process();
    // Refused, corrected; the echo's own message is still to be made.
    wire.cut(2, Cut::Before);
    cut_off.settle_sent(&tenant("acme"), &conversation(), &message.id, &mid("ours"), NOW).await.expect_err("killed");
    let items = world.dump(&world.tables.messages).await;
    let item = items.iter().find(|item| item.contains_key("displaced_echo")).expect("corrected").clone();
    BROUGHT_ALONG.set(wire_item(&item)).expect("once");
    let key = |name: &str| item[name].clone();
    let delete = world.client.delete_item().table_name(&world.tables.messages);
    delete.key("pk", key("pk")).key("sk", key("sk")).send().await.expect("deleted");

    world.wire.answer("UpdateItem", refused_with_what_was_there);
    begin(&world, &message).await;
    let left = world.dump(&world.tables.messages).await;
    assert!(left.iter().all(|left| left.get("sk") != Some(&key("sk"))), "{left:?}");
}
