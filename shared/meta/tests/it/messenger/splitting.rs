//! From a signed body to its events.

use domain::{Account, Channel};
use meta::{EntryList, QueuedEvent};
use serde_json::{Value, json};

use super::{PAGE, PERSON, element, notification, own_element, page};
use crate::util::{queued, split};

fn only(entry: &Value) -> QueuedEvent {
    let [event] = queued(&notification(entry)).try_into().expect("one event");
    event
}

#[test]
fn an_event_belongs_to_the_page_of_its_entry_whoever_wrote() {
    let said = json!({"message": {"mid": "m_A1", "text": "hi"}});
    let echoed = json!({"message": {"mid": "m_B1", "text": "Yes", "is_echo": true}});
    let elsewhere = json!({"sender": {"id": PERSON}, "recipient": {"id": "999"}, "message": {"mid": "m_A1"}});
    for element in [element(&said), own_element(&echoed), own_element(&said), elsewhere] {
        let event = only(&json!({"messaging": [element]}));
        assert_eq!((event.account, event.contact.as_ref().map(domain::ContactId::as_str)), (page(), Some(PERSON)));
    }
}

#[test]
fn the_queue_carries_channel_and_account() {
    let event = only(&json!({"messaging": [element(&json!({"message": {"mid": "m_A1", "text": "hi"}}))]}));
    let carried: Value = serde_json::to_value(&event).expect("JSON");
    assert_eq!(carried["account"], format!("meta_messenger#{PAGE}"));
    assert_eq!(event.group_id(), format!("meta_messenger#{PAGE}:{PERSON}"));
}

#[test]
fn equal_ids_of_two_objects_are_two_accounts_with_queues_of_their_own() {
    let body = notification(&json!({"messaging": [element(&json!({"message": {"mid": "m_A1", "text": "hi"}}))]}));
    let [of_page] = queued(&body).try_into().expect("one event");
    let [of_instagram] =
        queued(&body.replace(r#""object":"page""#, r#""object":"instagram""#)).try_into().expect("one");
    assert_eq!(of_instagram.account, Account::new(Channel::Instagram, PAGE.try_into().expect("digits")));
    assert_ne!(of_page.account, of_instagram.account);
    assert_ne!(of_page.group_id(), of_instagram.group_id());
    assert_ne!(of_page.deduplication_id(), of_instagram.deduplication_id());
}

#[test]
fn a_body_of_a_thousand_events_is_a_thousand_events_in_order() {
    let text = "\u{434}".repeat(480);
    let elements: Vec<_> =
        (0..1000).map(|number| element(&json!({"message": {"mid": format!("m_{number}"), "text": text}}))).collect();
    let entries: Vec<_> = elements.chunks(100).map(|some| json!({"id": PAGE, "time": 1, "messaging": some})).collect();
    let body = json!({"object": "page", "entry": entries}).to_string();
    split(&body, |notification| {
        assert_eq!(notification.events.len(), 1000);
        for (event, element) in notification.events.iter().zip(&elements) {
            assert_eq!(event.json.get(), element.to_string());
        }
        assert!(notification.oddities.is_empty());
    });
}

#[test]
fn what_names_no_person_is_of_the_pages_own_queue() {
    for element in [json!({"policy_enforcement": {"action": "block"}}), json!({"app_roles": {}})] {
        let event = only(&json!({"messaging": [element]}));
        assert_eq!((event.account.clone(), event.group_id()), (page(), format!("meta_messenger#{PAGE}:-")));
    }
}

#[test]
fn a_comment_on_the_page_is_of_whoever_wrote_it() {
    let by = |author: &str| {
        let value = json!({"item": "comment", "verb": "add", "from": {"id": author}});
        only(&json!({"changes": [{"field": "feed", "value": value}]}))
    };
    assert_eq!(by(PERSON).list, EntryList::Changes);
    assert_eq!(by(PERSON).contact.as_ref().map(domain::ContactId::as_str), Some(PERSON));
    assert_eq!(by(PAGE).contact, None);
}
