//! Messages and what they hold.

use domain::event::Payload;
use domain::id::{MessageId, Mid};
use domain::message::{Author, Change, Direction, Kind, ReplyTo};
use domain::time::UnixMillis;
use serde_json::{Value, json};

use crate::util::{AT, contact, element, message, own_element, payload};

const CDN: &str = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=18012&signature=Aby";

fn mid(text: &str) -> Mid {
    Mid::try_from(text).expect("a mid")
}

fn body(members: &Value) -> Value {
    element(&json!({"message": members}))
}

fn attachments(attachments: &Value) -> Value {
    body(&json!({"mid": "aWdf1", "attachments": attachments}))
}

#[test]
fn a_text_is_an_inbound_message_that_opens_the_window() {
    let text = message(&body(&json!({"mid": "aWdf1", "text": "Hello"})));
    assert_eq!(text.text.as_deref(), Some("Hello"));
    assert_eq!((text.direction, text.author, text.kind), (Direction::Inbound, Author::Customer, Kind::Message));
    assert_eq!(text.id, MessageId::derive(UnixMillis::new(AT), &mid("aWdf1")));
    assert_eq!(text.mid, Some(mid("aWdf1")));
    assert!(text.opens_window && !text.handled_elsewhere);
}

#[test]
fn text_and_attachments_may_come_together() {
    let both = message(&body(
        &json!({"mid": "a", "text": "see", "attachments": [{"type": "image", "payload": {"url": CDN}}]}),
    ));
    assert_eq!((both.text.as_deref(), both.attachments.len()), (Some("see"), 1));
}

#[test]
fn every_medium_is_a_link_under_metas_name_for_it() {
    for kind in ["image", "video", "audio", "file", "media", "share", "reel", "something_new"] {
        let media = message(&attachments(
            &json!([{"type": kind, "payload": {"url": CDN}}, {"type": kind, "payload": {"url": CDN}}]),
        ));
        assert_eq!(media.attachments.len(), 2);
        assert_eq!((media.attachments[0].kind.as_str(), media.attachments[0].url.as_deref()), (kind, Some(CDN)));
        assert_eq!(media.kind, Kind::Message);
    }
}

#[test]
fn a_shared_post_in_both_spellings_is_one_attachment() {
    let post = json!({"type": "ig_post", "payload": {"ig_post_media_id": "178", "title": "Caption", "url": CDN}});
    let shared = message(&attachments(&json!([{"type": "share", "payload": {"url": CDN}}, post])));
    let [attachment] = shared.attachments.try_into().expect("one attachment");
    assert_eq!((attachment.kind.as_str(), attachment.title.as_deref()), ("ig_post", Some("Caption")));
    assert_eq!(attachment.metadata["ig_post_media_id"], "178");
}

#[test]
fn a_reel_keeps_its_title_and_id() {
    let payload =
        json!({"reel_video_id": "17906265141506851", "title": "Title", "url": "https://www.instagram.com/reel/X/"});
    let reel = message(&attachments(&json!([{"type": "ig_reel", "payload": payload}])));
    assert_eq!(reel.attachments[0].title.as_deref(), Some("Title"));
    assert_eq!(reel.attachments[0].metadata["reel_video_id"], "17906265141506851");
}

#[test]
fn a_story_mention_is_its_own_kind() {
    let mention = message(&attachments(&json!([{"type": "story_mention", "payload": {"url": CDN}}])));
    assert_eq!(mention.kind, Kind::StoryMention);
    assert!(mention.opens_window);
}

#[test]
fn a_shared_story_keeps_its_link() {
    let payload = json!({"story_media_id": "17900000000000001", "story_media_url": CDN});
    let story = message(&attachments(&json!([{"type": "ig_story", "payload": payload}])));
    assert_eq!(story.attachments[0].url.as_deref(), Some(CDN));
    assert_eq!(story.attachments[0].metadata["story_media_id"], "17900000000000001");
}

#[test]
fn view_once_media_have_neither_payload_nor_link() {
    let once = message(&attachments(&json!([{"type": "ephemeral"}])));
    assert_eq!((once.attachments[0].kind.as_str(), &once.attachments[0].url), ("ephemeral", &None));
    assert_eq!(once.kind, Kind::Message);
}

#[test]
fn a_template_keeps_its_elements() {
    let payload = json!({"generic": {"elements": [{"title": "T"}]}});
    let template = json!({"mid": "a", "is_echo": true, "attachments": [{"type": "template", "payload": payload}]});
    let template = message(&own_element(&json!({"message": template})));
    assert_eq!(template.attachments[0].metadata["generic"]["elements"][0]["title"], "T");
}

#[test]
fn a_title_and_an_address_beside_an_empty_payload_are_read() {
    let link = json!({"type": "fallback", "title": "Menu", "url": "https://example.com/m", "payload": null});
    let within = json!({"type": "fallback", "payload": {"title": "Menu", "url": "https://example.com/m"}});
    for link in [link, within] {
        let attachment = message(&attachments(&json!([link]))).attachments.remove(0);
        assert_eq!(
            (attachment.title.as_deref(), attachment.url.as_deref()),
            (Some("Menu"), Some("https://example.com/m"))
        );
    }
}

#[test]
fn a_sticker_has_its_id_as_text() {
    for id in [json!(369_239_263_222_822_i64), json!("369239263222822")] {
        let payload = json!({"url": CDN, "sticker_id": id});
        let sticker = message(&attachments(&json!([{"type": "sticker", "payload": payload}]))).attachments.remove(0);
        assert_eq!((sticker.kind.as_str(), sticker.url.as_deref()), ("sticker", Some(CDN)));
        assert_eq!(sticker.metadata, json!({"sticker_id": "369239263222822"}).as_object().expect("members").clone());
    }
}

#[test]
fn one_attachment_outside_of_a_list_and_one_without_a_type_are_read() {
    let single = message(&attachments(&json!({"type": "image", "payload": {"url": CDN}})));
    assert_eq!(single.attachments[0].kind, "image");
    let nameless = message(&attachments(&json!([{"payload": null}])));
    assert_eq!(nameless.attachments[0].kind, "unknown");
}

#[test]
fn a_reply_names_its_message() {
    let reply =
        message(&body(&json!({"mid": "b", "text": "this", "reply_to": {"mid": "aWdf1", "is_self_reply": false}})));
    assert_eq!(reply.reply_to, Some(ReplyTo::Message { mid: mid("aWdf1") }));
    assert_eq!(reply.metadata["is_self_reply"], false);
    assert_eq!(reply.kind, Kind::Message);
}

#[test]
fn a_reply_to_a_story_is_its_own_kind() {
    let story = json!({"url": CDN, "id": "17900000000000002", "link_sticker_url": "https://example.com"});
    let reply = message(&body(&json!({"mid": "b", "text": "nice", "reply_to": {"story": story}})));
    assert_eq!(reply.kind, Kind::StoryReply);
    let story = ReplyTo::Story { id: Some("17900000000000002".to_owned()), url: Some(CDN.to_owned()) };
    assert_eq!(reply.reply_to, Some(story));
    assert_eq!(reply.metadata["link_sticker_url"], "https://example.com");
}

#[test]
fn a_tapped_quick_reply_keeps_its_payload() {
    let tapped = message(&body(&json!({"mid": "b", "text": "Red", "quick_reply": {"payload": "PICK_RED"}})));
    assert_eq!(tapped.metadata["quick_reply_payload"], "PICK_RED");
}

#[test]
fn an_unsend_changes_the_message_that_it_names() {
    for flag in [json!(true), json!("true")] {
        let unsend = payload(&body(&json!({"mid": "aWdf1", "is_deleted": flag})));
        let change = Change::Unsend { at: UnixMillis::new(AT) };
        assert_eq!(unsend, Payload::Change { contact: Some(contact()), mid: mid("aWdf1"), change });
    }
    let nameless = payload(&body(&json!({"is_deleted": true})));
    assert_eq!(nameless, Payload::Nothing { kind: "unsend_without_mid" });
}

#[test]
fn what_metas_api_does_not_show_is_visible_as_unsupported() {
    for content in
        [json!({"mid": "a", "is_unsupported": true}), json!({"mid": "a"}), json!({"mid": "a", "poll": {"text": "?"}})]
    {
        let unsupported = message(&body(&content));
        assert_eq!(unsupported.kind, Kind::Unsupported);
        assert!(unsupported.opens_window);
        assert!(unsupported.metadata["fields"].as_array().is_some_and(|names| names.contains(&json!("mid"))));
        assert!(!json!(unsupported.metadata).to_string().contains('?'));
    }
}

#[test]
fn an_echo_is_outbound_and_opens_no_window() {
    for flag in [json!(true), json!("true")] {
        let echo = message(&own_element(&json!({"message": {"mid": "a", "text": "We are open", "is_echo": flag}})));
        assert_eq!((echo.direction, echo.author), (Direction::Outbound, Author::App));
        assert!(!echo.opens_window);
    }
}

#[test]
fn an_unset_flag_as_text_is_not_set() {
    let text = message(&body(&json!({"mid": "a", "text": "hi", "is_deleted": "false", "is_echo": "false"})));
    assert_eq!((text.direction, text.text.as_deref()), (Direction::Inbound, Some("hi")));
}

#[test]
fn a_message_of_the_account_itself_counts_as_an_echo_without_the_mark() {
    let unmarked = message(&own_element(&json!({"message": {"mid": "a", "text": "We are open"}})));
    assert_eq!((unmarked.direction, unmarked.opens_window), (Direction::Outbound, false));
}

#[test]
fn a_message_to_oneself_is_outbound() {
    let mut to_oneself =
        own_element(&json!({"message": {"mid": "a", "text": "test", "is_echo": true, "is_self": true}}));
    to_oneself["recipient"] = to_oneself["sender"].clone();
    match payload(&to_oneself) {
        Payload::Message { contact, message } => {
            assert_eq!(contact.as_str(), crate::util::ACCOUNT);
            assert_eq!((message.direction, message.opens_window), (Direction::Outbound, false));
            assert_eq!(message.metadata["is_self"], true);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_from_an_advertisement_says_which() {
    let referral = json!({"ref": "summer", "ad_id": "120200000000", "source": "ADS", "type": "OPEN_THREAD",
        "ads_context_data": {"ad_title": "Sale", "photo_url": "https://example.com/p.jpg"}});
    let message = message(&body(&json!({"mid": "a", "text": "price?", "referral": referral})));
    let referral = message.referral.expect("a referral");
    assert_eq!((referral.ad_id.as_deref(), referral.source.as_deref()), (Some("120200000000"), Some("ADS")));
    assert_eq!(referral.reference.as_deref(), Some("summer"));
    assert_eq!(referral.metadata["ads_context_data"]["ad_title"], "Sale");
    assert_eq!(message.kind, Kind::Message);
}

#[test]
fn a_text_that_was_cut_within_an_emoji_is_read() {
    let body = crate::util::notification(&json!({"messaging": [body(&json!({"mid": "a", "text": "CUT"}))]}));
    let event = crate::util::read_body(&body.replace("CUT", "cut \\ud83d"));
    assert_eq!(crate::util::as_message(event.payload).text.as_deref(), Some("cut \u{fffd}"));
}
