//! An event that is more than a queue or a reader takes, reduced to what the readers look at.
//!
//! It is JSON still, before anything is read; what a database cannot hold of a message that was read is `domain::reduce`'s.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::characters::without_lone_surrogates;

/// The members that the readers look at, wherever they stand. All others are left out.
const READ: [&str; 76] = [
    "account_linking",
    "action",
    "ad_id",
    "answer",
    "app_id",
    "attachments",
    "comment_id",
    "coordinates",
    "created_time",
    "data",
    "delivery",
    "emoji",
    "feedback",
    "field",
    "folder",
    "from",
    "id",
    "is_deleted",
    "is_echo",
    "is_self",
    "is_self_reply",
    "is_unsupported",
    "item",
    "lat",
    "lead",
    "link_sticker_url",
    "long",
    "media",
    "media_id",
    "message",
    "message_edit",
    "metadata",
    "mid",
    "new_owner_app_id",
    "notification_messages_token",
    "num_edit",
    "optin",
    "parent_id",
    "pass_thread_control",
    "payload",
    "policy-enforcement",
    "policy_enforcement",
    "postback",
    "previous_owner_app_id",
    "question",
    "quick_reply",
    "reaction",
    "read",
    "reason",
    "recipient",
    "reel_video_id",
    "ref",
    "referral",
    "reply_to",
    "request_thread_control",
    "response-feedback",
    "response_feedback",
    "self_ig_scoped_id",
    "sender",
    "source",
    "sticker_id",
    "story",
    "story_media_url",
    "take_thread_control",
    "text",
    "time",
    "timestamp",
    "title",
    "type",
    "url",
    "user_id",
    "user_ref",
    "username",
    "value",
    "verb",
    "watermark",
];

/// The most that is kept, in bytes of JSON: a quarter of what the queue takes.
const MAX_BYTES: usize = 256 * 1024;

/// How long a single text may be, in bytes.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// How deep the readers look.
const MAX_DEPTH: usize = 12;

/// Reduces an event, which must be JSON, to the members that are read. `Null` where nothing is left.
pub(super) fn reduce(json: &str) -> Value {
    Reduction { left: MAX_BYTES }.value(&without_lone_surrogates(json), MAX_DEPTH).unwrap_or(Value::Null)
}

/// What may still be kept.
struct Reduction {
    left: usize,
}

impl Reduction {
    /// `None` for what is too deep, too much, or a number that nothing can hold.
    fn value(&mut self, json: &str, levels: usize) -> Option<Value> {
        match json.as_bytes().first()? {
            b'{' => Some(Value::Object(self.members(json, levels.checked_sub(1)?))),
            b'[' => Some(Value::Array(self.elements(json, levels.checked_sub(1)?))),
            b'"' => {
                let text: String = serde_json::from_str(json).ok()?;
                let text = Value::from(&text[..text.floor_char_boundary(MAX_TEXT_BYTES)]);
                self.spend(text.to_string().len()).then_some(text)
            }
            _ => serde_json::from_str(json).ok().filter(|_| self.spend(json.len())),
        }
    }

    /// The shortest members first, so that ids and times are never what finds no room.
    fn members(&mut self, json: &str, levels: usize) -> Map<String, Value> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(json).unwrap_or_default();
        let mut members: Vec<_> = members.into_iter().filter(|(name, _)| READ.contains(&name.as_str())).collect();
        members.sort_by_key(|(_, value)| kept_bytes(value.get()));
        let kept = members.into_iter().filter_map(|(name, value)| {
            let value = self.value(value.get(), levels).filter(|_| self.spend(name.len()))?;
            Some((name, value))
        });
        kept.collect()
    }

    fn elements(&mut self, json: &str, levels: usize) -> Vec<Value> {
        let elements: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
        elements.into_iter().filter_map(|element| self.value(element.get(), levels)).collect()
    }

    fn spend(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

/// How much room a value needs at most: a text is cut.
fn kept_bytes(json: &str) -> usize {
    if json.starts_with('"') { json.len().min(MAX_TEXT_BYTES) } else { json.len() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_read_is_kept_and_all_else_is_left_out() {
        let event = json!({"sender": {"id": "1"}, "timestamp": 5, "z": {"mid": "x"},
            "message": {"mid": "m", "text": "hi", "brand_new": [1], "attachments": [{"type": "image", "payload": {"url": "u", "x": 1}}]}});
        let kept = json!({"sender": {"id": "1"}, "timestamp": 5,
            "message": {"mid": "m", "text": "hi", "attachments": [{"type": "image", "payload": {"url": "u"}}]}});
        assert_eq!(reduce(&event.to_string()), kept);
    }

    #[test]
    fn the_longest_is_what_finds_no_room() {
        let picture = json!({"type": "image", "payload": {"url": "u".repeat(50_000)}});
        let event = json!({"timestamp": 5, "sender": {"id": "1"}, "message": {"mid": "m", "text": "é".repeat(3_000_000),
            "attachments": vec![picture; 50]}});
        let reduced = reduce(&event.to_string());
        assert_eq!(
            (&reduced["timestamp"], &reduced["sender"]["id"], &reduced["message"]["mid"]),
            (&json!(5), &json!("1"), &json!("m"))
        );
        assert!(reduced.to_string().len() <= 2 * MAX_BYTES, "{}", reduced.to_string().len());
        assert_eq!(reduced["message"]["text"].as_str().map(str::len), Some(MAX_TEXT_BYTES), "a text is cut");
        let attachments = reduced["message"]["attachments"].as_array().expect("a list");
        let whole = attachments.iter().filter(|attachment| attachment["payload"]["url"].is_string()).count();
        assert_eq!(whole, 3, "as many as there is room for");
    }

    #[test]
    fn what_no_parser_takes_costs_nothing_but_itself() {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let event = format!(r#"{{"timestamp":1e999,"message":{{"mid":"m","text":{deep},"title":"t"}}}}"#);
        let reduced = reduce(&event);
        assert_eq!((&reduced["message"]["mid"], &reduced["message"]["title"]), (&json!("m"), &json!("t")));
        assert_eq!(reduced.get("timestamp"), None);
    }
}
