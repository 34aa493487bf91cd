//! From a signed body to its events.

use meta::EntryList;
use meta::webhook::DASHBOARD_ACCOUNT;
use serde_json::json;

use crate::util::{
    ACCOUNT, AT, CONTACT, account, as_message, contact, element, notification, own_element, queued, read_body, signed,
    split,
};

fn oddities(body: &str) -> Vec<(&'static str, u32)> {
    split(body, |notification| notification.oddities.into_iter().collect())
}

#[test]
fn an_event_keeps_its_bytes() {
    let event = r#"{ "sender":{"id":"430915413000664"},"recipient":{"id":"17841405726653026"}, "timestamp":1752834910447,"message":{"mid":"aWdf1","text":"caf\u00e9 \ud83d\ude00","z":1.0}}"#;
    let body =
        format!(r#"{{"object":"instagram","entry":[{{"id":"17841405726653026","time":1,"messaging":[ {event} ]}}]}}"#);
    split(&body, |notification| assert_eq!(notification.events[0].json.get(), event));
    assert_eq!(queued(&body)[0].event.get(), event);
}

#[test]
fn no_debug_output_shows_what_a_person_wrote() {
    let body = notification(&json!({"messaging": [element(&json!({"message": {"mid": "a", "text": "private"}}))]}));
    let shown = split(&body, |notification| format!("{notification:?}")) + &format!("{:?}", queued(&body));
    assert!(shown.contains(ACCOUNT) && !shown.contains("private"));
}

#[test]
fn entries_of_different_accounts_and_lists_of_events_are_all_found_in_order() {
    let other = json!({"sender": {"id": "9"}, "recipient": {"id": "77"}, "timestamp": AT, "message": {"mid": "x"}});
    let [first, second] = ["a", "b"].map(|mid| element(&json!({"message": {"mid": mid}})));
    let body = json!({"object": "instagram", "entry": [
        {"id": ACCOUNT, "time": AT, "messaging": [first, second]},
        {"id": "77", "time": AT, "standby": [other], "changes": [{"field": "mentions", "value": {"media_id": "1"}}]},
    ]});
    split(&body.to_string(), |notification| {
        let found: Vec<_> = notification.events.iter().map(|event| (event.account.id.as_str(), event.list)).collect();
        let expected = [
            (ACCOUNT, EntryList::Messaging),
            (ACCOUNT, EntryList::Messaging),
            ("77", EntryList::Standby),
            ("77", EntryList::Changes),
        ];
        assert_eq!(found, expected);
        assert!(notification.oddities.is_empty());
    });
}

#[test]
fn the_account_is_the_recipient_of_a_message_and_the_sender_of_an_echo() {
    let cases = [
        element(&json!({"message": {"mid": "a", "text": "hi"}})),
        own_element(&json!({"message": {"mid": "a", "text": "hi", "is_echo": true}})),
        own_element(&json!({"message": {"mid": "a", "text": "unmarked echo"}})),
        own_element(&json!({"reaction": {"mid": "a", "action": "react", "emoji": "x"}})),
    ];
    for case in cases {
        let [event] = queued(&notification(&json!({"messaging": [case]}))).try_into().expect("one event");
        assert_eq!((event.account, event.contact), (account(), Some(contact())), "{case}");
    }
}

#[test]
fn the_contacts_id_in_the_entry_of_a_postback_or_referral_does_not_mislead() {
    for members in [json!({"postback": {"title": "t", "payload": "p"}}), json!({"referral": {"ref": "r"}})] {
        let body = notification(&json!({"id": CONTACT, "messaging": [element(&members)]}));
        let [event] = queued(&body).try_into().expect("one event");
        assert_eq!((event.account, event.contact), (account(), Some(contact())));
    }
}

#[test]
fn an_event_without_parties_belongs_to_its_entry() {
    let body = notification(&json!({"messaging": [{"timestamp": AT, "message_edit": {"mid": "a", "num_edit": 0}}]}));
    let [event] = queued(&body).try_into().expect("one event");
    assert_eq!((&event.account, &event.contact), (&account(), &None));
    assert_eq!(event.group_id(), format!("{}:-", account()));
}

#[test]
fn ids_are_read_from_numbers_and_a_body_from_within_an_array() {
    let body = r#"[{"object":"instagram","entry":[{"id":17841405726653026,"time":1752834910447,"messaging":[{"sender":{"id":430915413000664},"recipient":{"id":17841405726653026},"timestamp":1,"message":{"mid":"a"}}]}]}]"#;
    let [event] = queued(body).try_into().expect("one event");
    assert_eq!((event.account, event.contact), (account(), Some(contact())));
}

#[test]
fn a_flat_entry_is_its_own_change_and_seconds_become_milliseconds() {
    let value = json!({"id": "17894227972186120", "from": {"id": CONTACT, "username": "jane"}, "text": "price?"});
    let body = notification(&json!({"time": 1_520_622_968, "field": "comments", "value": value}));
    let [event] = queued(&body).try_into().expect("one event");
    assert_eq!((event.list, event.contact), (EntryList::Changes, Some(contact())));
    assert_eq!(event.entry_time.map(domain::UnixMillis::get), Some(1_520_622_968_000));
}

#[test]
fn a_dashboard_test_belongs_to_the_account_that_does_not_exist() {
    let message = json!({"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "message": {"mid": "random_mid"}});
    for entry in [json!({"messaging": [message]}), json!({"changes": [{"field": "messages", "value": message}]})] {
        let mut entry = entry;
        entry["id"] = "0".into();
        let [event] = queued(&notification(&entry)).try_into().expect("one event");
        assert_eq!(event.account.id.as_str(), DASHBOARD_ACCOUNT);
    }
}

#[test]
fn what_is_broken_costs_nothing_but_itself() {
    let good = element(&json!({"message": {"mid": "a"}}));
    let body = json!({"object": "instagram", "entry": [
        "what", 5, null, {"id": "x"},
        {"id": ACCOUNT, "messaging": [1, good, "text"]},
        {"id": ACCOUNT, "news": {}},
        {"id": null, "messaging": [{"message": {"mid": "nobody's"}}]},
    ]});
    split(&body.to_string(), |notification| {
        let lists: Vec<_> = notification.events.iter().map(|event| event.list).collect();
        assert_eq!(lists, [EntryList::Unknown, EntryList::Messaging, EntryList::Unknown, EntryList::Unknown]);
        assert!(notification.events.iter().all(|event| event.account == account()));
        assert_eq!(notification.oddities["malformed_entry"], 3);
        assert_eq!(notification.oddities["malformed_event"], 2);
        assert_eq!(notification.oddities["entry_without_events"], 2);
        assert_eq!(notification.oddities["event_without_account"], 2);
    });
}

#[test]
fn another_object_is_counted_and_brings_no_event() {
    for body in
        [r#"{"object":"permissions","entry":[{"id":"1","messaging":[{}]}]}"#, r#"{"entry":[]}"#, "5", "\"x\"", "[[]]"]
    {
        assert_eq!(oddities(body), [("unknown_object", 1)], "{body}");
    }
    assert_eq!(oddities(r#"{"object":"instagram"}"#), [("malformed_entry", 1)]);
}

#[test]
fn characters_that_no_queue_takes_are_carried_as_escapes() {
    let text = "before \u{ffff}\u{fffe} after";
    let body = notification(&json!({"messaging": [element(&json!({"message": {"mid": "a", "text": text}}))]}));
    assert!(body.contains('\u{ffff}'), "as Meta sent it");
    let [event] = queued(&body).try_into().expect("one event");
    assert!(!serde_json::to_string(&event).expect("JSON").contains(['\u{ffff}', '\u{fffe}']));
    assert_eq!(as_message(read_body(&body).payload).text.as_deref(), Some(text));
}

#[test]
fn a_flag_as_text_tells_whose_event_it_is() {
    let echo =
        json!({"sender": {"id": ACCOUNT}, "recipient": {"id": CONTACT}, "message": {"mid": "a", "is_echo": "true"}});
    let body = json!({"object": "instagram", "entry": [{"id": "1", "messaging": [echo]}]}).to_string();
    let [event] = queued(&body).try_into().expect("one event");
    assert_eq!((event.account, event.contact), (account(), Some(contact())));
}

#[test]
fn what_is_not_json_is_refused() {
    for body in [&b"{"[..], b"", b"{\"object\":\"instagram\"} trailing", b"\xff"] {
        assert!(signed(body, |payload| payload.split().is_err()));
    }
}

#[test]
fn the_same_event_in_two_deliveries_is_deduplicated_and_another_is_not() {
    let hello = element(&json!({"message": {"mid": "a", "text": "hi"}}));
    let alone = queued(&notification(&json!({"messaging": [hello]})));
    let again = queued(&notification(&json!({"time": AT + 9999, "messaging": [{"x": 1}, hello]})));
    assert_eq!(alone[0].deduplication_id(), again[1].deduplication_id());
    assert_eq!(alone[0].group_id(), format!("{}:{CONTACT}", account()));
    let standby = queued(&notification(&json!({"standby": [hello]})));
    assert_ne!(alone[0].deduplication_id(), standby[0].deduplication_id());
    assert_eq!(alone[0].deduplication_id().len(), 64);
}

#[test]
fn the_group_of_the_longest_ids_fits_the_queue() {
    let [long, longer] = ["1".repeat(64), "2".repeat(64)];
    let event = json!({"sender": {"id": long}, "recipient": {"id": longer}, "message": {"mid": "a"}});
    let [event] = queued(&notification(&json!({"messaging": [event]}))).try_into().expect("one event");
    assert!(event.group_id().len() <= 128);
}
