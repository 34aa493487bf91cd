//! Whatever is around an event, and whatever is none: each leads to its account, or into no conversation.

use domain::Channel;
use local::Login;
use serde_json::{Value, json};
use stories::{Browser, World};

use super::{act, deliver};
use crate::util::{
    FORGOTTEN_BY_THE_QUEUE_MS, INES, LUNA, Pair, account_of, dead_letters, entry, luna, metric, newest, notification,
};

/// What Meta told about the account, as the audit log has it.
async fn notices(person: &Browser<'_>) -> Vec<Value> {
    let page = person.get(&format!("/api/tenants/{}/events", person.tenant())).await.json();
    let lines = page["events"].as_array().expect("a page is a list").iter();
    lines.filter(|line| line["kind"] == "account.notice").map(|line| line["details"].clone()).collect()
}

/// How many notices have this word of Meta's.
fn count(notices: &[Value], kind: &str) -> usize {
    notices.iter().filter(|notice| notice["kind"] == kind).count()
}

#[tokio::test]
async fn what_concerns_the_account_is_in_the_audit_log_and_in_no_conversation() {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("facebook", "lucia.navarro").await;
    for action in [
        json!({"kind": "mention"}),
        json!({"kind": "mention", "caption": true}),
        json!({"kind": "policy_enforcement", "action": "warning", "reason": "spam"}),
        json!({"kind": "story_insights"}),
    ] {
        act(&world, action).await;
    }
    assert!(ana.conversations().await.is_empty());
    world.dm(INES, LUNA, "hi").await;
    ana.send(&ana.conversation().await, "hello").await.json();
    world.settle().await;
    act(&world, json!({"kind": "response_feedback", "good": true})).await;
    let notices = notices(&ana).await;
    let kinds = ["mentions", "policy_enforcement", "story_insights", "response_feedback"];
    let told = kinds.map(|kind| count(&notices, kind));
    assert_eq!(told, [2, 1, 1, 1], "{notices:?}");
}

#[tokio::test]
async fn a_notice_that_has_no_time_at_all_is_one_line_however_late_it_comes_again() {
    let world = luna().await;
    let account = account_of(&world.browser("ana")).await;
    let value = json!({"media_id": "17887498072083520"});
    let untimed = json!({"id": account, "changes": [{"field": "mentions", "value": value}]});
    for minutes in [0, 10, 35 * 60] {
        world.stack.clock().advance(minutes * 60_000);
        deliver(&world, std::slice::from_ref(&untimed)).await;
    }
    let notices = notices(&world.browser("ana")).await;
    assert_eq!(count(&notices, "mentions"), 1, "{notices:?}");
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
    assert_eq!(ana.audit().await[0], "account.test_received");
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

#[tokio::test]
async fn what_meta_says_of_an_accounts_conduct_is_on_its_card_until_it_says_otherwise() {
    for channel in Channel::ALL {
        let world = World::start().await.on(channel);
        world.browser("ana").connect("facebook", "lucia.navarro").await;
        let said = async || world.browser("ana").status().await["connections"][0]["enforcement"].clone();
        assert_eq!(said().await, Value::Null, "{channel}");
        for (action, shown) in [("warning", json!("warning")), ("block", json!("block")), ("unblock", Value::Null)] {
            world.stack.clock().advance(1000);
            act(&world, json!({"kind": "policy_enforcement", "action": action, "reason": "spam"})).await;
            let told = said().await;
            assert_eq!(told["action"], shown, "{channel} {told}");
            assert!(told.is_null() || told["reason"] == "spam", "{channel} {told}");
        }
        // What comes again late is no news.
        let app = world.stack.app(Login::Facebook).expect("an app").app_id.clone();
        let deliveries = world.meta("GET", "/webhooks/deliveries", Value::Null).await;
        world.stack.clock().advance(FORGOTTEN_BY_THE_QUEUE_MS);
        for delivery in deliveries.as_array().expect("a log") {
            world.meta("POST", "/webhooks/raw", json!({"app_id": app, "body": delivery["body"]})).await;
        }
        world.settle().await;
        assert_eq!(said().await, Value::Null, "{channel}");
        assert_eq!(count(&notices(&world.browser("ana")).await, "policy_enforcement"), 3, "{channel}");
        assert!(world.browser("ana").conversations().await.is_empty(), "{channel}");
    }
}

#[tokio::test]
async fn a_channel_that_nobody_has_connected_on_the_page_is_counted_and_dropped() {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("facebook", "lucia.navarro").await;
    // Meta delivers for the Page what the other channel's people write as well.
    let page = ana.status().await["connections"][0]["page_id"].as_str().expect("a Page").to_owned();
    let world = world.on(Channel::Messenger);
    let pair = Pair::new(&page, 61);
    let now = world.stack.clock().now_ms();
    let events = [pair.text(now, "m_A1", "for Messenger"), pair.did(now, "read", &json!({"watermark": now}))];
    deliver(&world, &[entry(&page, now, &events)]).await;
    assert!(world.browser("ana").conversations().await.is_empty());
    assert_eq!(dead_letters(&world), 0);
    let dropped = metric(&world, "events").into_iter().filter(|event| event["outcome"] == "no_route").count();
    assert_eq!(dropped, 2);
    world.dm(INES, LUNA, "nobody hears").await;
    let world = world.on(Channel::Instagram);
    world.dm(INES, LUNA, "Hola").await;
    assert_eq!(world.browser("ana").conversation().await["channel"], "instagram");
}
