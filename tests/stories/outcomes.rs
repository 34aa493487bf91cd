//! What becomes of an accepted answer with each of Meta's answers.

use serde_json::{Value, json};

use crate::util::{
    INES, LUNA, answered, answers_on_phone, audited, calls, echoes, eventually, greeted, metric, newest,
    settle_in_fast_motion, standing_fault, status_of,
};

#[tokio::test]
async fn what_meta_refuses_for_good_has_failed_and_says_why() {
    let error = |code: i64, subcode: i64| json!({"kind": "error", "status": 400, "error": {"message": "No.", "type": "IGApiException", "code": code, "error_subcode": subcode}});
    let cases = [
        (error(10, 2_534_022), "window_closed"),
        (error(551, 1_545_041), "contact_unavailable"),
        (error(100, 2_534_014), "no_such_contact"),
        (error(100, 2_534_015), "message_invalid"),
        (error(200, 2_534_041), "message_access_off"),
        (error(10, 1_893_063), "restricted"),
        (error(100, 2_534_037), "handled_elsewhere"),
    ];
    let world = greeted().await;
    let ana = world.browser("ana");
    for (number, (refusal, reason)) in cases.into_iter().enumerate() {
        let (code, subcode) = (refusal["error"]["code"].clone(), refusal["error"]["error_subcode"].clone());
        world.dm(INES, LUNA, "and?").await; // opens the window that Meta may have called closed
        world.fault("messages", refusal).await;
        let failed = answered(&world, &ana, &format!("try {number}")).await;
        assert_eq!((&failed["status"], &failed["error"]["reason"]), (&json!("failed"), &json!(reason)), "{failed}");
        assert_eq!((&failed["error"]["code"], &failed["error"]["subcode"]), (&code, &subcode));
        for sentence in ["title", "advice"] {
            assert!(failed["error"][sentence].as_str().is_some_and(|text| text.ends_with('.')), "{failed}");
        }
        assert_eq!(audited(&ana, "message.send_failed").await, number + 1);
        assert_eq!(ana.status().await["status"], "active", "{reason}: the connection still works");
    }
    assert!(answers_on_phone(&world, INES).await.is_empty());
    world.dm(INES, LUNA, "hello?").await;
    assert_eq!(answered(&world, &ana, "works again").await["status"], "sent");
}

#[tokio::test]
async fn a_refused_token_fails_the_answer_and_asks_to_reconnect() {
    let world = greeted().await;
    let ana = world.browser("ana");
    world.meta("POST", "/password", json!({"user": LUNA})).await;
    let conversation = ana.conversation().await;
    for text in ["one", "two"] {
        ana.send(&conversation, text).await.json();
    }
    world.settle().await;
    let messages = ana.messages(&conversation).await;
    assert_eq!(
        (&messages[1]["status"], &messages[1]["error"]["reason"]),
        (&json!("failed"), &json!("password_changed"))
    );
    assert_eq!(
        (&messages[0]["status"], &messages[0]["error"]["reason"]),
        (&json!("failed"), &json!("reconnect_needed"))
    );
    let status = ana.status().await;
    assert_eq!((&status["connected"], &status["status"]), (&json!(false), &json!("error")));
    assert_eq!(status["connections"][0]["error"]["reason"], "password_changed");
    assert_eq!(audited(&ana, "connection.failed").await, 1, "said once");
    assert_eq!(ana.send(&conversation, "three").await.problem_kind(409), "connection-error");
    assert_eq!(calls(&world, "messages").await, 1, "a broken connection is not tried again");
    ana.connect("instagram", LUNA).await;
    assert_eq!(answered(&world, &ana, "four").await["status"], "sent", "to reconnect mends it");
}

#[tokio::test]
async fn the_apps_own_trouble_breaks_no_connection_and_the_answer_waits() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let unsupported = json!({"endpoint": "messages", "count": 2, "action": {"kind": "unsupported"}});
    world.meta("POST", "/faults", unsupported).await;
    assert_eq!(answered(&world, &ana, "patience").await["status"], "sent");
    assert_eq!(ana.status().await["status"], "active");
    assert_eq!(metric(&world, "app_level_failures").len(), 2, "an operator hears of it");
    assert_eq!(answers_on_phone(&world, INES).await, ["patience"]);
}

#[tokio::test]
async fn passing_trouble_is_waited_out() {
    let transient =
        json!({"kind": "error", "status": 400, "error": {"message": "Try later.", "code": 2, "is_transient": true}});
    let unreachable = json!({"kind": "error", "status": 400, "error": {"message": "No server.", "code": -2}});
    for trouble in [transient, unreachable] {
        let world = greeted().await;
        let ana = world.browser("ana");
        world.meta("POST", "/faults", json!({"endpoint": "messages", "count": 2, "action": trouble})).await;
        let sent = answered(&world, &ana, "third time lucky").await;
        assert_eq!((&sent["status"], &sent["error"]), (&json!("sent"), &Value::Null), "{trouble}");
        assert_eq!(answers_on_phone(&world, INES).await, ["third time lucky"], "{trouble}");
        assert_eq!(calls(&world, "messages").await, 3);
    }
}

#[tokio::test]
async fn a_rate_limit_keeps_the_order_of_the_conversation() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let limit =
        json!({"endpoint": "messages", "count": 2, "action": {"kind": "rate_limit", "code": 613, "minutes": 1}});
    world.meta("POST", "/faults", limit).await;
    let conversation = ana.conversation().await;
    for text in ["one", "two", "three"] {
        ana.send(&conversation, text).await.json();
    }
    settle_in_fast_motion(&world).await;
    assert_eq!(answers_on_phone(&world, INES).await, ["one", "two", "three"]);
    assert_eq!(calls(&world, "messages").await, 5);
}

#[tokio::test]
async fn an_answer_in_doubt_says_so_until_meta_can_be_asked() {
    let world = greeted().await;
    let ana = world.browser("ana");
    echoes(&world, "never").await;
    standing_fault(&world, "conversations", json!({"kind": "html", "status": 503})).await;
    world.meta("POST", "/faults", json!({"endpoint": "messages", "accept": true, "action": {"kind": "cut"}})).await;
    let conversation = ana.conversation().await;
    ana.send(&conversation, "did you get this?").await.json();
    eventually("the answer is in doubt", async || status_of(&ana, &conversation).await == "uncertain").await;
    let doubtful = newest(&ana, &conversation).await;
    assert_eq!(doubtful["error"]["reason"], "delivery_unknown");
    assert!(doubtful["error"]["advice"].as_str().is_some_and(|advice| advice.contains("before you send it again")));
    world.stack.clock().advance(30_000);
    eventually("Meta is asked", async || calls(&world, "conversations").await > 0).await;
    assert_eq!(calls(&world, "messages").await, 1, "in doubt nothing is sent");
    world.meta("DELETE", "/faults", Value::Null).await;
    settle_in_fast_motion(&world).await;
    assert_eq!(status_of(&ana, &conversation).await, "sent");
    assert_eq!(answers_on_phone(&world, INES).await, ["did you get this?"]);
    assert_eq!(calls(&world, "messages").await, 1);
}

#[tokio::test]
async fn a_late_echo_settles_an_answer_in_doubt_without_asking() {
    let world = greeted().await;
    let ana = world.browser("ana");
    standing_fault(&world, "conversations", json!({"kind": "html", "status": 503})).await;
    world.meta("PATCH", "/webhooks/options", json!({"hold": true})).await;
    world.meta("POST", "/faults", json!({"endpoint": "messages", "accept": true, "action": {"kind": "cut"}})).await;
    let conversation = ana.conversation().await;
    ana.send(&conversation, "hello?").await.json();
    eventually("the answer is in doubt", async || status_of(&ana, &conversation).await == "uncertain").await;
    world.meta("PATCH", "/webhooks/options", json!({"hold": false})).await;
    world.meta("POST", "/webhooks/release", Value::Null).await;
    world.settle().await;
    let sent = newest(&ana, &conversation).await;
    assert_eq!((&sent["status"], &sent["error"]), (&json!("sent"), &Value::Null));
    assert_eq!(ana.texts(&conversation).await, ["Hola", "hello?"], "the echo is no second message");
}

#[tokio::test]
async fn what_waits_when_the_account_is_disconnected_is_not_sent() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    standing_fault(&world, "messages", json!({"kind": "rate_limit", "minutes": 1})).await;
    ana.send(&conversation, "waiting").await.json();
    eventually("Meta limits it", async || calls(&world, "messages").await > 0).await;
    ana.disconnect(json!({})).await.json();
    world.stack.clock().advance(60_000); // a sender remembers connections for a moment
    world.settle().await;
    let failed = newest(&ana, &conversation).await;
    assert_eq!((&failed["status"], &failed["error"]["reason"]), (&json!("failed"), &json!("not_connected")));
    assert!(answers_on_phone(&world, INES).await.is_empty());
}

#[tokio::test]
async fn an_answer_to_a_thread_of_another_app_fails_and_the_next_goes_out_once_it_is_ours_again() {
    let world = greeted().await;
    let ana = world.browser("ana");
    for refusal in ["not_owner", "other_app", "questions"] {
        world.meta("PATCH", "/variants", json!({"owner_refusal": refusal})).await;
        world.act(INES, LUNA, json!({"kind": "thread_control", "change": "take"})).await;
        let refused = answered(&world, &ana, "mine?").await;
        assert_eq!((&refused["status"], &refused["error"]["reason"]), (&json!("failed"), &json!("handled_elsewhere")));
        assert_eq!(ana.status().await["connections"][0]["status"], "active", "{refusal}");
        world.act(INES, LUNA, json!({"kind": "thread_control", "change": "pass"})).await;
        assert_eq!(answered(&world, &ana, refusal).await["status"], "sent", "{refusal}");
    }
    assert_eq!(answers_on_phone(&world, INES).await, ["not_owner", "other_app", "questions"]);
}
