//! Postbacks, reactions, receipts, edits, hand-overs, and what nobody knows yet.

use domain::connection::EnforcementAction;
use domain::event::{Payload, ReadUpTo};
use domain::id::{MessageId, Mid};
use domain::message::{Author, Change, Direction, Edit, Kind, Reaction, Reactor};
use domain::time::UnixMillis;
use meta::QueuedEvent;
use serde_json::{Value, json};

use crate::util::{AT, as_message, contact, element, message, notification, own_element, payload, queued, read_entry};

fn mid(text: &str) -> Mid {
    Mid::try_from(text).expect("a mid")
}

fn at() -> UnixMillis {
    UnixMillis::new(AT)
}

fn notice(payload: Payload) -> (String, Value) {
    match payload {
        Payload::AccountNotice { kind, details } => (kind, details.into()),
        other => panic!("no notice: {other:?}"),
    }
}

#[test]
fn a_postback_is_a_message_with_the_buttons_text_with_or_without_mid() {
    let postback =
        message(&element(&json!({"postback": {"mid": "aWdf14", "title": "Opening hours?", "payload": "HOURS"}})));
    assert_eq!((postback.kind, postback.text.as_deref()), (Kind::Postback, Some("Opening hours?")));
    assert_eq!((postback.mid, postback.opens_window), (Some(mid("aWdf14")), true));
    assert_eq!(postback.metadata["payload"], "HOURS");

    let without = element(&json!({"postback": {"title": "T", "referral": {"ref": "r", "source": "SHORTLINKS"}}}));
    let postback = message(&without);
    assert_eq!(postback.mid, None);
    assert_eq!(postback.id, MessageId::derive_from_json(at(), &without.to_string()));
    assert_eq!(postback.referral.and_then(|referral| referral.reference).as_deref(), Some("r"));
}

#[test]
fn a_link_into_an_open_thread_is_shown_and_opens_the_window() {
    let referral =
        message(&element(&json!({"referral": {"ref": "campaign-1", "source": "SHORTLINKS", "type": "OPEN_THREAD"}})));
    assert_eq!((referral.kind, referral.opens_window), (Kind::Referral, true));
    assert_eq!(referral.referral.and_then(|referral| referral.reference).as_deref(), Some("campaign-1"));
}

#[test]
fn reactions_tell_whose_they_are_and_which() {
    let react = json!({"reaction": {"mid": "a", "action": "react", "reaction": "love", "emoji": "\u{2764}\u{fe0f}"}});
    for (element, by) in [(element(&react), Reactor::Contact), (own_element(&react), Reactor::Account)] {
        let reaction = Reaction { at: at(), emoji: Some("\u{2764}\u{fe0f}".to_owned()), name: Some("love".to_owned()) };
        let change = Change::React { by, reaction };
        assert_eq!(payload(&element), Payload::Change { contact: Some(contact()), mid: mid("a"), change });
    }
}

#[test]
fn a_reaction_taken_back_has_no_emoji_and_one_without_an_emoji_gets_one() {
    let emoji = |reaction: Value| match payload(&element(&json!({"reaction": reaction}))) {
        Payload::Change { change: Change::React { reaction, .. }, .. } => reaction.emoji,
        other => panic!("{other:?}"),
    };
    assert_eq!(emoji(json!({"mid": "a", "action": "unreact"})), None);
    assert_eq!(emoji(json!({"mid": "a", "action": "unreact", "reaction": "love", "emoji": "x"})), None);
    assert_eq!(emoji(json!({"mid": "a", "action": "react", "reaction": "like"})).as_deref(), Some("\u{1f44d}"));
    assert!(emoji(json!({"mid": "a", "action": "react", "reaction": "other"})).is_some());
    assert!(emoji(json!({"mid": "a", "action": "react"})).is_some());
    let nameless = payload(&element(&json!({"reaction": {"action": "react"}})));
    assert_eq!(nameless, Payload::Nothing { kind: "reaction_without_mid" });
}

#[test]
fn a_receipt_names_the_last_message_that_was_read() {
    let seen = payload(&element(&json!({"read": {"mid": "aWdf11"}})));
    assert_eq!(seen, Payload::Read { contact: contact(), up_to: ReadUpTo::Message(mid("aWdf11")) });
    let watermark = payload(&element(&json!({"read": {"watermark": 1_569_262_485_349_i64}})));
    let up_to = ReadUpTo::Time(UnixMillis::new(1_569_262_485_349));
    assert_eq!(watermark, Payload::Read { contact: contact(), up_to });
    for nothing in [json!({}), json!({"watermark": 9_999_999_999_999_i64})] {
        assert_eq!(payload(&element(&json!({"read": nothing}))), Payload::Nothing { kind: "read_up_to_nothing" });
    }
    assert_eq!(payload(&own_element(&json!({"read": {"mid": "a"}}))), Payload::Nothing { kind: "own_read" });
}

#[test]
fn an_edit_brings_the_new_text_and_its_number_in_either_type() {
    for number in [json!(2), json!("2")] {
        let edit = payload(&element(&json!({"message_edit": {"mid": "a", "text": "Hello there", "num_edit": number}})));
        let change = Change::Edit { edit: Edit { number: 2, at: at(), text: "Hello there".to_owned() } };
        assert_eq!(edit, Payload::Change { contact: Some(contact()), mid: mid("a"), change });
    }
}

#[test]
fn an_edit_without_a_text_changes_nothing_with_and_without_parties() {
    let edit = json!({"message_edit": {"mid": "aWdf15", "num_edit": 0}});
    let bare = json!({"timestamp": AT, "message_edit": {"mid": "aWdf15", "num_edit": 0}});
    for element in [element(&edit), bare] {
        assert_eq!(payload(&element), Payload::Nothing { kind: "edit_without_text" });
    }
}

#[test]
fn an_opt_in_is_shown_and_its_token_is_not_kept() {
    let optin =
        message(&element(&json!({"optin": {"type": "notification_messages", "payload": "INFO", "title": "News",
        "notification_messages_token": "SECRET", "notification_messages_frequency": "DAILY"}})));
    assert_eq!((optin.kind, optin.text.as_deref(), optin.opens_window), (Kind::Optin, Some("News"), false));
    assert_eq!(optin.metadata["notification_messages_frequency"], "DAILY");
    assert!(!json!(optin.metadata).to_string().contains("SECRET"));
}

#[test]
fn policy_and_feedback_are_notices_of_the_account() {
    for name in ["policy_enforcement", "policy-enforcement"] {
        let enforced = payload(&element(&json!({name: {"action": "block", "reason": "r"}})));
        let reason = Some("r".to_owned());
        assert_eq!(enforced, Payload::Enforced { action: EnforcementAction::Block, reason });
        let (kind, details) = notice(payload(&element(&json!({name: {"action": "shadow_ban"}}))));
        assert_eq!((kind.as_str(), &details["action"]), ("policy_enforcement", &json!("shadow_ban")));
    }
    for name in ["response_feedback", "response-feedback"] {
        let (kind, details) = notice(payload(&element(&json!({name: {"feedback": "Good response", "mid": "a"}}))));
        assert_eq!((kind.as_str(), &details["mid"]), ("response_feedback", &json!("a")));
    }
}

#[test]
fn standby_messages_are_marked_as_handled_elsewhere() {
    let members = json!({"message": {"mid": "aWdf16", "text": "hi"}});
    let standby = as_message(read_entry(&json!({"standby": [element(&members)]})).payload);
    assert!(standby.handled_elsewhere);
    assert_eq!(standby.text.as_deref(), Some("hi"));
}

#[test]
fn handing_a_thread_over_is_shown_and_is_nobodys_unread_message() {
    for (action, elsewhere) in [("pass", false), ("take", true), ("request", false)] {
        let control =
            json!({"previous_owner_app_id": "263902037430900", "new_owner_app_id": "123456789", "metadata": "x"});
        let control = message(&element(&json!({format!("{action}_thread_control"): control})));
        assert_eq!(
            (control.kind, control.author, control.direction),
            (Kind::ThreadControl, Author::App, Direction::Inbound)
        );
        assert_eq!(control.metadata["action"], action);
        assert_eq!(control.metadata["new_owner_app_id"], "123456789");
        assert_eq!((control.handled_elsewhere, control.opens_window), (elsewhere, false));
    }
}

#[test]
fn what_says_nothing_about_a_conversation_is_acknowledged() {
    let delivered = json!({"delivery": {"mids": ["m_B1"], "watermark": AT}});
    let linked = json!({"account_linking": {"status": "linked", "authorization_code": "SECRET"}});
    for (members, kind) in [(delivered, "delivery"), (linked, "account_linking")] {
        assert_eq!(payload(&element(&members)), Payload::Nothing { kind });
    }
}

#[test]
fn an_unknown_kind_is_visible_by_its_names_only() {
    let unknown = message(&element(&json!({"brand_new": {"text": "private"}, "also": 1})));
    assert_eq!((unknown.kind, unknown.author, unknown.opens_window), (Kind::Unsupported, Author::App, false));
    assert_eq!(unknown.metadata["fields"], json!(["also", "brand_new"]));
    let (kind, details) = notice(payload(&json!({"brand_new": {"text": "private"}})));
    assert_eq!((kind.as_str(), details), ("event_without_contact", json!({"fields": ["brand_new"]})));
}

#[test]
fn times_are_read_in_every_spelling_and_fall_back_to_the_entry_and_to_the_receipt() {
    let read = |timestamp: &Value, entry_time: &Value| {
        let mut element = element(&json!({"message": {"mid": "a", "text": "t"}}));
        element["timestamp"] = timestamp.clone();
        let event = read_entry(&json!({"time": entry_time, "messaging": [element]}));
        (event.at.get(), as_message(event.payload).untimed)
    };
    let own = |timestamp: Value| read(&timestamp, &json!(1_600_000_000));
    for spelled in [json!(AT), json!(AT * 1000), json!(AT.to_string()), json!("2025-07-18T10:35:10.447+0000")] {
        assert_eq!(own(spelled), (AT, false));
    }
    assert_eq!(own(json!("1527459824")), (1_527_459_824_000, false));
    assert_eq!(own(json!(1_527_459_824)), (1_527_459_824_000, false));
    let far_future = json!(9_999_999_999_999_i64);
    for unusable in [Value::Null, json!("soon"), json!(0), json!(-5), json!({}), json!(1e300), far_future.clone()] {
        assert_eq!(own(unusable.clone()), (1_600_000_000_000, true), "{unusable}");
        for entry_time in [Value::Null, far_future.clone()] {
            assert_eq!(read(&unusable, &entry_time), (AT + 500, true), "{unusable} {entry_time}");
        }
    }
}

#[test]
fn a_time_that_has_not_come_is_told_until_it_has() {
    let mut early = element(&json!({"message": {"mid": "a", "text": "t"}}));
    let ahead = AT + 30 * 60_000;
    early["timestamp"] = json!(ahead);
    let mut queued = queued(&notification(&json!({"messaging": [early]}))).remove(0);
    let first = as_message(meta::read(&queued).expect("an event").payload);
    queued.received_at_ms = UnixMillis::new(ahead + 500);
    let again = as_message(meta::read(&queued).expect("an event").payload);
    assert_eq!((first.untimed, first.ahead), (true, Some(UnixMillis::new(ahead))));
    assert_eq!((again.untimed, again.ahead, again.id.at().get()), (false, None, ahead));
    assert!(first.id.is_same(&again.id));
}

#[test]
fn what_has_no_mid_is_identified_by_its_own_bytes() {
    let referral = |reference: &str| message(&element(&json!({"referral": {"ref": reference}})));
    assert!(referral("a").id.is_same(&referral("a").id));
    assert!(!referral("a").id.is_same(&referral("b").id));
}

#[test]
fn a_malformed_event_of_a_known_account_is_a_notice() {
    for entry in [json!({"messaging": ["text"]}), json!({"news": {"text": "private"}})] {
        let (kind, details) = notice(read_entry(&entry).payload);
        assert_eq!(kind, "malformed_event");
        assert!(!details.to_string().contains("private"));
    }
}

#[test]
fn only_what_is_no_object_is_poison() {
    let [event] = queued(&notification(&json!({"messaging": [element(&json!({}))]}))).try_into().expect("one event");
    let event: QueuedEvent = event;
    for poison in ["5", "[]", "null"] {
        let raw = serde_json::value::RawValue::from_string(poison.to_owned()).expect("JSON");
        assert!(meta::read(&QueuedEvent { event: raw, ..event.clone() }).is_err(), "{poison}");
    }
}
