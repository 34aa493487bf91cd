//! Who a contact is: asked of Meta when there is a reason, shown while it is true.

use std::time::Duration;

use domain::Channel;
use local_aws::{Effect, FaultRule, Filter, Service};
use serde_json::{Value, json};
use stories::{Browser, World};

use crate::util::{INES, KOFI, LUNA, audited, calls, greeted, greeted_on, luna, luna_on, standing_fault};

const MINUTE_MS: i64 = 60 * 1000;

/// The contact of the person's newest conversation.
async fn contact(person: &Browser<'_>) -> Value {
    person.conversation().await["contact"].clone()
}

/// Somebody opens the newest conversation, and what follows from it has happened.
async fn open(world: &World, person: &Browser<'_>) {
    let conversation = person.conversation().await;
    person.messages(&conversation).await;
    world.settle().await;
}

/// How often the inbox ordered a profile.
fn orders(world: &World) -> usize {
    world.stack.aws().calls().count(&Filter::all().function("inbox").operation("SendMessage"))
}

async fn app_switch(world: &World, change: Value) {
    let app = world.stack.app(world.login()).expect("an app");
    world.meta("PATCH", &format!("/apps/{}", app.app_id), change).await;
}

#[tokio::test]
async fn a_contact_whom_an_ad_brought_has_a_name_with_their_next_message() {
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
        let ana = world.browser("ana");
        world.act(INES, LUNA, json!({"kind": "ad_message", "text": "price?"})).await;
        world.settle().await;
        let stranger = contact(&ana).await;
        assert_eq!((&stranger["profile_state"], &stranger["name"]), (&json!("refused"), &Value::Null));
        assert_eq!(stranger["display_name"], stranger["id"], "never empty");
        world.dm(INES, LUNA, "for two, please").await;
        let known = contact(&ana).await;
        assert_eq!((&known["profile_state"], &known["name"]), (&json!("known"), &json!("Inès Moreau")));
    }
}

#[tokio::test]
async fn meta_is_not_asked_again_with_every_message_while_it_does_not_answer() {
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
        standing_fault(&world, "profile", json!({"kind": "html", "status": 503})).await;
        for text in ["hello?", "is anybody there?", "hello!"] {
            world.dm(INES, LUNA, text).await;
        }
        assert_eq!(calls(&world, "profile").await, 1);
        world.stack.clock().advance(2 * MINUTE_MS);
        world.dm(INES, LUNA, "and now?").await;
        world.dm(INES, LUNA, "well").await;
        assert_eq!(calls(&world, "profile").await, 2);
        assert_eq!(contact(&world.browser("ana")).await["profile_state"], "unknown");
    }
}

#[tokio::test]
async fn without_advanced_access_the_card_says_so_once_instead_of_a_call_with_every_message() {
    let world = luna().await;
    let ana = world.browser("ana");
    app_switch(&world, json!({"standard_access": true})).await;
    for writer in [INES, KOFI, INES, KOFI] {
        world.dm(writer, LUNA, "hello").await;
        world.stack.clock().advance(2 * MINUTE_MS);
    }
    assert_eq!(calls(&world, "profile").await, 1);
    let card = ana.status().await["connections"][0].clone();
    assert_eq!((&card["status"], &card["profiles_refused"]["reason"]), (&json!("active"), &json!("app_not_reviewed")));
    assert_eq!(audited(&ana, "connection.profiles_refused").await, 1);

    // A day later Meta still refuses: asked once, told no second time.
    world.advance_hours(25);
    for writer in [INES, KOFI] {
        world.dm(writer, LUNA, "hello?").await;
    }
    let ana = world.browser("ana");
    assert_eq!(calls(&world, "profile").await, 2);
    assert_eq!(audited(&ana, "connection.profiles_refused").await, 1);

    app_switch(&world, json!({"standard_access": false})).await;
    world.advance_hours(25);
    world.dm(INES, LUNA, "me again").await;
    let ana = world.browser("ana");
    assert_eq!(ana.conversations().await[0]["contact"]["name"], "Inès Moreau");
    assert_eq!(ana.status().await["connections"][0]["profiles_refused"], Value::Null);
}

#[tokio::test]
async fn an_app_that_may_not_see_messengers_profiles_is_told_from_a_contact_who_has_not_written() {
    let world = luna_on(Channel::Messenger).await;
    let ana = world.browser("ana");
    let connection = async || ana.status().await["connections"][0].clone();
    // Meta's answer is the same: nothing at all.
    for action in [
        json!({"kind": "referral", "ref": "poster"}),
        json!({"kind": "ad_message", "text": "price?"}),
        json!({"kind": "lead"}),
    ] {
        world.act(INES, LUNA, action).await;
        world.settle().await;
    }
    assert_eq!(contact(&ana).await["profile_state"], "refused");
    assert_eq!(connection().await["profiles_refused"], Value::Null, "who has not written proves nothing");
    app_switch(&world, json!({"profile_access": false})).await;
    world.dm(KOFI, LUNA, "hello").await;
    world.dm(INES, LUNA, "for two, please").await;
    assert_eq!(connection().await["profiles_refused"]["reason"], "app_not_reviewed");
    assert_eq!(audited(&ana, "connection.profiles_refused").await, 1);
    assert_eq!(calls(&world, "profile").await, 2, "once for the ad's contact, once for the writer");
    for conversation in ana.conversations().await {
        let contact = &conversation["contact"];
        assert!(["Inès Moreau", "Kofi Mensah"].contains(&contact["name"].as_str().unwrap_or_default()), "{contact}");
        assert_eq!(contact["picture_url"], Value::Null, "the conversation has names only");
    }

    app_switch(&world, json!({"profile_access": true})).await;
    world.advance_hours(25);
    world.dm(KOFI, LUNA, "me again").await;
    let ana = world.browser("ana");
    assert_eq!(ana.conversations().await[0]["contact"]["name"], "Kofi Mensah");
}

#[tokio::test]
async fn a_contact_without_a_profile_has_the_name_that_the_conversation_tells() {
    let world = luna_on(Channel::Messenger).await;
    world.meta("PATCH", &format!("/contacts/{INES}"), json!({"phone_number_only": true})).await;
    world.dm(INES, LUNA, "hello").await;
    let ines = contact(&world.browser("ana")).await;
    assert_eq!((&ines["name"], &ines["profile_state"]), (&json!("Inès Moreau"), &json!("known")));

    standing_fault(&world, "conversations", json!({"kind": "html", "status": 503})).await;
    world.meta("PATCH", &format!("/contacts/{KOFI}"), json!({"phone_number_only": true})).await;
    world.dm(KOFI, LUNA, "me too").await;
    let kofi = world.browser("ana").conversations().await[0].clone();
    assert_eq!(kofi["last_message"]["preview"], "me too");
    assert_eq!((&kofi["contact"]["name"], &kofi["contact"]["profile_state"]), (&Value::Null, &json!("refused")));
}

#[tokio::test]
async fn a_contact_who_renamed_themselves_is_shown_so_once_somebody_opens_the_conversation() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        world
            .meta("PATCH", &format!("/contacts/{INES}"), json!({"name": "Inès Duval", "renamed_to": "ines.duval"}))
            .await;
        world.advance_hours(25);
        world.dm(INES, LUNA, "hello again").await;
        let ana = world.browser("ana");
        assert_eq!((contact(&ana).await["name"].clone(), calls(&world, "profile").await), (json!("Inès Moreau"), 1));
        open(&world, &ana).await;
        let renamed = contact(&ana).await;
        let username = match channel {
            Channel::Instagram => json!("ines.duval"),
            Channel::Messenger => Value::Null,
        };
        assert_eq!((&renamed["name"], &renamed["username"]), (&json!("Inès Duval"), &username));
        open(&world, &ana).await;
        assert_eq!(calls(&world, "profile").await, 2, "what is fresh is not asked for");
    }
}

#[tokio::test]
async fn a_picture_is_not_shown_when_its_address_may_have_expired_and_comes_back_when_opened() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let shown = async |person: &Browser<'_>| contact(person).await["picture_url"].clone();
        let works = async |address: &Value| {
            let address = address.as_str().expect("an address");
            reqwest::get(address).await.expect("an answer").status() == 200
        };
        let first = shown(&world.browser("ana")).await;
        assert!(works(&first).await);
        world.advance_hours(73);
        let ana = world.browser("ana");
        assert!(!works(&first).await, "Meta's addresses expire");
        assert_eq!(shown(&ana).await, Value::Null);
        open(&world, &ana).await;
        assert!(works(&shown(&ana).await).await);
    }
}

#[tokio::test]
async fn an_inbox_that_polls_asks_meta_once() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        world.advance_hours(25);
        let ana = world.browser("ana");
        let conversation = ana.conversation().await;
        for _ in 0..5 {
            ana.messages(&conversation).await;
        }
        world.settle().await;
        assert_eq!(calls(&world, "profile").await, 2, "once with the first message, once now");
        let before = orders(&world);
        open(&world, &ana).await;
        assert_eq!(orders(&world), before, "nothing is ordered while it is fresh");
    }
}

#[tokio::test]
async fn a_comment_alone_is_no_reason_to_ask() {
    let world = luna().await;
    world.act(INES, LUNA, json!({"kind": "comment", "text": "price?"})).await;
    world.settle().await;
    assert_eq!(calls(&world, "profile").await, 0);
    world.dm(INES, LUNA, "price?").await;
    assert_eq!(contact(&world.browser("ana")).await["name"], "Inès Moreau");
}

#[tokio::test]
async fn a_conversation_of_a_disconnected_account_is_read_without_asking_again_and_again() {
    let world = greeted().await;
    let ana = world.browser("ana");
    ana.disconnect(json!({})).await.json();
    world.advance_hours(25);
    let ana = world.browser("ana");
    open(&world, &ana).await;
    let before = orders(&world);
    for _ in 0..3 {
        open(&world, &ana).await;
    }
    assert_eq!(orders(&world), before);
    assert_eq!((contact(&ana).await["name"].clone(), calls(&world, "profile").await), (json!("Inès Moreau"), 1));
}

#[tokio::test]
async fn a_queue_that_does_not_answer_keeps_nobody_from_a_conversation() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    world.advance_hours(25);
    let ana = world.browser("ana");
    let rules = [
        FaultRule::on(Service::DynamoDb, "GetItem", Effect::delay_before(Duration::from_secs(3))).times(1),
        FaultRule::on(Service::Sqs, "SendMessage", Effect::delay_before(Duration::from_secs(30))),
    ];
    let [_, queue] = rules.map(|rule| world.stack.aws().faults().inject(rule.from_function("inbox")));
    assert_eq!(ana.texts(&conversation).await, ["Hola"]);
    assert!(world.stack.aws().faults().hits(queue) > 0, "a profile was to be asked for");
}
