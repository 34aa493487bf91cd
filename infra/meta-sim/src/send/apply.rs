//! Sends: the checks that depend on account, recipient and time; then the message, its answer, its echo.

use serde_json::{Value, json};

use super::{
    content::{NewAttachment, NewMessage},
    request::{self, Content, Control, Recipient, SendRequest, SenderAction},
};
use crate::{
    Login,
    clock::{DAY_MS, SECOND_MS},
    errors::GraphError,
    graph::{Actor, Answer},
    ids, media,
    sim::{Effect, Moment},
    webhooks::event::Event,
    world::{World, threads::Message, variants::OwnerRefusal},
};

/// Comments can be answered privately for so long.
const PRIVATE_REPLY_MS: i64 = 7 * DAY_MS;
/// The pseudo-contact of messages to oneself.
const SELF: &str = "";
/// Meta's own inbox, which a thread is passed to where nobody is named.
const INBOX: &str = "263902037430900";
const TYPING_MS: i64 = 20 * SECOND_MS;

/// Carries a send call out.
///
/// # Errors
///
/// Every refusal of Meta's Send API that account, recipient, window and body can cause.
pub(crate) fn send(world: &mut World, actor: &Actor, body: &Value, moment: Moment<'_>) -> Result<Answer, GraphError> {
    let request = request::read(body)?;
    if request.control.is_some() && !(world.variants.routing && actor.login == Login::Facebook) {
        return Err(GraphError::new(27, "(#27) Thread control needs Conversation Routing."));
    }
    check_account(world, actor, moment.now_ms)?;
    let contact = contact(world, actor, &request.recipient, moment.now_ms)?;
    match request.content {
        Content::Action(_) if contact == SELF => Ok(Answer::of(json!({ "recipient_id": actor.account }))),
        Content::Action(action) => act(world, actor, &contact, &action, moment.now_ms),
        Content::Message(_) if contact == SELF => send_to_self(world, actor, request, moment),
        Content::Message(_) => send_to_contact(world, actor, &contact, request, moment),
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
    if allowed > 0 && sent_last_second(world, &actor.account, now_ms) >= allowed {
        return Err(GraphError::new(613, "(#613) Calls to this api have exceeded the rate limit.").subcode(2_534_040));
    }
    Ok(())
}

fn sent_last_second(world: &World, account: &str, now_ms: i64) -> usize {
    let recent = |message: &&Message| message.at_ms > now_ms - SECOND_MS;
    let threads = world.threads.iter().filter(|thread| thread.account == account);
    threads
        .map(|thread| thread.messages.iter().rev().take_while(recent).filter(|message| message.outbound).count())
        .sum()
}

fn contact(world: &World, actor: &Actor, recipient: &Recipient, now_ms: i64) -> Result<String, GraphError> {
    match recipient {
        Recipient::Person(igsid) if *igsid == actor.account => Ok(SELF.to_owned()),
        Recipient::Person(igsid) => {
            let nobody = || GraphError::parameter("The requested user cannot be found.").subcode(2_534_014);
            let contact = world.contact_by_igsid(&actor.account, igsid).ok_or_else(nobody)?;
            // An IGSID exists for the account only once the person turned to it.
            let known = world.thread(&actor.account, &contact.username).is_some();
            let known = known || world.comments.iter().any(|comment| comment.contact == contact.username);
            if !known {
                return Err(nobody());
            }
            world.check_access(actor, contact)?;
            reachable(world, &contact.username)
        }
        Recipient::Comment(id) => {
            let invalid = || GraphError::parameter("The comment is invalid for a private reply").subcode(2_534_025);
            let comment = world.comments.iter().find(|comment| comment.id == *id && comment.account == actor.account);
            let comment = comment.ok_or_else(invalid)?;
            if now_ms >= comment.at_ms + PRIVATE_REPLY_MS {
                return Err(invalid());
            }
            if comment.answered {
                return Err(GraphError::new(10_900, "(#10900) Activity already replied to"));
            }
            reachable(world, &comment.contact)
        }
    }
}

fn reachable(world: &World, contact: &str) -> Result<String, GraphError> {
    match world.contact(contact) {
        Some(contact) if contact.reachable => Ok(contact.username.clone()),
        _ => Err(GraphError::new(551, "(#551) This person isn't available right now.").subcode(1_545_041)),
    }
}

fn send_to_contact(
    world: &mut World,
    actor: &Actor,
    contact: &str,
    request: SendRequest,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let Content::Message(new) = request.content else { return Err(GraphError::parameter("No message")) };
    let private_reply = match &request.recipient {
        Recipient::Comment(id) => Some(id.clone()),
        Recipient::Person(_) => None,
    };
    if private_reply.is_none() {
        check_window(world, actor, contact, request.human_agent, moment.now_ms)?;
    }
    let follows = world.contact(contact).is_some_and(|contact| contact.follows_business);
    let is_plain = new.attachments.is_empty() && new.quick_replies.is_empty();
    let message = compose(world, actor, contact, new, moment)?;
    if let Some(comment) = world.comments.iter_mut().find(|comment| Some(&comment.id) == private_reply.as_ref()) {
        // A refusal uses the comment's only reply up as well.
        comment.answered = true;
        if !follows && !is_plain {
            return Err(GraphError::new(2, "(#2) Private replies to people who do not follow are plain text.")
                .subcode(1_545_133));
        }
    }
    let thread = world.thread_mut(&actor.account, contact);
    let igsid = thread.igsid.clone();
    let echo = echo(&actor.account, &igsid, &message);
    thread.general = true;
    thread.typing_until_ms = 0;
    match request.control {
        Some(Control::Pass(app)) => thread.owner_app = Some(app.unwrap_or_else(|| INBOX.to_owned())),
        Some(Control::Release) => thread.owner_app = None,
        None => {}
    }
    let answer = json!({ "recipient_id": igsid, "message_id": message.mid });
    thread.messages.push(message);
    let event = Event::messaging(&actor.account, "messages", moment.now_ms, echo);
    Ok(Answer { body: answer, effects: vec![Effect::Echo(event)] })
}

fn send_to_self(
    world: &mut World,
    actor: &Actor,
    request: SendRequest,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let Content::Message(new) = request.content else { return Err(GraphError::parameter("No message")) };
    let message = compose(world, actor, SELF, new, moment)?;
    let mut element = echo(&actor.account, &actor.account, &message);
    element["message"]["is_self"] = true.into();
    let event = Event::messaging(&actor.account, "messages", moment.now_ms, element);
    let body = json!({ "recipient_id": actor.account, "message_id": message.mid });
    Ok(Answer { body, effects: vec![Effect::Echo(event)] })
}

fn check_window(world: &World, actor: &Actor, contact: &str, human_agent: bool, now_ms: i64) -> Result<(), GraphError> {
    if human_agent && !world.switches(&actor.app_id).human_agent {
        return Err(GraphError::new(10, "(#10) This app is not approved for the Human Agent feature."));
    }
    let closed = || {
        GraphError::new(10, "(#10) This message is sent outside of allowed window.")
            .subcode(2_534_022)
            .user_text("Message not sent", "This person has not written within the allowed window.")
    };
    let thread = world.thread(&actor.account, contact).ok_or_else(closed)?;
    if thread.owner_app.as_ref().is_some_and(|owner| *owner != actor.app_id) {
        return Err(not_owner(world.variants.owner_refusal));
    }
    if thread.is_open(now_ms, human_agent) { Ok(()) } else { Err(closed()) }
}

fn not_owner(refusal: OwnerRefusal) -> GraphError {
    let message = "Another app is controlling this thread now.";
    match refusal {
        OwnerRefusal::NotOwner => GraphError::parameter(message).subcode(2_534_037),
        OwnerRefusal::OtherApp => GraphError::new(10, format!("(#10) {message}")).subcode(2_018_300),
        OwnerRefusal::Questions => GraphError::new(10, format!("(#10) {message}")).subcode(2_018_321),
    }
}

fn compose(
    world: &World,
    actor: &Actor,
    contact: &str,
    new: NewMessage,
    moment: Moment<'_>,
) -> Result<Message, GraphError> {
    let reply_to = new.reply_to.map(|mid| {
        let known = world.thread(&actor.account, contact).and_then(|thread| thread.message(&mid)).is_some();
        let unknown = || GraphError::message_data("The message to reply to was not found");
        known.then(|| json!({ "mid": mid })).ok_or_else(unknown)
    });
    let attachments = new.attachments.into_iter().map(|attachment| ready(world, actor, attachment, moment));
    Ok(Message {
        mid: ids::mid(&actor.account),
        outbound: true,
        at_ms: moment.now_ms,
        text: new.text,
        attachments: attachments.collect::<Result<_, _>>()?,
        reply_to: reply_to.transpose()?,
        quick_replies: new.quick_replies,
        ..Message::default()
    })
}

fn ready(world: &World, actor: &Actor, new: NewAttachment, moment: Moment<'_>) -> Result<Value, GraphError> {
    match new {
        NewAttachment::Ready(attachment) => Ok(attachment),
        NewAttachment::Heart => Ok(json!({ "type": "image", "payload": { "url": media::url(moment, "heart") } })),
        NewAttachment::Uploaded { kind, id } => {
            let not_yours = || GraphError::parameter("The attachment id is not yours, or unknown").subcode(2_018_074);
            let upload =
                world.uploads.get(&id).filter(|upload| upload.account == actor.account).ok_or_else(not_yours)?;
            if upload.kind != kind {
                let message = "The type of the file does not match the type of the attachment";
                return Err(GraphError::parameter(message).subcode(2_018_047));
            }
            Ok(json!({ "type": kind, "payload": { "url": upload.url } }))
        }
    }
}

/// The webhook element of a message that the business sent.
pub(crate) fn echo(account: &str, igsid: &str, message: &Message) -> Value {
    let mut inside = json!({ "mid": message.mid, "is_echo": true });
    if let Some(text) = &message.text {
        inside["text"] = text.as_str().into();
    }
    if !message.attachments.is_empty() {
        inside["attachments"] = message.attachments.clone().into();
    }
    if let Some(reply_to) = &message.reply_to {
        inside["reply_to"] = reply_to.clone();
    }
    json!({
        "sender": { "id": account },
        "recipient": { "id": igsid },
        "timestamp": message.at_ms,
        "message": inside,
    })
}

fn act(
    world: &mut World,
    actor: &Actor,
    contact: &str,
    action: &SenderAction,
    now_ms: i64,
) -> Result<Answer, GraphError> {
    let thread = world.thread_mut(&actor.account, contact);
    let unknown = || GraphError::message_data("The message to react to was not found");
    match action {
        SenderAction::TypingOn => thread.typing_until_ms = now_ms + TYPING_MS,
        SenderAction::TypingOff => thread.typing_until_ms = 0,
        SenderAction::MarkSeen => thread.mark_seen_by_business(),
        SenderAction::React { mid, reaction } => {
            thread.message_mut(mid).ok_or_else(unknown)?.business_reaction = Some(reaction.clone());
        }
        SenderAction::Unreact { mid } => {
            thread.message_mut(mid).ok_or_else(unknown)?.business_reaction = None;
        }
    }
    Ok(Answer::of(json!({ "recipient_id": thread.igsid })))
}
