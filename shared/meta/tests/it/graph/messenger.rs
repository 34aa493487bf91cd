//! A Page as somebody whom people write to.

use domain::channel::{Account, Channel, Login};
use domain::id::{Mid, PageId};
use domain::time::UnixMillis;
use meta::graph::{AccountProblem, Content, LoginGrant, OutboundMessage, Profile, SenderAction, Thread};
use meta::{FailureClass, GraphClient, GraphError};
use serde_json::{Value, json};

use super::{Access, FakeMeta, NOW, PAGE, Reply, TOKEN, contact, id, ok, proof, token, with_client};
use crate::util::CONTACT;

const SCOPES: [&str; 3] = ["pages_show_list", "pages_messaging", "pages_manage_metadata"];

async fn with<T>(meta: &FakeMeta, work: impl AsyncFnOnce(GraphClient<'_>) -> T) -> T {
    with_client(&meta.hosts, Login::Facebook, work).await
}

async fn send(meta: &FakeMeta, reply_to: Option<&Mid>, human_agent: bool) -> Result<Mid, GraphError> {
    let (access, recipient, id) = (Access::of_page(), contact(), id());
    let message =
        OutboundMessage { id: &id, recipient: &recipient, content: Content::Text("Yes"), reply_to, human_agent };
    Ok(with(meta, async |client| client.send(access.get(), message).await).await?.mid)
}

fn refusal(status: u16, code: i64, subcode: Option<i64>, message: &str) -> Reply {
    let error = json!({"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode});
    (status, Vec::new(), json!({ "error": error }).to_string())
}

#[tokio::test]
async fn a_message_takes_our_id_along_and_needs_no_recipient_in_the_answer() {
    let meta = FakeMeta::start(|_| ok(&json!({"message_id": "m_B1"}))).await;
    assert_eq!(send(&meta, None, false).await.expect("sent").as_str(), "m_B1");
    let [request] = meta.seen().try_into().expect("one request");
    assert_eq!(request.line, format!("POST /graph.facebook.com/v25.0/{PAGE}/messages"));
    let message = json!({"text": "Yes", "metadata": id().as_str()});
    let body = json!({"recipient": {"id": CONTACT}, "messaging_type": "RESPONSE", "message": message});
    assert_eq!((request.json(), request.query["appsecret_proof"].as_str()), (body, proof(TOKEN).as_str()));
}

#[tokio::test]
async fn a_late_answer_of_a_person_carries_the_tag() {
    let meta = FakeMeta::start(|_| ok(&json!({"recipient_id": CONTACT, "message_id": "m_B1"}))).await;
    send(&meta, Mid::try_from("m_A1").ok().as_ref(), true).await.expect("sent");
    let body = meta.seen()[0].json();
    assert_eq!((&body["messaging_type"], &body["tag"]), (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT")));
    assert_eq!(body["reply_to"], json!({"mid": "m_A1"}));
}

#[tokio::test]
async fn an_error_is_one_whatever_the_http_status_says() {
    let restricted = FailureClass::Account(AccountProblem::Restricted);
    let too_long = "(#100) Length of param message[text] must be less than or equal to 2000";
    let cases = [
        (10, Some(2_018_278), "", FailureClass::Permanent, "window_closed"),
        (200, Some(1_545_041), "", FailureClass::Permanent, "contact_unavailable"),
        (551, None, "", FailureClass::Permanent, "contact_unavailable"),
        (10, Some(2_018_108), "", FailureClass::Permanent, "contact_unavailable"),
        (100, Some(2_018_001), "", FailureClass::Permanent, "no_such_contact"),
        (100, None, too_long, FailureClass::Permanent, "text_too_long"),
        (100, Some(2_018_109), "", FailureClass::Permanent, "media_refused"),
        (36000, None, "", FailureClass::Permanent, "media_refused"),
        (10900, None, "", FailureClass::Permanent, "comment_invalid"),
        (10903, None, "", FailureClass::Permanent, "comment_invalid"),
        (10, Some(1_893_063), "", restricted, "restricted"),
        (368, None, "", restricted, "restricted"),
        (100, Some(2_534_122), "", restricted, "restricted"),
    ];
    for (code, subcode, message, class, reason) in cases {
        for status in [200, 400] {
            let meta = FakeMeta::start(move |_| refusal(status, code, subcode, message)).await;
            let error = send(&meta, None, false).await.expect_err("refused");
            let explained = error.explain(Channel::Messenger);
            assert_eq!((error.class(), explained.reason.as_str()), (class, reason), "{status} {code}/{subcode:?}");
            assert!(!format!("{} {}", explained.title, explained.advice).contains("Instagram"), "{explained:?}");
        }
    }
}

#[tokio::test]
async fn actions_go_to_the_page() {
    let meta = FakeMeta::start(|_| ok(&json!({"recipient_id": CONTACT}))).await;
    let (access, contact) = (Access::of_page(), contact());
    with(&meta, async |client| client.sender_action(access.get(), &contact, SenderAction::MarkSeen).await)
        .await
        .expect("done");
    assert_eq!(meta.seen()[0].json(), json!({"recipient": {"id": CONTACT}, "sender_action": "mark_seen"}));
}

async fn profile(answer: Reply) -> (Result<Profile, GraphError>, super::Seen) {
    let meta = FakeMeta::start(move |_| answer.clone()).await;
    let (access, contact) = (Access::of_page(), contact());
    let profile = with(&meta, async |client| client.profile(access.get(), &contact).await).await;
    let [request] = meta.seen().try_into().expect("one request");
    (profile, request)
}

#[tokio::test]
async fn a_person_has_a_name_of_two_parts_and_a_picture() {
    for (answer, name, picture) in [
        (json!({"first_name": "Ana", "last_name": "Kos", "profile_pic": "https://x/p.jpg"}), Some("Ana Kos"), true),
        (json!({"first_name": "Ana", "last_name": null, "id": CONTACT}), Some("Ana"), false),
        (json!({"first_name": "", "last_name": " ", "profile_pic": "https://x/p.jpg"}), None, true),
    ] {
        let (profile, request) = profile(ok(&answer)).await;
        let profile = profile.expect("a profile");
        assert_eq!((profile.name.as_deref(), profile.picture_url.is_some()), (name, picture), "{answer}");
        assert_eq!(request.line, format!("GET /graph.facebook.com/v25.0/{CONTACT}"));
        assert_eq!(request.query["fields"], "first_name,last_name,profile_pic");
    }
}

#[tokio::test]
async fn a_person_without_anything_means_that_the_app_sees_no_profiles() {
    for empty in [json!({}), json!({ "id": CONTACT })] {
        let (hidden, _) = profile(ok(&empty)).await;
        let hidden = hidden.expect_err("nothing");
        assert!(matches!(hidden, GraphError::ProfilesHidden));
        assert_eq!(hidden.class(), FailureClass::Account(AccountProblem::NotReviewed));
    }
}

#[tokio::test]
async fn a_person_known_by_a_telephone_number_has_no_profile() {
    let (refused, _) = profile(refusal(400, 100, Some(2_018_218), "")).await;
    let refused = refused.expect_err("refused");
    assert_eq!(
        (refused.class(), refused.refusal().and_then(|refusal| refusal.code)),
        (FailureClass::Permanent, Some(100))
    );
}

/// The conversation with these participants, and what was asked for it.
async fn conversation(people: Value) -> (Thread, super::Seen) {
    let meta = FakeMeta::start(move |request| {
        let path = request.line.rsplit_once("/v25.0/").map(|(_, path)| path).unwrap_or_default();
        let listed = |mid: &str, time: &str, from: &str| {
            let created = format!("2026-11-30T{time}+0000");
            json!({"id": mid, "created_time": created, "from": {"id": from}, "message": "Hello"})
        };
        if path == format!("{PAGE}/conversations") {
            ok(&json!({"data": [{"id": "t_9001", "participants": people}]}))
        } else {
            let messages = json!([listed("m_B1", "10:00:05", PAGE), listed("m_A1", "10:00:01", CONTACT)]);
            ok(&json!({"id": "t_9001", "messages": {"data": messages}}))
        }
    })
    .await;
    let (access, contact) = (Access::of_page(), contact());
    let since = UnixMillis::parse("2026-11-30T10:00:00Z").expect("a time");
    let thread = with(&meta, async |client| client.conversation_messages(access.get(), &contact, since).await).await;
    (thread.expect("a conversation"), meta.seen().remove(0))
}

#[tokio::test]
async fn a_conversation_tells_its_messages() {
    let (thread, asked) = conversation(json!({"data": [{"name": "Shop", "id": PAGE}]})).await;
    assert!(thread.complete);
    let found: Vec<_> = thread.messages.iter().map(|message| (message.mid.as_str(), message.from_contact)).collect();
    assert_eq!(found, [("m_B1", false), ("m_A1", true)]);
    assert_eq!((asked.query["platform"].as_str(), asked.query["user_id"].as_str()), ("messenger", CONTACT));
}

/// The contact's name where a conversation has these participants.
async fn name_among(participants: Value) -> Option<String> {
    let meta = FakeMeta::start(move |_| ok(&json!({"data": [{"id": "t_9001", "participants": participants}]}))).await;
    let (access, contact) = (Access::of_page(), contact());
    let name = with(&meta, async |client| client.contact_name(access.get(), &contact).await).await;
    let asked = meta.seen().remove(0);
    assert_eq!((asked.query["platform"].as_str(), asked.query["user_id"].as_str()), ("messenger", CONTACT));
    name.expect("an answer")
}

#[tokio::test]
async fn a_conversation_tells_who_the_person_is() {
    let ana = json!({"name": "Ana", "email": "x@facebook.com", "id": CONTACT});
    assert_eq!(name_among(json!({"data": [{"name": "Shop", "id": PAGE}, ana]})).await.as_deref(), Some("Ana"));
    for odd in [Value::Null, json!("nobody"), json!({"data": [null, {"id": {}}, {"id": CONTACT, "name": ""}]})] {
        assert_eq!(name_among(odd.clone()).await, None, "{odd}");
    }
}

#[tokio::test]
async fn whether_the_page_may_be_messaged_for_is_asked_about_its_own_conversations() {
    let meta = FakeMeta::start(|_| ok(&json!({"data": []}))).await;
    let access = Access::of_page();
    with(&meta, async |client| client.try_messaging(access.get()).await).await.expect("an answer");
    assert_eq!(meta.seen()[0].query["platform"], "messenger");
}

#[tokio::test]
async fn a_page_is_subscribed_and_what_it_lacks_is_told() {
    let meta = FakeMeta::start(|request| {
        if request.line.starts_with("GET") {
            ok(&json!({"data": [{"id": "990", "subscribed_fields": ["messages", "message_echoes"]}]}))
        } else {
            ok(&json!({"success": true}))
        }
    })
    .await;
    let access = Access::of_page();
    let wanted = ["messages", "message_echoes", "message_reads"];
    let subscription = with(&meta, async |client| {
        client.subscribe(access.get(), &wanted).await.expect("done");
        client.subscription(access.get()).await.expect("read")
    })
    .await;
    assert_eq!(subscription.lacks(&wanted), ["message_reads"]);
    assert_eq!(meta.lines()[0], format!("POST /graph.facebook.com/v25.0/{PAGE}/subscribed_apps"));
    assert_eq!(meta.seen()[0].query["subscribed_fields"], wanted.join(","));
}

#[tokio::test]
async fn the_dashboards_fields_are_those_of_the_channels_object() {
    let meta = FakeMeta::start(|_| {
        let fields = |object: &str, field: &str| json!({"object": object, "active": true, "fields": [{"name": field}]});
        ok(&json!({"data": [fields("instagram", "comments"), fields("page", "messages")]}))
    })
    .await;
    for (channel, field) in [(Channel::Instagram, "comments"), (Channel::Messenger, "messages")] {
        let fields = with(&meta, async |client| client.app_fields(channel).await).await;
        assert_eq!(fields.expect("fields"), [field]);
    }
}

fn page(id: &str, tasks: &Value) -> Value {
    json!({"id": id, "name": format!("Page {id}"), "access_token": format!("EAA{id}"), "tasks": tasks})
}

fn grant(channels: &[Channel]) -> LoginGrant {
    LoginGrant {
        token: token(),
        app_scoped_user_id: "1207059".try_into().ok(),
        scopes: Vec::new(),
        channels: channels.to_vec(),
        issued_at: NOW,
        expires_at: None,
        data_access_expires_at: None,
        pages: Vec::new(),
    }
}

/// Meta where `me/accounts` answers this, and there are no portfolios.
async fn listing(pages: Value) -> FakeMeta {
    let answer = json!({ "data": pages });
    FakeMeta::start(move |request| {
        ok(&if request.line.ends_with("/me/accounts") { answer.clone() } else { json!({"data": []}) })
    })
    .await
}

#[tokio::test]
async fn every_page_that_a_person_may_answer_for_and_subscribe_is_an_account() {
    let mut without_token = page("5", &json!(["MESSAGING", "MANAGE"]));
    without_token.as_object_mut().expect("an object").remove("access_token");
    let meta = listing(json!([
        page("1", &json!(["MESSAGING", "MODERATE"])),
        page("2", &json!(["PROFILE_PLUS_MESSAGING", "PROFILE_PLUS_CREATE_CONTENT"])),
        page("3", &json!(["MODERATE"])),
        page("4", &json!(["MESSAGING", "ANALYZE"])),
        without_token,
    ]))
    .await;
    let found = with(&meta, async |client| client.accounts(&grant(&[Channel::Messenger])).await).await.expect("found");
    let accounts: Vec<_> =
        found.accounts.iter().map(|account| (account.account.id.as_str(), account.unavailable)).collect();
    let expected = [("1", None), ("2", None), ("3", Some("no_messaging_task")), ("4", Some("no_moderation_task"))];
    assert_eq!(accounts, expected);
    let first = &found.accounts[0];
    assert_eq!(first.account, Account::messenger(&PageId::try_from("1").expect("digits")));
    assert_eq!((first.username.as_str(), first.token.expose(), &first.page_id), ("Page 1", "EAA1", &None));
    assert_eq!(found.unlinked_pages[0].reason, "no_page_token");
}

#[tokio::test]
async fn one_login_for_both_channels_brings_the_page_and_its_instagram_account() {
    let mut linked = page("1", &json!(["MESSAGING", "MODERATE"]));
    linked["instagram_business_account"] = json!({"id": "11", "username": "shop"});
    let alone = page("2", &json!(["MESSAGING", "MODERATE"]));
    let meta = listing(json!([linked, alone])).await;
    let found = with(&meta, async |client| client.accounts(&grant(&Channel::ALL)).await).await.expect("found");
    let accounts: Vec<_> = found.accounts.iter().map(|account| account.account.to_string()).collect();
    assert_eq!(accounts, ["meta_instagram#11", "meta_messenger#1", "meta_messenger#2"]);
    let unlinked: Vec<_> = found.unlinked_pages.iter().map(|page| (page.page_id.as_str(), &*page.reason)).collect();
    assert_eq!(unlinked, [("2", "no_instagram_account")]);
}

#[tokio::test]
async fn the_permissions_that_messenger_needs_suffice_for_it_alone() {
    let info = json!({"type": "USER", "is_valid": true, "user_id": "1207059", "expires_at": 0, "scopes": SCOPES});
    let meta = FakeMeta::start(move |_| ok(&json!({ "data": info }))).await;
    let channels = async |asked: &[Channel]| {
        let grant = grant(asked);
        Ok::<_, GraphError>(with(&meta, async |client| client.long_lived(grant, NOW).await).await?.channels)
    };
    assert_eq!(channels(&[Channel::Messenger]).await.expect("a grant"), [Channel::Messenger]);
    assert_eq!(channels(&Channel::ALL).await.expect("a grant"), [Channel::Messenger]);
    let missing = channels(&[Channel::Instagram]).await;
    assert!(matches!(missing, Err(GraphError::MissingScopes(missing)) if missing.len() == 2));
}

#[tokio::test]
async fn a_pasted_token_is_of_the_page_or_of_the_account_that_it_is_linked_to() {
    let linked = json!({"id": "11", "username": "shop"});
    let answer = json!({"id": PAGE, "name": "Shop", "instagram_business_account": linked});
    let meta = FakeMeta::start(move |_| ok(&answer)).await;
    let pasted = token();
    for (channel, account) in [(Channel::Messenger, PAGE), (Channel::Instagram, "11")] {
        let found = with(&meta, async |client| client.account_of(channel, &pasted).await).await.expect("an account");
        assert_eq!((found.account.channel, found.account.id.as_str()), (channel, account));
        assert_eq!(found.token.expose(), TOKEN);
    }
}
