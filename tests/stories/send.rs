//! Answers: what is accepted, what is refused, and what is sent of it.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Channel;
use futures::future::join_all;
use local_aws::{Effect, FaultRule, Service};
use serde_json::{Value, json};
use stories::World;

use crate::util::{
    INES, LUNA, Pair, account_of, all_pages, answered, answers_on_phone, approve_human_agent, audited, calls, entry,
    gone_out, greeted, greeted_on, newest, notification_of, used,
};

#[tokio::test]
async fn an_answer_is_accepted_at_once_and_reaches_the_contact_once() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        let conversation = ana.conversation().await;
        let accepted = ana.send(&conversation, "¡Hola, Inès!").await;
        assert_eq!(accepted.status, 202);
        let expected =
            format!("/api/tenants/luna/conversations/{}/messages", conversation["id"].as_str().expect("an id"));
        assert_eq!(accepted.header("location"), expected);
        let queued = accepted.json();
        assert_eq!(
            (&queued["status"], &queued["author"], &queued["sent_by"]),
            (&json!("queued"), &json!("agent"), &json!("ana"))
        );
        world.settle().await;
        let phone = world.phone(INES, LUNA).await;
        assert_eq!(phone.len(), 2);
        let sent = newest(&ana, &conversation).await;
        assert_eq!((&sent["id"], &sent["status"]), (&queued["id"], &json!(gone_out(channel))));
        assert_eq!(sent["provider_message_id"], phone[1]["mid"]);
        assert!(sent["sent_at"].is_string());
        assert_eq!(ana.texts(&conversation).await, ["Hola", "¡Hola, Inès!"]);
        let listed = ana.conversation().await;
        assert_eq!(
            (&listed["last_message"]["preview"], &listed["last_message"]["direction"]),
            (&json!("¡Hola, Inès!"), &json!("outbound"))
        );
        assert_eq!(listed["unread_count"], 1, "to answer is not to have read");
        assert_eq!(calls(&world, "messages").await, 1);
    }
}

#[tokio::test]
async fn an_idempotency_key_makes_one_message_of_many_requests() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let body = json!({"conversationId": conversation["id"], "text": "once"});
    let key = [("idempotency-key", "5f0c2a9e-6a0b-4c55")];
    let answers = join_all((0..6).map(|_| ana.send_body(body.clone(), &key))).await;
    let ids: Vec<Value> = answers.iter().map(|answer| answer.json()["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count();
    assert_eq!(replayed, 5);
    world.settle().await;
    let later = ana.send_body(body.clone(), &key).await;
    assert_eq!((later.status, &later.json()["status"]), (202, &json!("sent")), "a replay shows what became of it");
    let other = json!({"conversationId": conversation["id"], "text": "another"});
    assert_eq!(ana.send_body(other, &key).await.problem_kind(422), "idempotency-key-reused");
    assert_eq!(answers_on_phone(&world, INES).await, ["once"]);
    assert_eq!(used(&world).await, 1, "the quota is spent once");
    // After a day the key is free again.
    world.advance_hours(25);
    world.dm(INES, LUNA, "again?").await;
    world.browser("ana").send_body(body, &key).await.json();
    world.settle().await;
    assert_eq!(answers_on_phone(&world, INES).await, ["once", "once"]);
    for bad in ["", "two words", &"k".repeat(256)] {
        let answer = world
            .browser("ana")
            .send_body(json!({"conversationId": conversation["id"], "text": "x"}), &[("idempotency-key", bad)])
            .await;
        assert_eq!(answer.problem_kind(400), "idempotency-key");
    }
}

#[tokio::test]
async fn a_text_is_as_long_as_the_channel_takes() {
    let too_long = |channel| match channel {
        Channel::Instagram => {
            ("bytes", 1000, [("a".repeat(1001), 1001), ("é".repeat(501), 1002), ("🌙".repeat(251), 1004)])
        }
        Channel::Messenger => {
            ("characters", 2000, [("a".repeat(2001), 2001), ("é".repeat(2001), 2001), ("🌙".repeat(1001), 2002)])
        }
    };
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        let conversation = ana.conversation().await;
        let (unit, limit, texts) = too_long(channel);
        for (text, length) in texts {
            let answer = ana.send(&conversation, &text).await;
            let problem = answer.problem(422);
            assert_eq!(answer.problem_kind(422), "text-too-long", "{channel}");
            assert_eq!((&problem[unit], &problem[format!("limit_{unit}")]), (&json!(length), &json!(limit)));
            let told = format!("It has {length} {unit}, and {limit} are the most.");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.starts_with(&told)), "{problem}");
        }
        for text in ["", " \n "] {
            assert_eq!(ana.send(&conversation, text).await.problem_kind(400), "empty-message", "{channel}");
        }
        let longest = match channel {
            Channel::Instagram => "é".repeat(500),
            Channel::Messenger => "é".repeat(2000),
        };
        assert_eq!(answered(&world, &ana, &longest).await["status"], gone_out(channel));
        assert_eq!(answers_on_phone(&world, INES).await, [longest]);
        assert_eq!(used(&world).await, 1, "a refused answer costs nothing");
    }
}

#[tokio::test]
async fn a_text_that_messenger_measures_otherwise_fails_with_what_to_do() {
    let world = greeted_on(Channel::Messenger).await;
    let ana = world.browser("ana");
    world.meta("PATCH", "/variants", json!({"text_unit": "bytes"})).await;
    let failed = answered(&world, &ana, &"é".repeat(1500)).await;
    assert_eq!((&failed["status"], &failed["error"]["reason"]), (&json!("failed"), &json!("text_too_long")));
    assert_eq!(failed["error"]["advice"], "Send it in several messages.");
    assert_eq!(calls(&world, "messages").await, 1);
}

#[tokio::test]
async fn a_conversation_of_another_channel_is_not_there() {
    for (channel, other) in [(Channel::Instagram, Channel::Messenger), (Channel::Messenger, Channel::Instagram)] {
        let world = greeted_on(channel).await;
        let conversation = world.browser("ana").conversation().await;
        world.browser("ana").on(other).send(&conversation, "hello").await.problem(404);
        assert_eq!(used(&world).await, 0, "{channel}");
        assert_eq!(world.browser("ana").send(&conversation, "hello").await.status, 202, "{channel}");
    }
}

#[tokio::test]
async fn the_plans_month_holds_when_requests_race() {
    let world = World::start().await;
    let marta = world.browser("marta");
    marta.connect("instagram", "mara.paints").await;
    world.dm(INES, "mara.paints", "Do you sell prints?").await;
    let conversation = marta.conversation().await;
    let first = marta.send(&conversation, "yes").await.json();
    let month = &first["created_at"].as_str().expect("a time")[..7];
    spend(&world, "taller", month, 996).await;
    let answers = join_all((0..20).map(|number| {
        let (marta, conversation) = (&marta, &conversation);
        async move { marta.send(conversation, &number.to_string()).await }
    }))
    .await;
    let accepted = answers.iter().filter(|answer| answer.status == 202).count();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(accepted, 3, "of 1000 there were 3 left: {statuses:?}");
    let refused = answers.iter().find(|answer| answer.status != 202).expect("a refusal");
    let problem = refused.problem(403);
    assert_eq!((&problem["plan"], &problem["limit"]), (&json!("Starter"), &json!(1000)));
    assert_eq!(refused.problem_kind(403), "quota-exceeded");
    assert!(statuses.iter().all(|status| matches!(status, 202 | 403)), "{statuses:?}");
    let audit = all_pages(&marta, "/api/tenants/taller/events", "events", 100).await;
    assert_eq!(audit.iter().filter(|line| line["kind"] == "connection.refused").count(), 17);
    world.settle().await;
    assert_eq!(marta.messages(&conversation).await.len(), 5, "the question and four answers");
    // The next month is a new one.
    world.advance_hours(32 * 24);
    world.dm(INES, "mara.paints", "And posters?").await;
    assert_eq!(world.browser("marta").send(&conversation, "posters, too").await.status, 202);
}

/// Lets a tenant have sent so many messages more.
async fn spend(world: &World, tenant: &str, month: &str, messages: u32) {
    let client = aws_sdk_dynamodb::Client::new(&world.stack.aws_config("story"));
    let text = |text: String| AttributeValue::S(text);
    let update = client
        .update_item()
        .table_name(world.stack.resource("TenantsTable").expect("the table"))
        .key("pk", text(format!("TENANT#{tenant}")))
        .key("sk", text(format!("USAGE#{month}")))
        .update_expression("ADD sent :more")
        .condition_expression("attribute_exists(pk)")
        .expression_attribute_values(":more", AttributeValue::N(messages.to_string()));
    update.send().await.expect("the first message has made the item");
}

#[tokio::test]
async fn a_conversation_that_is_not_there_cannot_be_answered_in() {
    let world = greeted().await;
    let ana = world.browser("ana");
    for id in ["0".repeat(32), "f".repeat(32), "nonsense".to_owned(), String::new(), "../luna".to_owned()] {
        ana.send_body(json!({"conversationId": id, "text": "hello"}), &[]).await.problem(404);
    }
    assert_eq!(used(&world).await, 0);
}

#[tokio::test]
async fn nobody_is_written_to_who_has_not_written() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        let pair = Pair::new(&account_of(&ana).await, 77);
        let now = world.stack.clock().now_ms();
        let echo = pair.echo(now, "aWdfcold", "buy now");
        world.deliver(&notification_of(channel, &[entry(&pair.account, now, &[echo])])).await;
        world.settle().await;
        let cold = ana
            .conversations()
            .await
            .into_iter()
            .find(|conversation| conversation["contact"]["id"] == "77")
            .expect("it");
        assert_eq!(cold["reply_until"], Value::Null);
        assert_eq!(ana.send(&cold, "really, buy").await.problem_kind(409), "no-contact-yet");
    }
}

#[tokio::test]
async fn after_a_day_the_window_is_closed() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let until = world.browser("ana").conversation().await["reply_until"].clone();
        world.advance_hours(23);
        let ana = world.browser("ana");
        assert_eq!(answered(&world, &ana, "just in time").await["status"], gone_out(channel));
        world.advance_hours(2);
        let ana = world.browser("ana");
        let conversation = ana.conversation().await;
        let refused = ana.send(&conversation, "too late").await;
        assert_eq!(refused.problem_kind(409), "reply-window-closed");
        assert_eq!(refused.problem(409)["reply_until"], until);
        let asked = json!({"conversationId": conversation["id"], "text": "please", "tag": "HUMAN_AGENT"});
        assert_eq!(
            ana.send_body(asked, &[]).await.problem_kind(403),
            "tag-not-allowed",
            "Meta has not approved the app"
        );
        assert_eq!(audited(&ana, "connection.refused").await, 2);
        world.dm(INES, LUNA, "still there?").await;
        assert_eq!(answered(&world, &world.browser("ana"), "of course").await["status"], gone_out(channel));
    }
}

#[tokio::test]
async fn a_person_may_answer_for_a_week_where_meta_approved_it_and_a_program_may_not() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        approve_human_agent(&world).await;
        // Within the day the tag would be misuse, whoever asks for it.
        let ana = world.browser("ana");
        let conversation = ana.conversation().await;
        let tagged = json!({"conversationId": conversation["id"], "text": "soon", "tag": "HUMAN_AGENT"});
        world.stack.clock().advance(6 * 60_000); // the functions look for a new secret every five minutes
        assert_eq!(ana.send_body(tagged.clone(), &[]).await.json()["tag"], Value::Null);
        world.settle().await;

        world.advance_hours(47);
        let (ana, robot) = (world.browser("ana"), world.browser("robot"));
        assert_eq!(robot.send(&conversation, "beep").await.problem_kind(409), "reply-window-closed");
        assert_eq!(robot.send_body(tagged, &[]).await.problem_kind(403), "tag-not-allowed");
        let sent = answered(&world, &ana, "sorry for the wait").await;
        assert_eq!((&sent["status"], &sent["tag"]), (&json!(gone_out(channel)), &json!("HUMAN_AGENT")));
        assert_eq!(answers_on_phone(&world, INES).await, ["soon", "sorry for the wait"]);

        world.advance_hours(6 * 24);
        let refused = world.browser("ana").send(&conversation, "way too late").await;
        assert_eq!(refused.problem_kind(409), "reply-window-closed");
        assert_eq!(refused.problem(409)["reply_until"], conversation["human_agent_until"]);
    }
}

#[tokio::test]
async fn a_program_is_named_as_the_author_of_its_answers() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let robot = world.browser("robot");
        let sent = answered(&world, &robot, "We open at nine.").await;
        assert_eq!(
            (&sent["author"], &sent["sent_by"], &sent["status"]),
            (&json!("automation"), &json!("robot"), &json!(gone_out(channel)))
        );
    }
}

#[tokio::test]
async fn an_attachment_is_sent_by_its_address() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        let conversation = ana.conversation().await;
        let with = |attachment: Value| json!({"conversationId": conversation["id"], "attachment": attachment});
        let image = json!({"type": "image", "url": "https://example.com/menu.png"});
        for (kind, url) in [("image", "menu.png"), ("video", "tour.mp4"), ("audio", "song.mp3"), ("file", "menu.pdf")] {
            let url = format!("https://example.com/{url}");
            ana.send_body(with(json!({"type": kind, "url": url})), &[]).await.json();
            world.settle().await;
            let sent = newest(&ana, &conversation).await;
            assert_eq!((&sent["status"], &sent["attachments"][0]["url"]), (&json!(gone_out(channel)), &json!(url)));
            let shown = world.phone(INES, LUNA).await.pop().expect("an answer");
            assert_eq!(
                (&shown["attachments"][0]["type"], &shown["attachments"][0]["payload"]["url"]),
                (&json!(kind), &json!(url))
            );
        }
        let refusals = [
            (with(json!({"type": "template", "url": "https://example.com/a"})), "attachment-type"),
            (with(json!({"type": "image", "url": "http://example.com/a.png"})), "attachment-url"),
            (with(json!({"type": "image", "url": "https://user:pass@example.com/a.png"})), "attachment-url"),
            (json!({"conversationId": conversation["id"], "text": "both", "attachment": image}), "text-and-attachment"),
            (json!({"conversationId": conversation["id"]}), "empty-message"),
        ];
        for (body, kind) in refusals {
            assert_eq!(ana.send_body(body.clone(), &[]).await.problem_kind(400), kind, "{body}");
        }
        let misspelt = json!({"conversationId": conversation["id"], "txt": "hello"});
        ana.send_body(misspelt, &[]).await.problem(400);
    }
}

#[tokio::test]
async fn an_answer_may_name_the_message_it_answers() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        let conversation = ana.conversation().await;
        let question = newest(&ana, &conversation).await;
        let mid = question["provider_message_id"].clone();
        let answering =
            |target: &Value| json!({"conversationId": conversation["id"], "text": "to that", "reply_to": target});
        for target in [&question["id"], &mid] {
            let accepted = ana.send_body(answering(target), &[]).await.json();
            assert_eq!(accepted["reply_to"], json!({"type": "message", "mid": mid}));
            world.settle().await;
            let shown = world.phone(INES, LUNA).await.pop().expect("an answer");
            assert_eq!(shown["reply_to"]["mid"], mid);
        }
        for unknown in ["1795164361560-0f1e2d3c4b5a6978", "x", "aWdfbm90X2hlcmU"] {
            assert_eq!(ana.send_body(answering(&json!(unknown)), &[]).await.problem_kind(422), "unknown-reply-target");
        }
    }
}

#[tokio::test]
async fn an_answer_is_accepted_though_the_queue_does_not_answer() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let rules = [
        FaultRule::on(Service::DynamoDb, "TransactWriteItems", Effect::delay_before(Duration::from_secs(3))).times(1),
        FaultRule::on(Service::Sqs, "SendMessage", Effect::delay_before(Duration::from_secs(30))),
    ];
    let [_, queue] = rules.map(|rule| world.stack.aws().faults().inject(rule.from_function("send")));
    assert_eq!(ana.send(&conversation, "Sí").await.status, 202);
    assert!(world.stack.aws().faults().hits(queue) > 0);
}
