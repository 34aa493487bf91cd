//! Whatever is signed: nothing panics, nothing is invented.

use domain::event::Payload;
use meta::QueuedEvent;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use crate::samples;
use crate::util::{ACCOUNT, AT, CONTACT, queued, signed};

/// Names that the readers look for, so that random objects reach their branches.
const NAMES: &[&str] = &[
    "object",
    "entry",
    "id",
    "time",
    "messaging",
    "standby",
    "changes",
    "field",
    "value",
    "sender",
    "recipient",
    "timestamp",
    "message",
    "mid",
    "text",
    "attachments",
    "type",
    "payload",
    "url",
    "is_echo",
    "is_self",
    "is_deleted",
    "is_unsupported",
    "reply_to",
    "story",
    "referral",
    "postback",
    "reaction",
    "action",
    "emoji",
    "read",
    "message_edit",
    "num_edit",
    "optin",
    "from",
    "self_ig_scoped_id",
    "comment_id",
    "pass_thread_control",
    "policy_enforcement",
    "quick_reply",
    "title",
    "delivery",
    "watermark",
    "mids",
    "lead",
    "data",
    "app_roles",
    "user_ref",
    "ref",
    "type",
    "metadata",
    "app_id",
    "item",
    "verb",
    "account_linking",
    "other",
];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::from(ACCOUNT)),
        Just(Value::from(CONTACT)),
        Just(Value::from("instagram")),
        Just(Value::from("page")),
        Just(Value::from("feed")),
        Just(Value::from("comments")),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let name = prop_oneof![proptest::sample::select(NAMES).prop_map(str::to_owned), "[a-z_]{0,8}"];
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(name, inner, 0..6).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

/// Reads an event; all that may fail is what is no object.
fn read(event: &QueuedEvent) {
    let is_object = event.event.get().starts_with('{');
    let outcome = meta::read(event);
    assert!(outcome.is_ok() || !is_object, "{outcome:?}");
    if let Ok(event_read) = outcome {
        assert_eq!(event_read.account, event.account);
    }
}

/// What the notifications of each channel are of.
const OBJECTS: &[&str] = &["instagram", "page"];

/// A notification of three entries, the first and the last of which hold one message each.
fn between_neighbours(object: &str, entry: &Value) -> String {
    let neighbour = |mid: &str| {
        let parties = (json!({ "id": CONTACT }), json!({ "id": ACCOUNT }));
        let element = json!({"sender": parties.0, "recipient": parties.1, "timestamp": AT,
            "message": {"mid": mid, "text": "hi"}});
        json!({"id": ACCOUNT, "time": AT, "messaging": [element]})
    };
    json!({"object": object, "entry": [neighbour("before"), entry, neighbour("after")]}).to_string()
}

/// Whether the event is the message with this mid.
fn is_message(event: &QueuedEvent, mid: &str) -> bool {
    match meta::read(event).expect("readable").payload {
        Payload::Message { message, .. } => message.mid.is_some_and(|found| found.as_str() == mid),
        _ => false,
    }
}

/// The places of a value, as JSON pointers (RFC 6901).
fn places(value: &Value) -> Vec<String> {
    let below = |name: &str, inner: &Value| {
        let name = name.replace('~', "~0").replace('/', "~1");
        places(inner).into_iter().map(move |rest| format!("/{name}{rest}")).collect::<Vec<_>>()
    };
    let inner: Vec<String> = match value {
        Value::Object(members) => members.iter().flat_map(|(name, inner)| below(name, inner)).collect(),
        Value::Array(elements) => {
            elements.iter().enumerate().flat_map(|(place, inner)| below(&place.to_string(), inner)).collect()
        }
        _ => Vec::new(),
    };
    std::iter::once(String::new()).chain(inner).collect()
}

proptest! {
    #[test]
    fn anything_in_the_place_of_anything_costs_no_neighbour(
        (object, entry) in proptest::sample::select(samples::entries(ACCOUNT, CONTACT)),
        place in any::<Index>(),
        odd in json_value(),
    ) {
        let mut broken = entry;
        let places = places(&broken);
        *broken.pointer_mut(place.get(&places).as_str()).expect("a place") = odd;
        let events = queued(&between_neighbours(object, &broken));
        let (first, last) = (events.first().expect("before"), events.last().expect("after"));
        prop_assert!(is_message(first, "before") && is_message(last, "after"), "{}", broken);
        events.iter().for_each(read);
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200)) {
        signed(&bytes, |payload| drop(payload.split()));
    }

    #[test]
    fn no_body_panics(body in json_value()) {
        queued(&body.to_string()).iter().for_each(read);
    }

    #[test]
    fn every_element_of_an_account_is_one_event_with_its_own_bytes(
        elements in vec(json_value(), 1..5),
        list in proptest::sample::select(&["messaging", "standby", "changes"][..]),
        object in proptest::sample::select(OBJECTS),
    ) {
        let body = json!({"object": object, "entry": [{"id": ACCOUNT, "time": 1, list: elements}]}).to_string();
        let events = queued(&body);
        prop_assert_eq!(events.len(), elements.len());
        for (event, element) in events.iter().zip(&elements) {
            let element = element.to_string();
            prop_assert_eq!(event.event.get(), element.as_str());
            prop_assert!(event.group_id().len() <= 128);
            read(event);
        }
    }

    #[test]
    fn a_queued_event_survives_the_queue(
        element in json_value(),
        object in proptest::sample::select(OBJECTS),
    ) {
        let body = json!({"object": object, "entry": [{"id": ACCOUNT, "messaging": [element]}]}).to_string();
        for event in queued(&body) {
            let carried = serde_json::to_string(&event).expect("serializable");
            let back: QueuedEvent = serde_json::from_str(&carried).expect("deserializable");
            prop_assert_eq!(back.event.get(), event.event.get());
            prop_assert_eq!(back.deduplication_id(), event.deduplication_id());
            prop_assert_eq!(back.group_id(), event.group_id());
        }
    }
}
