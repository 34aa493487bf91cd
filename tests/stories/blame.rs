//! Meta refuses one message: whom that is about.

use serde_json::{Value, json};

use crate::util::{
    INES, KOFI, LUNA, answered, answers_on_phone, audited, calls, greeted, settle_in_fast_motion, standing_fault,
};

fn refusal(code: i64, subcode: Option<i64>, message: &str) -> Value {
    let error = json!({"message": message, "type": "IGApiException", "code": code, "error_subcode": subcode});
    json!({"kind": "error", "status": 400, "error": error})
}

#[tokio::test]
async fn what_meta_refuses_of_one_message_leaves_the_connection_and_other_contacts_alone() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let cases = [
        (refusal(10, None, "(#10) This message is sent outside of allowed window."), "window_closed"),
        (refusal(10, Some(2_018_299), "(#10) This message is sent outside the allowed window."), "window_closed"),
        (refusal(10, None, "(#10) Not for this message."), "refused"),
        (refusal(10, Some(2_534_077), "Cannot verify."), "refused"),
        (refusal(200, Some(7), "(#200) Not for this person."), "refused"),
        (refusal(290, None, "(#290) Something new."), "refused"),
        (refusal(3, None, "(#3) No capability."), "refused"),
        (refusal(100, Some(2_534_013), "(#100) Not linked."), "refused"),
    ];
    world.dm(KOFI, LUNA, "Hi").await;
    let conversations = ana.conversations().await;
    let of =
        |contact: &str| conversations.iter().find(|known| known["contact"]["username"] == contact).expect("theirs");
    let mut told = Vec::new();
    for (number, (refused, reason)) in cases.into_iter().enumerate() {
        world.dm(INES, LUNA, "and?").await;
        world.fault("messages", refused.clone()).await;
        ana.send(of(INES), &format!("try {number}")).await.json();
        world.settle().await;
        let failed = ana.messages(of(INES)).await.swap_remove(0);
        assert_eq!((&failed["status"], &failed["error"]["reason"]), (&json!("failed"), &json!(reason)), "{refused}");
        assert_eq!(failed["error"]["code"], refused["error"]["code"], "{refused}");
        assert_eq!(ana.status().await["status"], "active", "{refused}");
        let text = format!("welcome {number}");
        ana.send(of(KOFI), &text).await.json();
        world.settle().await;
        told.push(text);
        assert_eq!(answers_on_phone(&world, KOFI).await, told, "{refused}");
    }
    assert_eq!(audited(&ana, "connection.failed").await, 0);
}

#[tokio::test]
async fn what_meta_refuses_to_show_of_one_conversation_leaves_the_connection_and_other_contacts_alone() {
    let cases = [
        ("conversations", refusal(10, None, "(#10) Not for this person.")),
        ("conversation", refusal(290, None, "(#290) Something new.")),
        ("message", refusal(3, None, "(#3) No capability.")),
        ("conversation", refusal(10, Some(2_534_077), "Cannot verify.")),
    ];
    let world = greeted().await;
    let ana = world.browser("ana");
    world.meta("PATCH", "/webhooks/options", json!({"echo": "never"})).await;
    world.meta("PATCH", "/variants", json!({"bare_messages": true})).await;
    world.dm(KOFI, LUNA, "Hi").await;
    let conversations = ana.conversations().await;
    let of =
        |contact: &str| conversations.iter().find(|known| known["contact"]["username"] == contact).expect("theirs");
    let (mut asked, mut told) = (Vec::new(), Vec::new());
    for (number, (endpoint, refused)) in cases.into_iter().enumerate() {
        let lost = json!({"endpoint": "messages", "accept": true, "action": {"kind": "cut"}});
        world.meta("POST", "/faults", lost).await;
        world.fault(endpoint, refused.clone()).await;
        let text = format!("try {number}");
        ana.send(of(INES), &text).await.json();
        settle_in_fast_motion(&world).await;
        asked.push(text);
        assert_eq!(ana.status().await["status"], "active", "{endpoint} {refused}");
        assert_eq!(answers_on_phone(&world, INES).await, asked, "{endpoint} {refused}");
        let text = format!("welcome {number}");
        ana.send(of(KOFI), &text).await.json();
        world.settle().await;
        told.push(text);
        assert_eq!(answers_on_phone(&world, KOFI).await, told, "{endpoint} {refused}");
    }
    assert_eq!(audited(&ana, "connection.failed").await, 0);
}

#[tokio::test]
async fn a_permission_that_the_account_has_lost_breaks_the_connection_once_meta_confirms_it() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let lost = refusal(10, None, "(#10) Application does not have permission for this action");
    standing_fault(&world, "messages", lost.clone()).await;
    standing_fault(&world, "conversations", lost).await;
    let failed = answered(&world, &ana, "hello?").await;
    assert_eq!((&failed["status"], &failed["error"]["reason"]), (&json!("failed"), &json!("permission_missing")));
    assert_eq!(ana.status().await["connections"][0]["error"]["reason"], "permission_missing");
    assert_eq!(calls(&world, "conversations").await, 1, "the account is asked once");
}

#[tokio::test]
async fn a_token_that_meta_refuses_in_words_alone_breaks_the_connection_with_the_right_reason() {
    let cases = [
        ("Error validating access token: Session has expired on Monday, 05-Oct-26 10:00:00 PDT.", "token_expired"),
        ("You have to log in at Instagram first.", "checkpoint"),
        ("The session has been invalidated because the user changed their password.", "password_changed"),
        ("Error validating access token: The user has not authorized application 990.", "access_removed"),
        ("Invalid OAuth access token.", "token_invalid"),
    ];
    for (words, reason) in cases {
        let world = greeted().await;
        let ana = world.browser("ana");
        world.fault("messages", refusal(190, None, words)).await;
        assert_eq!(answered(&world, &ana, "hello?").await["status"], "failed", "{words}");
        assert_eq!(ana.status().await["connections"][0]["error"]["reason"], reason, "{words}");
        assert_eq!(calls(&world, "conversations").await, 0, "a token's refusal is proof enough");
    }
}
