//! Whatever Meta tells is stored, applied or acknowledged, and nothing is lost.

use std::collections::BTreeSet;

use local::Login;
use reqwest::Method;
use serde_json::{Value, json};
use stories::{Browser, World};

use crate::util::{
    INES, LUNA, Pair, account_of, all_messages, dead_letters, entry, luna, metric, newest, notification,
};

/// The types of a message's attachments.
fn types(message: &Value) -> Vec<&str> {
    let attachments = message["attachments"].as_array().expect("attachments are a list");
    attachments.iter().map(|attachment| attachment["type"].as_str().expect("an attachment has a type")).collect()
}

/// A contact does something, and everything that follows has happened.
async fn act(world: &World, action: Value) -> Value {
    let told = world.act(INES, LUNA, action.clone()).await;
    assert!(told["told"].as_array().is_some_and(|apps| !apps.is_empty()), "nobody is subscribed to {action}");
    world.settle().await;
    told
}

/// The function's invocations that ran under this trace, by their log lines.
fn ran_under(world: &World, function: &str, trace_id: &str) -> bool {
    let logs = world.stack.logs();
    let mut lines = logs.iter().filter(|line| line.function.as_deref() == Some(function));
    lines.any(|line| line.fields.values().any(|value| value.as_str().is_some_and(|text| text.contains(trace_id))))
}

/// Delivers one event past the simulated Meta; everything that follows has happened.
async fn deliver(world: &World, entries: &[Value]) {
    let answer = world.deliver(&notification(entries)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    world.settle().await;
}

/// What Meta told about the account, as the audit trail has it.
async fn notices(person: &Browser<'_>) -> Vec<Value> {
    let page = person.get(&format!("/api/tenants/{}/events", person.tenant())).await.json();
    let lines = page["events"].as_array().expect("a page is a list").iter();
    lines.filter(|line| line["kind"] == "instagram.account_notice").map(|line| line["details"].clone()).collect()
}

/// How many notices have this word of Meta's.
fn count(notices: &[Value], kind: &str) -> usize {
    notices.iter().filter(|notice| notice["kind"] == kind).count()
}

#[tokio::test]
async fn one_trace_leads_from_the_webhook_to_the_stored_message_to_the_answer() {
    let world = luna().await;
    let ana = world.browser("ana");
    world.dm(INES, LUNA, "Are you open tomorrow?").await;
    let conversation = ana.conversation().await;
    let question = ana.messages(&conversation).await.remove(0);
    let trace_id = question["trace_id"].as_str().expect("a message has a trace").to_owned();
    assert_eq!(ana.send(&conversation, "from nine").await.status, 202);
    world.settle().await;
    let answer = ana.messages(&conversation).await.remove(0);
    assert_eq!((&answer["direction"], &answer["trace_id"]), (&json!("outbound"), &question["trace_id"]));
    for function in ["webhook-receive", "send", "sender"] {
        assert!(ran_under(&world, function, &trace_id), "{function} has no line with {trace_id}");
    }
}

#[tokio::test]
async fn a_message_is_in_the_inbox_with_its_author_and_the_time_to_answer() {
    let world = luna().await;
    let ana = world.browser("ana");
    let mid = world.dm(INES, LUNA, "¿Abrís mañana? 🌙").await;
    let conversation = ana.conversation().await;
    assert_eq!(conversation["contact"]["name"], "Inès Moreau");
    assert_eq!(conversation["contact"]["username"], INES);
    assert_eq!(conversation["unread_count"], 1);
    assert_eq!(conversation["state"], "open");
    assert_eq!(conversation["last_message"]["preview"], "¿Abrís mañana? 🌙");
    assert!(conversation["reply_until"].is_string());
    let messages = ana.messages(&conversation).await;
    assert_eq!(messages.len(), 1);
    let message = &messages[0];
    assert_eq!(message["provider_message_id"], mid.as_str());
    assert_eq!((&message["direction"], &message["author"]), (&json!("inbound"), &json!("customer")));
    assert_eq!((&message["kind"], &message["status"]), (&json!("message"), &json!("received")));
    assert_eq!(message["text"], "¿Abrís mañana? 🌙");
    assert!(ana.status().await["connections"][0]["last_webhook_at"].is_string(), "webhooks are known to arrive");
}

#[tokio::test]
async fn every_kind_of_message_is_shown_as_what_it_is() {
    let world = luna().await;
    let ana = world.browser("ana");
    let cases: [(Value, &str, &[&str]); 25] = [
        (json!({"kind": "text", "text": "hello"}), "message", &[]),
        (json!({"kind": "media", "count": 2}), "message", &["image", "image"]),
        (json!({"kind": "media", "media": "video"}), "message", &["video"]),
        (json!({"kind": "media", "media": "audio"}), "message", &["audio"]),
        (json!({"kind": "media", "media": "file", "text": "the menu"}), "message", &["file"]),
        (json!({"kind": "media", "media": "media"}), "message", &["media"]),
        (json!({"kind": "share"}), "message", &["ig_post"]),
        (json!({"kind": "share", "shape": "legacy"}), "message", &["share"]),
        (json!({"kind": "share", "shape": "ig_post"}), "message", &["ig_post"]),
        (json!({"kind": "reel"}), "message", &["ig_reel"]),
        (json!({"kind": "reel", "legacy": true}), "message", &["reel"]),
        (json!({"kind": "story_share"}), "message", &["ig_story"]),
        (json!({"kind": "template"}), "message", &["template"]),
        (json!({"kind": "ephemeral"}), "message", &["ephemeral"]),
        (json!({"kind": "quick_reply", "text": "Red", "payload": "PICK_RED"}), "message", &[]),
        (json!({"kind": "ad_message", "text": "price?"}), "message", &[]),
        (json!({"kind": "story_mention"}), "story_mention", &["story_mention"]),
        (json!({"kind": "story_reply", "text": "nice"}), "story_reply", &[]),
        (json!({"kind": "postback", "title": "Opening hours?", "payload": "HOURS"}), "postback", &[]),
        (json!({"kind": "referral", "ref": "campaign-1"}), "referral", &[]),
        (json!({"kind": "unsupported"}), "unsupported", &[]),
        (json!({"kind": "comment", "text": "lovely"}), "comment", &[]),
        (json!({"kind": "comment", "text": "lovely", "shape": "flat"}), "comment", &[]),
        (json!({"kind": "comment", "text": "lovely", "shape": "facebook"}), "comment", &[]),
        (json!({"kind": "comment", "text": "lovely", "live": true}), "comment", &[]),
    ];
    let mut seen = BTreeSet::new();
    for (number, (action, kind, attachments)) in cases.into_iter().enumerate() {
        act(&world, action.clone()).await;
        let conversation = ana.conversation().await;
        let messages = all_messages(&ana, &conversation).await;
        let new: Vec<&Value> = messages.iter().filter(|message| seen.insert(message["id"].to_string())).collect();
        assert_eq!(new.len(), 1, "{action}: {new:?}");
        assert_eq!(new[0]["kind"], kind, "{action}: {}", new[0]);
        assert_eq!(types(new[0]), attachments, "{action}");
        assert_eq!(new[0]["text"].as_str(), action["text"].as_str().or(action["title"].as_str()), "{action}");
        assert_eq!(conversation["unread_count"], number + 1, "{action}");
    }
    assert_eq!(dead_letters(&world), 0);
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
    let world = luna().await;
    let ana = world.browser("ana");
    act(&world, json!({"kind": "quick_reply", "text": "Red", "payload": "PICK_RED"})).await;
    let conversation = ana.conversation().await;
    assert_eq!(newest(&ana, &conversation).await["metadata"]["quick_reply_payload"], "PICK_RED");
    act(&world, json!({"kind": "postback", "title": "Hours?", "payload": "HOURS"})).await;
    assert_eq!(newest(&ana, &conversation).await["metadata"]["payload"], "HOURS");
    act(&world, json!({"kind": "referral", "ref": "campaign-1"})).await;
    let referral = newest(&ana, &conversation).await["referral"].clone();
    assert_eq!((&referral["ref"], &referral["source"]), (&json!("campaign-1"), &json!("SHORTLINKS")));
    act(&world, json!({"kind": "ad_message", "text": "price?", "ref": "summer", "ad_id": "120200000000"})).await;
    let referral = newest(&ana, &conversation).await["referral"].clone();
    assert_eq!((&referral["ad_id"], &referral["ref"]), (&json!("120200000000"), &json!("summer")));
}

#[tokio::test]
async fn every_act_of_the_contact_opens_the_window_and_a_comment_does_not() {
    let world = luna().await;
    let ana = world.browser("ana");
    act(&world, json!({"kind": "comment", "text": "how much?"})).await;
    let conversation = ana.conversation().await;
    assert_eq!(conversation["reply_until"], Value::Null);
    assert_eq!(ana.send(&conversation, "9 €").await.problem_kind(409), "no-contact-yet");
    for action in [
        json!({"kind": "referral", "ref": "r"}),
        json!({"kind": "postback", "title": "t", "payload": "p"}),
        json!({"kind": "text", "text": "t"}),
    ] {
        let before = ana.conversation().await["reply_until"].clone();
        world.stack.clock().advance(60_000);
        act(&world, action.clone()).await;
        let after = ana.conversation().await["reply_until"].clone();
        assert!(before.as_str() < after.as_str(), "{action}: {before} {after}");
    }
}

#[tokio::test]
async fn consent_to_notifications_is_shown_without_its_token() {
    let world = luna().await;
    let ana = world.browser("ana");
    act(&world, json!({"kind": "optin", "payload": "INFO"})).await;
    let conversation = ana.conversation().await;
    let optin = newest(&ana, &conversation).await;
    assert_eq!((&optin["kind"], &optin["text"]), (&json!("optin"), &json!("News")));
    assert_eq!(optin["metadata"]["payload"], "INFO");
    assert_eq!(optin["metadata"].get("notification_messages_token"), None);
    assert_eq!(conversation["reply_until"], Value::Null, "consent is no message");
}

#[tokio::test]
async fn a_reaction_is_shown_until_it_is_taken_back() {
    let world = luna().await;
    let ana = world.browser("ana");
    let mid = world.dm(INES, LUNA, "great coffee").await;
    let conversation = ana.conversation().await;
    act(&world, json!({"kind": "reaction", "mid": mid})).await;
    let reactions = newest(&ana, &conversation).await["reactions"].clone();
    assert_eq!((&reactions[0]["by"], &reactions[0]["emoji"]), (&json!("contact"), &json!("❤️")), "{reactions}");
    act(&world, json!({"kind": "reaction", "mid": mid, "reaction": "laugh", "emoji": "😆"})).await;
    let reactions = newest(&ana, &conversation).await["reactions"].clone();
    assert_eq!(reactions.as_array().map(Vec::len), Some(1), "one for each side");
    assert_eq!(reactions[0]["emoji"], "😆");
    act(&world, json!({"kind": "unreact", "mid": mid})).await;
    assert_eq!(newest(&ana, &conversation).await["reactions"], json!([]));
    assert_eq!(ana.conversation().await["unread_count"], 1, "a reaction is no message");
}

#[tokio::test]
async fn an_edit_changes_the_text_everywhere() {
    let world = luna().await;
    let ana = world.browser("ana");
    let mid = world.dm(INES, LUNA, "a table for to").await;
    act(&world, json!({"kind": "edit", "mid": mid, "text": "a table for two", "num_edit_as_text": true})).await;
    let conversation = ana.conversation().await;
    assert_eq!(conversation["last_message"]["preview"], "a table for two");
    let message = newest(&ana, &conversation).await;
    assert_eq!(message["text"], "a table for two");
    assert!(message["edited_at"].is_string());
    act(&world, json!({"kind": "edit", "mid": mid, "text": "a table for three"})).await;
    assert_eq!(newest(&ana, &conversation).await["text"], "a table for three");
}

#[tokio::test]
async fn an_edit_that_nobody_made_blanks_nothing() {
    let world = luna().await;
    let ana = world.browser("ana");
    let mid = world.dm(INES, LUNA, "as I wrote it").await;
    for with_parties in [false, true] {
        act(&world, json!({"kind": "edit_zero", "mid": mid, "with_parties": with_parties})).await;
    }
    let conversation = ana.conversation().await;
    let messages = ana.messages(&conversation).await;
    assert_eq!(messages.len(), 1);
    assert_eq!((&messages[0]["text"], &messages[0]["edited_at"]), (&json!("as I wrote it"), &Value::Null));
    let ignored = metric(&world, "events").iter().filter(|event| event["kind"] == "edit_without_text").count();
    assert_eq!(ignored, 2, "they are counted");
}

#[tokio::test]
async fn an_unsent_message_leaves_nothing_of_its_content() {
    let world = luna().await;
    let ana = world.browser("ana");
    let told = act(&world, json!({"kind": "media", "text": "regretted-words"})).await;
    let conversation = ana.conversation().await;
    let picture = newest(&ana, &conversation).await["attachments"][0]["url"].as_str().expect("an address").to_owned();
    act(&world, json!({"kind": "unsend", "mid": told["id"]})).await;
    let conversation = ana.conversation().await;
    let message = newest(&ana, &conversation).await;
    assert_eq!((&message["status"], &message["text"]), (&json!("deleted"), &Value::Null));
    assert_eq!(message["attachments"], json!([]));
    assert!(message["deleted_at"].is_string());
    assert_eq!(conversation["last_message"]["preview"], "");
    let stored = format!("{:?}", world.tables().everything().await);
    assert!(!stored.contains("regretted-words") && !stored.contains(&picture), "the content is gone");
}

#[tokio::test]
async fn what_the_contact_has_seen_is_read() {
    let world = luna().await;
    let ana = world.browser("ana");
    world.dm(INES, LUNA, "hi").await;
    let conversation = ana.conversation().await;
    for text in ["one", "two", "three"] {
        ana.send(&conversation, text).await.json();
        world.settle().await;
    }
    let second = ana.messages(&conversation).await[1]["provider_message_id"].clone();
    act(&world, json!({"kind": "seen", "mid": second})).await;
    let messages = ana.messages(&conversation).await;
    let statuses: Vec<&Value> = messages.iter().map(|message| &message["status"]).collect();
    assert_eq!(statuses, ["sent", "read", "read", "received"]);
}

#[tokio::test]
async fn a_thread_of_another_app_is_shown_as_handled_elsewhere() {
    let world = luna().await;
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
async fn what_concerns_the_account_is_in_the_audit_trail_and_in_no_conversation() {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("facebook", "lucia.navarro").await;
    for action in [
        json!({"kind": "mention"}),
        json!({"kind": "mention", "caption": true}),
        json!({"kind": "policy_enforcement", "action": "warning", "reason": "spam"}),
    ] {
        act(&world, action).await;
    }
    assert!(ana.conversations().await.is_empty());
    world.dm(INES, LUNA, "hi").await;
    ana.send(&ana.conversation().await, "hello").await.json();
    world.settle().await;
    act(&world, json!({"kind": "response_feedback", "good": true})).await;
    let notices = notices(&ana).await;
    let told = ["mentions", "policy_enforcement", "response_feedback"].map(|kind| count(&notices, kind));
    assert_eq!(told, [2, 1, 1], "{notices:?}");
}

#[tokio::test]
async fn the_dashboards_test_makes_no_conversation() {
    let world = luna().await;
    let ana = world.browser("ana");
    let before = world.tables().everything().await;
    let app = world.stack.app(Login::Instagram).expect("an app").app_id.clone();
    for page in [false, true] {
        world.meta("POST", "/webhooks/test", json!({"app_id": app, "page": page})).await;
        world.settle().await;
    }
    assert_eq!(world.tables().everything().await, before);
    let noticed = world.stack.logs().iter().filter(|line| line.message.contains("test arrived")).count();
    assert_eq!(noticed, 2, "somebody who presses the button looks for it");
    // The same message in the name of a real account.
    let pair = Pair::new(&account_of(&ana).await, 12334);
    let now = world.stack.clock().now_ms();
    deliver(&world, &[entry(&pair.account, now, &[pair.text(now, "random_mid", "random_text")])]).await;
    assert!(ana.conversations().await.is_empty());
    assert_eq!(ana.audit().await[0], "instagram.test_received");
}

#[tokio::test]
async fn every_envelope_that_was_seen_is_understood() {
    let world = luna().await;
    let ana = world.browser("ana");
    let account = account_of(&ana).await;
    let now = world.stack.clock().now_ms();
    let pair = |contact: u32| Pair::new(&account, contact);
    let message = |contact: u32| pair(contact).text(now, &format!("aWdf{contact}"), &format!("text {contact}"));
    let number: i64 = account.parse().expect("digits");
    let in_list = json!([notification(&[entry(&account, now, &[message(1)])])]);
    let ids_as_numbers = notification(&[json!({"id": number, "time": now, "messaging": [{
        "sender": {"id": 2}, "recipient": {"id": number}, "timestamp": now, "message": {"mid": "aWdf2", "text": "text 2"}}]})]);
    let time_as_text = notification(&[json!({"id": account, "time": (now / 1000).to_string(), "messaging": [{
        "sender": {"id": "3"}, "recipient": {"id": account}, "timestamp": (now / 1000).to_string(),
        "message": {"mid": "aWdf3", "text": "text 3"}}]})]);
    let contact_in_entry = notification(&[json!({"id": "4", "time": now, "messaging": [
        pair(4).did(now, "postback", &json!({"mid": "aWdf4", "title": "text 4", "payload": "P"}))]})]);
    let in_changes = notification(&[json!({"id": account, "time": now / 1000, "changes": [
        {"field": "messages", "value": message(5)}]})]);
    let several = notification(&[
        entry(&account, now, &[message(6), message(7)]),
        entry(&account, now, &[message(8)]),
        json!({"id": account, "time": now, "standby": [message(9)]}),
    ]);
    for body in [in_list, ids_as_numbers, time_as_text, contact_in_entry, in_changes, several] {
        assert_eq!(world.deliver(&body).await.status, 200, "{body}");
    }
    world.settle().await;
    let conversations = ana.conversations().await;
    let mut previews: Vec<&str> =
        conversations.iter().filter_map(|conversation| conversation["last_message"]["preview"].as_str()).collect();
    previews.sort_unstable();
    let expected: Vec<String> = (1..=9).map(|contact| format!("text {contact}")).collect();
    assert_eq!(previews, expected);
}

#[tokio::test]
async fn one_body_may_mix_accounts_of_different_tenants() {
    let world = luna().await;
    let (ana, marta) = (world.browser("ana"), world.browser("marta"));
    marta.connect("instagram", "mara.paints").await;
    let now = world.stack.clock().now_ms();
    let to_luna = Pair::new(&account_of(&ana).await, 11);
    let to_mara = Pair::new(&account_of(&marta).await, 11);
    let to_nobody = Pair::new("17840000000000000", 11);
    let entries = [
        entry(&to_mara.account, now, &[to_mara.text(now, "m1", "for mara")]),
        entry(&to_nobody.account, now, &[to_nobody.text(now, "n1", "for nobody")]),
        entry(&to_luna.account, now, &[to_luna.text(now, "l1", "for luna")]),
        // The entry's id is another account's: the event knows better.
        entry(&to_luna.account, now, &[to_mara.text(now + 1, "m2", "for mara too")]),
    ];
    deliver(&world, &entries).await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["for luna"]);
    assert_eq!(marta.texts(&marta.conversation().await).await, ["for mara", "for mara too"]);
    assert!(!format!("{:?}", world.tables().everything().await).contains("for nobody"));
    let dropped = metric(&world, "events").iter().filter(|event| event["outcome"] == "no_route").count();
    assert_eq!(dropped, 1);
}

#[tokio::test]
async fn a_kind_that_nobody_knows_stays_visible_without_its_content() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 21);
    let now = world.stack.clock().now_ms();
    let hologram = pair.did(now, "hologram", &json!({"mid": "aWdfholo", "words": "unknown-words"}));
    let poll = json!({"field": "polls", "value": {"id": "77", "question": "unknown-words"}});
    deliver(
        &world,
        &[
            entry(&pair.account, now, &[hologram]),
            json!({"id": pair.account, "time": now, "changes": [poll]}),
            json!({"id": pair.account, "time": now}),
            json!({"id": pair.account, "time": now, "messaging": ["neither", 7, null]}),
        ],
    )
    .await;
    let conversation = ana.conversation().await;
    let message = newest(&ana, &conversation).await;
    assert_eq!((&message["kind"], &message["metadata"]["fields"]), (&json!("unsupported"), &json!(["hologram"])));
    assert_eq!((&conversation["unread_count"], &conversation["reply_until"]), (&json!(0), &Value::Null));
    let notices = notices(&ana).await;
    assert!(notices.iter().any(|notice| notice["kind"] == "polls" && notice["details"]["id"] == "77"), "{notices:?}");
    assert!(count(&notices, "malformed_event") > 0, "{notices:?}");
    assert!(!format!("{:?}", world.tables().everything().await).contains("unknown-words"));
    let odd = metric(&world, "webhook_oddities");
    assert!(
        odd.contains(&json!({"kind": "malformed_event"})) && odd.contains(&json!({"kind": "entry_without_events"})),
        "{odd:?}"
    );
    assert_eq!(dead_letters(&world), 0);
}

/// A conversation that was read, answered and closed.
async fn closed(world: &World, person: &Browser<'_>, pair: &Pair) -> Value {
    let now = world.stack.clock().now_ms();
    deliver(world, &[entry(&pair.account, now, &[pair.text(now, "aWdflast", "thank you")])]).await;
    let conversation = person.conversation().await;
    let path = format!(
        "/api/tenants/{}/conversations/{}",
        person.tenant(),
        conversation["id"].as_str().expect("a conversation has an id")
    );
    person.post(&format!("{path}/read"), json!({})).await.json();
    person.call(Method::PATCH, &path, Some(json!({"state": "closed"})), &[]).await.json()
}

#[tokio::test]
async fn what_nobody_wrote_leaves_a_closed_conversation_as_it_is() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 51);
    let before = closed(&world, &ana, &pair).await;
    let told = [
        ("delivery", json!({"mids": ["m_B1"], "watermark": 1_790_000_000_500_i64})),
        ("account_linking", json!({"status": "linked", "authorization_code": "a code that links accounts"})),
        ("hologram", json!({"mid": "aWdfholo"})),
        ("optin", json!({"type": "notification_messages", "notification_messages_token": "T1", "title": "News"})),
        ("policy-enforcement", json!({"action": "warning", "reason": "spam"})),
        ("policy_enforcement", json!({"action": "block", "reason": "spam"})),
        ("response_feedback", json!({"feedback": "Good response", "mid": "m_B1"})),
        ("pass_thread_control", json!({"previous_owner_app_id": null, "new_owner_app_id": "9001"})),
        ("read", json!({"watermark": 1_790_000_000_900_i64})),
    ];
    for (what, part) in told {
        world.stack.clock().advance(60_000);
        let now = world.stack.clock().now_ms();
        deliver(&world, &[entry(&pair.account, now, &[pair.did(now, what, &part)])]).await;
        assert_eq!(ana.conversation().await, before, "{what}");
    }
    let linked = format!("{:?}", world.tables().everything().await);
    assert!(!linked.contains("a code that links accounts"), "a code is nobody's business");
}

#[tokio::test]
async fn a_time_up_to_which_the_contact_has_read_marks_what_was_sent_until_then() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 52);
    let at = world.stack.clock().now_ms() - 60_000;
    let echoes: Vec<Value> = (1..=3).map(|n| pair.echo(at + n * 1000, &format!("aWdf{n}"), &n.to_string())).collect();
    deliver(&world, &[entry(&pair.account, at, &echoes)]).await;
    let read = pair.did(at + 9000, "read", &json!({"watermark": at + 2000}));
    deliver(&world, &[entry(&pair.account, at, &[read])]).await;
    let messages = ana.messages(&ana.conversation().await).await;
    let statuses: Vec<&Value> = messages.iter().map(|message| &message["status"]).collect();
    assert_eq!(statuses, ["sent", "read", "read"]);
}

#[tokio::test]
async fn an_unsend_whose_flag_is_text_leaves_nothing_of_the_content() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 53);
    let now = world.stack.clock().now_ms();
    let picture = json!([{"type": "image", "payload": {"url": "https://e.example/regretted"}}]);
    let message = json!({"mid": "aWdfx", "text": "regretted-words", "attachments": picture});
    let unsend = json!({"mid": "aWdfx", "is_deleted": "true"});
    for part in [message, unsend] {
        deliver(&world, &[entry(&pair.account, now, &[pair.did(now, "message", &part)])]).await;
    }
    let messages = ana.messages(&ana.conversation().await).await;
    assert_eq!((messages.len(), &messages[0]["status"]), (1, &json!("deleted")));
    assert!(!format!("{:?}", world.tables().everything().await).contains("regretted"));
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

#[tokio::test]
async fn a_profile_that_meta_does_not_tell_loses_no_message() {
    let faults = [
        json!({"kind": "error", "status": 400, "error": {"message": "User consent is required", "code": 230}}),
        json!({"kind": "html", "status": 503}),
        json!({"kind": "cut"}),
    ];
    for fault in faults {
        let world = luna().await;
        let ana = world.browser("ana");
        world.meta("POST", "/faults", json!({"endpoint": "profile", "count": null, "action": fault})).await;
        world.dm(INES, LUNA, "who am I?").await;
        let conversation = ana.conversation().await;
        assert_eq!(ana.texts(&conversation).await, ["who am I?"]);
        assert_eq!(conversation["contact"]["display_name"], conversation["contact"]["id"], "never empty");
        assert_eq!(ana.status().await["status"], "active", "{fault}: the connection is not to blame");
        // Asked again when the contact writes a day later.
        world.meta("DELETE", "/faults", Value::Null).await;
        world.advance_hours(25);
        world.dm(INES, LUNA, "and now?").await;
        let ana = world.browser("ana");
        assert_eq!(ana.conversation().await["contact"]["name"], "Inès Moreau", "{fault}");
    }
}

#[tokio::test]
async fn poison_is_set_aside_and_holds_nobody_up() {
    let world = World::start_with(|settings| settings.retry_delay = Some(std::time::Duration::ZERO)).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    let pair = Pair::new(&account_of(&ana).await, 41);
    let now = world.stack.clock().now_ms();
    deliver(&world, &[entry(&pair.account, now, &[pair.text(now, "aWdfa", "before")])]).await;
    // Nothing that Meta writes is poison; what another version of ours wrote may be.
    let queue = aws_sdk_sqs::Client::new(&world.stack.aws_config("story"));
    let url = world.stack.resource("InboundQueue").expect("the queue");
    let poison = queue.send_message().queue_url(url).message_body("{\"v\":1").message_deduplication_id("poison");
    poison.message_group_id(format!("{}:{}", pair.account, pair.contact)).send().await.expect("the queue takes it");
    deliver(&world, &[entry(&pair.account, now, &[pair.text(now + 1, "aWdfb", "after")])]).await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["before", "after"]);
    assert_eq!(dead_letters(&world), 1, "it waits for a person");
    assert!(!metric(&world, "events_poison").is_empty(), "and rings the alarm");
}
