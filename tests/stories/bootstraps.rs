//! The binaries that are deployed, driven over the Lambda Runtime API: nothing works only in a test's process.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use local::{Invocation, LogLine, Login};
use local_aws::{Effect, FaultRule, Service};
use serde_json::{Value, json};
use stories::World;

use crate::util::{INES, KOFI, LUNA, answers_on_phone, dead_letters, eager_deliveries};

/// Between two kills: enough for a process to start and to do some of its work.
const BETWEEN_KILLS: Duration = Duration::from_millis(170);

/// Where the binaries are: in `BUZON_BINARIES`, where everything is built already, or built once beside the test itself.
static BINARIES: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::var_os("BUZON_BINARIES").map_or_else(build, PathBuf::from));

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are in the workspace")
}

/// The names of all functions.
fn functions() -> BTreeSet<String> {
    let crates = std::fs::read_dir(workspace().join("functions")).expect("the functions' folder");
    let crates = crates.map(|entry| entry.expect("an entry").path()).filter(|path| path.join("Cargo.toml").exists());
    crates.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
}

fn build() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path"); // target/debug/deps/stories-…
    let folder = test.ancestors().nth(2).expect("the profile's folder").to_owned();
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--offline", "--bins", "--profile", profile]).current_dir(workspace());
    cargo.arg("--target-dir").arg(folder.parent().expect("the target folder"));
    for function in functions() {
        cargo.args(["--package", &function]);
    }
    assert!(cargo.status().expect("cargo runs").success(), "the functions could not be built");
    folder
}

/// A world whose functions are processes.
async fn processes() -> World {
    let bin_dir = tokio::task::spawn_blocking(|| BINARIES.clone()).await.expect("the binaries are there");
    World::start_with(|settings| settings.invocation = Invocation::Processes { bin_dir }).await
}

/// The sample events by the name of their file.
fn samples() -> Vec<(String, String)> {
    let files = std::fs::read_dir(workspace().join("events")).expect("the samples' folder");
    let files = files.map(|entry| entry.expect("an entry").path());
    let mut samples: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).expect("a file of text"))
        })
        // What `sam local` reads beside an event.
        .filter(|(name, _)| name != "local")
        .collect();
    samples.sort();
    samples
}

/// Whose sample it is: `sender-sweep` is one of `sender`.
fn function_of(sample: &str) -> String {
    if sample == "oauth-assets" {
        return "oauth-select".to_owned();
    }
    let functions = functions();
    let fits = functions.iter().filter(|name| sample == name.as_str() || sample.starts_with(&format!("{name}-")));
    fits.max_by_key(|name| name.len()).unwrap_or_else(|| panic!("events/{sample}.json names no function")).clone()
}

/// What the samples with a known answer are answered on an empty stack: the status, and a part of the answer.
const ANSWERS: [(&str, u16, &str); 11] = [
    ("disconnect", 404, "/problems/"),
    ("inbox", 200, "\"conversations\":[]"),
    ("oauth-assets", 404, "/problems/unknown-state"),
    ("oauth-callback", 302, "reason=other_browser"), // its cookie is one of HTTPS, and is looked at first
    ("oauth-select", 404, "/problems/unknown-state"),
    ("oauth-start", 200, "\"authUrl\":"),
    ("send", 404, "/problems/"),
    ("status", 200, "\"connected\":false"),
    ("web", 200, ""),
    ("webhook-receive", 200, "EVENT_RECEIVED"),
    ("webhook-verify", 200, "1158201444"),
];

#[tokio::test]
async fn every_sample_event_is_answered_sensibly_by_its_bootstrap() {
    let world = processes().await;
    let mut answered = BTreeSet::new();
    for (sample, event) in samples() {
        let function = function_of(&sample);
        let answer = world.stack.invoke(&function, &signed(&world, &event)).await;
        let answer = answer.unwrap_or_else(|error| panic!("{sample}: {}", chain(&error)));
        let text = String::from_utf8(answer).expect("an answer is text");
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{sample}: {error}: {text}"));
        if let Some((_, status, part)) = ANSWERS.iter().find(|(name, ..)| *name == sample) {
            let inside = format!("{} {}", answer["body"].as_str().unwrap_or_default(), answer["headers"]);
            assert_eq!(answer["statusCode"], *status, "{sample}: {text}");
            assert!(inside.contains(part), "{sample}: {text}");
        }
        match event_kind(&event) {
            Kind::Http => assert!(answer["statusCode"].as_u64().is_some_and(|status| status < 500), "{sample}: {text}"),
            Kind::Queue => assert_eq!(answer["batchItemFailures"], json!([]), "{sample}: {text}"),
            Kind::Task => {}
        }
        answered.insert(function);
    }
    assert_eq!(answered, functions(), "there is a sample for every function");
    let noise: Vec<LogLine> = world.stack.logs().into_iter().filter(|line| line.message.contains("panicked")).collect();
    assert!(noise.is_empty(), "{noise:?}");
    world.settle().await;
}

/// The event with the signature of this stack's app, if it has any: a sample's is that of another secret.
fn signed(world: &World, event: &str) -> String {
    let mut event: Value = serde_json::from_str(event).expect("a sample is JSON");
    let body = event["body"].as_str().unwrap_or_default().to_owned();
    if let Some(signature) = event.pointer_mut("/headers/x-hub-signature-256") {
        *signature = world.sign(Login::Instagram, body.as_bytes()).into();
    }
    event.to_string()
}

enum Kind {
    Http,
    Queue,
    Task,
}

fn event_kind(event: &str) -> Kind {
    let event: Value = serde_json::from_str(event).expect("a sample is JSON");
    match (event.get("requestContext"), event.get("Records")) {
        (Some(_), _) => Kind::Http,
        (None, Some(_)) => Kind::Queue,
        (None, None) => Kind::Task,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Kills functions (SIGKILL) one after the other until the story has been told.
async fn killing(world: &World, functions: &[&str], story: impl Future<Output = ()>) {
    let kills = async {
        for function in functions.iter().cycle() {
            tokio::time::sleep(BETWEEN_KILLS).await;
            world.stack.kill(function);
        }
    };
    tokio::select! {
        () = kills => {}
        () = story => {}
    }
}

#[tokio::test]
async fn the_main_job_is_done_by_processes_that_are_killed_all_the_time() {
    let world = processes().await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    let contacts = [INES, KOFI];
    // A slower AWS, so that kills meet functions at work.
    for operation in ["SendMessageBatch", "PutItem", "UpdateItem"] {
        let slow = Effect::delay_after(Duration::from_millis(60));
        world
            .stack
            .aws()
            .faults()
            .inject(FaultRule { service: None, ..FaultRule::on(Service::DynamoDb, operation, slow) });
    }
    eager_deliveries(&world).await;
    let texts: Vec<String> = (0..8).map(|number| format!("message {number}")).collect();
    killing(&world, &["webhook-receive", "processor"], async {
        for text in &texts {
            for contact in contacts {
                world.act(contact, LUNA, json!({"kind": "text", "text": text})).await;
            }
            tokio::time::sleep(BETWEEN_KILLS).await;
        }
    })
    .await;
    world.settle().await;
    let conversations = ana.conversations().await;
    assert_eq!(conversations.len(), 2);
    for conversation in &conversations {
        assert_eq!(ana.texts(conversation).await, texts);
        assert_eq!(conversation["unread_count"], texts.len());
    }
    let answers: Vec<String> = (0..5).map(|number| format!("answer {number}")).collect();
    killing(&world, &["sender", "send", "processor", "webhook-receive"], async {
        for answer in &answers {
            for conversation in &conversations {
                send_until_accepted(&world, conversation, answer).await;
            }
            tokio::time::sleep(BETWEEN_KILLS).await;
        }
    })
    .await;
    world.settle().await;
    for contact in contacts {
        // In order but for those that were accepted only when their function had died once.
        let mut sent = answers_on_phone(&world, contact).await;
        sent.sort();
        assert_eq!(sent, answers, "{contact}");
    }
    for conversation in &conversations {
        assert_eq!(ana.messages(conversation).await.len(), texts.len() + answers.len());
    }
    let killed = world.stack.logs().iter().filter(|line| line.message == "Killed").count();
    assert!(killed > 0, "the kills met nobody at work");
    assert_eq!(dead_letters(&world), 0);
    let revoked = ana.disconnect(json!({})).await.json();
    assert_eq!(revoked["status"], "revoked");
}

/// As a client does that gets no answer: again, with the same key.
async fn send_until_accepted(world: &World, conversation: &Value, text: &str) {
    let ana = world.browser("ana");
    let body = json!({"conversationId": conversation["id"], "text": text});
    let key = text.replace(' ', "-");
    for _ in 0..40 {
        if ana.send_body(body.clone(), &[("idempotency-key", &key)]).await.status == 202 {
            return;
        }
    }
    panic!("{text} was never accepted");
}
