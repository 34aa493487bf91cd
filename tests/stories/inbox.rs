//! The inbox: pages, marks, and answers that cost nothing while nothing changes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use stories::{Browser, World};

use crate::util::{
    self, INES, KOFI, LUNA, Pair, account_of, all_conversations, all_messages, all_pages, entry, greeted, luna, newest,
    notification,
};

const CONVERSATIONS: &str = "/api/tenants/luna/conversations";

async fn deliver(world: &World, account: &str, events: &[Value]) {
    util::deliver(world, &notification(&[entry(account, world.stack.clock().now_ms(), events)])).await;
}

/// Contacts 1 to `count` write one message each, the last one last.
async fn crowd(world: &World, person: &Browser<'_>, count: u32) -> String {
    let account = account_of(person).await;
    let at = world.stack.clock().now_ms() - 60_000;
    let writes = (1..=count).map(|contact| {
        Pair::new(&account, contact).text(
            at + i64::from(contact),
            &format!("aWdf{contact}"),
            &format!("message {contact}"),
        )
    });
    deliver(world, &account, &writes.collect::<Vec<_>>()).await;
    account
}

fn previews(conversations: &[Value]) -> Vec<String> {
    conversations
        .iter()
        .map(|conversation| conversation["last_message"]["preview"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn path(conversation: &Value) -> String {
    format!("{CONVERSATIONS}/{}", conversation["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn more_than_a_hundred_conversations_are_paged_newest_first() {
    let world = luna().await;
    let ana = world.browser("ana");
    crowd(&world, &ana, 120).await;
    let expected: Vec<String> = (1..=120).rev().map(|contact| format!("message {contact}")).collect();
    for limit in [7, 60, 100] {
        let all = all_pages(&ana, CONVERSATIONS, "conversations", limit).await;
        assert_eq!(previews(&all), expected, "pages of {limit}");
    }
    let page = ana.get(CONVERSATIONS).await.json();
    assert_eq!(page["conversations"].as_array().map(Vec::len), Some(25), "the default");
    let last = ana.get(&format!("{CONVERSATIONS}?limit=100")).await.json();
    let cursor = last["next_cursor"].as_str().expect("there are 20 more");
    let end = ana.get(&format!("{CONVERSATIONS}?limit=20&cursor={cursor}")).await.json();
    assert_eq!((end["conversations"].as_array().map(Vec::len), &end["next_cursor"]), (Some(20), &Value::Null));
}

#[tokio::test]
async fn a_page_goes_on_where_the_last_one_ended_while_new_messages_arrive() {
    let world = luna().await;
    let ana = world.browser("ana");
    let account = crowd(&world, &ana, 30).await;
    let first = ana.get(&format!("{CONVERSATIONS}?limit=10")).await.json();
    let cursor = first["next_cursor"].as_str().expect("a second page");
    // Somebody new writes, and somebody of the first page writes again.
    let now = world.stack.clock().now_ms();
    let events = [31, 30].map(|contact| Pair::new(&account, contact).text(now, &format!("aWdfnew{contact}"), "new"));
    deliver(&world, &account, &events).await;
    let rest = ana.get(&format!("{CONVERSATIONS}?limit=100&cursor={cursor}")).await.json();
    let expected: Vec<String> = (1..=20).rev().map(|contact| format!("message {contact}")).collect();
    assert_eq!(previews(rest["conversations"].as_array().expect("a page")), expected);
}

#[tokio::test]
async fn more_than_a_hundred_messages_are_paged_newest_first() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 5);
    let at = world.stack.clock().now_ms() - 60_000;
    let events: Vec<Value> =
        (0..130_i64).map(|number| pair.text(at + number / 3, &format!("aWdf{number}"), &number.to_string())).collect();
    deliver(&world, &pair.account, &events).await;
    let conversation = ana.conversation().await;
    assert_eq!(conversation["unread_count"], 130);
    for limit in [9, 100] {
        let list = format!("{}/messages", path(&conversation));
        let all = all_pages(&ana, &list, "messages", limit).await;
        let texts: BTreeSet<&str> = all.iter().filter_map(|message| message["text"].as_str()).collect();
        assert_eq!((all.len(), texts.len()), (130, 130), "pages of {limit}");
        let ids: Vec<&str> = all.iter().filter_map(|message| message["id"].as_str()).collect();
        assert!(ids.is_sorted_by(|newer, older| newer > older), "newest first: an id begins with its time");
    }
}

#[tokio::test]
async fn nothing_is_sent_twice_while_nothing_changes() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let lists = [CONVERSATIONS.to_owned(), path(&conversation), format!("{}/messages", path(&conversation))];
    let mut tags = Vec::new();
    for list in &lists {
        let fresh = ana.get(list).await;
        let tag = fresh.header("etag");
        assert!(!tag.is_empty() && fresh.status == 200, "{list}");
        assert!(
            fresh.header("cache-control").contains("private") || fresh.header("cache-control").contains("no-"),
            "{list}"
        );
        let again = ana.call(Method::GET, list, None, &[("if-none-match", &tag)]).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{list}");
        assert_eq!(again.header("etag"), tag, "{list}");
        tags.push(tag);
    }
    world.dm(INES, LUNA, "anybody?").await;
    for (list, tag) in lists.iter().zip(&tags) {
        let changed = ana.call(Method::GET, list, None, &[("if-none-match", tag)]).await;
        assert_eq!(changed.status, 200, "{list}");
        assert_ne!(changed.header("etag"), *tag, "{list}");
    }
}

#[tokio::test]
async fn a_conversation_is_marked_as_read_and_counts_on_from_there() {
    let world = greeted().await;
    let ana = world.browser("ana");
    world.dm(INES, LUNA, "two").await;
    let conversation = ana.conversation().await;
    assert_eq!(conversation["unread_count"], 2);
    for _ in 0..2 {
        let read = ana.post(&format!("{}/read", path(&conversation)), json!({})).await.json();
        assert_eq!(read["unread_count"], 0);
    }
    assert_eq!(ana.conversation().await["unread_count"], 0);
    world.dm(INES, LUNA, "three").await;
    assert_eq!(ana.conversation().await["unread_count"], 1);
    assert_eq!(all_messages(&ana, &conversation).await.len(), 3);
    ana.post(&format!("{CONVERSATIONS}/{}/read", "0".repeat(32)), json!({})).await.problem(404);
}

#[tokio::test]
async fn what_arrived_while_somebody_was_reading_stays_unread() {
    let world = greeted().await;
    let ana = world.browser("ana");
    world.dm(INES, LUNA, "two").await;
    let conversation = ana.conversation().await;
    let shown = ana.messages(&conversation).await[0]["id"].clone();
    world.dm(INES, LUNA, "three").await;
    world.dm(INES, LUNA, "four").await;
    for _ in 0..2 {
        let read = ana.post(&format!("{}/read", path(&conversation)), json!({"up_to": shown})).await.json();
        assert_eq!(read["unread_count"], 2);
    }
    let newest = ana.messages(&conversation).await[0]["id"].clone();
    let read = ana.post(&format!("{}/read", path(&conversation)), json!({"up_to": newest})).await.json();
    assert_eq!(read["unread_count"], 0);
    ana.post(&format!("{}/read", path(&conversation)), json!({"up_to": "the last one"})).await.problem(400);
}

#[tokio::test]
async fn a_message_that_was_late_and_not_shown_stays_unread() {
    // Arrange
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 31);
    let now = world.stack.clock().now_ms();
    deliver(&world, &pair.account, &[pair.text(now - 60_000, "aWdf1", "one")]).await;
    deliver(&world, &pair.account, &[pair.text(now, "aWdf3", "three")]).await;
    let conversation = ana.conversation().await;
    let page = async || ana.get(&format!("{}/messages", path(&conversation))).await.json();
    let mark = async |up_to: &Value| {
        ana.post(&format!("{}/read", path(&conversation)), json!({"up_to": up_to})).await.json()["unread_count"].clone()
    };
    let shown = page().await;
    // Act
    deliver(&world, &pair.account, &[pair.text(now - 30_000, "aWdf2", "two")]).await;
    // Assert
    assert_eq!(mark(&shown["read_up_to"]).await, 1, "nobody has seen it");
    assert_eq!(mark(&shown["read_up_to"]).await, 1, "nor the second time");
    let shown = page().await;
    assert_eq!(shown["messages"][1]["text"], "two");
    assert_eq!(mark(&shown["read_up_to"]).await, 0, "now they have");
}

#[tokio::test]
async fn a_closed_conversation_opens_when_the_contact_writes() {
    let world = greeted().await;
    let ana = world.browser("ana");
    world.dm(KOFI, LUNA, "Hi").await;
    let kofi = ana.conversations().await[0].clone();
    let close = json!({"state": "closed"});
    let closed = ana.call(Method::PATCH, &path(&kofi), Some(close), &[]).await.json();
    assert_eq!(closed["state"], "closed");
    let listed = async |query: &str| {
        let page = ana.get(&format!("{CONVERSATIONS}?{query}")).await.json();
        previews(page["conversations"].as_array().expect("a page"))
    };
    assert_eq!(listed("state=open").await, ["Hola"]);
    assert_eq!(listed("state=closed").await, ["Hi"]);
    ana.send(&kofi, "see you").await.json();
    world.settle().await;
    assert_eq!(listed("state=closed").await, ["see you"], "an answer leaves it closed");
    world.dm(KOFI, LUNA, "one more thing").await;
    assert_eq!(listed("state=closed").await, [""; 0]);
    ana.post(&format!("{}/read", path(&kofi)), json!({})).await.json();
    assert_eq!(listed("unread=true").await, ["Hola"]);
    assert_eq!(listed("unread=true&state=open").await, ["Hola"]);
}

#[tokio::test]
async fn a_page_with_a_filter_is_full_however_much_the_filter_leaves_out() {
    let world = luna().await;
    let ana = world.browser("ana");
    crowd(&world, &ana, 60).await;
    for conversation in all_conversations(&ana).await.iter().take(55) {
        ana.post(&format!("{}/read", path(conversation)), json!({})).await.json();
    }
    let page = ana.get(&format!("{CONVERSATIONS}?unread=true&limit=5")).await.json();
    assert_eq!(
        previews(page["conversations"].as_array().expect("a page")),
        ["message 5", "message 4", "message 3", "message 2", "message 1"]
    );
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_by_name() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let messages = format!("{}/messages", path(&conversation));
    for list in [CONVERSATIONS, messages.as_str()] {
        for limit in ["0", "101", "-1", "ten"] {
            assert_eq!(ana.get(&format!("{list}?limit={limit}")).await.problem_kind(400), "invalid-limit", "{limit}");
        }
        for cursor in ["nonsense", "e30", "eyJzIjoieCIsImMiOiIwMDAwMDAwMDAwMDAwMDAwIn0", "%F0%9F%8C%99"] {
            assert_eq!(
                ana.get(&format!("{list}?cursor={cursor}")).await.problem_kind(400),
                "invalid-cursor",
                "{cursor}"
            );
        }
    }
    for filter in ["state=archived", "unread=maybe"] {
        assert_eq!(ana.get(&format!("{CONVERSATIONS}?{filter}")).await.problem_kind(400), "invalid-filter", "{filter}");
    }
    for change in [json!({"state": "archived"}), json!({}), json!({"state": "open", "unread": 3})] {
        ana.call(Method::PATCH, &path(&conversation), Some(change), &[]).await.problem(400);
    }
    for missing in ["0".repeat(32), "nonsense".to_owned()] {
        ana.get(&format!("{CONVERSATIONS}/{missing}")).await.problem(404);
        ana.get(&format!("{CONVERSATIONS}/{missing}/messages")).await.problem(404);
    }
}

#[tokio::test]
async fn the_inbox_tells_until_when_one_may_answer() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let written = newest(&ana, &conversation).await["created_at"].as_str().expect("a time").to_owned();
    let day = |text: &str| text[8..10].parse::<u32>().expect("a day");
    let until = conversation["reply_until"].as_str().expect("a time");
    assert_eq!(until[11..], written[11..], "to the millisecond");
    assert!(day(until) == day(&written) + 1 || day(until) == 1, "{written} {until}");
    assert!(conversation["human_agent_until"].as_str().is_some_and(|long| long > until));
    // Our own answer and the contact's reaction do not move it; the contact's next message does.
    ana.send(&conversation, "hello").await.json();
    world.settle().await;
    world.act(INES, LUNA, json!({"kind": "reaction"})).await;
    world.settle().await;
    assert_eq!(ana.conversation().await["reply_until"], until);
    world.advance_hours(1);
    world.dm(INES, LUNA, "still there?").await;
    let ana = world.browser("ana");
    assert!(ana.conversation().await["reply_until"].as_str().is_some_and(|later| later > until));
    let page = ana.get(&format!("{}/messages", path(&conversation))).await.json();
    assert_eq!(
        page["conversation"]["reply_until"],
        ana.conversation().await["reply_until"],
        "beside the messages, too"
    );
}

#[tokio::test]
async fn the_audit_log_is_for_admins_and_comes_in_pages() {
    let world = luna().await;
    let (ana, luis) = (world.browser("ana"), world.browser("luis"));
    luis.get("/api/tenants/luna/events").await.problem(403);
    let all = all_pages(&ana, "/api/tenants/luna/events", "events", 1).await;
    let kinds: Vec<&str> = all.iter().filter_map(|event| event["kind"].as_str()).collect();
    assert_eq!(kinds, ["connection.connected", "authorization.started"]);
    assert!(all.iter().all(|event| event["at"].is_string() && event["user"] == "ana"), "{all:?}");
}
