//! The `message` member: text, media, replies, echoes, unsends.

use domain::event::{Happening, NewMessage};
use domain::id::Mid;
use domain::message::{Attachment, Change, Kind, ReplyTo};
use serde_json::{Map, Value};

use crate::webhook::read::attachment;
use crate::webhook::read::element::Element;
use crate::webhook::read::json::{fields, flag, id, member, only, text};
use crate::webhook::read::kinds::referral;

/// Reads a message, or the unsending of one.
pub(super) fn read(about: Element<'_>, body: &Map<String, Value>) -> Happening {
    let mid: Option<Mid> = id(body, "mid");
    if flag(body, "is_deleted") {
        return match mid {
            Some(mid) => about.change(mid, Change::Unsend { at: about.context.at }),
            None => Happening::Nothing { kind: "unsend_without_mid" },
        };
    }
    let attachments = attachment::read_all(body.get("attachments"));
    let reply_to = member(body, "reply_to").and_then(reply_to);
    let referral = member(body, "referral").map(referral);
    let text = text(body, "text");
    let empty = text.is_none() && attachments.is_empty() && reply_to.is_none() && referral.is_none();
    let unsupported = empty || flag(body, "is_unsupported");
    let kind = if unsupported { Kind::Unsupported } else { kind(&attachments, reply_to.as_ref()) };
    about.happening(NewMessage {
        text,
        attachments,
        reply_to,
        referral,
        opens_window: !about.from_account,
        metadata: metadata(body, unsupported),
        ..about.new_message(mid, kind)
    })
}

fn kind(attachments: &[Attachment], reply_to: Option<&ReplyTo>) -> Kind {
    if attachments.iter().any(|attachment| attachment.kind == "story_mention") {
        Kind::StoryMention
    } else if matches!(reply_to, Some(ReplyTo::Story { .. })) {
        Kind::StoryReply
    } else {
        Kind::Message
    }
}

/// A reply names a message or a story.
fn reply_to(reply: &Map<String, Value>) -> Option<ReplyTo> {
    match member(reply, "story") {
        Some(story) => Some(ReplyTo::Story { id: text(story, "id"), url: text(story, "url") }),
        None => id(reply, "mid").map(|mid| ReplyTo::Message { mid }),
    }
}

/// What only Instagram knows about a message; of an unsupported one also what it consists of.
fn metadata(body: &Map<String, Value>, unsupported: bool) -> Map<String, Value> {
    let mut metadata = only(body, &["app_id", "folder"]);
    if flag(body, "is_self") {
        metadata.insert("is_self".to_owned(), true.into());
    }
    if let Some(payload) = member(body, "quick_reply").and_then(|reply| reply.get("payload")) {
        metadata.insert("quick_reply_payload".to_owned(), payload.clone());
    }
    if let Some(reply) = member(body, "reply_to") {
        metadata.extend(only(reply, &["is_self_reply"]));
        metadata.extend(member(reply, "story").map(|story| only(story, &["link_sticker_url"])).unwrap_or_default());
    }
    if unsupported {
        metadata.extend(fields(body));
    }
    metadata
}
