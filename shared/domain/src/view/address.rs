use serde_json::{Map, Value};

use crate::message::{Attachment, Referral, ReplyTo};

/// Where a picture, a story or a file may be. Whatever a browser would run, or read from a person's disk, is no address.
const SCHEMES: [&str; 2] = ["http://", "https://"];
/// What such an address begins with, wherever else it stands.
const UNSAFE: [&str; 5] = ["javascript:", "vbscript:", "data:", "file:", "blob:"];

/// An address from outside, if it leads to the web.
#[must_use]
pub fn web(address: Option<&str>) -> Option<String> {
    address.filter(|address| begins_with(address, &SCHEMES)).map(str::to_owned)
}

pub(super) fn attachment(attachment: &Attachment) -> Attachment {
    let Attachment { kind, url, title, metadata } = attachment;
    Attachment { kind: kind.clone(), url: web(url.as_deref()), title: title.clone(), metadata: members(metadata) }
}

/// `None` for what a newer version wrote.
pub(super) fn reply(reply: &ReplyTo) -> Option<ReplyTo> {
    match reply {
        ReplyTo::Story { id, url } => Some(ReplyTo::Story { id: id.clone(), url: web(url.as_deref()) }),
        ReplyTo::Message { .. } => Some(reply.clone()),
        ReplyTo::Other(_) => None,
    }
}

pub(super) fn referral(referral: &Referral) -> Referral {
    Referral { metadata: members(&referral.metadata), ..referral.clone() }
}

/// What only the channel knows, at any depth, without the texts that a browser would run as an address.
pub(super) fn members(known: &Map<String, Value>) -> Map<String, Value> {
    known.iter().filter_map(|(name, value)| Some((name.clone(), kept(value)?))).collect()
}

fn kept(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => (!begins_with(text, &UNSAFE)).then(|| value.clone()),
        Value::Array(items) => Some(items.iter().filter_map(kept).collect()),
        Value::Object(known) => Some(Value::Object(members(known))),
        _ => Some(value.clone()),
    }
}

/// Compares as a browser reads addresses: without case, and without the spaces and control characters in it.
fn begins_with(address: &str, beginnings: &[&str]) -> bool {
    let read: String = address.chars().filter(|char| *char > ' ').take(12).collect();
    let read = read.to_ascii_lowercase();
    beginnings.iter().any(|beginning| read.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_leads_to_the_web_or_nowhere() {
        for address in ["https://cdn.example/a.jpg", "http://127.0.0.1:9402/a.jpg", "HTTPS://cdn.example/"] {
            assert_eq!(web(Some(address)).as_deref(), Some(address));
        }
        for address in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://x", "//x", "x", ""] {
            assert_eq!(web(Some(address)), None, "{address}");
        }
    }

    #[test]
    fn what_a_browser_would_run_is_left_out_at_any_depth() {
        let known = json!({
            "source_url": "\u{1} jAva\nscript:alert(1)",
            "templates": [{ "url": "data:text/html,x", "title": "data: sheet", "link": "https://shop.example/" }],
            "count": 2,
        });
        let expected = json!({ "templates": [{ "link": "https://shop.example/" }], "count": 2 });
        assert_eq!(Value::Object(members(known.as_object().expect("an object"))), expected);
    }
}
