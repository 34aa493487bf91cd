//! Carries an action out.

use serde_json::{Value, json};

use super::{
    action::Action,
    comments,
    elements::{self, from_contact, message_part},
    messenger, system,
};
use crate::{
    channel::Channel,
    ids, media,
    sim::Moment,
    webhooks::event::{Event, Place},
    world::{
        World,
        threads::{Comment, Message, Opening, Thread},
    },
};

/// What an action made.
#[derive(Default)]
pub(crate) struct Done {
    /// The message it made or is about; the id of a comment.
    pub(crate) id: Option<String>,
    pub(crate) events: Vec<Event>,
}

/// Why an action did not happen.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum ActionError {
    #[error("no such account")]
    NoAccount,
    #[error("no such contact")]
    NoContact,
    #[error("there is no message that this could be about")]
    NoMessage,
    #[error("this happens on the other channel only")]
    Elsewhere,
    #[error("a message can be edited five times")]
    Edits,
    #[error("media is one of image, video, audio, file, media; count is 1 to 10")]
    Media,
}

/// The account or Page that is meant. Where no channel is named, an account goes before a Page.
///
/// # Errors
///
/// [`ActionError::NoAccount`]
pub(crate) fn party(world: &World, channel: Option<Channel>, name: &str) -> Result<(Channel, String), ActionError> {
    let account = || world.account(name).map(|account| (Channel::Instagram, account.id.clone()));
    let page = || world.page_called(name).map(|page| (Channel::Messenger, page.id.clone()));
    let party = match channel {
        Some(Channel::Instagram) => account(),
        Some(Channel::Messenger) => page(),
        None => account().or_else(page),
    };
    party.ok_or(ActionError::NoAccount)
}

/// Carries an action of a contact towards an account or a Page out.
///
/// # Errors
///
/// [`ActionError`], with nothing changed.
pub(crate) fn apply(
    world: &mut World,
    contact: &str,
    (channel, account): (Channel, String),
    action: Action,
    moment: Moment<'_>,
) -> Result<Done, ActionError> {
    let contact = world.contact(contact).ok_or(ActionError::NoContact)?.username.clone();
    let mut scene = Scene { world, channel, contact, account, moment };
    match channel {
        Channel::Instagram => on_instagram(&mut scene, action),
        Channel::Messenger => messenger::apply(&mut scene, action),
    }
}

fn on_instagram(scene: &mut Scene<'_>, action: Action) -> Result<Done, ActionError> {
    let moment = scene.moment;
    match action {
        Action::Text { text, reply_to } => scene.text(text, reply_to),
        Action::Media { media, url, count, text } => scene.media(&media, url.as_deref(), count, text),
        Action::Sticker { shape } => Ok(scene.attachments(vec![elements::sticker(moment, shape)])),
        Action::StoryMention => Ok(scene.attachments(vec![elements::story_mention(moment)])),
        Action::StoryReply { text } => {
            let reply_to = Some(elements::story(moment));
            Ok(scene.write(Message { text: Some(text), reply_to, ..Message::default() }))
        }
        Action::StoryShare => Ok(scene.attachments(vec![elements::story_share(moment)])),
        Action::Attachments { attachments } => Ok(scene.attachments(attachments)),
        Action::Share { shape } => Ok(scene.attachments(elements::share(moment, shape))),
        Action::Reel { legacy } => Ok(scene.attachments(vec![elements::reel(legacy)])),
        Action::Template => Ok(scene.attachments(vec![json!({ "type": "template", "payload": {} })])),
        Action::Ephemeral => Ok(scene.attachments(vec![json!({ "type": "ephemeral" })])),
        Action::Unsupported => Ok(scene.write(Message { unsupported: true, ..Message::default() })),
        Action::QuickReply { text, payload } => Ok(scene.quick_reply(text, &payload)),
        Action::Postback { title, payload, .. } => Ok(scene.postback(title, &payload)),
        Action::Referral { reference } => Ok(scene.referral(&reference)),
        Action::AdMessage { text, reference, ad_id } => Ok(scene.ad_message(text, &reference, &ad_id)),
        Action::Reaction { mid, reaction, emoji } => scene.react(mid, &reaction, emoji),
        Action::Unreact { mid } => scene.unreact(mid),
        Action::Seen { mid } => scene.seen(mid),
        Action::Edit { mid, text, num_edit_as_text } => scene.edit(mid, text, num_edit_as_text),
        Action::EditZero { mid, with_parties } => scene.edit_zero(mid, with_parties),
        Action::Unsend { mid } => scene.unsend(mid),
        Action::Standby { text, .. } => Ok(scene.standby(text)),
        Action::Comment { text, shape, live, parent_id } => {
            Ok(comments::comment(scene, text, shape, live, parent_id.as_deref()))
        }
        Action::Mention { caption } => Ok(comments::mention(scene, caption)),
        other => system::apply(scene, other),
    }
}

/// A contact and an account or a Page, now.
pub(super) struct Scene<'a> {
    pub(super) world: &'a mut World,
    pub(super) channel: Channel,
    pub(super) contact: String,
    pub(super) account: String,
    pub(super) moment: Moment<'a>,
}

impl Scene<'_> {
    pub(super) fn thread(&mut self) -> &mut Thread {
        self.world.thread_mut(self.channel, &self.account, &self.contact)
    }

    pub(super) fn contact_id(&self) -> String {
        self.channel.contact_id(&self.account, &self.contact)
    }

    /// An event whose element goes from the contact to the account.
    pub(super) fn event(&self, field: &str, name: &str, part: &Value) -> Event {
        let now_ms = self.moment.now_ms;
        let element = from_contact(&self.contact_id(), &self.account, now_ms, name, part);
        Event::messaging(self.channel, &self.account, field, now_ms, element)
    }

    /// Keeps a public comment of the contact's, which may be answered in private.
    pub(super) fn keep_comment(&mut self, id: &str, text: String) {
        self.world.comments.push(Comment {
            id: id.to_owned(),
            account: self.account.clone(),
            contact: self.contact.clone(),
            text,
            at_ms: self.moment.now_ms,
            answered: false,
        });
    }

    /// Stores a message of the contact: it has an id, a time, and opens the window.
    pub(super) fn store(&mut self, message: Message, opening: Opening) -> Message {
        let now_ms = self.moment.now_ms;
        let mid = self.world.new_mid(self.channel, &self.account, now_ms);
        let message = Message { mid, at_ms: now_ms, ..message };
        let thread = self.thread();
        thread.open_window(now_ms, opening);
        thread.messages.push(message.clone());
        message
    }

    fn write(&mut self, message: Message) -> Done {
        let message = self.store(message, Opening::Contact);
        let event = self.event("messages", "message", &message_part(&message));
        Done { id: Some(message.mid), events: vec![event] }
    }

    pub(super) fn text(&mut self, text: String, reply_to: Option<String>) -> Result<Done, ActionError> {
        let reply_to = reply_to.map(|mid| {
            let answered = self.thread().message(&mid).ok_or(ActionError::NoMessage)?;
            Ok(json!({ "mid": mid, "is_self_reply": !answered.outbound }))
        });
        Ok(self.write(Message { text: Some(text), reply_to: reply_to.transpose()?, ..Message::default() }))
    }

    pub(super) fn media(
        &mut self,
        kind: &str,
        url: Option<&str>,
        count: usize,
        text: Option<String>,
    ) -> Result<Done, ActionError> {
        if !matches!(kind, "image" | "video" | "audio" | "file" | "media") || !(1..=10).contains(&count) {
            return Err(ActionError::Media);
        }
        let prefix = if kind == "audio" { media::VOICE } else { "" };
        let address = |index: usize| {
            url.map_or_else(|| media::url(self.moment, &format!("{prefix}{}{index}", ids::object())), str::to_owned)
        };
        let attachments = (0..count).map(|index| elements::media(kind, &address(index))).collect();
        Ok(self.write(Message { text, attachments, ..Message::default() }))
    }

    pub(super) fn attachments(&mut self, attachments: Vec<Value>) -> Done {
        self.write(Message { attachments, ..Message::default() })
    }

    pub(super) fn quick_reply(&mut self, text: String, payload: &str) -> Done {
        let message = self.store(Message { text: Some(text), ..Message::default() }, Opening::Contact);
        let mut part = message_part(&message);
        part["quick_reply"] = json!({ "payload": payload });
        Done { id: Some(message.mid), events: vec![self.event("messages", "message", &part)] }
    }

    fn postback(&mut self, title: String, payload: &str) -> Done {
        let message = self.store(Message { text: Some(title), postback: true, ..Message::default() }, Opening::Contact);
        let part = json!({ "mid": message.mid, "title": message.text, "payload": payload });
        Done { id: Some(message.mid), events: vec![self.event("messaging_postbacks", "postback", &part)] }
    }

    fn referral(&mut self, reference: &str) -> Done {
        let now_ms = self.moment.now_ms;
        self.thread().open_window(now_ms, Opening::Link);
        let part = json!({ "ref": reference, "source": "SHORTLINKS", "type": "OPEN_THREAD" });
        Done { id: None, events: vec![self.event("messaging_referral", "referral", &part)] }
    }

    fn ad_message(&mut self, text: String, reference: &str, ad_id: &str) -> Done {
        let message = self.store(Message { text: Some(text), ..Message::default() }, Opening::Ad);
        let mut part = message_part(&message);
        part["referral"] = json!({
            "ref": reference,
            "ad_id": ad_id,
            "source": "ADS",
            "type": "OPEN_THREAD",
            "ads_context_data": { "ad_title": "Autumn menu", "photo_url": media::url(self.moment, "ad") },
        });
        Done { id: Some(message.mid), events: vec![self.event("messages", "message", &part)] }
    }

    /// The message an action is about: the given one, or the last of one side.
    pub(super) fn about(&mut self, mid: Option<String>, outbound: bool) -> Result<&mut Message, ActionError> {
        let thread = self.thread();
        let mid = mid.or_else(|| {
            let last = thread.messages.iter().rev().find(|message| message.outbound == outbound && !message.deleted);
            last.map(|message| message.mid.clone())
        });
        mid.and_then(|mid| thread.message_mut(&mid)).ok_or(ActionError::NoMessage)
    }

    pub(super) fn react(&mut self, mid: Option<String>, reaction: &str, emoji: String) -> Result<Done, ActionError> {
        let message = self.about(mid, true)?;
        let mid = message.mid.clone();
        let part = json!({ "mid": mid, "action": "react", "reaction": reaction, "emoji": emoji });
        message.contact_reaction = Some(emoji);
        Ok(Done { id: Some(mid), events: vec![self.event("message_reactions", "reaction", &part)] })
    }

    pub(super) fn unreact(&mut self, mid: Option<String>) -> Result<Done, ActionError> {
        let message = self.about(mid, true)?;
        let mid = message.mid.clone();
        message.contact_reaction = None;
        let part = json!({ "mid": mid, "action": "unreact" });
        Ok(Done { id: Some(mid), events: vec![self.event("message_reactions", "reaction", &part)] })
    }

    fn seen(&mut self, mid: Option<String>) -> Result<Done, ActionError> {
        let mid = self.about(mid, true)?.mid.clone();
        self.thread().seen_mid = Some(mid.clone());
        let event = self.event("messaging_seen", "read", &json!({ "mid": mid }));
        Ok(Done { id: Some(mid), events: vec![event] })
    }

    pub(super) fn edit(&mut self, mid: Option<String>, text: String, as_text: bool) -> Result<Done, ActionError> {
        let message = self.about(mid, false)?;
        message.edits += 1;
        let mid = message.mid.clone();
        let number: Value = if as_text { message.edits.to_string().into() } else { message.edits.into() };
        let part = json!({ "mid": mid, "text": text, "num_edit": number });
        message.text = Some(text);
        Ok(Done { id: Some(mid), events: vec![self.event(self.channel.fields().edits, "message_edit", &part)] })
    }

    fn edit_zero(&mut self, mid: Option<String>, with_parties: bool) -> Result<Done, ActionError> {
        let mid = self.about(mid, false)?.mid.clone();
        let mut event = self.event("message_edit", "message_edit", &json!({ "mid": mid, "num_edit": 0 }));
        if let (false, Some(element)) = (with_parties, event.element.as_object_mut()) {
            element.remove("sender");
            element.remove("recipient");
        }
        Ok(Done { id: Some(mid), events: vec![event] })
    }

    pub(super) fn unsend(&mut self, mid: Option<String>) -> Result<Done, ActionError> {
        let message = self.about(mid, false)?;
        if message.outbound {
            return Err(ActionError::NoMessage);
        }
        let mid = message.mid.clone();
        *message = Message { mid: mid.clone(), at_ms: message.at_ms, deleted: true, ..Message::default() };
        let part = json!({ "mid": mid, "is_deleted": true });
        Ok(Done { id: Some(mid), events: vec![self.event("messages", "message", &part)] })
    }

    pub(super) fn standby(&mut self, text: String) -> Done {
        let mut done = self.write(Message { text: Some(text), ..Message::default() });
        for event in &mut done.events {
            event.place = Place::Standby;
            "standby".clone_into(&mut event.field);
        }
        done
    }
}
