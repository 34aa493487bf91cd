//! What no database holds, and what no parser takes, costs nothing but itself.

use domain::event::{Event, NewMessage, Payload};
use domain::message::Change;
use meta::QueuedEvent;
use serde_json::{Value, json};

use crate::samples;
use crate::util::{ACCOUNT, as_message, contact, element, notification, queued, read_body, read_entry};

/// An item may have 400 KB; what is added to it later needs room as well.
const MOST_BYTES: usize = 300 * 1024;

fn read(message: &Value) -> Event {
    read_entry(&json!({"messaging": [element(&json!({"message": message}))]}))
}

fn attached(payload: &Value) -> (NewMessage, bool) {
    let event = read(&json!({"mid": "a", "text": "see", "attachments": [{"type": "template", "payload": payload}]}));
    (as_message(event.payload), event.reduced)
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!("innermost"), |inner, _| json!({"inside": inner}))
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

#[test]
fn what_the_database_cannot_hold_is_left_out_and_its_neighbours_are_not() {
    let cases = [
        json!({"url": "https://e.example/x", "deep": nested(40)}),
        json!({"url": "https://e.example/x", "huge": 1e300, "tiny": 1e-300, "list": [1, -1e200, 2]}),
        json!({"url": "https://e.example/x", "": "nameless", "x".repeat(300): 1}),
        json!({"url": "https://e.example/x", "many": vec!["x".repeat(1000); 900]}),
        json!({"url": "https://e.example/x", "title": "é".repeat(500_000)}),
    ];
    for payload in cases {
        let (message, reduced) = attached(&payload);
        assert!(reduced, "it is counted");
        assert_eq!(message.metadata["reduced"], true, "and told");
        assert_eq!(message.text.as_deref(), Some("see"));
        assert_eq!(message.attachments[0].url.as_deref(), Some("https://e.example/x"));
        let kept = serde_json::to_value(&message).expect("JSON");
        assert!(kept.to_string().len() < MOST_BYTES, "{}", kept.to_string().len());
        assert!(depth(&kept) < 20, "{}", depth(&kept));
        assert!(!kept.to_string().contains("e300") && !kept.to_string().contains("\"\":"), "{kept}");
    }
}

#[test]
fn a_message_within_the_bounds_is_kept_whole() {
    let payload = json!({"url": "u", "generic": {"elements": [{"buttons": [{"title": "T", "price": 1.5, "n": 0}]}]}});
    let (message, reduced) = attached(&payload);
    assert!(!reduced);
    assert_eq!(message.attachments[0].metadata["generic"], payload["generic"]);
    assert_eq!(message.metadata.get("reduced"), None);
}

#[test]
fn a_text_of_any_length_is_kept_from_its_beginning() {
    let message = as_message(read(&json!({"mid": "a", "text": "я".repeat(300_000)})).payload);
    let text = message.text.expect("a text");
    assert!((60_000..=64 * 1024).contains(&text.len()) && text.starts_with("яяя"), "{}", text.len());
    let edit = json!({"message_edit": {"mid": "a", "text": "x".repeat(300_000), "num_edit": 1}});
    match read_entry(&json!({"messaging": [element(&edit)]})).payload {
        Payload::Change { change: Change::Edit { edit }, .. } => assert!(edit.text.len() <= 64 * 1024),
        other => panic!("{other:?}"),
    }
}

#[test]
fn attachments_without_number_are_kept_as_far_as_there_is_room() {
    let picture = json!({"type": "image", "payload": {"url": format!("https://e.example/{}", "u".repeat(2000))}});
    let message = as_message(read(&json!({"mid": "a", "attachments": vec![picture; 400]})).payload);
    assert!((20..400).contains(&message.attachments.len()), "{}", message.attachments.len());
    assert!(serde_json::to_string(&message).expect("JSON").len() < MOST_BYTES);
}

#[test]
fn what_no_parser_takes_is_read_without_that() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let body = notification(&json!({"messaging": [element(&json!({"message": {
        "mid": "a", "text": "still here", "attachments": [{"type": "image", "payload": {"url": "u", "x": "BROKEN"}}]}}))]}));
    for broken in [deep.as_str(), "1e999", "-1e999"] {
        let event = read_body(&body.replace("\"BROKEN\"", broken));
        assert!(event.reduced);
        let message = as_message(event.payload);
        assert_eq!((message.text.as_deref(), message.untimed), (Some("still here"), false));
        assert_eq!(message.attachments[0].url.as_deref(), Some("u"));
    }
}

#[test]
fn a_reduced_event_says_the_same() {
    for (object, entry) in samples::entries(ACCOUNT, contact().as_str()) {
        let body = json!({"object": object, "entry": [entry]}).to_string();
        let [event]: [QueuedEvent; 1] = queued(&body).try_into().expect("one event");
        let whole = meta::read(&event).expect("readable");
        let reduced = meta::read(&event.reduced()).expect("readable");
        assert!(reduced.reduced && !whole.reduced);
        assert_eq!(said(reduced), said(whole), "{body}");
    }
}

/// What an event says, without what its bytes make of its identity and the mark that it was reduced.
fn said(mut event: Event) -> Payload {
    if let Payload::Message { message, .. } = &mut event.payload {
        message.metadata.remove("reduced");
        if message.mid.is_none() {
            message.id = domain::MessageId::new(event.at, [0; 8]);
        }
    }
    event.payload
}
