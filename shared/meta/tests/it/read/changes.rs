//! Comments, mentions, dashboard tests, unknown fields.

use domain::event::Payload;
use domain::id::Mid;
use domain::message::{Direction, Kind};
use serde_json::{Value, json};

use crate::util::{ACCOUNT, CONTACT, as_message, element, notification, read_body, read_entry};

fn change(field: &str, value: &Value) -> Value {
    json!({"time": 1_520_622_968, "changes": [{"field": field, "value": value}]})
}

#[test]
fn a_comment_is_shown_in_each_of_its_shapes_and_opens_no_window() {
    let media = json!({"id": "17918195224117851", "ad_id": "1202", "media_product_type": "FEED"});
    let from = json!({"id": CONTACT, "username": "jane"});
    let of_page = json!({"from": from, "comment_id": "178", "parent_id": "177", "text": "price?", "media": media});
    let of_user = json!({"from": from, "id": "178", "text": "price?", "media": media});
    let flat = json!({"time": 1_520_622_968, "field": "comments", "value": of_user});
    for entry in [change("comments", &of_page), change("live_comments", &of_user), flat] {
        let event = read_entry(&entry);
        assert_eq!(event.at.get(), 1_520_622_968_000);
        let comment = as_message(event.payload);
        assert_eq!((comment.kind, comment.direction, comment.opens_window), (Kind::Comment, Direction::Inbound, false));
        assert_eq!((comment.text.as_deref(), comment.mid), (Some("price?"), Mid::try_from("178").ok()));
        assert_eq!((&comment.metadata["username"], comment.username.as_deref()), (&json!("jane"), Some("jane")));
        assert!(comment.untimed, "a comment is delivered later as well, with another time around it");
        assert_eq!(comment.metadata["media"]["ad_id"], "1202");
    }
}

#[test]
fn an_own_comment_is_left_out() {
    let marked = json!({"id": CONTACT, "self_ig_scoped_id": "5"});
    for from in [json!({"id": ACCOUNT, "username": "shop"}), marked] {
        let payload = read_entry(&change("comments", &json!({"id": "1", "from": from, "text": "thanks"}))).payload;
        assert_eq!(payload, Payload::Nothing { kind: "own_comment" });
    }
}

#[test]
fn mentions_and_unknown_fields_are_notices_without_what_people_wrote() {
    for field in ["mentions", "story_insights", "brand_new"] {
        let value = json!({"comment_id": "178", "media_id": "179", "text": "private"});
        match read_entry(&change(field, &value)).payload {
            Payload::AccountNotice { kind, details } => {
                assert_eq!(kind, field);
                assert_eq!((&details["comment_id"], &details["media_id"]), (&json!("178"), &json!("179")));
                assert!(!json!(details).to_string().contains("private"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_comment_without_an_author_and_a_change_without_a_value_are_notices() {
    for entry in [change("comments", &json!({"id": "1", "text": "x"})), change("comments", &Value::Null)] {
        assert!(matches!(read_entry(&entry).payload, Payload::AccountNotice { kind, .. } if kind == "comments"));
    }
}

#[test]
fn the_dashboards_test_is_recognised_in_each_of_its_forms() {
    let message = json!({"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824",
        "message": {"mid": "random_mid", "text": "random_text"}});
    let comment = json!({"id": "1", "from": {"id": "232323232"}, "text": "This is an example."});
    let entries = [
        json!({"id": "0", "changes": [{"field": "messages", "value": message}]}),
        json!({"id": "0", "changes": [{"field": "comments", "value": comment}]}),
        json!({"id": "0", "messaging": [message]}),
        json!({"changes": [{"field": "messages", "value": message}]}),
    ];
    for entry in entries {
        assert_eq!(read_body(&notification(&entry)).payload, Payload::Test, "{entry}");
    }
}

#[test]
fn every_messaging_field_is_read_among_the_changes_as_among_the_messages() {
    let cases = [
        ("messages", json!({"message": {"mid": "a", "text": "hi"}})),
        ("messaging_postbacks", json!({"postback": {"mid": "a", "title": "Hours?", "payload": "HOURS"}})),
        ("messaging_seen", json!({"read": {"mid": "a"}})),
        ("message_reactions", json!({"reaction": {"mid": "a", "action": "react", "emoji": "x"}})),
        ("message_edit", json!({"message_edit": {"mid": "a", "text": "hi", "num_edit": 1}})),
        ("messaging_referral", json!({"referral": {"ref": "r", "source": "SHORTLINKS"}})),
    ];
    for (field, members) in cases {
        let element = element(&members);
        let among_changes = read_entry(&change(field, &element)).payload;
        let among_messages = read_entry(&json!({"messaging": [element]})).payload;
        match (among_changes, among_messages) {
            (Payload::Message { message: one, .. }, Payload::Message { message: other, .. }) => {
                assert_eq!(
                    (one.kind, one.text, one.mid, one.opens_window),
                    (other.kind, other.text, other.mid, other.opens_window)
                );
            }
            (one, other) => assert_eq!(one, other, "{field}"),
        }
    }
    let nobodys = json!({"message_edit": {"mid": "a", "num_edit": 0}});
    let edit = read_entry(&change("message_edit", &nobodys)).payload;
    assert_eq!(edit, Payload::Nothing { kind: "edit_without_text" });
}

#[test]
fn a_message_in_the_list_of_changes_is_a_message() {
    let value = element(&json!({"message": {"mid": "a", "text": "hi"}}));
    let event = read_entry(&change("messages", &value));
    assert_eq!(event.at.get(), crate::util::AT);
    assert_eq!(as_message(event.payload).text.as_deref(), Some("hi"));
}
