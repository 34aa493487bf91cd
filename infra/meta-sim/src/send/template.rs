//! Generic and button templates of both channels.

use serde_json::{Value, json};
use url::Url;

use super::page_template;
use crate::{channel::Channel, errors::GraphError};

const ELEMENTS: usize = 10;
const TITLE: usize = 80;
const BUTTONS: usize = 3;
const BUTTON_TEMPLATE_TEXT: usize = 640;

/// The template of a send call, as webhooks show it.
pub(super) fn attachment(payload: &Value, channel: Channel) -> Result<Value, GraphError> {
    if channel == Channel::Messenger {
        match payload["template_type"].as_str().unwrap_or_default() {
            "generic" => drop(generic(&payload["elements"], channel)?),
            "button" => drop(button(payload, channel)?),
            kind => page_template::check(kind, payload)?,
        }
        return Ok(json!({ "type": "template", "payload": page_template::echoed(payload) }));
    }
    let elements = match payload["template_type"].as_str() {
        Some("generic") => generic(&payload["elements"], channel)?,
        Some("button") => button(payload, channel)?,
        _ => return Err(GraphError::message_data("Param template_type must be one of {generic, button}")),
    };
    Ok(json!({ "type": "template", "payload": { "generic": { "elements": elements } } }))
}

fn generic(elements: &Value, channel: Channel) -> Result<Value, GraphError> {
    let list = elements.as_array().filter(|list| (1..=ELEMENTS).contains(&list.len()));
    let list = list.ok_or_else(|| GraphError::message_data("A generic template has 1 to 10 elements"))?;
    for element in list {
        let title = element["title"].as_str().unwrap_or_default();
        let subtitle = element["subtitle"].as_str().unwrap_or_default();
        if title.is_empty() || title.chars().count() > TITLE || subtitle.chars().count() > TITLE {
            return Err(GraphError::message_data("Titles of a template have 1 to 80 characters, subtitles up to 80"));
        }
        check_buttons(&element["buttons"], 0, channel)?;
    }
    Ok(elements.clone())
}

fn button(payload: &Value, channel: Channel) -> Result<Value, GraphError> {
    let text = payload["text"].as_str().filter(|text| (1..=BUTTON_TEMPLATE_TEXT).contains(&text.chars().count()));
    let text = text.ok_or_else(|| GraphError::message_data("The text of a button template has 1 to 640 characters"))?;
    check_buttons(&payload["buttons"], 1, channel)?;
    Ok(json!([{ "title": text, "buttons": payload["buttons"] }]))
}

fn check_buttons(buttons: &Value, at_least: usize, channel: Channel) -> Result<(), GraphError> {
    let list = buttons.as_array().map_or(&[][..], Vec::as_slice);
    if !(at_least..=BUTTONS).contains(&list.len()) {
        return Err(GraphError::message_data("A template has up to 3 buttons, a button template at least 1"));
    }
    let valid = |button: &Value| {
        let has_title = button["title"].as_str().is_some_and(|title| !title.is_empty());
        has_title
            && match button["type"].as_str() {
                Some("web_url") => button["url"].as_str().is_some_and(|url| Url::parse(url).is_ok()),
                Some("postback") => button["payload"].as_str().is_some_and(|payload| !payload.is_empty()),
                Some("phone_number") if channel == Channel::Messenger => {
                    button["payload"].as_str().is_some_and(|number| number.starts_with('+'))
                }
                _ => false,
            }
    };
    if list.iter().all(valid) {
        return Ok(());
    }
    Err(GraphError::message_data("A button is a web_url with title and url, or a postback with title and payload"))
}
