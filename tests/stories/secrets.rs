//! What nobody may read anywhere: tokens, secrets, codes, states, and what people write to each other.

use std::collections::BTreeSet;

use local::Login;
use serde_json::{Value, json};
use stories::{World, outcome};
use url::Url;

use crate::util::{INES, LUNA, eventually, newest};

/// Texts that people wrote in this story, each unmistakable.
const WORDS: [&str; 9] = [
    "words-of-a-question",
    "words-after-an-edit",
    "words-of-an-answer",
    "words-that-failed",
    "words-in-doubt",
    "words-of-a-comment",
    "words-of-another-app",
    "words-from-the-phone",
    "words-too-late",
];

/// Collects what must not be seen while a story goes on.
#[derive(Default)]
struct Hidden(BTreeSet<String>);

impl Hidden {
    fn hide(&mut self, text: impl Into<String>) {
        let text = text.into();
        assert!(text.len() > 8, "too short to be looked for: {text}");
        self.0.insert(text);
    }

    fn hide_all(&mut self, texts: impl IntoIterator<Item = impl Into<String>>) {
        for text in texts {
            self.hide(text);
        }
    }

    fn hide_parameters(&mut self, address: &Url, names: &[&str]) {
        for name in names {
            self.hide(outcome(address, name).unwrap_or_else(|| panic!("{name} is in the address")));
        }
    }

    /// What can be found of it in a text.
    fn found_in<'h>(&'h self, text: &str) -> Vec<&'h str> {
        self.0.iter().map(String::as_str).filter(|hidden| text.contains(hidden)).collect()
    }
}

/// Connects, and remembers the state and the code that travelled through the browser.
async fn connect(world: &World, hidden: &mut Hidden, person: &str, login: &str, user: &str) {
    let person = world.browser(person);
    let page = person.start(login).await;
    hidden.hide_parameters(&page, &["state"]);
    let callback = person.consent(page, user, &[]).await;
    hidden.hide_parameters(&Url::parse(&callback).expect("an address"), &["state", "code"]);
    let landed = person.arrive(&callback).await;
    assert_eq!(outcome(&landed, "instagram").as_deref(), Some("connected"), "{landed}");
    assert_eq!(hidden.found_in(landed.as_str()), [""; 0], "in the address that the browser lands on");
}

/// What goes wrong while connecting: a cancelled login, a used state, a Meta that answers nonsense.
async fn connect_badly(world: &World, hidden: &mut Hidden) {
    let marta = world.browser("marta");
    marta.authorize("instagram", "mara.paints", &[("auto_decision", "cancel")]).await;
    for action in [json!({"kind": "html", "status": 500}), json!({"kind": "cut"}), json!({"kind": "token"})] {
        for endpoint in ["token", "exchange", "me"] {
            world.fault(endpoint, action.clone()).await;
            let page = marta.start("instagram").await;
            hidden.hide_parameters(&page, &["state"]);
            let callback = marta.consent(page, "mara.paints", &[]).await;
            hidden.hide_parameters(&Url::parse(&callback).expect("an address"), &["code"]);
            marta.arrive(&callback).await;
            marta.arrive(&callback).await;
            world.meta("DELETE", "/faults", Value::Null).await;
        }
    }
}

/// A month goes by, and Meta does not renew the tokens at once.
async fn renew_badly(world: &World) {
    world.advance_hours(31 * 24);
    for action in [json!({"kind": "html", "status": 500}), json!({"kind": "cut"}), json!({"kind": "unsupported"})] {
        world.fault("refresh", action.clone()).await;
        world.fault("exchange", action).await;
        renew(world).await;
        world.advance_hours(24);
    }
    world.meta("DELETE", "/faults", Value::Null).await;
    renew(world).await;
}

async fn renew(world: &World) {
    world.stack.run_schedule("upkeep", "Scan").await.expect("a scan");
    world.settle().await;
}

/// Everything that can happen to a message.
async fn talk(world: &World, hidden: &mut Hidden) {
    let ana = world.browser("ana");
    let mid = world.dm(INES, LUNA, WORDS[0]).await;
    for action in [
        json!({"kind": "edit", "mid": mid, "text": WORDS[1]}),
        json!({"kind": "comment", "text": WORDS[5]}),
        json!({"kind": "standby", "text": WORDS[6]}),
        json!({"kind": "app_reply", "text": WORDS[7]}),
    ] {
        world.act(INES, LUNA, action).await;
    }
    world.settle().await;
    let conversation = ana.conversation().await;
    ana.send(&conversation, WORDS[2]).await.json();
    world.settle().await;
    let refusal =
        json!({"message": format!("(#100) {} is not allowed", WORDS[3]), "code": 100, "error_subcode": 2_534_015});
    world.fault("messages", json!({"kind": "error", "status": 400, "error": refusal})).await;
    ana.send(&conversation, WORDS[3]).await.json();
    world.settle().await;
    assert_eq!(newest(&ana, &conversation).await["status"], "failed");
    for action in [json!({"kind": "cut"}), json!({"kind": "html", "status": 502})] {
        world.fault("messages", action).await;
        world.fault("conversations", json!({"kind": "token"})).await;
        ana.send(&conversation, WORDS[4]).await.json();
        eventually("it is settled", async || {
            !matches!(newest(&ana, &conversation).await["status"].as_str(), Some("queued" | "sending"))
        })
        .await;
        world.settle().await;
        connect(world, hidden, "ana", "instagram", LUNA).await;
    }
    // Signed, yet unreadable.
    let broken = format!("{{\"object\":\"instagram\",\"entry\":[{{\"id\":\"1\",\"x\":\"{}\"", WORDS[8]).into_bytes();
    let signature = world.sign(Login::Instagram, &broken);
    world.post_webhook(broken, Some(&signature)).await.problem(400);
    world.meta("POST", "/revoke", json!({"user": LUNA, "notify": false})).await;
    ana.send(&conversation, WORDS[3]).await.json();
    world.settle().await;
    ana.send_body(json!({"conversationId": 7, "text": WORDS[8]}), &[]).await.problem(400);
}

#[tokio::test]
async fn no_token_secret_code_state_or_message_is_in_a_log_or_an_address() {
    let world = World::start().await;
    let mut hidden = Hidden::default();
    for login in [Login::Instagram, Login::Facebook] {
        hidden.hide(&world.stack.app(login).expect("an app").app_secret);
    }
    connect(&world, &mut hidden, "eva", "facebook", "priya.raman").await;
    connect(&world, &mut hidden, "ana", "instagram", LUNA).await;
    connect_badly(&world, &mut hidden).await;
    renew_badly(&world).await;
    talk(&world, &mut hidden).await;
    renew(&world).await;
    world.browser("eva").disconnect(json!({})).await.json();
    let tokens = world.meta("GET", "/tokens", Value::Null).await;
    let tokens: Vec<String> = tokens.as_object().expect("tokens by value").keys().cloned().collect();
    assert!(tokens.len() > 4, "the story has made tokens");
    hidden.hide_all(tokens);
    hidden.hide_all(WORDS);

    let logged = world.stack.logs();
    assert!(logged.len() > 100, "the story was logged");
    for line in logged {
        let line = serde_json::to_string(&line).expect("a line is JSON");
        assert_eq!(hidden.found_in(&line), [""; 0], "logged: {line}");
    }
    for call in world.stack.aws().calls().snapshot() {
        assert_eq!(hidden.found_in(&format!("{call:?}")), [""; 0], "in the names of AWS resources");
    }
    let calls = world.meta("GET", "/calls", Value::Null).await.to_string();
    assert_eq!(hidden.found_in(&calls), [""; 0], "in the paths of calls to Meta");
    let audit = world.browser("ana").get("/api/tenants/luna/events?limit=100").await.body;
    assert_eq!(hidden.found_in(&audit), [""; 0], "in the audit log");
}

#[tokio::test]
async fn what_is_stored_opens_nothing() {
    let world = World::start().await;
    let mut hidden = Hidden::default();
    connect(&world, &mut hidden, "eva", "facebook", "priya.raman").await;
    connect(&world, &mut hidden, "ana", "instagram", LUNA).await;
    // A choice that is not made keeps a token for a while.
    world.browser("ana").authorize("facebook", "amara.okafor", &[]).await;
    for login in [Login::Instagram, Login::Facebook] {
        hidden.hide(&world.stack.app(login).expect("an app").app_secret);
    }
    let tokens = world.meta("GET", "/tokens", Value::Null).await;
    hidden.hide_all(tokens.as_object().expect("tokens by value").keys());
    let stored = format!("{:?}", world.tables().everything().await);
    assert!(stored.contains("TENANT#luna"), "the tables were read");
    assert_eq!(hidden.found_in(&stored), [""; 0]);
}
