//! What changes a message that is there: reactions, edits, unsends, read marks.

use domain::Channel;
use reqwest::Method;
use serde_json::{Value, json};
use stories::{Browser, World};

use super::{act, deliver};
use crate::util::{INES, LUNA, Pair, account_of, entry, gone_out, luna, luna_on, metric, newest};

#[tokio::test]
async fn a_reaction_is_shown_until_it_is_taken_back() {
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
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
}

#[tokio::test]
async fn an_edit_changes_the_text_everywhere() {
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
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
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
        let ana = world.browser("ana");
        world.meta("PATCH", "/variants", json!({"messenger_unsends": true})).await;
        let told = act(&world, json!({"kind": "media", "text": "regretted-words"})).await;
        let conversation = ana.conversation().await;
        let picture =
            newest(&ana, &conversation).await["attachments"][0]["url"].as_str().expect("an address").to_owned();
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
}

#[tokio::test]
async fn what_the_contact_has_seen_is_read() {
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
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
        assert_eq!(statuses, [gone_out(channel), "read", "read", "received"], "{channel}");
    }
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
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
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
            assert_eq!(ana.conversation().await, before, "{channel} {what}");
        }
        let linked = format!("{:?}", world.tables().everything().await);
        assert!(!linked.contains("a code that links accounts"), "a code is nobody's business");
    }
}

#[tokio::test]
async fn a_time_up_to_which_the_contact_has_read_marks_what_was_sent_until_then() {
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
        let ana = world.browser("ana");
        let pair = Pair::new(&account_of(&ana).await, 52);
        let at = world.stack.clock().now_ms() - 60_000;
        let echoes: Vec<Value> =
            (1..=3).map(|n| pair.echo(at + n * 1000, &format!("aWdf{n}"), &n.to_string())).collect();
        deliver(&world, &[entry(&pair.account, at, &echoes)]).await;
        let read = pair.did(at + 9000, "read", &json!({"watermark": at + 2000}));
        deliver(&world, &[entry(&pair.account, at, &[read])]).await;
        let messages = ana.messages(&ana.conversation().await).await;
        let statuses: Vec<&Value> = messages.iter().map(|message| &message["status"]).collect();
        assert_eq!(statuses, ["sent", "read", "read"]);
    }
}

#[tokio::test]
async fn an_unsend_whose_flag_is_text_leaves_nothing_of_the_content() {
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
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
}
