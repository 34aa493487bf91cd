//! Sends: the checks that depend on account, recipient and time; then the message, its answer, its echo.

use serde_json::{Value, json};

use super::{
    content::{NewAttachment, NewMessage},
    limits,
    recipient::{self, SELF},
    request::{self, Content, Control, Recipient, SendRequest, SenderAction},
    window,
};
use crate::{
    Login,
    channel::Channel,
    clock::{DAY_MS, SECOND_MS},
    errors::GraphError,
    graph::{Actor, Answer},
    media,
    sim::{Effect, Moment, Sent},
    webhooks::{event::Event, receipt},
    world::{Upload, World, threads::Message, variants::EchoApp},
};

/// What a Page uploaded can be sent for so long.
const UPLOAD_MS: i64 = 90 * DAY_MS;
/// Meta's own inbox, which a thread is passed to where nobody is named.
const INBOX: &str = "263902037430900";
const TYPING_MS: i64 = 20 * SECOND_MS;

/// Carries a send call out.
///
/// # Errors
///
/// Every refusal of Meta's Send API that account, recipient, window and body can cause.
pub(crate) fn send(world: &mut World, actor: &Actor, body: &Value, moment: Moment<'_>) -> Result<Answer, GraphError> {
    let request = request::read(body, actor.channel, world.variants.text_unit)?;
    if request.control.is_some() && !(world.variants.routing && actor.login == Login::Facebook) {
        return Err(GraphError::new(27, "(#27) Thread control needs Conversation Routing."));
    }
    limits::check(world, actor, &request, moment.now_ms)?;
    let contact = recipient::contact(world, actor, &request.recipient, moment.now_ms)?;
    match request.content {
        Content::Action(_) if contact == SELF => Ok(Answer::of(json!({ "recipient_id": actor.account }))),
        Content::Action(action) => act(world, actor, &contact, &action, moment.now_ms),
        Content::Message(_) if contact == SELF => send_to_self(world, actor, request, moment),
        Content::Message(_) => send_to_contact(world, actor, &contact, request, moment),
    }
}

fn send_to_contact(
    world: &mut World,
    actor: &Actor,
    contact: &str,
    request: SendRequest,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    window::check(world, actor, contact, &request, moment.now_ms)?;
    let Content::Message(new) = request.content else { return Err(GraphError::parameter("No message")) };
    let reusable = new.reusable.clone().filter(|_| actor.channel == Channel::Messenger);
    let private_reply = match &request.recipient {
        Recipient::Comment(id) => Some(id.clone()),
        _ => None,
    };
    let follows = world.contact(contact).is_some_and(|contact| contact.follows_business);
    let is_plain = new.attachments.is_empty() && new.quick_replies.is_empty();
    let message = compose(world, actor, contact, new, moment)?;
    if let Some(comment) = world.comments.iter_mut().find(|comment| Some(&comment.id) == private_reply.as_ref()) {
        // A refusal uses the comment's only reply up as well.
        comment.answered = true;
        if actor.channel == Channel::Instagram && !follows && !is_plain {
            return Err(GraphError::new(2, "(#2) Private replies to people who do not follow are plain text.")
                .subcode(1_545_133));
        }
    }
    let contact_id = actor.channel.contact_id(&actor.account, contact);
    let echo = echo(world, actor.channel, &actor.account, &contact_id, &message);
    let mut answer = json!({ "message_id": message.mid });
    if !matches!(request.recipient, Recipient::Plugin(_)) {
        answer["recipient_id"] = contact_id.as_str().into();
    }
    if let Some((kind, url)) = reusable {
        answer["attachment_id"] = world.keep_upload(&actor.account, kind, url, moment.now_ms).into();
    }
    let receipt = match actor.channel {
        Channel::Instagram => None,
        Channel::Messenger => {
            let mids = [message.mid.clone()];
            receipt::delivered(world, &actor.account, &contact_id, &mids, moment.now_ms)
        }
    };
    let thread = world.thread_mut(actor.channel, &actor.account, contact);
    thread.general = true;
    thread.typing_until_ms = 0;
    match request.control {
        Some(Control::Pass(app)) => thread.owner_app = Some(app.unwrap_or_else(|| INBOX.to_owned())),
        Some(Control::Release) => thread.owner_app = None,
        None => {}
    }
    thread.messages.push(message);
    let echo = Event::messaging(actor.channel, &actor.account, "messages", moment.now_ms, echo);
    Ok(Answer { body: answer, effects: vec![Effect::Sent(Sent { echo, receipt })] })
}

fn send_to_self(
    world: &mut World,
    actor: &Actor,
    request: SendRequest,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let Content::Message(new) = request.content else { return Err(GraphError::parameter("No message")) };
    let message = compose(world, actor, SELF, new, moment)?;
    let mut element = echo(world, actor.channel, &actor.account, &actor.account, &message);
    element["message"]["is_self"] = true.into();
    let echo = Event::messaging(actor.channel, &actor.account, "messages", moment.now_ms, element);
    let body = json!({ "recipient_id": actor.account, "message_id": message.mid });
    Ok(Answer { body, effects: vec![Effect::Sent(Sent { echo, receipt: None })] })
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
        mid: world.new_mid(actor.channel, &actor.account, moment.now_ms),
        outbound: true,
        at_ms: moment.now_ms,
        text: new.text,
        attachments: attachments.collect::<Result<_, _>>()?,
        reply_to: reply_to.transpose()?,
        quick_replies: new.quick_replies,
        metadata: new.metadata,
        app_id: Some(actor.app_id.clone()),
        ..Message::default()
    })
}

fn ready(world: &World, actor: &Actor, new: NewAttachment, moment: Moment<'_>) -> Result<Value, GraphError> {
    match new {
        NewAttachment::Ready(attachment) => Ok(attachment),
        NewAttachment::Heart => Ok(json!({ "type": "image", "payload": { "url": media::url(moment, "heart") } })),
        NewAttachment::Uploaded { kind, id } => {
            let not_yours = || GraphError::parameter("The attachment id is not yours, or unknown").subcode(2_018_074);
            let lasts =
                |upload: &&Upload| actor.channel == Channel::Instagram || moment.now_ms < upload.at_ms + UPLOAD_MS;
            let mine = world.uploads.get(&id).filter(|upload| upload.account == actor.account);
            let upload = mine.filter(lasts).ok_or_else(not_yours)?;
            if upload.kind != kind {
                let message = "The type of the file does not match the type of the attachment";
                return Err(GraphError::parameter(message).subcode(2_018_047));
            }
            Ok(json!({ "type": kind, "payload": { "url": upload.url } }))
        }
    }
}

/// The webhook element of a message that the business sent.
pub(crate) fn echo(world: &World, channel: Channel, account: &str, contact_id: &str, message: &Message) -> Value {
    let mut inside = json!({ "mid": message.mid, "is_echo": true });
    if channel == Channel::Messenger {
        if let Some(app_id) = &message.app_id {
            match (world.variants.echo_app, app_id.parse::<u64>()) {
                (EchoApp::Absent, _) => {}
                (EchoApp::Number, Ok(number)) => inside["app_id"] = number.into(),
                _ => inside["app_id"] = app_id.as_str().into(),
            }
        }
        if let Some(metadata) = &message.metadata {
            inside["metadata"] = metadata.as_str().into();
        }
    }
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
        "recipient": { "id": contact_id },
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
    let thread = world.thread_mut(actor.channel, &actor.account, contact);
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
    Ok(Answer::of(json!({ "recipient_id": thread.contact_id })))
}
