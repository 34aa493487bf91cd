//! What several stories need.

mod payload;

use std::future::Future;
use std::time::Duration;

use domain::Channel;
use serde_json::{Value, json};
use stories::{Browser, World};
use tokio::time::{Instant, sleep};

pub(crate) use payload::{Pair, entry, notification, notification_of};

/// The account that Ana connects.
pub(crate) const LUNA: &str = "luna.cafe";
/// Every way to connect Luna Café: the channel, the login, and who logs in.
pub(crate) const WAYS: [(Channel, &str, &str); 3] = [
    (Channel::Instagram, "instagram", LUNA),
    (Channel::Instagram, "facebook", "lucia.navarro"),
    (Channel::Messenger, "facebook", "lucia.navarro"),
];
/// A contact who writes to it.
pub(crate) const INES: &str = "ines.moreau";
/// Another.
pub(crate) const KOFI: &str = "kofi_mensah";

/// For so long the queue recognises a message that it has had before; a little more.
pub(crate) const FORGOTTEN_BY_THE_QUEUE_MS: i64 = 6 * 60 * 1000;

/// How long a story waits for what it has caused. Far more than it takes; nothing is asserted about it.
const AT_MOST: Duration = Duration::from_mins(3);

/// A world in which Ana has connected Luna Café's Instagram.
pub(crate) async fn luna() -> World {
    luna_on(Channel::Instagram).await
}

/// A world in which Ana has connected Luna Café's account of a channel.
pub(crate) async fn luna_on(channel: Channel) -> World {
    connected(World::start().await.on(channel)).await
}

/// The world, in which Ana connects Luna Café's account of its channel.
pub(crate) async fn connected(world: World) -> World {
    match world.channel() {
        Channel::Instagram => world.browser("ana").connect("instagram", LUNA).await,
        Channel::Messenger => world.browser("ana").connect("facebook", "lucia.navarro").await,
    }
    world
}

/// The same world after Inès wrote "Hola".
pub(crate) async fn greeted() -> World {
    greeted_on(Channel::Instagram).await
}

/// The same on a channel.
pub(crate) async fn greeted_on(channel: Channel) -> World {
    let world = luna_on(channel).await;
    world.dm(INES, LUNA, "Hola").await;
    world
}

/// How often a delivery is made. Meta tries for 36 hours.
const DELIVERIES: usize = 20;

/// Delivers as Meta does: again until it is told 200, and everything that follows has happened. On a busy machine the function
/// may run into its timeout with a large body; what it had queued by then the queue recognises.
///
/// # Panics
///
/// When the body is refused for good.
pub(crate) async fn deliver(world: &World, body: &Value) {
    for _ in 0..DELIVERIES {
        let answer = world.deliver(body).await;
        world.settle().await;
        if answer.status == 200 {
            return;
        }
        assert!([500, 503].contains(&answer.status), "{} {}", answer.status, answer.body);
    }
    panic!("a delivery was refused {DELIVERIES} times");
}

/// The id of the person's only account.
pub(crate) async fn account_of(person: &Browser<'_>) -> String {
    let status = person.status().await;
    let connection = &status["connections"][0];
    let id = connection["ig_user_id"].as_str().or(connection["page_id"].as_str());
    id.expect("an account is connected").to_owned()
}

/// The newest message of a conversation.
pub(crate) async fn newest(person: &Browser<'_>, conversation: &Value) -> Value {
    person.messages(conversation).await.into_iter().next().expect("a message")
}

/// Every conversation or message of a list, page by page.
pub(crate) async fn all_pages(person: &Browser<'_>, path: &str, list: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = person.get(&format!("{path}?limit={limit}{cursor}")).await.json();
        let entries = page[list].as_array().expect("a page is a list");
        assert!(entries.len() <= limit, "a page of {} instead of {limit}", entries.len());
        all.extend(entries.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Every conversation of the person's tenant.
pub(crate) async fn all_conversations(person: &Browser<'_>) -> Vec<Value> {
    let path = format!("/api/tenants/{}/conversations", person.tenant());
    all_pages(person, &path, "conversations", 100).await
}

/// Every message of a conversation, newest first.
pub(crate) async fn all_messages(person: &Browser<'_>, conversation: &Value) -> Vec<Value> {
    let id = conversation["id"].as_str().expect("a conversation has an id");
    let path = format!("/api/tenants/{}/conversations/{id}/messages", person.tenant());
    all_pages(person, &path, "messages", 100).await
}

/// What the business wrote, as the contact's phone shows it, oldest first.
pub(crate) async fn answers_on_phone(world: &World, contact: &str) -> Vec<String> {
    let thread = world.phone(contact, LUNA).await;
    let answers = thread.iter().filter(|message| message["outbound"] == true);
    answers.map(|message| message["text"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Meta approves the Human Agent feature of the app, and the operator notes it in the secret.
pub(crate) async fn approve_human_agent(world: &World) {
    let app = world.stack.app(world.login()).expect("an app");
    world.meta("PATCH", &format!("/apps/{}", app.app_id), json!({"human_agent": true})).await;
    let mut approved = json!(app);
    approved["human_agent"] = true.into();
    let client = aws_sdk_secretsmanager::Client::new(&world.stack.aws_config("story"));
    let secret = world.stack.resource("MetaAppsSecret").expect("the secret");
    let put = client.put_secret_value().secret_id(secret).secret_string(json!({"apps": [approved]}).to_string());
    put.send().await.expect("the secret can be changed");
}

/// Orders a failure that stays until it is taken back.
pub(crate) async fn standing_fault(world: &World, endpoint: &str, action: Value) {
    world.meta("POST", "/faults", json!({"endpoint": endpoint, "count": null, "action": action})).await;
}

/// Lets Meta try refused deliveries again soon and often: for stories in which our functions keep dying.
pub(crate) async fn eager_deliveries(world: &World) {
    world.meta("PATCH", "/webhooks/options", json!({"retry_delays_ms": vec![100; 30]})).await;
}

/// Lets Meta's echoes come at this time.
pub(crate) async fn echoes(world: &World, when: &str) {
    world.meta("PATCH", "/webhooks/options", json!({"echo": when})).await;
}

/// Calls to an endpoint of Meta's.
pub(crate) async fn calls(world: &World, endpoint: &str) -> u64 {
    world.meta("GET", "/calls", Value::Null).await["counts"][endpoint].as_u64().unwrap_or_default()
}

/// Every channel with each of these.
pub(crate) fn each_with<const N: usize>(whens: [&'static str; N]) -> impl Iterator<Item = (Channel, &'static str)> {
    Channel::ALL.into_iter().flat_map(move |channel| whens.map(|when| (channel, when)))
}

/// The status of an answer that has gone out: Messenger tells that it has reached the phone.
pub(crate) const fn gone_out(channel: Channel) -> &'static str {
    match channel {
        Channel::Instagram => "sent",
        Channel::Messenger => "delivered",
    }
}

/// Sends a text; what has become of it once everything has come to rest.
pub(crate) async fn answered(world: &World, person: &Browser<'_>, text: &str) -> Value {
    let conversation = person.conversation().await;
    person.send(&conversation, text).await.json();
    world.settle().await;
    newest(person, &conversation).await
}

/// The status of the newest message of a conversation.
pub(crate) async fn status_of(person: &Browser<'_>, conversation: &Value) -> String {
    newest(person, conversation).await["status"].as_str().unwrap_or_default().to_owned()
}

/// How many lines of the audit log are of this kind.
pub(crate) async fn audited(person: &Browser<'_>, kind: &str) -> usize {
    person.audit().await.iter().filter(|line| *line == kind).count()
}

/// Messages that Luna Café has spent this month.
pub(crate) async fn used(world: &World) -> u64 {
    let items = world.tables().items("TenantsTable").await;
    let spent = items.iter().filter_map(|item| item.get("sent")?.as_n().ok()?.parse::<u64>().ok());
    spent.sum()
}

/// The dimensions of every value of a metric, in the order in which they were counted.
pub(crate) fn metric(world: &World, name: &str) -> Vec<Value> {
    let lines = world.stack.logs();
    let of_metric = lines.iter().filter(|line| line.fields.get("metric").is_some_and(|metric| metric == name));
    of_metric
        .map(|line| {
            line.fields["dimensions"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
        })
        .collect()
}

/// Messages in dead-letter queues.
pub(crate) fn dead_letters(world: &World) -> usize {
    set_aside(world).len()
}

/// The same, each with its queue.
pub(crate) fn set_aside(world: &World) -> Vec<String> {
    let queues = world.stack.aws().queues().into_iter().filter(|queue| queue.is_dead_letter_queue);
    queues
        .flat_map(|queue| queue.messages.into_iter().map(move |message| format!("{}: {}", queue.name, message.body)))
        .collect()
}

/// Waits until everything has come to rest while the clocks run thirty times as fast: for answers of which nobody knows, since
/// their proof takes its time.
pub(crate) async fn settle_in_fast_motion(world: &World) {
    let clocks = async {
        loop {
            sleep(Duration::from_millis(100)).await;
            world.stack.clock().advance(3000);
        }
    };
    tokio::select! {
        () = world.settle() => {}
        () = clocks => {}
    }
}

/// Waits for something that happens while queues are still busy.
///
/// # Panics
///
/// When it does not happen.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut happened: impl FnMut() -> F) {
    let until = Instant::now() + AT_MOST;
    while !happened().await {
        assert!(Instant::now() < until, "this did not happen: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
