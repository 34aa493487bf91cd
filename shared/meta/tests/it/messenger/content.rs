//! Messages and what they hold.

use domain::event::Payload;
use domain::id::{MessageId, Mid};
use domain::message::{Author, Change, Direction, Kind, ReplyTo};
use domain::time::UnixMillis;
use serde_json::{Value, json};

use super::{as_message, element, entry, message, own_element, payload};
use crate::util::AT;

const CDN: &str = "https://cdn.example/s.png";

fn mid(text: &str) -> Mid {
    Mid::try_from(text).expect("a mid")
}

fn body(members: &Value) -> Value {
    element(&json!({"message": members}))
}

fn echo(members: &Value) -> Value {
    let mut body = json!({"mid": "m_B1", "text": "Yes", "is_echo": true});
    body.as_object_mut().expect("an object").extend(members.as_object().expect("members").clone());
    own_element(&json!({"message": body}))
}

fn attachment(attachment: &Value) -> domain::message::Attachment {
    message(&body(&json!({"mid": "m_A1", "attachments": [attachment]}))).attachments.remove(0)
}

#[test]
fn a_text_is_an_inbound_message_that_opens_the_window() {
    let text = message(&body(&json!({"mid": "m_A1", "text": "Is it open?"})));
    assert_eq!((text.text.as_deref(), text.mid), (Some("Is it open?"), Some(mid("m_A1"))));
    assert_eq!((text.direction, text.author, text.kind), (Direction::Inbound, Author::Customer, Kind::Message));
    assert!(text.opens_window && !text.handled_elsewhere);
}

#[test]
fn every_medium_is_a_link_under_metas_name_for_it() {
    for kind in ["image", "audio", "video", "file", "appointment_booking", "something_new"] {
        let found = attachment(&json!({"type": kind, "payload": {"url": CDN}}));
        assert_eq!((found.kind.as_str(), found.url.as_deref()), (kind, Some(CDN)));
    }
}

#[test]
fn a_shared_post_or_reel_keeps_its_title_and_id() {
    for (kind, id) in [("reel", "reel_video_id"), ("ig_reel", "reel_video_id"), ("post", "id"), ("ig_post", "id")] {
        let found = attachment(&json!({"type": kind, "payload": {"url": CDN, "title": "Title", id: "55"}}));
        assert_eq!((found.kind.as_str(), found.title.as_deref()), (kind, Some("Title")));
        assert_eq!(found.metadata[id], "55");
    }
}

#[test]
fn a_sticker_has_its_id_as_text_in_either_type() {
    for id in [json!(369_239_263_222_822_i64), json!("369239263222822")] {
        let sticker = attachment(&json!({"type": "sticker", "payload": {"url": CDN, "sticker_id": id}}));
        assert_eq!((sticker.kind.as_str(), sticker.url.as_deref()), ("sticker", Some(CDN)));
        assert_eq!(sticker.metadata["sticker_id"], "369239263222822");
    }
}

#[test]
fn a_link_has_its_title_and_address_in_its_payload_or_beside_it_or_not_at_all() {
    let cases = [
        (json!({"type": "fallback", "title": "Menu", "url": CDN, "payload": null}), Some("Menu"), Some(CDN)),
        (json!({"type": "fallback", "payload": {"title": "Menu", "url": CDN}}), Some("Menu"), Some(CDN)),
        (json!({"type": "fallback", "payload": {"url": CDN}}), None, Some(CDN)),
        (json!({"type": "fallback", "title": "Menu", "payload": null}), Some("Menu"), None),
        (json!({"type": "fallback"}), None, None),
    ];
    for (link, title, url) in cases {
        let found = attachment(&link);
        assert_eq!((found.kind.as_str(), found.title.as_deref(), found.url.as_deref()), ("fallback", title, url));
    }
}

#[test]
fn a_template_and_a_place_keep_what_is_in_them() {
    let elements = json!([{"title": "T"}]);
    let template = json!({"type": "template", "payload": {"template_type": "generic", "elements": elements}});
    assert_eq!(attachment(&template).metadata["elements"], elements);
    let place = json!({"type": "location", "payload": {"coordinates": {"lat": 47.07, "long": 15.43}}});
    assert_eq!(attachment(&place).metadata["coordinates"]["lat"], 47.07);
    let sent = echo(&json!({"attachments": [{"type": "template", "payload": {"attachment_id": 1234}}]}));
    assert_eq!(message(&sent).attachments[0].metadata["attachment_id"], 1234);
}

#[test]
fn a_tapped_quick_reply_and_a_reply_say_what_they_answer() {
    let tapped = message(&body(&json!({"mid": "m_A2", "text": "Blue", "quick_reply": {"payload": "BLUE"}})));
    assert_eq!(tapped.metadata["quick_reply_payload"], "BLUE");
    let reply = json!({"mid": "m_A3", "text": "this", "reply_to": {"mid": "m_B1", "is_self_reply": false}});
    let reply = message(&body(&reply));
    assert_eq!(reply.reply_to, Some(ReplyTo::Message { mid: mid("m_B1") }));
    assert_eq!(reply.metadata["is_self_reply"], false);
}

#[test]
fn a_message_from_an_advertisement_says_which() {
    let context = json!({"ad_title": "Sale", "post_id": "55"});
    let referral = json!({"source": "ADS", "type": "OPEN_THREAD", "ad_id": "1201", "ads_context_data": context});
    let message = message(&body(&json!({"mid": "m_A4", "text": "price", "referral": referral})));
    let referral = message.referral.expect("a referral");
    assert_eq!((referral.ad_id.as_deref(), referral.reference), (Some("1201"), None));
    assert_eq!(referral.metadata["ads_context_data"]["ad_title"], "Sale");
}

#[test]
fn an_echo_is_outbound_with_its_app_in_either_type() {
    for app in [json!(900_100_200_300_i64), json!("900100200300")] {
        let echo = message(&echo(&json!({"app_id": app})));
        assert_eq!((echo.direction, echo.author, echo.opens_window), (Direction::Outbound, Author::App, false));
        assert_eq!((&echo.metadata["app_id"], echo.sent_as), (&app, None));
    }
}

#[test]
fn an_echo_gives_back_our_id_of_the_message() {
    let ours = MessageId::new(UnixMillis::new(AT), [7; 8]);
    let found = message(&echo(&json!({"app_id": 900_100_200_300_i64, "metadata": ours.as_str()})));
    assert_eq!((found.sent_as, found.metadata.get("metadata")), (Some(ours.clone()), None));
    let foreign = message(&echo(&json!({"metadata": "campaign 5"})));
    assert_eq!((foreign.sent_as, &foreign.metadata["metadata"]), (None, &json!("campaign 5")));
    let claimed = message(&body(&json!({"mid": "m_A1", "text": "hi", "metadata": ours.as_str()})));
    assert_eq!(claimed.sent_as, None, "a person's message is no echo");
}

#[test]
fn an_echo_without_the_mark_is_outbound_as_well() {
    let unmarked = message(&own_element(&json!({"message": {"mid": "m_B1", "text": "Yes"}})));
    assert_eq!((unmarked.direction, unmarked.opens_window), (Direction::Outbound, false));
}

#[test]
fn standby_brings_messages_and_echoes_that_are_handled_elsewhere() {
    let said = json!({"message": {"mid": "m_A1", "text": "hi"}});
    for element in [element(&said), echo(&json!({}))] {
        assert!(as_message(entry(&json!({"standby": [element]}))).handled_elsewhere, "{element}");
    }
}

#[test]
fn an_unsend_is_taken_though_meta_does_not_promise_one() {
    let unsend = payload(&body(&json!({"mid": "m_A1", "is_deleted": true})));
    assert!(matches!(unsend, Payload::Change { change: Change::Unsend { .. }, mid, .. } if mid.as_str() == "m_A1"));
}

#[test]
fn what_the_api_does_not_show_is_visible_as_unsupported() {
    for content in [json!({"mid": "m_A1", "is_unsupported": true}), json!({"mid": "m_A1", "poll": {"text": "?"}})] {
        let unsupported = message(&body(&content));
        assert_eq!((unsupported.kind, unsupported.opens_window), (Kind::Unsupported, true));
        assert!(!json!(unsupported.metadata).to_string().contains('?'));
    }
}

#[test]
fn stories_are_instagrams() {
    let reply = message(&body(&json!({"mid": "m_A1", "text": "nice", "reply_to": {"story": {"id": "1"}}})));
    assert_eq!((reply.kind, reply.reply_to), (Kind::Message, None));
}
