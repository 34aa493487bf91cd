//! Every kind of message is shown as what it is.

use std::collections::BTreeSet;

use domain::Channel;
use local::Login;
use serde_json::{Value, json};

use super::{act, deliver};
use crate::util::{
    INES, LUNA, Pair, account_of, all_messages, answered, dead_letters, entry, gone_out, luna, luna_on, metric, newest,
    notification,
};

/// The types of a message's attachments.
fn types(message: &Value) -> Vec<&str> {
    let attachments = message["attachments"].as_array().expect("attachments are a list");
    attachments.iter().map(|attachment| attachment["type"].as_str().expect("an attachment has a type")).collect()
}

/// What a contact does, the kind of message that it is, and the types of its attachments.
type Case = (Value, &'static str, &'static [&'static str]);

/// What contacts do on every channel.
fn everywhere() -> Vec<Case> {
    vec![
        (json!({"kind": "text", "text": "hello"}), "message", &[]),
        (json!({"kind": "media", "count": 2}), "message", &["image", "image"]),
        (json!({"kind": "media", "media": "video"}), "message", &["video"]),
        (json!({"kind": "media", "media": "audio"}), "message", &["audio"]),
        (json!({"kind": "media", "media": "file", "text": "the menu"}), "message", &["file"]),
        (json!({"kind": "sticker"}), "message", &["sticker"]),
        (json!({"kind": "sticker", "shape": "text"}), "message", &["sticker"]),
        (json!({"kind": "sticker", "shape": "image"}), "message", &["image"]),
        (json!({"kind": "reel"}), "message", &["ig_reel"]),
        (json!({"kind": "reel", "legacy": true}), "message", &["reel"]),
        (json!({"kind": "template"}), "message", &["template"]),
        (json!({"kind": "quick_reply", "text": "Red", "payload": "PICK_RED"}), "message", &[]),
        (json!({"kind": "ad_message", "text": "price?"}), "message", &[]),
        (json!({"kind": "postback", "title": "Opening hours?", "payload": "HOURS"}), "postback", &[]),
        (json!({"kind": "referral", "ref": "campaign-1"}), "referral", &[]),
    ]
}

/// What they do on one channel only.
fn only_on(channel: Channel) -> Vec<Case> {
    match channel {
        Channel::Instagram => vec![
            (json!({"kind": "media", "media": "media"}), "message", &["media"]),
            (json!({"kind": "share"}), "message", &["ig_post"]),
            (json!({"kind": "share", "shape": "legacy"}), "message", &["share"]),
            (json!({"kind": "share", "shape": "ig_post"}), "message", &["ig_post"]),
            (json!({"kind": "story_share"}), "message", &["ig_story"]),
            (json!({"kind": "ephemeral"}), "message", &["ephemeral"]),
            (json!({"kind": "story_mention"}), "story_mention", &["story_mention"]),
            (json!({"kind": "story_reply", "text": "nice"}), "story_reply", &[]),
            (json!({"kind": "unsupported"}), "unsupported", &[]),
            (json!({"kind": "comment", "text": "lovely"}), "comment", &[]),
            (json!({"kind": "comment", "text": "lovely", "shape": "flat"}), "comment", &[]),
            (json!({"kind": "comment", "text": "lovely", "shape": "facebook"}), "comment", &[]),
            (json!({"kind": "comment", "text": "lovely", "live": true}), "comment", &[]),
        ],
        Channel::Messenger => vec![
            (json!({"kind": "share"}), "message", &["post"]),
            (json!({"kind": "fallback", "title": "Menu", "url": "https://example.com/m"}), "message", &["fallback"]),
            (json!({"kind": "fallback"}), "message", &["fallback"]),
            (json!({"kind": "lead"}), "referral", &[]),
        ],
    }
}

#[tokio::test]
async fn every_kind_of_message_is_shown_as_what_it_is() {
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
        let ana = world.browser("ana");
        let mut seen = BTreeSet::new();
        for (number, (action, kind, attachments)) in everywhere().into_iter().chain(only_on(channel)).enumerate() {
            act(&world, action.clone()).await;
            let conversation = ana.conversation().await;
            let messages = all_messages(&ana, &conversation).await;
            let new: Vec<&Value> = messages.iter().filter(|message| seen.insert(message["id"].to_string())).collect();
            assert_eq!(new.len(), 1, "{channel} {action}: {new:?}");
            assert_eq!(new[0]["kind"], kind, "{channel} {action}: {}", new[0]);
            assert_eq!(types(new[0]), attachments, "{channel} {action}");
            let text = action["text"].as_str().or(action["title"].as_str().filter(|_| kind == "postback"));
            assert_eq!(new[0]["text"].as_str(), text, "{channel} {action}");
            assert_eq!(conversation["unread_count"], number + 1, "{channel} {action}");
        }
        assert_eq!(dead_letters(&world), 0, "{channel}");
    }
}

#[tokio::test]
async fn view_once_media_has_no_address_and_other_media_are_links_to_meta() {
    let world = luna().await;
    let ana = world.browser("ana");
    act(&world, json!({"kind": "ephemeral"})).await;
    let conversation = ana.conversation().await;
    assert_eq!(newest(&ana, &conversation).await["attachments"], json!([{"type": "ephemeral"}]));
    act(&world, json!({"kind": "media"})).await;
    let url = newest(&ana, &conversation).await["attachments"][0]["url"].clone();
    assert!(url.as_str().is_some_and(|url| url.contains("lookaside.fbsbx.com")), "{url}");
}

#[tokio::test]
async fn an_answer_names_what_it_answers() {
    let world = luna().await;
    let ana = world.browser("ana");
    let first = world.dm(INES, LUNA, "first").await;
    let conversation = ana.conversation().await;
    act(&world, json!({"kind": "text", "text": "this one", "reply_to": first})).await;
    assert_eq!(newest(&ana, &conversation).await["reply_to"], json!({"type": "message", "mid": first}));
    act(&world, json!({"kind": "story_reply", "text": "nice story"})).await;
    let reply_to = newest(&ana, &conversation).await["reply_to"].clone();
    assert_eq!(reply_to["type"], "story");
    assert!(reply_to["id"].is_string() && reply_to["url"].is_string(), "{reply_to}");
}

#[tokio::test]
async fn a_tap_brings_its_payload_and_a_referral_where_the_contact_came_from() {
    for (channel, link) in [(Channel::Instagram, "SHORTLINKS"), (Channel::Messenger, "SHORTLINK")] {
        let world = luna_on(channel).await;
        let ana = world.browser("ana");
        act(&world, json!({"kind": "quick_reply", "text": "Red", "payload": "PICK_RED"})).await;
        let conversation = ana.conversation().await;
        assert_eq!(newest(&ana, &conversation).await["metadata"]["quick_reply_payload"], "PICK_RED", "{channel}");
        act(&world, json!({"kind": "postback", "title": "Hours?", "payload": "HOURS"})).await;
        assert_eq!(newest(&ana, &conversation).await["metadata"]["payload"], "HOURS", "{channel}");
        act(&world, json!({"kind": "referral", "ref": "campaign-1"})).await;
        let referral = newest(&ana, &conversation).await["referral"].clone();
        assert_eq!((&referral["ref"], &referral["source"]), (&json!("campaign-1"), &json!(link)), "{channel}");
        act(&world, json!({"kind": "ad_message", "text": "price?", "ref": "summer", "ad_id": "120200000000"})).await;
        let referral = newest(&ana, &conversation).await["referral"].clone();
        assert_eq!((&referral["ad_id"], &referral["ref"]), (&json!("120200000000"), &json!("summer")), "{channel}");
    }
}

#[tokio::test]
async fn a_comment_opens_no_window() {
    let world = luna().await;
    let ana = world.browser("ana");
    act(&world, json!({"kind": "comment", "text": "how much?"})).await;
    let conversation = ana.conversation().await;
    assert_eq!(conversation["reply_until"], Value::Null);
    assert_eq!(ana.send(&conversation, "9 €").await.problem_kind(409), "no-contact-yet");
}

#[tokio::test]
async fn every_act_of_the_contact_opens_the_window() {
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
        let ana = world.browser("ana");
        act(&world, json!({"kind": "app_reply", "text": "we met at the fair"})).await;
        let conversation = ana.conversation().await;
        assert_eq!(conversation["reply_until"], Value::Null, "{channel}");
        assert_eq!(ana.send(&conversation, "hello?").await.problem_kind(409), "no-contact-yet", "{channel}");
        for (action, opens) in [
            (json!({"kind": "reaction"}), channel == Channel::Messenger),
            (json!({"kind": "unreact"}), false),
            (json!({"kind": "referral", "ref": "r"}), true),
            (json!({"kind": "seen"}), false),
            (json!({"kind": "optin", "payload": "INFO"}), false),
            (json!({"kind": "postback", "title": "t", "payload": "p"}), true),
            (json!({"kind": "text", "text": "t"}), true),
        ] {
            let before = ana.conversation().await["reply_until"].clone();
            world.stack.clock().advance(60_000);
            act(&world, action.clone()).await;
            let after = ana.conversation().await["reply_until"].clone();
            assert_eq!(before.as_str() < after.as_str(), opens, "{channel} {action}: {before} {after}");
        }
    }
}

#[tokio::test]
async fn who_only_reacted_can_be_answered_on_messenger() {
    let world = luna_on(Channel::Messenger).await;
    let ana = world.browser("ana");
    act(&world, json!({"kind": "app_reply", "text": "we met at the fair"})).await;
    act(&world, json!({"kind": "reaction", "reaction": "like", "emoji": "👍"})).await;
    assert_eq!(answered(&world, &ana, "so, coffee?").await["status"], gone_out(world.channel()));
    assert_eq!(ana.conversation().await["unread_count"], 0, "a reaction is no message");
}

#[tokio::test]
async fn consent_to_notifications_is_shown_without_its_token() {
    for (channel, title) in [(Channel::Instagram, json!("News")), (Channel::Messenger, Value::Null)] {
        let world = luna_on(channel).await;
        let ana = world.browser("ana");
        act(&world, json!({"kind": "optin", "payload": "INFO"})).await;
        let conversation = ana.conversation().await;
        let optin = newest(&ana, &conversation).await;
        assert_eq!((&optin["kind"], &optin["text"]), (&json!("optin"), &title));
        assert_eq!(optin["metadata"]["payload"], "INFO");
        assert_eq!(optin["metadata"].get("notification_messages_token"), None);
        assert_eq!(conversation["reply_until"], Value::Null, "consent is no message");
        assert_eq!(conversation["unread_count"], 0, "{channel}");
    }
}

#[tokio::test]
async fn a_thread_of_another_app_is_shown_as_handled_elsewhere() {
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
        let ana = world.browser("ana");
        act(&world, json!({"kind": "standby", "text": "for the other app"})).await;
        let conversation = ana.conversation().await;
        assert_eq!(conversation["handled_elsewhere"], true);
        assert_eq!(newest(&ana, &conversation).await["text"], "for the other app");
        act(&world, json!({"kind": "thread_control", "change": "pass"})).await;
        let passed = ana.conversation().await;
        assert_eq!(passed["handled_elsewhere"], false, "ours again");
        let note = newest(&ana, &conversation).await;
        assert_eq!((&note["kind"], &note["metadata"]["action"]), (&json!("thread_control"), &json!("pass")));
        assert_eq!(passed["unread_count"], 1, "a note is nobody's unread message");
        act(&world, json!({"kind": "thread_control", "change": "take"})).await;
        assert_eq!(ana.conversation().await["handled_elsewhere"], true);
        act(&world, json!({"kind": "thread_control", "change": "request"})).await;
        assert_eq!(newest(&ana, &conversation).await["metadata"]["action"], "request");
    }
}

#[tokio::test]
async fn a_message_to_oneself_is_shown_and_answered_by_nobody() {
    let world = luna().await;
    let ana = world.browser("ana");
    act(&world, json!({"kind": "self_message", "text": "just testing"})).await;
    let conversation = ana.conversation().await;
    let message = newest(&ana, &conversation).await;
    assert_eq!((&message["direction"], &message["author"]), (&json!("outbound"), &json!("app")));
    assert_eq!(message["metadata"]["is_self"], true);
    assert_eq!(conversation["unread_count"], 0);
}

#[tokio::test]
async fn an_own_comment_is_answered_by_nobody() {
    let world = luna().await;
    let ana = world.browser("ana");
    let account = account_of(&ana).await;
    let value = json!({"id": "179", "from": {"id": account, "username": LUNA}, "text": "thank you all"});
    deliver(
        &world,
        &[json!({"id": account, "time": 1_763_600_000, "changes": [{"field": "comments", "value": value}]})],
    )
    .await;
    assert!(ana.conversations().await.is_empty());
    assert!(metric(&world, "events").iter().any(|event| event["kind"] == "own_comment"));
}

#[tokio::test]
async fn half_an_emoji_loses_no_message() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 31);
    let now = world.stack.clock().now_ms();
    let body = notification(&[entry(&pair.account, now, &[pair.text(now, "aWdfcut", "cut HERE")])]).to_string();
    let body = body.replace("HERE", "\\ud83c").into_bytes();
    let signature = world.sign(Login::Instagram, &body);
    assert_eq!(world.post_webhook(body, Some(&signature)).await.status, 200);
    world.settle().await;
    assert_eq!(newest(&ana, &ana.conversation().await).await["text"], "cut \u{fffd}");
}
