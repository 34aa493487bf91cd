//! The content of a message: text, media, stickers, posts, templates; each with the limits of the Send API.

use serde_json::{Value, json};
use url::Url;

use super::template;
use crate::{
    channel::Channel,
    errors::GraphError,
    world::{threads::QuickReply, variants::TextUnit},
};

/// Most bytes of UTF-8 in a text of Instagram.
const TEXT_BYTES: usize = 1_000;
/// Most "characters" in a text of Messenger.
const TEXT_CHARACTERS: usize = 2_000;
/// Most characters of what is sent along to recognise an echo by.
const METADATA: usize = 1_000;
const QUICK_REPLY_PAYLOAD: usize = 1_000;
const IMAGES: usize = 10;
const QUICK_REPLIES: usize = 13;
const QUICK_REPLY_TITLE: usize = 20;

/// What is to be sent.
#[derive(Default)]
pub(crate) struct NewMessage {
    pub(crate) text: Option<String>,
    pub(crate) attachments: Vec<NewAttachment>,
    pub(crate) quick_replies: Vec<QuickReply>,
    /// The `mid` that this answers.
    pub(crate) reply_to: Option<String>,
    /// Returns with the echo (Messenger).
    pub(crate) metadata: Option<String>,
    /// Media to keep for the next time: kind and address.
    pub(crate) reusable: Option<(String, String)>,
}

pub(crate) enum NewAttachment {
    /// As webhooks will show it.
    Ready(Value),
    /// Uploaded before; only the account knows whether it may use it.
    Uploaded {
        kind: String,
        id: String,
    },
    Heart,
}

pub(super) fn message(
    message: &Value,
    reply_to: &Value,
    channel: Channel,
    unit: TextUnit,
) -> Result<NewMessage, GraphError> {
    let Value::Object(_) = message else { return Err(GraphError::parameter("Param message must be an object")) };
    let text = text(message, channel, unit)?;
    let attachments = attachments(message, channel)?;
    match (text.is_some(), attachments.is_empty()) {
        (false, true) => return Err(GraphError::message_data("A message needs a text or an attachment")),
        (true, false) => return Err(GraphError::message_data("Text and attachment cannot be in one message")),
        _ => {}
    }
    let quick_replies = quick_replies(message, channel)?;
    if channel == Channel::Instagram && !quick_replies.is_empty() && text.is_none() {
        return Err(GraphError::message_data("Quick replies need a text"));
    }
    let media = &message["attachment"];
    let is_reusable = media["payload"]["is_reusable"] == true;
    let kept = (media["type"].as_str(), media["payload"]["url"].as_str());
    Ok(NewMessage {
        text,
        attachments,
        quick_replies,
        reply_to: reply_to["mid"].as_str().map(str::to_owned),
        metadata: metadata(message)?,
        reusable: match kept {
            (Some(kind), Some(url)) if is_reusable => Some((kind.to_owned(), url.to_owned())),
            _ => None,
        },
    })
}

fn metadata(message: &Value) -> Result<Option<String>, GraphError> {
    let metadata = message["metadata"].as_str();
    if metadata.is_some_and(|text| text.chars().count() > METADATA) {
        return Err(GraphError::parameter("Length of param message[metadata] must be less than or equal to 1000"));
    }
    Ok(metadata.map(str::to_owned))
}

fn text(message: &Value, channel: Channel, unit: TextUnit) -> Result<Option<String>, GraphError> {
    let Some(text) = message.get("text") else { return Ok(None) };
    let text = text.as_str().ok_or_else(|| GraphError::message_data("Param message[text] must be a string"))?;
    if text.trim().is_empty() {
        return Err(GraphError::message_data("Param message[text] must not be empty"));
    }
    let is_too_long = match (channel, unit) {
        (Channel::Instagram, _) => text.len() > TEXT_BYTES,
        (Channel::Messenger, TextUnit::Utf16) => text.encode_utf16().count() > TEXT_CHARACTERS,
        (Channel::Messenger, TextUnit::Bytes) => text.len() > TEXT_CHARACTERS,
    };
    match channel {
        Channel::Instagram if is_too_long => {
            return Err(GraphError::message_data("Length of param message[text] must be less than or equal to 1000"));
        }
        Channel::Messenger if is_too_long => {
            return Err(GraphError::parameter("Length of param message[text] must be less than or equal to 2000"));
        }
        _ => {}
    }
    Ok(Some(text.to_owned()))
}

fn attachments(message: &Value, channel: Channel) -> Result<Vec<NewAttachment>, GraphError> {
    let sticker = message.get("sticker_id").filter(|_| channel == Channel::Messenger);
    if let Some(id) = sticker.filter(|_| message.get("attachment").is_none()) {
        return Ok(vec![NewAttachment::Ready(json!({ "type": "sticker", "payload": { "sticker_id": id } }))]);
    }
    match (message.get("attachment"), message.get("attachments")) {
        (None, None) => Ok(vec![]),
        (Some(one), None) => Ok(vec![attachment(one, channel)?]),
        (None, Some(Value::Array(several))) if (1..=IMAGES).contains(&several.len()) => {
            if several.iter().any(|one| one["type"] != "image") {
                return Err(GraphError::message_data("Several attachments may only be images"));
            }
            several.iter().map(|one| attachment(one, channel)).collect()
        }
        (None, Some(_)) => Err(GraphError::message_data("Param message[attachments] must hold 1 to 10 images")),
        (Some(_), Some(_)) => Err(GraphError::message_data("Only one of attachment and attachments may be sent")),
    }
}

fn attachment(value: &Value, channel: Channel) -> Result<NewAttachment, GraphError> {
    let payload = &value["payload"];
    match value["type"].as_str().unwrap_or_default() {
        kind @ ("image" | "video" | "audio" | "file") => media(kind, payload, channel),
        "like_heart" if channel == Channel::Instagram => Ok(NewAttachment::Heart),
        "MEDIA_SHARE" if channel == Channel::Instagram => {
            let id = payload["id"].as_str().filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
            let id = id.ok_or_else(|| GraphError::message_data("MEDIA_SHARE needs the id of an own post"))?;
            Ok(NewAttachment::Ready(json!({ "type": "ig_post", "payload": { "ig_post_media_id": id } })))
        }
        "template" => Ok(NewAttachment::Ready(template::attachment(payload, channel)?)),
        _ => Err(GraphError::message_data("This attachment type is not supported")),
    }
}

fn media(kind: &str, payload: &Value, channel: Channel) -> Result<NewAttachment, GraphError> {
    if let Some(id) = payload["attachment_id"].as_str() {
        return Ok(NewAttachment::Uploaded { kind: kind.to_owned(), id: id.to_owned() });
    }
    let url = media_url(kind, payload, channel)?;
    Ok(NewAttachment::Ready(json!({ "type": kind, "payload": { "url": url } })))
}

/// Checks the address of media as far as its name tells: nothing is fetched.
fn media_url<'a>(kind: &str, payload: &'a Value, channel: Channel) -> Result<&'a str, GraphError> {
    let text = payload["url"].as_str().unwrap_or_default();
    let failed = || GraphError::parameter("Failed to fetch the file from the url").subcode(2_018_008);
    let url = Url::parse(text).map_err(|_| failed())?;
    if !matches!(url.scheme(), "http" | "https") || !text.is_ascii() {
        return Err(failed());
    }
    let name = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref().and_then(kinds_of) {
        // Messenger takes any file as a file.
        Some(kinds) if !kinds.contains(&kind) && (channel == Channel::Instagram || kind != "file") => {
            Err(GraphError::parameter("The type of the file does not match the type of the attachment")
                .subcode(2_018_047))
        }
        _ => Ok(text),
    }
}

fn kinds_of(extension: &str) -> Option<&'static [&'static str]> {
    match extension {
        "png" | "jpg" | "jpeg" | "gif" => Some(&["image"]),
        "mp4" => Some(&["video", "audio"]),
        "ogg" | "avi" | "mov" | "webm" => Some(&["video"]),
        "aac" | "m4a" | "wav" | "mp3" => Some(&["audio"]),
        "pdf" => Some(&["file"]),
        // Known, and supported as nothing.
        "webp" | "svg" | "bmp" | "tiff" | "doc" | "docx" | "zip" | "exe" => Some(&[]),
        _ => None,
    }
}

fn quick_replies(message: &Value, channel: Channel) -> Result<Vec<QuickReply>, GraphError> {
    let Some(value) = message.get("quick_replies") else { return Ok(vec![]) };
    let list = value.as_array().filter(|list| (1..=QUICK_REPLIES).contains(&list.len()));
    let list = list.ok_or_else(|| GraphError::message_data("Param quick_replies must hold 1 to 13 replies"))?;
    list.iter().map(|reply| quick_reply(reply, channel)).collect()
}

fn quick_reply(value: &Value, channel: Channel) -> Result<QuickReply, GraphError> {
    // Messenger fills them in with what it knows of the person.
    if let (Channel::Messenger, Some(title @ ("user_phone_number" | "user_email"))) =
        (channel, value["content_type"].as_str())
    {
        return Ok(QuickReply { title: title.to_owned(), payload: String::new() });
    }
    if value["content_type"] != "text" {
        return Err(GraphError::message_data("Quick replies must have the content_type text"));
    }
    let title = value["title"].as_str().filter(|title| (1..=QUICK_REPLY_TITLE).contains(&title.chars().count()));
    let title = title.ok_or_else(|| GraphError::message_data("The title of a quick reply has 1 to 20 characters"))?;
    let payload = value["payload"].as_str().unwrap_or_default();
    if channel == Channel::Messenger && payload.chars().count() > QUICK_REPLY_PAYLOAD {
        return Err(GraphError::message_data("The payload of a quick reply has up to 1000 characters"));
    }
    Ok(QuickReply { title: title.to_owned(), payload: payload.to_owned() })
}

/// The media of a `message_attachments` call: kind and address.
///
/// # Errors
///
/// The same refusals as for a sent attachment.
pub(crate) fn upload(body: &Value, channel: Channel) -> Result<(String, String), GraphError> {
    let attachment = &body["message"]["attachment"];
    let kind = attachment["type"].as_str().unwrap_or_default();
    if !matches!(kind, "image" | "video" | "audio" | "file") {
        return Err(GraphError::message_data("This attachment type is not supported"));
    }
    Ok((kind.to_owned(), media_url(kind, &attachment["payload"], channel)?.to_owned()))
}
