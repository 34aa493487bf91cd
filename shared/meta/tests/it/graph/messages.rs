//! Sending, subscribing, profiles, conversations.

use domain::connection::Login;
use domain::id::Mid;
use domain::time::UnixMillis;
use meta::graph::{Content, OutboundAttachment, OutboundMessage, Profile, SenderAction, Subscription, Thread};
use serde_json::{Value, json};

use super::{Access, FakeMeta, Reply, TOKEN, contact, id, ok, proof, with_client};
use crate::util::CONTACT;

fn sent_answer() -> Reply {
    let usage = json!({"call_count": 85, "total_time": 2, "total_cputime": 3}).to_string();
    (200, vec![("x-app-usage", usage)], json!({"recipient_id": CONTACT, "message_id": "aWdf11"}).to_string())
}

/// Sends and gives back what Meta saw.
async fn send(login: Login, message: OutboundMessage<'_>) -> super::Seen {
    let meta = FakeMeta::start(|_| sent_answer()).await;
    let access = Access::new();
    let sent = with_client(&meta.hosts, login, async |client| client.send(access.get(), message).await).await;
    let sent = sent.expect("sent");
    assert_eq!((sent.mid.as_str(), sent.usage.percent), ("aWdf11", 85));
    let [request] = meta.seen().try_into().expect("one request");
    request
}

#[tokio::test]
async fn a_text_is_sent_to_the_account_of_instagram_login_and_to_the_page_of_facebook_login() {
    let contact = contact();
    let text = OutboundMessage {
        id: &id(),
        recipient: &contact,
        content: Content::Text("hi"),
        reply_to: None,
        human_agent: false,
    };
    let body = json!({"recipient": {"id": CONTACT}, "message": {"text": "hi"}, "messaging_type": "RESPONSE"});
    let instagram = send(Login::Instagram, text).await;
    assert_eq!(instagram.line, "POST /graph.instagram.com/v25.0/17841405726653026/messages");
    assert_eq!((instagram.json(), instagram.bearer()), (body.clone(), Some(TOKEN)));
    assert!(instagram.query.is_empty());
    let facebook = send(Login::Facebook, text).await;
    assert_eq!(facebook.line, "POST /graph.facebook.com/v25.0/134895793791914/messages");
    assert_eq!((facebook.json(), facebook.query["appsecret_proof"].as_str()), (body, proof(TOKEN).as_str()));
}

#[tokio::test]
async fn a_reply_with_the_tag_carries_both() {
    let (contact, mid) = (contact(), Mid::try_from("aWdf1").expect("a mid"));
    let reply = OutboundMessage {
        id: &id(),
        recipient: &contact,
        content: Content::Text("yes"),
        reply_to: Some(&mid),
        human_agent: true,
    };
    let body = send(Login::Instagram, reply).await.json();
    assert_eq!(body["reply_to"], json!({"mid": "aWdf1"}));
    assert_eq!((&body["messaging_type"], &body["tag"]), (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT")));
}

#[tokio::test]
async fn one_attachment_and_several_have_their_own_forms() {
    let contact = contact();
    let image = OutboundAttachment { kind: "image", url: "https://example.com/i.png" };
    let json = json!({"type": "image", "payload": {"url": "https://example.com/i.png"}});
    for (images, expected) in
        [(&[image][..], json!({"attachment": json})), (&[image, image][..], json!({"attachments": [json, json]}))]
    {
        let message = OutboundMessage {
            id: &id(),
            recipient: &contact,
            content: Content::Attachments(images),
            reply_to: None,
            human_agent: false,
        };
        assert_eq!(send(Login::Instagram, message).await.json()["message"], expected);
        assert!(!format!("{message:?}").contains("example.com"));
    }
}

#[tokio::test]
async fn actions_and_reactions_go_alone() {
    let meta = FakeMeta::start(|_| ok(&json!({"recipient_id": CONTACT}))).await;
    let (access, contact, mid) = (Access::new(), contact(), Mid::try_from("aWdf1").expect("a mid"));
    with_client(&meta.hosts, Login::Instagram, async |client| {
        client.sender_action(access.get(), &contact, SenderAction::TypingOn).await.expect("done");
        client.react(access.get(), &contact, &mid, Some("love")).await.expect("done");
        client.react(access.get(), &contact, &mid, None).await.expect("done");
    })
    .await;
    let bodies: Vec<Value> = meta.seen().iter().map(super::Seen::json).collect();
    let recipient = json!({"id": CONTACT});
    assert_eq!(bodies[0], json!({"recipient": recipient, "sender_action": "typing_on"}));
    let react = json!({"message_id": "aWdf1", "reaction": "love"});
    assert_eq!(bodies[1], json!({"recipient": recipient, "sender_action": "react", "payload": react}));
    assert_eq!(
        bodies[2],
        json!({"recipient": recipient, "sender_action": "unreact", "payload": {"message_id": "aWdf1"}})
    );
}

#[tokio::test]
async fn webhooks_are_switched_on_read_back_and_switched_off() {
    let meta = FakeMeta::start(|request| {
        if request.line.starts_with("GET") {
            let other = json!({"id": "1", "subscribed_fields": ["feed"]});
            ok(&json!({"data": [other, {"id": "990", "subscribed_fields": ["messages"]}]}))
        } else {
            ok(&json!({"success": true}))
        }
    })
    .await;
    let access = Access::new();
    with_client(&meta.hosts, Login::Facebook, async |client| {
        client.subscribe(access.get(), &["messages"]).await.expect("done");
        let subscription = client.subscription(access.get()).await.expect("read");
        assert_eq!(subscription, Subscription { active: true, fields: vec!["messages".to_owned()] });
        client.unsubscribe(access.get()).await.expect("done");
    })
    .await;
    let path = "/graph.facebook.com/v25.0/134895793791914/subscribed_apps";
    assert_eq!(meta.lines(), ["POST", "GET", "DELETE"].map(|method| format!("{method} {path}")));
    assert_eq!(meta.seen()[0].query["subscribed_fields"], "messages");
}

#[tokio::test]
async fn a_subscription_without_fields_of_instagram_login_is_active_and_an_empty_list_is_not() {
    for (data, active) in [(json!([{}]), true), (json!([]), false)] {
        let meta = FakeMeta::start(move |_| ok(&json!({"data": data}))).await;
        let access = Access::new();
        let subscription =
            with_client(&meta.hosts, Login::Instagram, async |client| client.subscription(access.get()).await).await;
        assert_eq!(subscription.expect("read"), Subscription { active, fields: Vec::new() });
    }
}

#[tokio::test]
async fn a_subscription_that_cannot_be_read_is_not_taken_for_none() {
    for (data, active) in [
        (json!([null]), None),
        (json!([{"id": "990", "subscribed_fields": null}]), Some(true)),
        (json!([{"id": "990", "subscribed_fields": [{"name": "messages"}]}]), Some(true)),
        (json!([{"id": {}}, {"id": "990"}]), Some(true)),
    ] {
        let answer = json!({ "data": data });
        let meta = FakeMeta::start(move |_| ok(&answer)).await;
        let access = Access::new();
        let subscription =
            with_client(&meta.hosts, Login::Facebook, async |client| client.subscription(access.get()).await).await;
        assert_eq!(subscription.ok().map(|subscription| subscription.active), active, "{data}");
    }
}

#[tokio::test]
async fn a_profile_may_lack_everything() {
    let full = json!({"name": "Peter", "username": "peter", "profile_pic": "https://x/p.jpg", "follower_count": 3});
    for (answer, name) in [(full, Some("Peter")), (json!({"name": null, "id": CONTACT}), None)] {
        let meta = FakeMeta::start(move |_| ok(&answer)).await;
        let (access, contact) = (Access::new(), contact());
        let profile: Profile =
            with_client(&meta.hosts, Login::Instagram, async |client| client.profile(access.get(), &contact).await)
                .await
                .expect("a profile");
        assert_eq!(profile.name.as_deref(), name);
    }
}

async fn thread(meta: &FakeMeta, since: &str) -> Thread {
    let (access, contact) = (Access::new(), contact());
    let since = UnixMillis::parse(since).expect("a time");
    let read = async |client: meta::GraphClient<'_>| client.conversation_messages(access.get(), &contact, since).await;
    with_client(&meta.hosts, Login::Instagram, read).await.expect("read")
}

fn listed(mid: &str, time: &str) -> Value {
    json!({"id": mid, "created_time": format!("2026-10-01T{time}+0000")})
}

/// A Meta whose only conversation holds `messages` and shows details one by one.
async fn conversation(messages: Value) -> FakeMeta {
    FakeMeta::start(move |request| {
        let path = request.line.rsplit_once("/v25.0/").map(|(_, path)| path).unwrap_or_default();
        match path {
            "17841405726653026/conversations" => ok(&json!({"data": [{"id": "aWdf/G0"}]})),
            "aWdf%2FG0" => ok(&json!({"messages": messages, "id": "aWdf/G0"})),
            mid => ok(&json!({"id": mid, "created_time": "2026-10-01T10:00:05+0000", "message": "Hello",
                "from": {"id": if mid == "theirs" { CONTACT } else { "17841405726653026" }}})),
        }
    })
    .await
}

#[tokio::test]
async fn recent_messages_are_read_newest_first_with_their_authors() {
    let list = json!({"data": [listed("old", "09:00:00"), listed("theirs", "10:00:05"), listed("ours", "10:00:09")],
        "paging": {"next": "https://x/"}});
    let meta = conversation(list).await;
    let thread = thread(&meta, "2026-10-01T10:00:05.900Z").await;
    assert!(thread.complete);
    let found: Vec<_> = thread.messages.iter().map(|message| (message.mid.as_str(), message.from_contact)).collect();
    assert_eq!(found, [("ours", false), ("theirs", true)]);
    assert_eq!(thread.messages[0].text.as_deref(), Some("Hello"));
    assert!(!format!("{thread:?}").contains("Hello"));
    assert_eq!(meta.seen().len(), 4, "no details of the old one");
}

#[tokio::test]
async fn details_in_the_list_save_calls() {
    let mut message = listed("ours", "10:00:09");
    message["from"] = json!({"id": 17_841_405_726_653_026_u64});
    message["message"] = "Hello".into();
    let meta = conversation(json!({"data": [message]})).await;
    let thread = thread(&meta, "2026-10-01T10:00:00Z").await;
    assert!(thread.complete, "the whole conversation was listed");
    assert_eq!((thread.messages.len(), meta.seen().len()), (1, 2));
}

#[tokio::test]
async fn absence_is_proven_only_by_a_list_that_reaches_back() {
    let since = "2026-10-01T08:00:00Z";
    let recent: Vec<_> = (0..3).map(|number| listed(&format!("m{number}"), "10:00:00")).collect();
    let cut = conversation(json!({"data": recent, "paging": {"next": "https://x/"}})).await;
    assert!(!thread(&cut, since).await.complete);
    let many: Vec<_> = (0..21).map(|number| listed(&format!("m{number}"), "10:00:00")).collect();
    let beyond_details = thread(&conversation(json!({"data": many})).await, since).await;
    assert_eq!((beyond_details.complete, beyond_details.messages.len()), (false, 20));
    let hidden = FakeMeta::start(|_| ok(&json!({"data": []}))).await;
    assert_eq!(thread(&hidden, since).await, Thread::default());
}

/// A Meta whose only conversation holds `messages` and shows their details as `details` says.
async fn conversation_with(
    messages: Value,
    details: impl Fn(&str) -> Option<super::Reply> + Send + Sync + 'static,
) -> FakeMeta {
    FakeMeta::start(move |request| {
        let path = request.line.rsplit_once("/v25.0/").map(|(_, path)| path).unwrap_or_default();
        match path {
            "17841405726653026/conversations" => ok(&json!({"data": [{"id": "G0"}]})),
            "G0" => ok(&json!({ "messages": messages, "id": "G0" })),
            mid => details(mid).unwrap_or_else(|| {
                ok(&json!({"id": mid, "created_time": "2026-10-01T10:00:05+0000", "message": "Hello",
                    "from": {"id": "17841405726653026"}}))
            }),
        }
    })
    .await
}

fn mids(thread: &Thread) -> Vec<&str> {
    thread.messages.iter().map(|message| message.mid.as_str()).collect()
}

#[tokio::test]
async fn a_message_that_cannot_be_read_hides_no_other_and_leaves_open_what_it_was() {
    let refusal = |status: u16, error: Value| (status, Vec::new(), json!({ "error": error }).to_string());
    let refusals = [
        refusal(400, json!({"code": 9_000_001, "message": "This message has been deleted."})),
        refusal(400, json!({"code": 100, "error_subcode": 33, "message": "Unsupported get request."})),
        refusal(400, json!({"code": 10, "message": "Not for this message."})),
        refusal(500, json!({"code": 1, "message": "An unknown error has occurred."})),
        (502, Vec::new(), "<html>".to_owned()),
        ok(&json!({"id": {}})),
    ];
    for odd in refusals {
        let list = json!({"data": [listed("odd", "10:00:09"), listed("ours", "10:00:05")]});
        let answer = odd.clone();
        let meta = conversation_with(list, move |mid| (mid == "odd").then(|| answer.clone())).await;
        let thread = thread(&meta, "2026-10-01T10:00:00Z").await;
        assert_eq!((mids(&thread), thread.complete), (vec!["ours"], false), "{odd:?}");
    }
}

#[tokio::test]
async fn an_element_that_is_no_message_hides_no_other() {
    let list = json!({"data": [null, {"id": {}, "created_time": "2026-10-01T10:00:09+0000"},
        {"id": "odd", "created_time": "yesterday"}, {"id": "timeless"}, listed("ours", "10:00:05")]});
    let meta = conversation_with(list, |_| None).await;
    let thread = thread(&meta, "2026-10-01T10:00:00Z").await;
    assert_eq!((mids(&thread), thread.complete), (vec!["ours"], false));
}

#[tokio::test]
async fn details_are_not_asked_for_any_more_once_meta_wants_no_calls() {
    let list = json!({"data": [listed("one", "10:00:09"), listed("two", "10:00:05")]});
    let limit = json!({"error": {"code": 4, "message": "(#4) Application request limit reached"}}).to_string();
    let meta = conversation_with(list, move |_| Some((400, Vec::new(), limit.clone()))).await;
    let (access, contact) = (Access::new(), contact());
    let since = UnixMillis::parse("2026-10-01T10:00:00Z").expect("a time");
    let read = async |client: meta::GraphClient<'_>| client.conversation_messages(access.get(), &contact, since).await;
    let refusal = with_client(&meta.hosts, Login::Instagram, read).await.expect_err("limited");
    assert_eq!(refusal.class(), meta::FailureClass::RetryLater { after: None });
    assert_eq!(meta.seen().len(), 3);
}

#[tokio::test]
async fn a_list_of_messages_is_read_on_until_it_reaches_back() {
    let meta = FakeMeta::start(|request| {
        let path = request.line.rsplit_once("/v25.0/").map(|(_, path)| path).unwrap_or_default();
        let next = |after: &str| json!({"cursors": {"after": after}, "next": "https://x/"});
        match (path, request.query.get("after").map(String::as_str)) {
            ("17841405726653026/conversations", None) => ok(&json!({"data": [], "paging": next("A")})),
            ("17841405726653026/conversations", Some("A")) => ok(&json!({"data": [{"id": "G0"}]})),
            ("G0", None) => ok(&json!({"messages": {"data": [], "paging": next("B")}, "id": "G0"})),
            ("G0/messages", Some("B")) => ok(&json!({"data": [listed("ours", "10:00:05")], "paging": next("C")})),
            ("G0/messages", Some("C")) => ok(&json!({"data": [listed("old", "09:00:00")], "paging": next("D")})),
            ("ours", None) => ok(&json!({"id": "ours", "created_time": "2026-10-01T10:00:05+0000", "message": "Hello",
                "from": {"id": "17841405726653026"}})),
            other => panic!("{other:?}"),
        }
    })
    .await;
    let thread = thread(&meta, "2026-10-01T10:00:00Z").await;
    assert_eq!((mids(&thread), thread.complete), (vec!["ours"], true));
}
