//! Whether a business may write to somebody now: the messaging window, and who controls the thread.

use super::request::{Recipient, SendRequest, Tag};
use crate::{
    channel::Channel,
    errors::GraphError,
    graph::Actor,
    world::{
        World,
        variants::{ClosedWindow, OwnerRefusal},
    },
};

/// Refuses what is sent outside of the window.
///
/// # Errors
///
/// 10 without the feature that a tag needs, the refusals of a closed window, those of a thread that another app owns.
pub(super) fn check(
    world: &World,
    actor: &Actor,
    contact: &str,
    request: &SendRequest,
    now_ms: i64,
) -> Result<(), GraphError> {
    match request.recipient {
        // A comment is answered, and notification messages are taken, outside of the window.
        Recipient::Comment(_) | Recipient::Notified(_) => return Ok(()),
        Recipient::Person(_) | Recipient::Plugin(_) => {}
    }
    if request.tag == Some(Tag::HumanAgent) && !world.switches(&actor.app_id).human_agent {
        return Err(GraphError::new(10, "(#10) This app is not approved for the Human Agent feature."));
    }
    let closed = || match (actor.channel, world.variants.closed_window) {
        (Channel::Messenger, ClosedWindow::NotReceiving) => {
            GraphError::new(200, "(#200) This person isn't receiving messages from you right now.").subcode(1_545_041)
        }
        (channel, _) => GraphError::new(10, "(#10) This message is sent outside of allowed window.")
            .subcode(if channel == Channel::Instagram { 2_534_022 } else { 2_018_278 })
            .user_text("Message not sent", "This person has not written within the allowed window."),
    };
    let thread = world.thread(&actor.account, contact).ok_or_else(closed)?;
    if thread.owner_app.as_ref().is_some_and(|owner| *owner != actor.app_id) {
        return Err(not_owner(world.variants.owner_refusal));
    }
    if thread.is_open(now_ms, request.tag.is_some()) { Ok(()) } else { Err(closed()) }
}

fn not_owner(refusal: OwnerRefusal) -> GraphError {
    let message = "Another app is controlling this thread now.";
    match refusal {
        OwnerRefusal::NotOwner => GraphError::parameter(message).subcode(2_534_037),
        OwnerRefusal::OtherApp => GraphError::new(10, format!("(#10) {message}")).subcode(2_018_300),
        OwnerRefusal::Questions => GraphError::new(10, format!("(#10) {message}")).subcode(2_018_321),
    }
}
