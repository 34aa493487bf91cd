//! Whom a send is for: people by their ids, and by what else they are known by.

use super::request::Recipient;
use crate::{
    channel::Channel,
    clock::{DAY_MS, HOUR_MS},
    errors::GraphError,
    graph::Actor,
    ids,
    world::{World, people::Contact, threads::Comment, variants::Unreachable},
};

/// Comments can be answered privately for so long.
const PRIVATE_REPLY_MS: i64 = 7 * DAY_MS;
/// A Page may answer so many comments privately within an hour.
const PRIVATE_REPLIES: usize = 750;
/// The pseudo-contact of messages to oneself.
pub(super) const SELF: &str = "";

/// The username of the contact that is meant.
///
/// # Errors
///
/// The refusals of Meta that depend on the recipient alone.
pub(super) fn contact(
    world: &mut World,
    actor: &Actor,
    recipient: &Recipient,
    now_ms: i64,
) -> Result<String, GraphError> {
    match recipient {
        Recipient::Person(id) if actor.channel == Channel::Instagram && *id == actor.account => Ok(SELF.to_owned()),
        Recipient::Person(id) => {
            let contact = world.contact_by_id(actor.channel, &actor.account, id);
            let contact = contact.ok_or_else(|| nobody(actor.channel))?;
            // An id exists for the account only once the person turned to it.
            let known = world.thread(&actor.account, &contact.username).is_some();
            let known = known || world.comments.iter().any(|comment| comment.contact == contact.username);
            if !known {
                return Err(nobody(actor.channel));
            }
            world.check_access(actor, contact)?;
            reachable(world, actor.channel, &contact.username)
        }
        Recipient::Comment(id) => author(world, actor, id, now_ms),
        Recipient::Plugin(user_ref) => {
            known_by(world, actor, |contact| ids::user_ref(&actor.account, &contact.username) == *user_ref)
        }
        Recipient::Notified(token) => {
            let contact =
                known_by(world, actor, |contact| ids::notification_token(&actor.account, &contact.username) == *token)?;
            let opted_in = world.thread(&actor.account, &contact).is_some_and(|thread| thread.opted_in);
            if opted_in { Ok(contact) } else { Err(nobody(actor.channel)) }
        }
    }
}

fn known_by(world: &World, actor: &Actor, is_meant: impl Fn(&Contact) -> bool) -> Result<String, GraphError> {
    let contact = world.contacts.iter().find(|contact| is_meant(contact));
    let known = contact.filter(|contact| world.thread(&actor.account, &contact.username).is_some());
    let contact = known.ok_or_else(|| nobody(actor.channel))?;
    reachable(world, actor.channel, &contact.username)
}

fn nobody(channel: Channel) -> GraphError {
    match channel {
        Channel::Instagram => GraphError::parameter("The requested user cannot be found.").subcode(2_534_014),
        Channel::Messenger => GraphError::parameter("No matching user found").subcode(2_018_001),
    }
}

/// Who wrote a comment, while it can be answered privately.
fn author(world: &mut World, actor: &Actor, id: &str, now_ms: i64) -> Result<String, GraphError> {
    let invalid = || GraphError::parameter("The comment is invalid for a private reply").subcode(2_534_025);
    let comment = world.comments.iter().find(|comment| comment.id == *id && comment.account == actor.account);
    let comment = comment.ok_or_else(invalid)?.clone();
    if actor.channel == Channel::Instagram && !is_recent(&comment, now_ms) {
        return Err(invalid());
    }
    if comment.answered {
        return Err(GraphError::new(10_900, "(#10900) Activity already replied to"));
    }
    if actor.channel == Channel::Messenger {
        let is_reachable = world.contact(&comment.contact).is_some_and(|contact| contact.reachable);
        if !is_recent(&comment, now_ms) || !is_reachable {
            return Err(GraphError::new(10_903, "(#10903) This user can't reply to this activity"));
        }
        if !world.is_within(&format!("private_replies/{}", actor.account), PRIVATE_REPLIES, HOUR_MS, now_ms) {
            return Err(too_many());
        }
    }
    reachable(world, actor.channel, &comment.contact)
}

fn is_recent(comment: &Comment, now_ms: i64) -> bool {
    now_ms < comment.at_ms + PRIVATE_REPLY_MS
}

/// Whether a comment on a Page's post can be answered privately.
pub(crate) fn can_reply_privately(world: &World, comment: &Comment, now_ms: i64) -> bool {
    let is_reachable = world.contact(&comment.contact).is_some_and(|contact| contact.reachable);
    !comment.answered && is_recent(comment, now_ms) && is_reachable
}

/// Error 613: more calls than allowed.
pub(crate) fn too_many() -> GraphError {
    GraphError::new(613, "(#613) Calls to this api have exceeded the rate limit.").subcode(2_534_040)
}

fn reachable(world: &World, channel: Channel, contact: &str) -> Result<String, GraphError> {
    match world.contact(contact) {
        Some(contact) if contact.reachable => Ok(contact.username.clone()),
        _ => Err(unreachable(match channel {
            Channel::Instagram => Unreachable::Unavailable,
            Channel::Messenger => world.variants.unreachable,
        })),
    }
}

fn unreachable(refusal: Unreachable) -> GraphError {
    match refusal {
        Unreachable::Unavailable => {
            GraphError::new(551, "(#551) This person isn't available right now.").subcode(1_545_041)
        }
        Unreachable::Blocked => {
            GraphError::new(10, "(#10) This person can't receive messages from you now.").subcode(2_018_108)
        }
        Unreachable::NotReceiving => {
            GraphError::new(200, "(#200) This person isn't receiving messages from you right now.").subcode(1_545_041)
        }
    }
}
