//! A deletion takes what was received before it was asked for, all of it, and nothing that came after.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::Channel;
use local_aws::{Effect, FaultRule, Service};
use reqwest::Method;
use serde_json::{Value, json};
use stories::{Browser, World};

use crate::util::{
    FORGOTTEN_BY_THE_QUEUE_MS, INES, LUNA, Pair, account_of, dead_letters, entry, eventually, greeted, greeted_on,
    luna, metric, newest, notification, settle_in_fast_motion,
};

/// Has the person's only conversation deleted; answers where to read how far that is.
async fn erase_contact(ana: &Browser<'_>) -> Value {
    let conversation = ana.conversation().await;
    let path = format!("/api/tenants/{}/conversations/{}", ana.tenant(), conversation["id"].as_str().expect("an id"));
    let accepted = ana.call(Method::DELETE, &path, None, &[]).await;
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    accepted.json()
}

async fn page(world: &World, confirmed: &Value) -> String {
    let url = confirmed["url"].as_str().expect("an address");
    world.stranger().call(Method::GET, url, None, &[("accept-language", "en")]).await.body
}

/// The order of a deletion comes once more.
pub(super) async fn order_again(world: &World, code: &Value) {
    let client = aws_sdk_sqs::Client::new(&world.stack.aws_config("story"));
    let queue = world.stack.resource("ErasureQueue").expect("the queue");
    let order = json!({"code": code}).to_string();
    client.send_message().queue_url(queue).message_body(order).send().await.expect("queued");
}

#[tokio::test]
async fn who_writes_again_after_a_deletion_keeps_what_was_written_since() {
    for channel in Channel::ALL {
        let world = greeted_on(channel).await;
        let ana = world.browser("ana");
        let confirmed = erase_contact(&ana).await;
        world.dm(INES, LUNA, "NEW order").await;
        let conversation = ana.conversation().await;
        assert_eq!(ana.texts(&conversation).await, ["NEW order"]);
        assert_eq!(conversation["unread_count"], 1);
        assert_eq!(ana.send(&conversation, "on its way").await.status, 202);
        world.settle().await;
        order_again(&world, &confirmed["confirmation_code"]).await;
        world.settle().await;
        assert_eq!(ana.texts(&ana.conversation().await).await, ["NEW order", "on its way"]);
        assert!(page(&world, &confirmed).await.contains("1 conversations, 1 messages"));
    }
}

#[tokio::test]
async fn who_connects_again_behind_metas_demand_keeps_what_came_since() {
    let world = greeted().await;
    world.meta("POST", "/deletion", json!({"user": LUNA})).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "after the demand").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["after the demand"]);
    assert_eq!(ana.status().await["status"], "active");
    assert!(ana.audit().await.contains(&"connection.connected".to_owned()), "its audit begins anew");
}

#[tokio::test]
async fn what_was_deleted_does_not_come_back_when_meta_delivers_it_again() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 73);
    let at = world.stack.clock().now_ms();
    let body = notification(&[entry(&pair.account, at, &[pair.text(at, "aWdfsecret", "a secret")])]);
    world.deliver(&body).await;
    world.settle().await;
    erase_contact(&ana).await;
    world.settle().await;
    world.stack.clock().advance(FORGOTTEN_BY_THE_QUEUE_MS);
    world.deliver(&body).await;
    world.settle().await;
    assert!(world.browser("ana").conversations().await.is_empty());
    assert!(!format!("{:?}", world.tables().everything().await).contains("a secret"));
    assert!(metric(&world, "events").iter().any(|event| event["outcome"] == "erased"), "it came");
    let now = world.stack.clock().now_ms();
    world.deliver(&notification(&[entry(&pair.account, now, &[pair.text(now, "aWdfnew", "something new")])])).await;
    world.settle().await;
    let ana = world.browser("ana");
    assert_eq!(newest(&ana, &ana.conversation().await).await["text"], "something new");
}

#[tokio::test]
async fn an_order_that_comes_twice_waits_for_the_second_look_all_the_same() {
    let world = World::start_with(|settings| settings.variables.clear()).await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    let confirmed = erase_contact(&ana).await;
    let looks = |outcome: &str| metric(&world, "erasures").iter().filter(|it| it["outcome"] == outcome).count();
    eventually("the first look", async || looks("settling") > 0).await;
    for twice in 1..=2 {
        let before = looks("settling");
        order_again(&world, &confirmed["confirmation_code"]).await;
        eventually("an order that came again", async || looks("settling") > before).await;
        assert_eq!(looks("done"), 0, "{twice}");
    }
    assert!(page(&world, &confirmed).await.contains("Deletion in progress"));
    world.stack.clock().advance(61_000);
    world.settle().await;
    assert!(page(&world, &confirmed).await.contains("Deletion complete"));
    assert_eq!(dead_letters(&world), 0);
}

/// How far each deletion is that was ever stored.
async fn deletions(world: &World) -> Vec<String> {
    let items = world.tables().items("ConnectionsTable").await;
    let progress = items.iter().filter_map(|item| item.get("progress")?.as_s().ok().cloned());
    progress.collect()
}

#[tokio::test]
async fn a_deletion_that_the_queue_did_not_take_is_not_kept_as_one_that_never_ends() {
    // Arrange
    let world = greeted().await;
    let ana = world.browser("ana");
    let conversation = ana.conversation().await;
    let path = format!("/api/tenants/luna/conversations/{}", conversation["id"].as_str().expect("an id"));
    let away = FaultRule::on(Service::Sqs, "SendMessage", Effect::server_error("InternalError"));
    let fault = world.stack.aws().faults().inject(away.from_function("data-requests"));
    // Act
    let refused = ana.call(Method::DELETE, &path, None, &[]).await;
    world.stack.aws().faults().remove(fault);
    erase_contact(&ana).await;
    world.settle().await;
    // Assert
    assert_eq!(refused.problem_kind(503), "unavailable");
    assert_eq!(deletions(&world).await, ["done"]);
    let left = format!("{:?}", world.tables().items("ConnectionsTable").await);
    assert!(!left.contains(conversation["id"].as_str().expect("an id")), "nothing names the contact");
}

#[tokio::test]
async fn an_order_that_is_there_before_its_deletion_waits_for_it() {
    // Arrange
    let world = greeted().await;
    let ana = world.browser("ana");
    let late = FaultRule::on(Service::DynamoDb, "PutItem", Effect::delay_before(Duration::from_millis(1500)));
    world.stack.aws().faults().inject(late.from_function("data-requests").resource("ConnectionsTable").times(1));
    // Act
    let confirmed = erase_contact(&ana).await;
    world.settle().await;
    // Assert
    assert!(page(&world, &confirmed).await.contains("Deletion complete"));
    assert!(ana.conversations().await.is_empty());
    assert_eq!(dead_letters(&world), 0);
}

#[tokio::test]
async fn an_order_without_a_deletion_is_given_up() {
    let world = World::start().await;
    order_again(&world, &json!("0".repeat(32))).await;
    settle_in_fast_motion(&world).await;
    assert_eq!(metric(&world, "erasures").last().expect("a metric")["outcome"], "unknown");
    assert_eq!(dead_letters(&world), 0);
}

/// A newer version adds a task to the deletion that is under way.
async fn add_task(world: &World, scope: &str) {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let items = world.tables().items("ConnectionsTable").await;
    let mut deletion = items.into_iter().find(|item| item.contains_key("tasks")).expect("a deletion");
    let Some(AttributeValue::L(tasks)) = deletion.get_mut("tasks") else { panic!("it has tasks") };
    let mut task = tasks[0].as_m().expect("a task").clone();
    task.extend([("scope".to_owned(), text(scope)), ("campaign".to_owned(), text("spring"))]);
    tasks.insert(0, AttributeValue::M(task));
    deletion.insert("origin".to_owned(), text("regulator"));
    let client = aws_sdk_dynamodb::Client::new(&world.stack.aws_config("story"));
    let table = world.stack.resource("ConnectionsTable").expect("the table");
    client.put_item().table_name(table).set_item(Some(deletion)).send().await.expect("written");
}

#[tokio::test]
async fn a_task_that_only_a_newer_version_knows_is_kept_for_it_and_the_others_are_done() {
    // Arrange
    let world = greeted().await;
    let ana = world.browser("ana");
    let away = FaultRule::on(Service::DynamoDb, "GetItem", Effect::server_error("InternalServerError"));
    let fault = world.stack.aws().faults().inject(away.from_function("eraser"));
    let confirmed = erase_contact(&ana).await;
    add_task(&world, "campaign").await;
    // Act
    world.stack.aws().faults().remove(fault);
    world.settle().await;
    // Assert
    assert!(ana.conversations().await.is_empty(), "what is known is deleted");
    assert!(page(&world, &confirmed).await.contains("Deletion in progress"));
    let kept = format!("{:?}", world.tables().items("ConnectionsTable").await);
    assert!(["campaign", "spring", "regulator"].iter().all(|word| kept.contains(word)), "{kept}");
    assert_eq!(dead_letters(&world), 1, "a person is told");
}

/// Adds lines to a tenant's audit log, `about` the account in the last one, which one read of the table does not hold.
async fn write_long_audit(world: &World, tenant: &str, about: &str) {
    let client = aws_sdk_dynamodb::Client::new(&world.stack.aws_config("story"));
    let table = world.stack.resource("IntegrationEventsTable").expect("the table");
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let at = world.stack.clock().now_ms() - 10_000;
    let lines: Vec<_> = (0..1500_i64)
        .map(|number| {
            let named = if number == 1499 { about } else { "17849999999999999" };
            let long = "x".repeat(1500);
            let details = [("channel", "instagram"), ("account_id", named), ("more", long.as_str())];
            let details = details.map(|(name, value)| (name.to_owned(), text(value))).into();
            let put = PutRequest::builder()
                .item("pk", text(&format!("TENANT#{tenant}")))
                .item("sk", text(&format!("EVENT#{:013}-{number:016x}", at + number)))
                .item("tenant", text(tenant))
                .item("at", AttributeValue::N((at + number).to_string()))
                .item("kind", text("connection.refused"))
                .item("details", AttributeValue::M(details));
            WriteRequest::builder().put_request(put.build().expect("an item")).build()
        })
        .collect();
    for chunk in lines.chunks(25) {
        client.batch_write_item().request_items(table, chunk.to_vec()).send().await.expect("written");
    }
}

#[tokio::test]
async fn a_deletion_that_has_no_time_gets_further_with_every_piece() {
    let world = World::start_with(|settings| {
        settings.variables.insert("STEP_SECONDS".to_owned(), "0".to_owned());
    })
    .await;
    let ana = world.browser("ana");
    ana.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    let account = account_of(&ana).await;
    write_long_audit(&world, "luna", &account).await;
    world.meta("POST", "/deletion", json!({"user": LUNA})).await;
    world.settle().await;
    let left = format!("{:?}", world.tables().everything().await);
    assert!(!left.contains(&account) && !left.contains("Hola"));
    assert!(metric(&world, "erasures").iter().any(|it| it["outcome"] == "time_up"));
    assert!(metric(&world, "erasures").iter().any(|it| it["outcome"] == "done"));
    assert_eq!(dead_letters(&world), 0);
}
