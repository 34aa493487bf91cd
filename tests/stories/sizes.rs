//! What is larger, deeper or stranger than anything needs to be is taken, and hurts nothing beside it.

use local::Login;
use serde_json::{Value, json};
use stories::{Answer, Browser, World};

use crate::util::{
    Pair, account_of, all_conversations, all_messages, dead_letters, entry, luna, metric, newest, notification,
};

/// Delivers a body's own bytes.
async fn deliver(world: &World, body: String) -> Answer {
    let body = body.into_bytes();
    let signature = world.sign(Login::Instagram, &body);
    let answer = world.post_webhook(body, Some(&signature)).await;
    world.settle().await;
    answer
}

/// As Meta writes it: letters beyond ASCII as six bytes.
fn escaped(body: &Value) -> String {
    let mut escaped = String::new();
    for letter in body.to_string().chars() {
        if letter.is_ascii() {
            escaped.push(letter);
        } else {
            escaped.extend(letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    escaped
}

/// A delivery of something odd from contact 801 between two messages from contact 802.
async fn between_neighbours(world: &World, person: &Browser<'_>, odd: impl Fn(Value) -> String) -> Answer {
    let account = account_of(person).await;
    let now = world.stack.clock().now_ms();
    let (strange, neighbour) = (Pair::new(&account, 801), Pair::new(&account, 802));
    let events = [
        neighbour.text(now, "aWdfbefore", "before"),
        strange.text(now, "aWdfodd", "ODD"),
        neighbour.text(now + 1, "aWdfafter", "after"),
    ];
    deliver(world, odd(notification(&[entry(&account, now, &events)]))).await
}

/// The odd message, once its neighbours are known to be there.
async fn odd_message(world: &World, person: &Browser<'_>) -> Value {
    let conversations = all_conversations(person).await;
    let of = |contact: &str| conversations.iter().find(|one| one["contact"]["id"] == contact).expect("a conversation");
    assert_eq!(person.texts(of("802")).await, ["before", "after"]);
    assert_eq!(dead_letters(world), 0);
    newest(person, of("801")).await
}

#[tokio::test]
async fn a_thousand_events_of_cyrillic_text_in_one_delivery_are_a_thousand_messages() {
    let world = luna().await;
    let ana = world.browser("ana");
    let account = account_of(&ana).await;
    let now = world.stack.clock().now_ms();
    let text = "Здравствуйте".repeat(40);
    let events: Vec<Value> = (0..1000)
        .map(|number| {
            Pair::new(&account, 820 + number % 20).text(
                now - 60_000 + i64::from(number),
                &format!("aWdf{number}"),
                &text,
            )
        })
        .collect();
    let body = escaped(&notification(&[entry(&account, now, &events)]));
    assert!(body.len() > 2_600_000, "{}", body.len());
    // A slow machine may take longer than the function has: then Meta delivers again.
    for _ in 0..5 {
        let answer = deliver(&world, body.clone()).await;
        assert_ne!(answer.status, 413, "{}", answer.body);
        if answer.status == 200 {
            break;
        }
    }
    let conversations = all_conversations(&ana).await;
    let unread: u64 = conversations.iter().filter_map(|conversation| conversation["unread_count"].as_u64()).sum();
    assert_eq!((conversations.len(), unread), (20, 1000));
    assert_eq!(newest(&ana, &conversations[0]).await["text"], text.as_str());
}

#[tokio::test]
async fn an_event_larger_than_the_queue_takes_is_stored_without_what_nobody_reads() {
    let world = luna().await;
    let ana = world.browser("ana");
    let text = "x".repeat(3 * 1024 * 1024);
    let answer = between_neighbours(&world, &ana, |body| body.to_string().replace("ODD", &text)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let message = odd_message(&world, &ana).await;
    assert_eq!((&message["provider_message_id"], &message["metadata"]["reduced"]), (&json!("aWdfodd"), &json!(true)));
    assert!(message["text"].as_str().is_some_and(|kept| kept.len() >= 60_000 && text.starts_with(kept)));
    assert_eq!(metric(&world, "webhook_events_reduced").len(), 1, "it is counted");
}

#[tokio::test]
async fn characters_that_no_queue_takes_harm_nothing() {
    let world = luna().await;
    let ana = world.browser("ana");
    let answer = between_neighbours(&world, &ana, |body| body.to_string().replace("ODD", "a\u{ffff}b\u{fffe}c")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(odd_message(&world, &ana).await["text"], "a\u{ffff}b\u{fffe}c");
}

#[tokio::test]
async fn what_the_database_cannot_hold_harms_nothing() {
    let deep = (0..40).fold(json!(1), |inner, _| json!({"inside": inner})).to_string();
    let too_deep_to_parse = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let wide = json!(vec!["x".repeat(1000); 700]).to_string();
    for odd in [deep.as_str(), &too_deep_to_parse, "1e300", "1e999", r#"{"":1}"#, &wide] {
        let world = luna().await;
        let ana = world.browser("ana");
        let payload =
            format!(r#""attachments":[{{"type":"image","payload":{{"url":"https://e.example/x","odd":{odd}}}}}]"#);
        let answer =
            between_neighbours(&world, &ana, |body| body.to_string().replace("\"text\":\"ODD\"", &payload)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let message = odd_message(&world, &ana).await;
        assert_eq!(message["attachments"][0]["url"], "https://e.example/x");
        assert_eq!(message["metadata"]["reduced"], true);
        assert_eq!(metric(&world, "events_reduced").len(), 1, "it is counted");
    }
}

#[tokio::test]
async fn a_body_that_lambda_does_not_take_is_refused_by_the_gateway() {
    let world = luna().await;
    let answer = deliver(&world, " ".repeat(7 * 1024 * 1024)).await;
    assert_eq!(answer.status, 413);
    assert!(all_conversations(&world.browser("ana")).await.is_empty());
}

#[tokio::test]
async fn a_conversation_with_a_long_text_is_listed_and_read() {
    let world = luna().await;
    let ana = world.browser("ana");
    between_neighbours(&world, &ana, |body| body.to_string().replace("ODD", &"é".repeat(100_000))).await;
    let message = odd_message(&world, &ana).await;
    assert!(message["text"].as_str().is_some_and(|text| text.len() <= 64 * 1024));
    let conversations = all_conversations(&ana).await;
    assert_eq!(
        all_messages(&ana, &conversations[0]).await.len() + all_messages(&ana, &conversations[1]).await.len(),
        3
    );
}
