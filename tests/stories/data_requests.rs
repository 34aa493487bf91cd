//! What Meta and people may demand about their data is done, and can be seen to be done.

mod by_operator;
mod erasing;
mod retention;
mod tenant_deletion;

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::Channel;
use hmac::{Hmac, KeyInit as _, Mac as _};
use local::Login;
use local_aws::{Effect, FaultRule, Service};
use reqwest::Method;
use serde_json::{Value, json};
use stories::World;

use crate::util::{INES, KOFI, LUNA, WAYS, account_of, all_messages, dead_letters, eventually, greeted, greeted_on};

const DELETION: &str = "/webhooks/meta/data-deletion";
const ERASURES: &str = "/api/admin/erasures";
const DEAUTHORIZE: &str = "/webhooks/meta/deauthorize";

/// A `signed_request` as Meta makes it.
fn signed_request(world: &World, login: Login, payload: &Value) -> String {
    let app = world.stack.app(login).expect("both apps are registered");
    let payload = BASE64_URL_SAFE_NO_PAD.encode(payload.to_string());
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(app.app_secret.as_bytes()).expect("any key length");
    mac.update(payload.as_bytes());
    format!("{}.{payload}", BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// About a person, at a time in seconds.
fn about(user_id: &Value, issued_at: i64) -> Value {
    json!({"algorithm": "HMAC-SHA256", "issued_at": issued_at, "user_id": user_id})
}

/// Posts the form to a callback, as anybody could.
async fn post(world: &World, path: &str, signed_request: &str) -> Posted {
    let body = format!("signed_request={signed_request}").into_bytes();
    let answer = world.post(path, body, &[("content-type", "application/x-www-form-urlencoded")]).await;
    Posted { status: answer.status, body: serde_json::from_str(&answer.body).expect("every answer is JSON") }
}

/// What a callback answered.
struct Posted {
    status: u16,
    body: Value,
}

impl Posted {
    fn problem(&self) -> (u16, &str) {
        (self.status, self.body["type"].as_str().unwrap_or_default())
    }
}

fn now(world: &World) -> i64 {
    world.stack.clock().now_ms() / 1000
}

/// The id by which the app knows who connected the account.
async fn stored_person(world: &World) -> Value {
    person_of(world, "luna").await.into()
}

/// The same of a tenant's account.
async fn person_of(world: &World, tenant: &str) -> String {
    let items = world.tables().items("ConnectionsTable").await;
    let mut of_tenant = items.iter().filter(|item| item["pk"].as_s().is_ok_and(|pk| *pk == format!("TENANT#{tenant}")));
    let found = of_tenant.find_map(|item| item.get("app_scoped_user_id")?.as_s().ok().cloned());
    found.expect("a connection knows who made it")
}

async fn status_page(world: &World, url: &str, language: &str) -> String {
    assert!(url.starts_with(world.stack.api_url()), "{url}");
    let answer = world.stranger().call(Method::GET, url, None, &[("accept-language", language)]).await;
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    answer.body
}

/// What a deletion says to whom who asked.
struct Confirmed {
    url: String,
    code: String,
}

impl Confirmed {
    fn of(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{name}: {answer}")).to_owned();
        Self { url: text("url"), code: text("confirmation_code") }
    }
}

/// Everything stored, as one text.
async fn everything(world: &World) -> String {
    format!("{:?}", world.tables().everything().await)
}

async fn receipts(world: &World, person: &str) -> Vec<Value> {
    let ana = world.browser(person);
    let events = ana.get(&format!("/api/tenants/{}/events?limit=100", ana.tenant())).await.json();
    let events = events["events"].as_array().cloned().unwrap_or_default();
    events.into_iter().filter(|event| event["kind"] == "data.erased").collect()
}

#[tokio::test]
async fn who_removes_the_app_is_disconnected_and_the_tenant_keeps_its_conversations() {
    for (channel, login, user) in WAYS {
        let world = World::start().await;
        let ana = world.browser("ana").on(channel);
        ana.connect(login, user).await;
        world.dm_on(channel, INES, LUNA, "Hola").await;
        let removed = world.meta("POST", "/revoke", json!({"user": user})).await;
        assert_eq!(removed["callbacks"][0]["status"], 200, "{login}: {removed}");
        assert_eq!(ana.status().await["status"], "revoked", "{login}");
        assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola"], "{login}");
        assert_eq!(ana.audit().await.first().map(String::as_str), Some("connection.deauthorized"), "{login}");
        let connections = format!("{:?}", world.tables().items("ConnectionsTable").await);
        assert!(!connections.contains("v1."), "{login}: no sealed token is left");
    }
}

#[tokio::test]
async fn an_old_deauthorization_that_is_played_back_ends_no_new_connection() {
    let world = greeted().await;
    let old = signed_request(&world, Login::Instagram, &about(&stored_person(&world).await, now(&world)));
    assert_eq!(post(&world, DEAUTHORIZE, &old).await.status, 200);
    assert_eq!(world.browser("ana").status().await["status"], "revoked");
    world.advance_hours(2);
    world.browser("ana").connect("instagram", LUNA).await;
    assert_eq!(post(&world, DEAUTHORIZE, &old).await.status, 200);
    assert_eq!(world.browser("ana").status().await["status"], "active");
}

#[tokio::test]
async fn who_connects_again_while_a_deauthorization_is_worked_on_stays_connected() {
    let world = greeted().await;
    world.advance_hours(2);
    let asked = signed_request(&world, Login::Instagram, &about(&stored_person(&world).await, now(&world)));
    world.advance_hours(1);
    let slow = FaultRule::on(Service::DynamoDb, "TransactWriteItems", Effect::delay_before(Duration::from_secs(4)));
    let slow = world.stack.aws().faults().inject(slow.from_function("data-requests").times(1));
    let reconnect = async {
        eventually("the account is about to end", async || world.stack.aws().faults().hits(slow) == 1).await;
        world.browser("ana").connect("instagram", LUNA).await;
    };
    let (answer, ()) = tokio::join!(post(&world, DEAUTHORIZE, &asked), reconnect);
    assert_eq!(answer.status, 200);
    assert_eq!(world.browser("ana").status().await["status"], "active");
}

#[tokio::test]
async fn a_deauthorization_is_done_though_the_audit_log_cannot_be_written() {
    let world = greeted().await;
    let asked = signed_request(&world, Login::Instagram, &about(&stored_person(&world).await, now(&world)));
    let away = FaultRule::on(Service::DynamoDb, "PutItem", Effect::error("ValidationException"));
    world.stack.aws().faults().inject(away.from_function("data-requests"));
    assert_eq!(post(&world, DEAUTHORIZE, &asked).await.status, 200);
    assert_eq!(world.browser("ana").status().await["status"], "revoked");
}

#[tokio::test]
async fn after_a_deletion_nothing_of_person_account_or_contacts_is_left_anywhere() {
    for (channel, app, login, user) in [
        (Channel::Instagram, Login::Instagram, "instagram", LUNA),
        (Channel::Instagram, Login::Facebook, "facebook", "lucia.navarro"),
        (Channel::Messenger, Login::Facebook, "facebook", "lucia.navarro"),
    ] {
        let world = World::start().await.on(channel);
        let ana = world.browser("ana");
        ana.connect(login, user).await;
        let account = account_of(&ana).await;
        let person = stored_person(&world).await;
        for writer in [INES, KOFI] {
            world.dm(writer, LUNA, "a secret of mine").await;
            let last = world.act(writer, LUNA, json!({"kind": "text", "text": "and another"})).await;
            world.settle().await;
            world.act(writer, LUNA, json!({"kind": "reaction", "mid": last["id"], "emoji": "❤"})).await;
        }
        world.settle().await;
        assert_eq!(ana.send(&ana.conversations().await[0], "our answer").await.status, 202);
        world.settle().await;
        let contact = ana.conversations().await[0]["contact"]["id"].as_str().expect("an id").to_owned();

        let app = world.stack.app(app).expect("both apps are registered");
        let asked = world.meta("POST", "/deletion", json!({"user": user, "app_id": app.app_id})).await;
        assert_eq!(asked["callbacks"][0]["status"], 200, "{channel} {login}: {asked}");
        let confirmed = Confirmed::of(&asked["callbacks"][0]["body"]);
        world.settle().await;

        let left = everything(&world).await;
        let person = person.as_str().expect("text");
        for trace in [account.as_str(), person, &contact, LUNA, INES, KOFI, "secret", "another", "our answer", "v1."] {
            assert!(!left.contains(trace), "{channel} {login}: `{trace}` is left in {left}");
        }
        let page = status_page(&world, &confirmed.url, "es").await;
        assert!(page.contains("Eliminación completada"), "{page}");
        assert!(page.contains("1 cuentas conectadas, 2 conversaciones, 5 mensajes"), "{page}");
        assert!(status_page(&world, &confirmed.url, "en").await.contains("Deletion complete"));
        let receipts = receipts(&world, "ana").await;
        let [receipt] = receipts.as_slice() else { panic!("one receipt: {receipts:?}") };
        assert_eq!(receipt["details"]["messages"], 5);
        assert_eq!(receipt["details"]["code"], confirmed.code.as_str());
        assert_eq!(ana.status().await["connections"], json!([]), "{channel} {login}");
        assert_eq!(dead_letters(&world), 0);
    }
}

#[tokio::test]
async fn a_deletion_leaves_the_other_tenants_and_the_other_accounts_alone() {
    let world = greeted().await;
    world.browser("ana").connect("instagram", "mara.paints").await;
    world.browser("marta").connect("instagram", "raman.spices").await;
    world.dm(KOFI, "mara.paints", "for mara").await;
    world.dm(KOFI, "raman.spices", "for raman").await;
    world.meta("POST", "/deletion", json!({"user": LUNA})).await;
    world.settle().await;
    let (ana, marta) = (world.browser("ana"), world.browser("marta"));
    assert_eq!(ana.texts(&ana.conversation().await).await, ["for mara"]);
    assert_eq!(marta.texts(&marta.conversation().await).await, ["for raman"]);
    world.dm(KOFI, "mara.paints", "still here").await;
    assert_eq!(ana.texts(&ana.conversation().await).await.len(), 2);
}

#[tokio::test]
async fn a_tenant_that_had_the_account_before_is_cleaned_as_well() {
    let world = greeted().await;
    world.browser("ana").disconnect(json!({})).await.json();
    world.browser("marta").connect("instagram", LUNA).await;
    world.dm(KOFI, LUNA, "for marta").await;
    world.meta("POST", "/deletion", json!({"user": LUNA})).await;
    world.settle().await;
    assert_eq!(world.browser("ana").conversations().await, Vec::<Value>::new());
    assert_eq!(world.browser("marta").conversations().await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_same_demand_has_the_same_code_and_deletes_once() {
    let world = greeted().await;
    let person = stored_person(&world).await;
    let issued_at = now(&world);
    let demand = signed_request(&world, Login::Instagram, &about(&person, issued_at));
    let first = Confirmed::of(&post(&world, DELETION, &demand).await.body);
    world.settle().await;
    world.advance_hours(2);
    world.browser("ana").connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "a new beginning").await;
    // Written in another way, it says the same.
    let number: u64 = person.as_str().expect("text").parse().expect("a number");
    let again = signed_request(&world, Login::Instagram, &about(&number.into(), issued_at));
    for replay in [&demand, &again] {
        assert_eq!(Confirmed::of(&post(&world, DELETION, replay).await.body).code, first.code);
    }
    world.settle().await;
    let ana = world.browser("ana");
    assert_eq!(ana.status().await["status"], "active");
    assert_eq!(ana.texts(&ana.conversation().await).await, ["a new beginning"]);
}

#[tokio::test]
async fn somebody_whom_nobody_knows_has_nothing_to_delete() {
    let world = greeted().await;
    let demand = signed_request(&world, Login::Instagram, &about(&json!(27_640_875_392_278_831_u64), now(&world)));
    let confirmed = Confirmed::of(&post(&world, DELETION, &demand).await.body);
    assert!(status_page(&world, &confirmed.url, "en").await.contains("Deletion complete"));
    assert_eq!(world.browser("ana").status().await["status"], "active");
}

#[tokio::test]
async fn nobody_but_meta_can_demand_anything() {
    let world = greeted().await;
    let genuine = signed_request(&world, Login::Instagram, &about(&stored_person(&world).await, now(&world)));
    let (_, payload) = genuine.split_once('.').expect("two parts");
    let forged = format!("{}.{payload}", BASE64_URL_SAFE_NO_PAD.encode([0; 32]));
    for path in [DELETION, DEAUTHORIZE] {
        let refused = [
            (forged.clone(), 401, "wrong-signature"),
            ("nonsense".to_owned(), 400, "malformed-signed-request"),
            ("x".repeat(20_000), 413, "body-too-large"),
        ];
        for (request, status, kind) in refused {
            let answer = post(&world, path, &request).await;
            assert_eq!(answer.problem(), (status, format!("/problems/{kind}").as_str()));
        }
    }
    assert_eq!(world.browser("ana").status().await["status"], "active");
    let unknown = world.stranger().get(&format!("/data-deletion/{}", "0".repeat(32))).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn an_admin_has_one_contact_deleted_and_nobody_else_can() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        world.dm(KOFI, LUNA, "from Kofi").await;
        let ana = world.browser("ana");
        let conversations = ana.conversations().await;
        let ines = conversations.iter().find(|it| it["contact"]["name"] == "Inès Moreau").expect("Inès wrote");
        let path = format!("/api/tenants/luna/conversations/{}", ines["id"].as_str().expect("an id"));
        let foreign = path.replace("/luna/", "/taller/");
        let delete = async |person: &str, path: &str| world.browser(person).call(Method::DELETE, path, None, &[]).await;
        assert_eq!(delete("luis", &path).await.problem_kind(403), "role-required");
        assert_eq!(delete("marta", &path).await.status, 404);
        assert_eq!(delete("marta", &foreign).await.status, 404);

        let accepted = delete("ana", &path).await;
        assert_eq!(accepted.status, 202);
        let confirmed = Confirmed::of(&accepted.json());
        world.settle().await;
        assert!(status_page(&world, &confirmed.url, "en").await.contains("1 conversations, 1 messages"));
        let left = everything(&world).await;
        let contact = ines["contact"]["id"].as_str().expect("an id");
        for trace in ["Inès", "Hola", contact] {
            assert!(!left.contains(trace), "`{trace}` is left in {left}");
        }
        let items = world.tables().items("ConversationsTable").await;
        let tombstone = items.iter().find(|item| !item.contains_key("id")).expect("what keeps the deleted out");
        let names: std::collections::BTreeSet<_> = tombstone.keys().map(String::as_str).collect();
        assert_eq!(names, ["erased_before", "last_change", "pk", "sk", "ttl", "version"].into(), "it says of nobody");
        assert_eq!(ana.texts(&ana.conversation().await).await, ["from Kofi"]);
        assert_eq!(delete("ana", &path).await.status, 404, "it is gone");
    }
}

#[tokio::test]
async fn a_deletion_that_dies_again_and_again_is_completed_and_counts_every_message_once() {
    let world = greeted().await;
    for number in 0..30 {
        world.act(INES, LUNA, json!({"kind": "text", "text": format!("message {number}")})).await;
    }
    world.settle().await;
    let ana = world.browser("ana");
    assert_eq!(all_messages(&ana, &ana.conversation().await).await.len(), 31);
    for (operation, skip) in [("BatchWriteItem", 0), ("BatchWriteItem", 1), ("Query", 3), ("PutItem", 9)] {
        let rule = json!({"service": "dynamodb", "operation": operation, "function": "eraser", "skip": skip,
                          "times": 3, "effect": "cut_after"});
        let control = format!("{}/_local/faults", world.stack.aws_url());
        let ordered = reqwest::Client::new().post(control).json(&rule).send().await.expect("an answer");
        assert!(ordered.status().is_success(), "{}", ordered.text().await.unwrap_or_default());
    }
    let asked = world.meta("POST", "/deletion", json!({"user": LUNA})).await;
    let confirmed = Confirmed::of(&asked["callbacks"][0]["body"]);
    world.settle().await;
    let page = status_page(&world, &confirmed.url, "en").await;
    assert!(page.contains("Deletion complete") && page.contains("1 conversations, 31 messages"), "{page}");
    assert!(!everything(&world).await.contains("message 7"));
}
