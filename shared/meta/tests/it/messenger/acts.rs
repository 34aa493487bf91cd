//! Postbacks, referrals, reactions, opt-ins, and what concerns the Page.

use domain::connection::EnforcementAction;
use domain::event::Payload;
use domain::message::{Author, Change, Direction, Edit, Kind, Reaction, Reactor};
use domain::time::UnixMillis;
use serde_json::{Value, json};

use super::{PAGE, PERSON, as_message, element, entry, message, notice, of_page, own_element, payload};
use crate::util::{AT, read_body};

fn change(field: &str, value: &Value) -> Payload {
    entry(&json!({"time": 1_790_000_000, "changes": [{"field": field, "value": value}]}))
}

#[test]
fn a_postback_is_a_message_with_the_buttons_text_with_or_without_mid() {
    let referral = json!({"ref": "qr7", "source": "SHORTLINK", "type": "OPEN_THREAD"});
    for mid in [Some("m_C1"), None] {
        let postback = json!({"mid": mid, "title": "Start", "payload": "START", "referral": referral});
        let tapped = message(&element(&json!({"postback": postback})));
        assert_eq!((tapped.kind, tapped.text.as_deref()), (Kind::Postback, Some("Start")));
        assert_eq!((tapped.mid.as_ref().map(domain::Mid::as_str), tapped.opens_window), (mid, true));
        assert_eq!(tapped.metadata["payload"], "START");
        assert_eq!(tapped.referral.and_then(|referral| referral.reference).as_deref(), Some("qr7"));
    }
}

#[test]
fn somebody_known_by_a_web_pages_reference_only_has_no_conversation_and_is_not_lost() {
    let mut tapped = element(&json!({"postback": {"title": "Start", "payload": "START"}}));
    tapped["sender"] = json!({"user_ref": "box-5"});
    let opted = of_page(&json!({"optin": {"ref": "box1", "user_ref": "box-5"}}));
    for element in [tapped, opted] {
        let (kind, details) = notice(payload(&element));
        assert_eq!((kind.as_str(), &details["user_ref"]), ("contact_by_reference", &json!("box-5")));
    }
}

#[test]
fn a_link_into_a_known_thread_opens_the_window_with_and_without_a_source() {
    for referral in [json!({"ref": "qr7", "source": "SHORTLINK", "type": "OPEN_THREAD"}), json!({"ref": "qr7"})] {
        let came = message(&element(&json!({"referral": referral})));
        assert_eq!((came.kind, came.opens_window), (Kind::Referral, true));
        assert_eq!(came.referral.and_then(|referral| referral.reference).as_deref(), Some("qr7"));
    }
}

#[test]
fn a_filled_in_form_of_an_advertisement_is_shown_at_its_second() {
    let mut lead = element(&json!({"referral": {"source": "ADS", "type": "LEAD_COMPLETE", "ad_id": "1201"},
        "lead": {"data": [{"question": "City?", "answer": "Graz"}]}}));
    lead["timestamp"] = json!(AT / 1000);
    let event = read_body(&super::notification(&json!({"messaging": [lead]})));
    assert_eq!(event.at, UnixMillis::new(AT / 1000 * 1000));
    let lead = as_message(event.payload);
    assert_eq!((lead.kind, lead.untimed), (Kind::Referral, false));
    assert_eq!(lead.referral.and_then(|referral| referral.ad_id).as_deref(), Some("1201"));
    assert_eq!(lead.metadata["lead"][0]["answer"], "Graz");
    let summary = json!({"message": {"mid": "m_L1", "text": "City? Graz", "hop_context": []}});
    assert_eq!(payload(&element(&summary)), Payload::Nothing { kind: "lead_summary" });
}

#[test]
fn reactions_tell_whose_they_are_and_which() {
    let smile = json!({"reaction": "smile", "emoji": "\u{1f606}", "action": "react", "mid": "m_B1"});
    for (element, by) in [
        (element(&json!({"reaction": smile})), Reactor::Contact),
        (own_element(&json!({"reaction": smile})), Reactor::Account),
    ] {
        let reaction =
            Reaction { at: UnixMillis::new(AT), emoji: Some("\u{1f606}".to_owned()), name: Some("smile".to_owned()) };
        let contact = Some(PERSON.try_into().expect("digits"));
        let mid = "m_B1".try_into().expect("a mid");
        assert_eq!(payload(&element), Payload::Change { contact, mid, change: Change::React { by, reaction } });
    }
    for (name, emoji) in [("smile", "\u{1f606}"), ("dislike", "\u{1f44e}")] {
        match payload(&element(&json!({"reaction": {"reaction": name, "action": "react", "mid": "m_B1"}}))) {
            Payload::Change { change: Change::React { reaction, .. }, .. } => {
                assert_eq!(reaction.emoji.as_deref(), Some(emoji));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_box_on_a_web_page_may_be_answered_and_consent_to_notifications_may_not() {
    let plugin = message(&element(&json!({"optin": {"ref": "box1"}})));
    assert_eq!((plugin.kind, plugin.opens_window, &plugin.metadata["ref"]), (Kind::Optin, true, &json!("box1")));
    for consent in [
        json!({"type": "notification_messages", "notification_messages_token": "SECRET", "title": "News"}),
        json!({"notification_messages_token": "SECRET"}),
        json!({"type": "notification_messages"}),
    ] {
        let consent = message(&element(&json!({"optin": consent})));
        assert_eq!((consent.kind, consent.opens_window), (Kind::Optin, false));
        assert!(!json!(consent.metadata).to_string().contains("SECRET"));
    }
}

#[test]
fn an_edit_brings_the_new_text() {
    let edited = payload(&element(&json!({"message_edit": {"mid": "m_A1", "text": "Open now?", "num_edit": 1}})));
    let edit = Edit { number: 1, at: UnixMillis::new(AT), text: "Open now?".to_owned() };
    let contact = Some(PERSON.try_into().expect("digits"));
    let mid = "m_A1".try_into().expect("a mid");
    assert_eq!(edited, Payload::Change { contact, mid, change: Change::Edit { edit } });
}

#[test]
fn what_concerns_the_page_is_a_notice_and_names_nobody() {
    use EnforcementAction::{Block, Unblock, Warning};
    for (word, action) in [("warning", Warning), ("block", Block), ("unblock", Unblock)] {
        let enforced = payload(&of_page(&json!({"policy_enforcement": {"action": word, "reason": "spam"}})));
        assert_eq!(enforced, Payload::Enforced { action, reason: Some("spam".to_owned()) });
    }
    let (kind, details) = notice(payload(&of_page(&json!({"app_roles": {"9001": ["primary_receiver"]}}))));
    assert_eq!((kind.as_str(), &details["9001"]), ("app_roles", &json!(["primary_receiver"])));
}

#[test]
fn a_linked_account_is_counted_and_its_code_is_not_kept() {
    let linked = json!({"account_linking": {"status": "linked", "authorization_code": "SECRET"}});
    assert_eq!(payload(&element(&linked)), Payload::Nothing { kind: "account_linking" });
}

#[test]
fn handing_a_thread_over_is_shown_and_is_nobodys_unread_message() {
    for (action, elsewhere) in [("pass", false), ("take", true), ("request", false)] {
        let control = json!({"previous_owner_app_id": null, "new_owner_app_id": "9001"});
        let control = message(&element(&json!({format!("{action}_thread_control"): control})));
        assert_eq!(
            (control.kind, control.author, control.direction),
            (Kind::ThreadControl, Author::App, Direction::Inbound)
        );
        assert_eq!((control.handled_elsewhere, &control.metadata["new_owner_app_id"]), (elsewhere, &json!("9001")));
    }
}

#[test]
fn what_happens_on_the_page_itself_is_counted_by_what_it_is() {
    let comment = json!({"item": "comment", "verb": "add", "comment_id": "55_77", "post_id": "104700000001_55",
        "from": {"id": PERSON, "name": "Ana"}, "message": "price?", "created_time": 1_790_000_000});
    let with = |name: &str, value: Value| {
        let mut changed = comment.clone();
        changed[name] = value;
        changed
    };
    let cases = [
        (comment.clone(), "feed_comment"),
        (with("from", Value::Null), "feed_comment"),
        (with("verb", json!("remove")), "feed_comment_changed"),
        (with("from", json!({"id": PAGE})), "feed_own"),
        (with("item", json!("reaction")), "feed"),
        (json!({}), "feed"),
    ];
    for (value, kind) in cases {
        assert_eq!(change("feed", &value), Payload::Nothing { kind }, "{value}");
    }
}

#[test]
fn changes_that_nobody_knows_are_notices_without_what_people_wrote() {
    let (kind, details) = notice(change("ratings", &json!({"id": "5", "message": "private"})));
    assert_eq!((kind.as_str(), &details["id"]), ("ratings", &json!("5")));
    assert!(!details.to_string().contains("private"));
    assert_eq!(notice(change("feed", &Value::Null)).0, "feed");
}

#[test]
fn a_message_in_the_list_of_changes_is_a_message() {
    let value = element(&json!({"message": {"mid": "m_A1", "text": "hi"}}));
    assert_eq!(as_message(change("messages", &value)).text.as_deref(), Some("hi"));
}

#[test]
fn an_unknown_kind_is_visible_by_its_names_only() {
    let unknown = message(&element(&json!({"brand_new": {"text": "private"}})));
    assert_eq!((unknown.kind, unknown.author, unknown.opens_window), (Kind::Unsupported, Author::App, false));
    assert_eq!(unknown.metadata["fields"], json!(["brand_new"]));
    let (kind, details) = notice(payload(&of_page(&json!({"brand_new": {"text": "private"}}))));
    assert_eq!(kind, "event_without_contact");
    assert!(!details.to_string().contains("private"));
}

#[test]
fn the_dashboards_test_is_recognised() {
    let invented = json!({"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824",
        "message": {"mid": "test_message_id", "text": "test_message"}});
    for entry in [
        json!({"id": "0", "messaging": [invented]}),
        json!({"id": "0", "changes": [{"field": "messages", "value": invented}]}),
    ] {
        assert_eq!(read_body(&super::notification(&entry)).payload, Payload::Test, "{entry}");
    }
}
