//! Answers of which nobody knows whether they went out: no contact gets one twice, none is given up that did not go out.

use domain::Channel;
use serde_json::{Value, json};
use stories::World;

use crate::util::{
    INES, LUNA, answers_on_phone, calls, each_with, echoes, eventually, gone_out, greeted, greeted_on, newest,
    settle_in_fast_motion, status_of,
};

/// The next answer meets this failure, after Meta has taken it or before.
async fn doubtful(world: &World, accept: bool, action: &Value) {
    world.meta("POST", "/faults", json!({"endpoint": "messages", "accept": accept, "action": action})).await;
}

#[tokio::test]
async fn an_answer_of_which_nobody_knows_is_never_sent_twice() {
    let doubts = [
        json!({"kind": "cut"}),
        json!({"kind": "html", "status": 502}),
        json!({"kind": "html", "status": 503}),
        json!({"kind": "sent_but_error"}),
    ];
    for (channel, echo) in each_with(["after", "before", "never"]) {
        let world = greeted_on(channel).await;
        echoes(&world, echo).await;
        sent_once_each(&world, &doubts).await;
    }
}

#[tokio::test]
async fn a_server_error_is_no_proof_that_meta_did_not_take_the_answer() {
    let server_error = |status: u16, error: Value| json!({"kind": "error", "status": status, "error": error});
    let doubts = [
        server_error(500, json!({"message": "(#2) Service temporarily unavailable", "code": 2})),
        server_error(500, json!({"message": "An unknown error has occurred.", "code": 1, "is_transient": true})),
        server_error(503, json!({"message": "No server.", "code": -1})),
        server_error(500, json!({"message": "Something new.", "code": 99_999})),
        server_error(500, json!({"message": "(#4) Too many calls.", "code": 4})),
    ];
    let world = greeted().await;
    echoes(&world, "never").await;
    sent_once_each(&world, &doubts).await;
}

#[tokio::test]
async fn a_refusal_after_which_meta_may_have_the_answer_is_no_proof_either() {
    let doubts = [
        json!({"kind": "error", "status": 400, "error": {"message": "Received invalid JSON reply", "code": 1}}),
        json!({"kind": "html", "status": 408}),
    ];
    let world = greeted().await;
    echoes(&world, "never").await;
    sent_once_each(&world, &doubts).await;
}

#[tokio::test]
async fn a_message_that_was_unsent_meanwhile_does_not_hide_the_answer() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        let conversation = ana.conversation().await;
        echoes(&world, "never").await;
        world.meta("PATCH", "/variants", json!({"bare_messages": true})).await;
        doubtful(&world, true, &json!({"kind": "cut"})).await;
        ana.send(&conversation, "hello?").await.json();
        eventually("it is in doubt", async || status_of(&ana, &conversation).await == "uncertain").await;
        let told = world.act(INES, LUNA, json!({"kind": "text", "text": "oh"})).await;
        world.act(INES, LUNA, json!({"kind": "unsend", "mid": told["id"]})).await;
        world.stack.clock().advance(31_000);
        world.settle().await;
        let answer = ana.messages(&conversation).await.into_iter().find(|message| message["text"] == "hello?");
        assert_eq!(answer.expect("the answer")["status"], gone_out(channel));
        assert_eq!(calls(&world, "conversation").await, 1, "the first look finds it");
        assert_eq!(calls(&world, "messages").await, 1);
    }
}

#[tokio::test]
async fn a_list_that_begins_with_an_empty_page_proves_as_much_as_any() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        echoes(&world, "never").await;
        world.meta("PATCH", "/variants", json!({"empty_pages": "between"})).await;
        sent_once_each(&world, &[json!({"kind": "cut"})]).await;
    }
}

/// Sends two answers through each of the failures, and finds each once where everybody looks.
async fn sent_once_each(world: &World, doubts: &[Value]) {
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let mut expected = Vec::new();
    for (number, doubt) in doubts.iter().enumerate() {
        for accept in [true, false] {
            let text = format!("{number} {accept}");
            doubtful(world, accept, doubt).await;
            ana.send(&conversation, &text).await.json();
            settle_in_fast_motion(world).await;
            let sent = newest(&ana, &conversation).await;
            let status = json!(gone_out(world.channel()));
            assert_eq!((&sent["status"], &sent["error"]), (&status, &Value::Null), "{doubt} {accept}");
            expected.push(text);
            assert_eq!(answers_on_phone(world, INES).await, expected, "{doubt} {accept}");
            let phone = world.phone(INES, LUNA).await;
            assert_eq!(sent["provider_message_id"], phone.last().expect("an answer")["mid"], "{doubt} {accept}");
        }
    }
    let authors: Vec<Value> =
        ana.messages(&conversation).await.iter().map(|message| message["author"].clone()).collect();
    assert_eq!(authors.iter().filter(|author| **author == "agent").count(), expected.len(), "{authors:?}");
    assert_eq!(authors.len(), expected.len() + 1, "{authors:?}");
}

#[tokio::test]
async fn media_that_meta_is_still_fetching_are_not_sent_again() {
    for (channel, accept) in Channel::ALL.into_iter().flat_map(|channel| [(channel, true), (channel, false)]) {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        let conversation = ana.conversation().await;
        echoes(&world, "never").await;
        doubtful(&world, accept, &json!({"kind": "cut"})).await;
        let video = json!({"type": "video", "url": "https://example.com/tour.mp4"});
        ana.send_body(json!({"conversationId": conversation["id"], "attachment": video}), &[]).await.json();
        settle_in_fast_motion(&world).await;
        assert_eq!(status_of(&ana, &conversation).await, gone_out(channel), "{channel}, accepted: {accept}");
        assert_eq!(answers_on_phone(&world, INES).await.len(), 1, "{channel}, accepted: {accept}");
        assert_eq!(calls(&world, "messages").await, if accept { 1 } else { 2 }, "{channel}, accepted: {accept}");
    }
}

#[tokio::test]
async fn absence_is_believed_at_the_second_look_only() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    echoes(&world, "never").await;
    doubtful(&world, false, &json!({"kind": "cut"})).await;
    ana.send(&conversation, "hello?").await.json();
    eventually("it is in doubt", async || status_of(&ana, &conversation).await == "uncertain").await;
    world.stack.clock().advance(31_000);
    eventually("Meta is asked twice", async || calls(&world, "conversation").await >= 2).await;
    assert_eq!(calls(&world, "messages").await, 1, "two looks within seconds are one");
    world.stack.clock().advance(31_000);
    world.settle().await;
    assert_eq!(answers_on_phone(&world, INES).await, ["hello?"]);
    assert_eq!(calls(&world, "messages").await, 2);
}

#[tokio::test]
async fn answers_that_messengers_list_knows_by_other_ids_are_found_by_their_time() {
    let world = greeted_on(Channel::Messenger).await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    world.meta("PATCH", "/variants", json!({"listed_mids": true})).await;
    for echo in ["after", "never"] {
        echoes(&world, echo).await;
        for accept in [true, false] {
            ana.send(&conversation, "yes").await.json();
            world.settle().await;
            doubtful(&world, accept, &json!({"kind": "cut"})).await;
            ana.send(&conversation, "yes").await.json();
            settle_in_fast_motion(&world).await;
            assert_eq!(status_of(&ana, &conversation).await, "delivered", "echo {echo}, accepted: {accept}");
        }
    }
    assert_eq!(answers_on_phone(&world, INES).await, ["yes"; 8]);
    let authors: Vec<Value> =
        ana.messages(&conversation).await.iter().map(|message| message["author"].clone()).collect();
    assert_eq!(authors.iter().filter(|author| **author == "agent").count(), 8, "{authors:?}");
    assert_eq!(authors.len(), 9, "{authors:?}");
}

#[tokio::test]
async fn an_answer_that_its_echo_settles_holds_nothing_up() {
    // With the function's own waits. Meta is asked after half a minute at the earliest; what goes out without a question did not
    // wait for it.
    let world = World::start_with(|settings| settings.retry_delay = None).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    let conversation = ana.conversation().await;
    doubtful(&world, true, &json!({"kind": "cut"})).await;
    for text in ["one", "two"] {
        ana.send(&conversation, text).await.json();
    }
    world.settle().await;
    assert_eq!(answers_on_phone(&world, INES).await, ["one", "two"]);
    assert_eq!(calls(&world, "conversations").await, 0);
    let looks = world.stack.aws().calls().snapshot();
    let hidden = looks.iter().filter(|call| call.operation == "ChangeMessageVisibility").count();
    assert!(hidden <= 2, "{hidden} times");
}
