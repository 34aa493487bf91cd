//! Which of its two channels a call with a Page's token is about.

use super::call::GraphCall;
use crate::{channel::Channel, ids, world::World};

/// Meta tells by the ids, and by `platform` where there is none.
pub(crate) fn channel(world: &World, call: &GraphCall, page_id: &str, path: (&str, &[&str])) -> Channel {
    let is_messenger = match path {
        (id, [] | ["messages"]) if ids::is_conversation(id) || ids::is_mid(id) => ids::is_of_messenger(id),
        (_, ["messages"]) => is_recipient_on_messenger(world, call, page_id),
        (_, ["message_attachments" | "messenger_profile" | "conversations"]) => {
            call.param("platform") != Some("instagram")
        }
        (id, []) => is_psid(world, page_id, id).unwrap_or(false) || is_comment(world, page_id, id),
        _ => false,
    };
    if is_messenger { Channel::Messenger } else { Channel::Instagram }
}

fn is_recipient_on_messenger(world: &World, call: &GraphCall, page_id: &str) -> bool {
    let body = call.as_json();
    let recipient = &body["recipient"];
    if let Some(id) = recipient["id"].as_str() {
        let is_linked = || world.page(page_id).is_some_and(|page| page.instagram.is_some());
        return is_psid(world, page_id, id).unwrap_or_else(|| !is_linked());
    }
    if let Some(id) = recipient["comment_id"].as_str() {
        return is_comment(world, page_id, id);
    }
    recipient.get("user_ref").is_some() || recipient.get("notification_messages_token").is_some()
}

/// Whether an id is a PSID, not an IGSID; `None` where it is nobody's. The Page's own people are asked for first: everybody's
/// may be many.
fn is_psid(world: &World, page_id: &str, id: &str) -> Option<bool> {
    let account = world.page(page_id).and_then(|page| page.instagram.as_deref());
    if world.contact_by_id(Channel::Messenger, page_id, id).is_some() {
        return Some(true);
    }
    if account.is_some_and(|account| world.contact_by_id(Channel::Instagram, account, id).is_some()) {
        return Some(false);
    }
    let everywhere = |channel: Channel| world.knows_contact_id(channel, id);
    everywhere(Channel::Messenger).then_some(true).or_else(|| everywhere(Channel::Instagram).then_some(false))
}

fn is_comment(world: &World, page_id: &str, id: &str) -> bool {
    world.comments.iter().any(|comment| comment.id == id && comment.account == page_id)
}
