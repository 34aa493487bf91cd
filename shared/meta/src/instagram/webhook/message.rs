//! The `message` member: what stories, folders and messages to oneself add to it.

use domain::event::{NewMessage, Payload};
use domain::message::{Kind, ReplyTo};
use serde_json::{Map, Value};

use crate::webhook::read::element::Element;
use crate::webhook::read::json::{flag, member, only, text};
use crate::webhook::read::message;

/// Reads a message, or the unsending of one.
pub(super) fn read(about: Element<'_>, body: &Map<String, Value>) -> Payload {
    if let Some(unsent) = message::unsent(about, body) {
        return unsent;
    }
    let mut new = message::content(about, body);
    if let Some(story) = member(body, "reply_to").and_then(|reply| member(reply, "story")) {
        new.reply_to = Some(ReplyTo::Story { id: text(story, "id"), url: text(story, "url") });
        new.metadata.extend(only(story, &["link_sticker_url"]));
    }
    new.metadata.extend(only(body, &["folder"]));
    if flag(body, "is_self") {
        new.metadata.insert("is_self".to_owned(), true.into());
    }
    new.kind = kind(&new);
    message::shown(about, body, new)
}

fn kind(new: &NewMessage) -> Kind {
    if new.attachments.iter().any(|attachment| attachment.kind == "story_mention") {
        Kind::StoryMention
    } else if matches!(new.reply_to, Some(ReplyTo::Story { .. })) {
        Kind::StoryReply
    } else {
        Kind::Message
    }
}
