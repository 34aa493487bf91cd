//! A program is told what happens: signed, once an endpoint takes it, and again where it does not.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use stories::{Browser, World};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::util::{INES, LUNA};

const MINUTE_MS: i64 = 60 * 1000;

/// What an integrator's server was sent.
#[derive(Clone, Debug, Default, PartialEq)]
struct Call {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

impl Call {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// As the specification of Standard Webhooks has it, which is all that a receiver knows.
    fn is_signed_by(&self, secret: &str) -> bool {
        let key = BASE64_STANDARD.decode(secret.trim_start_matches("whsec_")).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        let expected = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        self.signature.split(' ').any(|signature| signature == expected)
    }
}

/// An integrator's server on loopback. It answers what it is told to, then 200.
#[derive(Clone, Default)]
struct Receiver {
    url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let receiver = Self { url, ..Self::default() };
        let server = receiver.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.serve(socket).await });
            }
        });
        receiver
    }

    async fn serve(self, socket: TcpStream) {
        let mut socket = BufReader::new(socket);
        let (mut call, mut length, mut line) = (Call::default(), 0, String::new());
        while socket.read_line(&mut line).await.is_ok_and(|read| read > 2) {
            let (name, value) = line.trim().split_once(':').unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "webhook-id" => value.trim().clone_into(&mut call.id),
                "webhook-timestamp" => value.trim().clone_into(&mut call.timestamp),
                "webhook-signature" => value.trim().clone_into(&mut call.signature),
                "content-length" => length = value.trim().parse().unwrap_or_default(),
                _ => {}
            }
            line.clear();
        }
        let mut body = vec![0; length];
        if socket.read_exact(&mut body).await.is_err() {
            return;
        }
        call.body = String::from_utf8(body).expect("UTF-8");
        let status = self.answers.lock().expect("no panic").pop_front().unwrap_or(200);
        self.calls.lock().expect("no panic").push(call);
        let answer = format!("HTTP/1.1 {status} Told\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = socket.write_all(answer.as_bytes()).await;
    }

    fn answering(&self, statuses: &[u16]) {
        self.answers.lock().expect("no panic").extend(statuses);
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no panic").clone()
    }

    fn of(&self, kind: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.json()["type"] == kind).collect()
    }

    /// Waits until that many events of a type have come: streams tell in their own time.
    async fn wait_for(&self, world: &World, kind: &str, calls: usize) -> Vec<Call> {
        for _ in 0..200 {
            world.settle().await;
            if self.of(kind).len() >= calls {
                return self.of(kind);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{kind} did not come {calls} times: {:?}", self.calls());
    }
}

fn webhooks(browser: &Browser<'_>) -> String {
    format!("/api/tenants/{}/webhooks", browser.tenant())
}

/// Makes an endpoint known; answers it with its secret.
async fn add(browser: &Browser<'_>, receiver: &Receiver, types: Value) -> Value {
    let body = json!({"url": receiver.url, "types": types, "with_content": true});
    let added = browser.post(&webhooks(browser), body).await;
    assert_eq!(added.status, 201, "{added:?}");
    added.json()
}

fn path(browser: &Browser<'_>, endpoint: &Value) -> String {
    format!("{}/{}", webhooks(browser), endpoint["id"].as_str().expect("an id"))
}

async fn deliveries(browser: &Browser<'_>, endpoint: &Value) -> Vec<Value> {
    let listed = browser.get(&format!("{}/deliveries", path(browser, endpoint))).await.json();
    listed["deliveries"].as_array().expect("a list").clone()
}

/// So much time passes, and the schedule looks what is due.
async fn after(world: &World, ms: i64) {
    world.stack.clock().advance(ms);
    world.stack.run_schedule("deliverer", "Due").await.expect("the schedule runs");
    world.settle().await;
}

#[tokio::test]
async fn a_dm_reaches_a_program_signed_and_with_what_it_asked_for() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let ana = world.browser("ana");
    ana.connect("instagram", "luna.cafe").await;
    let endpoint = add(&ana, &receiver, json!(["message.received"])).await;
    let secret = endpoint["secret"].as_str().expect("is shown once");
    world.dm(INES, LUNA, "Hola").await;
    let told = receiver.wait_for(&world, "message.received", 1).await;
    assert!(told[0].is_signed_by(secret) && told[0].id.starts_with("evt_"), "{told:?}");
    assert_eq!(told[0].json()["data"]["message"]["text"], "Hola");
    assert_eq!(receiver.calls().len(), 1, "no other type was asked for");

    let shown = ana.get(&path(&ana, &endpoint)).await.json();
    assert_eq!((&shown["secret"], &shown["status"]), (&Value::Null, &json!("on")));
    let [logged] = deliveries(&ana, &endpoint).await.try_into().expect("one delivery");
    assert_eq!((&logged["state"], &logged["event_id"]), (&json!("delivered"), &json!(told[0].id)));
    assert_eq!(logged["attempts"][0]["status"], 200);
}

#[tokio::test]
async fn what_an_endpoint_does_not_take_is_told_again_byte_for_byte() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let ana = world.browser("ana");
    let endpoint = add(&ana, &receiver, json!([])).await;
    receiver.answering(&[500, 302]);
    assert_eq!(ana.post(&format!("{}/test", path(&ana, &endpoint)), json!({})).await.status, 202);
    world.settle().await;
    let [waiting] = deliveries(&ana, &endpoint).await.try_into().expect("one delivery");
    assert_eq!((&waiting["state"], &waiting["attempts"][0]["error"]), (&json!("waiting"), &json!("status")));
    after(&world, MINUTE_MS).await;
    after(&world, 10 * MINUTE_MS).await;
    let told = receiver.calls();
    assert_eq!(told.len(), 3, "the ladder was climbed");
    assert!(told.iter().all(|call| (&call.id, &call.body) == (&told[0].id, &told[0].body)), "{told:?}");
    let [delivered] = deliveries(&ana, &endpoint).await.try_into().expect("one delivery");
    assert_eq!((&delivered["state"], delivered["attempts"].as_array().map(Vec::len)), (&json!("delivered"), Some(3)));
}

#[tokio::test]
async fn an_endpoint_that_fails_rests_and_then_gets_everything() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let ana = world.browser("ana");
    let endpoint = add(&ana, &receiver, json!([])).await;
    let test = format!("{}/test", path(&ana, &endpoint));
    receiver.answering(&[503; 5]);
    for _ in 0..8 {
        assert_eq!(ana.post(&test, json!({})).await.status, 202);
        world.settle().await;
    }
    assert_eq!(receiver.calls().len(), 5, "three wait without a call");
    assert_eq!(ana.get(&path(&ana, &endpoint)).await.json()["status"], "resting");
    after(&world, 10 * MINUTE_MS).await;
    after(&world, 10 * MINUTE_MS).await;
    assert!(deliveries(&ana, &endpoint).await.iter().all(|one| one["state"] == "delivered"));
    let told: std::collections::BTreeSet<_> = receiver.calls().into_iter().map(|call| call.id).collect();
    assert_eq!(told.len(), 8);
    assert_eq!(ana.get(&path(&ana, &endpoint)).await.json()["status"], "on");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_switched_off_at_once_and_that_is_told() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let ana = world.browser("ana");
    let endpoint = add(&ana, &receiver, json!([])).await;
    let test = format!("{}/test", path(&ana, &endpoint));
    receiver.answering(&[410]);
    ana.post(&test, json!({})).await;
    world.settle().await;
    let off = ana.get(&path(&ana, &endpoint)).await.json();
    assert_eq!((&off["status"], &off["disabled_reason"]), (&json!("off"), &json!("gone")));
    assert_eq!(ana.post(&test, json!({})).await.problem_kind(409), "webhook-off");
    assert!(ana.audit().await.contains(&"webhook.switched_off".to_owned()));
    let on = ana.call(Method::PATCH, &path(&ana, &endpoint), Some(json!({"enabled": true})), &[]).await.json();
    assert_eq!(on["status"], "on");
}

#[tokio::test]
async fn both_secrets_sign_for_a_day_after_a_rotation() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let ana = world.browser("ana");
    let endpoint = add(&ana, &receiver, json!([])).await;
    let rotated = ana.post(&format!("{}/rotate", path(&ana, &endpoint)), json!({})).await.json();
    let signs =
        |call: &Call| [&endpoint, &rotated].map(|shown| call.is_signed_by(shown["secret"].as_str().expect("a secret")));
    let test = format!("{}/test", path(&ana, &endpoint));
    ana.post(&test, json!({})).await;
    world.settle().await;
    world.advance_hours(25);
    let tomorrow = world.browser("ana").post(&test, json!({})).await; // a token lives an hour
    assert_eq!(tomorrow.status, 202);
    world.settle().await;
    let calls = receiver.calls();
    assert_eq!(calls.iter().map(signs).collect::<Vec<_>>(), [[true, true], [false, true]]);
}

#[tokio::test]
async fn a_delivery_is_made_again_until_the_contact_is_erased() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let ana = world.browser("ana");
    ana.connect("instagram", "luna.cafe").await;
    let endpoint = add(&ana, &receiver, json!(["message.received"])).await;
    world.dm(INES, LUNA, "Hola").await;
    let first = receiver.wait_for(&world, "message.received", 1).await;
    let [logged] = deliveries(&ana, &endpoint).await.try_into().expect("one delivery");
    let again = format!("{}/deliveries/{}/redeliver", path(&ana, &endpoint), logged["id"].as_str().expect("an id"));
    assert_eq!(ana.post(&again, json!({})).await.status, 202);
    world.settle().await;
    after(&world, MINUTE_MS).await;
    let second = receiver.wait_for(&world, "message.received", 2).await;
    assert_eq!((&second[1].id, &second[1].body), (&first[0].id, &first[0].body));

    let conversation = ana.conversation().await;
    let conversation =
        format!("/api/tenants/{}/conversations/{}", ana.tenant(), conversation["id"].as_str().expect("an id"));
    assert_eq!(ana.call(Method::DELETE, &conversation, None, &[]).await.status, 202);
    world.settle().await;
    assert_eq!(ana.post(&again, json!({})).await.problem_kind(410), "delivery-gone");
}

#[tokio::test]
async fn addresses_plans_and_other_tenants_are_refused() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let ana = world.browser("ana");
    for url in
        ["http://example.com/", "https://10.0.0.1/", "https://169.254.169.254/", "https://ana@example.com/", "nowhere"]
    {
        let refused = ana.post(&webhooks(&ana), json!({"url": url})).await;
        assert_eq!(refused.problem_kind(422), "webhook-address", "{url}");
    }
    let unknown = json!({"url": receiver.url, "types": ["message.translated"]});
    assert_eq!(ana.post(&webhooks(&ana), unknown).await.problem_kind(422), "unknown-event-type");
    let endpoint = add(&ana, &receiver, json!([])).await;
    let marta = world.browser("marta");
    assert_eq!(marta.get(&path(&ana, &endpoint)).await.problem_kind(404), "not-found");
    assert_eq!(marta.get(&path(&marta, &endpoint)).await.problem_kind(404), "not-found");
    let added = ana.call(Method::DELETE, &path(&ana, &endpoint), None, &[]).await;
    assert_eq!(added.status, 200);
    assert_eq!(ana.get(&webhooks(&ana)).await.json(), json!({"webhooks": []}));
}
