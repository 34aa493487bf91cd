//! The attachments and the frame of messaging events.

use serde_json::{Value, json};

use super::action::{ShareShape, StickerShape};
use crate::{ids, media, sim::Moment, world::threads::Message};

/// A messaging element from a contact to an account, with one part of its own.
pub(super) fn from_contact(contact_id: &str, account: &str, at_ms: i64, name: &str, part: &Value) -> Value {
    json!({
        "sender": { "id": contact_id },
        "recipient": { "id": account },
        "timestamp": at_ms,
        name: part,
    })
}

/// The `message` part of a stored message.
pub(super) fn message_part(message: &Message) -> Value {
    let mut part = json!({ "mid": message.mid });
    if let Some(text) = &message.text {
        part["text"] = text.as_str().into();
    }
    if !message.attachments.is_empty() {
        part["attachments"] = message.attachments.clone().into();
    }
    if let Some(reply_to) = &message.reply_to {
        part["reply_to"] = reply_to.clone();
    }
    if message.unsupported {
        part["is_unsupported"] = true.into();
    }
    part
}

pub(super) fn media(kind: &str, url: &str) -> Value {
    json!({ "type": kind, "payload": { "url": url } })
}

/// The thumb that most people know.
const STICKER: u64 = 369_239_263_222_822;

pub(super) fn sticker(moment: Moment<'_>, shape: StickerShape) -> Value {
    let url = media::url(moment, "sticker");
    match shape {
        StickerShape::Number => json!({ "type": "sticker", "payload": { "url": url, "sticker_id": STICKER } }),
        StickerShape::Text => {
            json!({ "type": "sticker", "payload": { "url": url, "sticker_id": STICKER.to_string() } })
        }
        StickerShape::Image => media("image", &url),
    }
}

pub(super) fn story_mention(moment: Moment<'_>) -> Value {
    media("story_mention", &media::url(moment, "storymention"))
}

pub(super) fn story_share(moment: Moment<'_>) -> Value {
    let url = media::url(moment, "story");
    json!({ "type": "ig_story", "payload": { "story_media_id": ids::object(), "story_media_url": url } })
}

/// `reply_to` of an answer to a story.
pub(super) fn story(moment: Moment<'_>) -> Value {
    json!({ "story": { "url": media::url(moment, "ownstory"), "id": ids::object() } })
}

pub(super) fn share(moment: Moment<'_>, shape: ShareShape) -> Vec<Value> {
    let url = media::url(moment, "post");
    let old = json!({ "type": "share", "payload": { "url": url } });
    let payload = json!({ "ig_post_media_id": ids::object(), "title": "Sunday in the garden", "url": url });
    let new = json!({ "type": "ig_post", "payload": payload });
    match shape {
        ShareShape::Transition => vec![old, new],
        ShareShape::Legacy => vec![old],
        ShareShape::IgPost => vec![new],
    }
}

/// A post of a Page that somebody shares.
pub(super) fn post(moment: Moment<'_>) -> Value {
    let payload = json!({ "id": ids::object(), "title": "Sunday in the garden", "url": media::url(moment, "post") });
    json!({ "type": "post", "payload": payload })
}

pub(super) fn reel(legacy: bool) -> Value {
    let kind = if legacy { "reel" } else { "ig_reel" };
    let id = ids::object();
    let url = format!("https://www.instagram.com/reel/{id}/");
    json!({ "type": kind, "payload": { "reel_video_id": id, "title": "Latte art in 20 seconds", "url": url } })
}
