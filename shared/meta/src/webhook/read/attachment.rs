//! Attachments: links and titles, never copies.

use domain::message::Attachment;
use serde_json::{Map, Value};

use super::json::{member, text, without};

/// Reads `attachments`: an array, or the single object that one of Meta's samples shows.
///
/// A shared post comes as `ig_post` and for a while as the older `share` too: one is enough.
pub(crate) fn read_all(attachments: Option<&Value>) -> Vec<Attachment> {
    let elements = match attachments {
        Some(Value::Array(elements)) => elements.as_slice(),
        Some(element @ Value::Object(_)) => std::slice::from_ref(element),
        _ => &[],
    };
    let mut attachments: Vec<_> = elements.iter().filter_map(Value::as_object).map(read).collect();
    if attachments.iter().any(|attachment| attachment.kind == "ig_post") {
        attachments.retain(|attachment| attachment.kind != "share");
    }
    attachments
}

/// Every kind is kept under Meta's name for it. View-once media have neither payload nor address; an echoed link has its
/// title and address beside an empty payload.
fn read(attachment: &Map<String, Value>) -> Attachment {
    let none = Map::new();
    let payload = member(attachment, "payload").unwrap_or(&none);
    let either = |name| text(payload, name).or_else(|| text(attachment, name));
    let mut metadata = without(payload, &["url", "story_media_url", "title", "sticker_id"]);
    metadata.extend(either("sticker_id").map(|sticker| ("sticker_id".to_owned(), sticker.into())));
    Attachment {
        kind: text(attachment, "type").unwrap_or_else(|| "unknown".to_owned()),
        url: either("url").or_else(|| text(payload, "story_media_url")),
        title: either("title"),
        metadata,
    }
}
