//! How much may be sent, and by whom at all.

use super::{
    content::NewAttachment,
    recipient::too_many,
    request::{Content, SendRequest},
};
use crate::{
    channel::Channel,
    clock::{DAY_MS, SECOND_MS},
    errors::GraphError,
    graph::Actor,
    world::{World, threads::Message},
};

/// A Page may send so many texts within a second, and so much of what is heard or seen.
const TEXTS: usize = 300;
const RECORDINGS: usize = 10;

/// Refuses what an account or a Page may not send now.
///
/// # Errors
///
/// 200/2534041 where an account gives no access to its messages, 613 for too much within a second, 80006 within a day.
pub(super) fn check(world: &World, actor: &Actor, request: &SendRequest, now_ms: i64) -> Result<(), GraphError> {
    match actor.channel {
        Channel::Instagram => check_account(world, actor, now_ms),
        Channel::Messenger => check_page(world, actor, request, now_ms),
    }
}

fn check_account(world: &World, actor: &Actor, now_ms: i64) -> Result<(), GraphError> {
    let account =
        world.account(&actor.account).ok_or_else(|| GraphError::no_object(&http::Method::POST, &actor.account))?;
    if !account.allow_message_access {
        let message = "(#200) The account owner has disabled access to Instagram Direct Messaging.";
        return Err(GraphError::new(200, message).subcode(2_534_041));
    }
    let allowed = world.variants.sends_per_second;
    if allowed > 0 && sent_since(world, &actor.account, now_ms - SECOND_MS, |_| true) >= allowed {
        return Err(too_many());
    }
    Ok(())
}

fn check_page(world: &World, actor: &Actor, request: &SendRequest, now_ms: i64) -> Result<(), GraphError> {
    let Content::Message(message) = &request.content else { return Ok(()) };
    let since_ms = now_ms - SECOND_MS;
    let ordered = world.variants.sends_per_second;
    let allowed = if ordered > 0 { ordered } else { TEXTS };
    if sent_since(world, &actor.account, since_ms, |_| true) >= allowed {
        return Err(too_many());
    }
    let is_recording = message.attachments.iter().any(|attachment| match attachment {
        NewAttachment::Ready(value) => is_recorded(value),
        NewAttachment::Uploaded { kind, .. } => matches!(kind.as_str(), "audio" | "video"),
        NewAttachment::Heart => false,
    });
    let recorded = |message: &Message| message.attachments.iter().any(is_recorded);
    if is_recording && sent_since(world, &actor.account, since_ms, recorded) >= RECORDINGS {
        return Err(too_many());
    }
    let people = world.threads.iter().filter(|thread| thread.account == actor.account).count();
    let a_day = people * world.variants.sends_per_person;
    if a_day > 0 && sent_since(world, &actor.account, now_ms - DAY_MS, |_| true) >= a_day {
        return Err(GraphError::new(80_006, "(#80006) There have been too many calls to this Messenger account."));
    }
    Ok(())
}

fn is_recorded(attachment: &serde_json::Value) -> bool {
    matches!(attachment["type"].as_str(), Some("audio" | "video"))
}

/// How many messages of a kind an account has sent after a time.
fn sent_since(world: &World, account: &str, since_ms: i64, is_meant: impl Fn(&Message) -> bool) -> usize {
    let recent = |message: &&Message| message.at_ms > since_ms;
    let threads = world.threads.iter().filter(|thread| thread.account == account);
    threads
        .map(|thread| {
            let sent = thread.messages.iter().rev().take_while(recent).filter(|message| message.outbound);
            sent.filter(|message| is_meant(message)).count()
        })
        .sum()
}
