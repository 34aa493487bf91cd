//! Until when one may answer: our reckoning, Meta's word, and what holds when the answer goes out.

use domain::Channel;
use local_aws::{Effect, FaultRule, Service};
use serde_json::{Value, json};
use stories::{Browser, World};

use crate::util::{
    INES, KOFI, LUNA, answered, answers_on_phone, approve_human_agent, audited, calls, eventually, gone_out,
    greeted_on, luna_on, newest,
};

/// Meta says that the time to answer is over.
async fn closed_by_meta(world: &World) {
    let error = json!({"message": "(#10) This message is sent outside of allowed window.", "code": 10});
    world.fault("messages", json!({"kind": "error", "status": 400, "error": error})).await;
}

/// The conversation with a contact, as the list shows it.
async fn with(person: &Browser<'_>, contact: &str) -> Value {
    let listed = person.conversations().await;
    listed.into_iter().find(|listed| listed["contact"]["name"] == contact).expect("theirs")
}

#[tokio::test]
async fn a_window_that_meta_calls_closed_is_shown_closed_until_the_contact_writes_again() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        world.dm(KOFI, LUNA, "Hi").await;
        let ines = with(&ana, "Inès Moreau").await;
        closed_by_meta(&world).await;
        ana.send(&ines, "sorry for the wait").await.json();
        world.settle().await;
        let failed = newest(&ana, &ines).await;
        assert_eq!((&failed["status"], &failed["error"]["reason"]), (&json!("failed"), &json!("window_closed")));
        let until = with(&ana, "Inès Moreau").await["reply_until"].clone();
        assert!(until.as_str() < ines["reply_until"].as_str(), "{until} is still to come");
        let refused = ana.send(&ines, "again").await;
        assert_eq!(refused.problem_kind(409), "reply-window-closed");
        assert_eq!(refused.problem(409)["reply_until"], until);
        ana.send(&with(&ana, "Kofi Mensah").await, "welcome").await.json();
        world.settle().await;
        assert_eq!(answers_on_phone(&world, KOFI).await, ["welcome"]);

        world.stack.clock().advance(1000);
        world.dm(INES, LUNA, "hello?").await;
        ana.send(&ines, "there you are").await.json();
        world.settle().await;
        assert_eq!(answers_on_phone(&world, INES).await, ["there you are"]);
        assert_eq!(audited(&ana, "connection.failed").await, 0);
    }
}

#[tokio::test]
async fn a_persons_answer_goes_out_with_the_tag_where_meta_calls_the_plain_window_closed() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        approve_human_agent(&world).await;
        world.stack.clock().advance(6 * 60_000); // the functions look for a new secret every five minutes
        closed_by_meta(&world).await;
        let ana = world.browser("ana");
        let sent = answered(&world, &ana, "sorry for the wait").await;
        assert_eq!((&sent["status"], &sent["tag"]), (&json!(gone_out(channel)), &json!("HUMAN_AGENT")));
        assert_eq!(calls(&world, "messages").await, 2);
        assert_eq!(answers_on_phone(&world, INES).await, ["sorry for the wait"]);
        closed_by_meta(&world).await;
        let robot = world.browser("robot");
        assert_eq!(robot.send(&robot.conversation().await, "beep").await.problem_kind(409), "reply-window-closed");
    }
}

#[tokio::test]
async fn the_tag_follows_from_the_time_at_which_an_answer_goes_out() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        approve_human_agent(&world).await;
        world.stack.clock().advance((24 * 60 - 2) * 60_000);
        let ana = world.browser("ana");
        let conversation = ana.conversation().await;
        let hold = || {
            let busy = FaultRule::on(Service::DynamoDb, "UpdateItem", Effect::throughput_exceeded());
            world.stack.aws().faults().inject(busy.from_function("sender"));
        };
        // Accepted in the window, sent after it.
        hold();
        assert_eq!(ana.send(&conversation, "just in time").await.json()["tag"], Value::Null);
        world.stack.clock().advance(5 * 60_000);
        world.stack.aws().faults().clear();
        world.settle().await;
        let sent = newest(&ana, &conversation).await;
        assert_eq!((&sent["status"], &sent["tag"]), (&json!(gone_out(channel)), &json!("HUMAN_AGENT")));
        // Accepted after it, and meanwhile the contact writes.
        hold();
        assert_eq!(ana.send(&conversation, "still there?").await.json()["tag"], "HUMAN_AGENT");
        world.act(INES, LUNA, json!({"kind": "text", "text": "yes"})).await;
        eventually("it arrives", async || ana.texts(&conversation).await.contains(&"yes".to_owned())).await;
        world.stack.aws().faults().clear();
        world.settle().await;
        let messages = ana.messages(&conversation).await;
        let sent = messages.iter().find(|message| message["text"] == "still there?").expect("the answer");
        assert_eq!(
            (&sent["status"], &sent["tag"]),
            (&json!(gone_out(channel)), &Value::Null),
            "the tag would be misuse"
        );
    }
}

#[tokio::test]
async fn a_thread_from_an_advertisement_is_answered_for_up_to_seven_days() {
    for channel in Channel::ALL {
        let world = luna_on(channel).await;
        world.act(INES, LUNA, json!({"kind": "ad_message", "text": "price?"})).await;
        world.settle().await;
        world.advance_hours(3 * 24);
        let ana = world.browser("ana");
        assert_eq!(answered(&world, &ana, "9 €").await["status"], gone_out(channel), "{channel}");
        world.advance_hours(4 * 24);
        let ana = world.browser("ana");
        let refused = ana.send(&ana.conversation().await, "still 9 €").await;
        assert_eq!(refused.problem_kind(409), "reply-window-closed", "{channel}");
    }
}

#[tokio::test]
async fn what_messenger_says_of_people_is_told_from_what_it_says_of_the_window() {
    let refusals = [
        ("closed_window", "outside", "window_closed"),
        ("closed_window", "not_receiving", "contact_unavailable"),
        ("unreachable", "unavailable", "contact_unavailable"),
        ("unreachable", "blocked", "contact_unavailable"),
        ("unreachable", "not_receiving", "contact_unavailable"),
    ];
    for (what, how, reason) in refusals {
        let world = luna_on(Channel::Messenger).await;
        // What an advertisement opened, Meta may keep open for seven days; a link ends that.
        world.dm(INES, LUNA, "Hola").await;
        world.meta("PATCH", "/variants", json!({what: how})).await;
        if what == "unreachable" {
            world.meta("PATCH", &format!("/contacts/{INES}"), json!({"reachable": false})).await;
        } else {
            world.act(INES, LUNA, json!({"kind": "ad_message", "text": "price?"})).await;
            world.settle().await;
            world.advance_hours(3 * 24);
            world.act(INES, LUNA, json!({"kind": "referral", "ref": "poster"})).await;
            world.settle().await;
            world.advance_hours(2 * 24);
        }
        let ana = world.browser("ana");
        let failed = answered(&world, &ana, "hello?").await;
        assert_eq!((&failed["status"], &failed["error"]["reason"]), (&json!("failed"), &json!(reason)), "{what} {how}");
    }
}
