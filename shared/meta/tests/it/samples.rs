//! One notification of each kind, with everything that the readers know of it.

use serde_json::{Value, json};

use crate::util::AT;

/// Entries of each channel's object, each with one event between this account and this contact.
pub(crate) fn entries(account: &str, contact: &str) -> Vec<(&'static str, Value)> {
    let entry = |members: Value| {
        let mut entry = json!({"id": account, "time": AT});
        entry.as_object_mut().expect("an object").extend(members.as_object().expect("members").clone());
        entry
    };
    let messaging = |members: &Value| {
        let mut element = json!({"sender": {"id": contact}, "recipient": {"id": account}, "timestamp": AT});
        element.as_object_mut().expect("an object").extend(members.as_object().expect("members").clone());
        entry(json!({"messaging": [element]}))
    };
    let change = |(field, value): (&str, Value)| entry(json!({"changes": [{"field": field, "value": value}]}));
    let both = of_both();
    let instagram = both.iter().chain(&of_instagram()).map(messaging).collect::<Vec<_>>();
    let messenger = both.iter().chain(&of_messenger()).map(messaging).collect::<Vec<_>>();
    let instagram = instagram.into_iter().chain(comments(contact).into_iter().map(change));
    let messenger = messenger.into_iter().chain(feed(contact).into_iter().map(change));
    let named = |object: &'static str| move |entry| (object, entry);
    instagram.map(named("instagram")).chain(messenger.map(named("page"))).collect()
}

fn referral() -> Value {
    json!({"ref": "r", "ad_id": "1", "source": "ADS"})
}

fn of_both() -> Vec<Value> {
    let full = json!({"mid": "a", "text": "t", "attachments": [{"type": "sticker", "payload": {"url": "u", "sticker_id": 1}}],
        "reply_to": {"mid": "b", "is_self_reply": false}, "quick_reply": {"payload": "P"}, "referral": referral()});
    vec![
        json!({"message": full}),
        json!({"message": {"mid": "a", "text": "t", "is_echo": "true", "app_id": 5}}),
        json!({"message": {"mid": "a", "is_deleted": true}}),
        json!({"postback": {"mid": "a", "title": "t", "payload": "P", "referral": referral()}}),
        json!({"reaction": {"mid": "a", "action": "react", "reaction": "love", "emoji": "x"}}),
        json!({"read": {"watermark": AT - 5}}),
        json!({"message_edit": {"mid": "a", "text": "t", "num_edit": "1"}}),
        json!({"referral": referral()}),
        json!({"policy-enforcement": {"action": "block", "reason": "r"}}),
        json!({"response_feedback": {"feedback": "Good response", "mid": "a"}}),
        json!({"delivery": {"mids": ["a"], "watermark": AT - 5}}),
        json!({"account_linking": {"status": "linked"}}),
        json!({"pass_thread_control": {"previous_owner_app_id": "1", "new_owner_app_id": "2"}}),
    ]
}

fn of_instagram() -> Vec<Value> {
    vec![
        json!({"read": {"mid": "a"}}),
        json!({"message": {"mid": "a", "text": "t", "reply_to": {"story": {"id": "1", "url": "u", "link_sticker_url": "l"}}}}),
    ]
}

fn of_messenger() -> Vec<Value> {
    let answers = json!([{"question": "City?", "answer": "Graz"}]);
    let id = format!("{AT}-0707070707070707");
    vec![
        json!({"message": {"mid": "a", "text": "t", "is_echo": true, "app_id": 5, "metadata": id}}),
        json!({"message": {"mid": "a", "attachments": [
            {"type": "fallback", "title": "T", "url": "u", "payload": null},
            {"type": "location", "payload": {"coordinates": {"lat": 47.5, "long": 15.5}}},
        ]}}),
        json!({"referral": referral(), "lead": {"data": answers}}),
        json!({"optin": {"ref": "box1"}}),
        json!({"optin": {"type": "notification_messages", "notification_messages_token": "T", "title": "News"}}),
        json!({"sender": {"user_ref": "box-5"}, "postback": {"title": "t", "payload": "P"}}),
    ]
}

fn comments(contact: &str) -> Vec<(&'static str, Value)> {
    let comment = json!({"id": "1", "comment_id": "1", "parent_id": "2", "media": {"id": "3"}, "text": "t",
        "from": {"id": contact, "username": "jane"}});
    vec![("comments", comment), ("mentions", json!({"comment_id": "1", "media_id": "3"}))]
}

fn feed(contact: &str) -> Vec<(&'static str, Value)> {
    let comment =
        json!({"item": "comment", "verb": "add", "comment_id": "5_7", "from": {"id": contact, "name": "Ana"}});
    vec![("feed", comment), ("ratings", json!({"id": "5"}))]
}
