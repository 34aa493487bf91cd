//! What passes costs nobody minutes, and what cannot be read stops nobody else.

use aws_sdk_dynamodb::types::AttributeValue;
use local_aws::{Effect, FaultRule, Service};
use serde_json::json;
use stories::World;

use crate::util::{INES, KOFI, LUNA, Pair, account_of, entry, eventually, greeted, luna, metric, notification};

/// Gives an attribute of the only item of a table another value, beside the API.
async fn overwrite(world: &World, table: &str, name: &str, value: AttributeValue) {
    let client = aws_sdk_dynamodb::Client::new(&world.stack.aws_config("story"));
    let mut item = world.tables().items(table).await.pop().expect("an item");
    item.insert(name.to_owned(), value);
    let table = world.stack.resource(table).expect("a table");
    client.put_item().table_name(table).set_item(Some(item)).send().await.expect("written");
}

/// Log lines of a function that say this.
fn said(world: &World, function: &str, words: &str) -> usize {
    let logs = world.stack.logs();
    let lines = logs.iter().filter(|line| line.function.as_deref() == Some(function));
    lines.filter(|line| line.message.contains(words)).count()
}

#[tokio::test]
async fn a_transaction_in_the_way_sends_no_message_back_to_the_queue_and_fails_no_mark() {
    let world = greeted().await;
    let ana = world.browser("ana");
    for function in ["processor", "inbox"] {
        let conflict = FaultRule::on(Service::DynamoDb, "UpdateItem", Effect::error("TransactionConflictException"));
        world.stack.aws().faults().inject(conflict.from_function(function).times(4));
    }

    world.dm(INES, LUNA, "¿Abrís hoy?").await;
    let id = ana.conversation().await["id"].as_str().expect("an id").to_owned();
    let read = ana.post(&format!("/api/tenants/luna/conversations/{id}/read"), json!({})).await;

    assert_eq!((read.status, &read.json()["unread_count"]), (200, &json!(0)));
    assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola", "¿Abrís hoy?"]);
    assert_eq!(said(&world, "processor", "goes back to the queue"), 0);
}

#[tokio::test]
async fn an_answer_is_accepted_though_its_transaction_was_cancelled_for_throttling() {
    let world = greeted().await;
    let ana = world.browser("ana");
    let effect = Effect::transaction_cancelled(["None", "ThrottlingError", "None"]);
    let rule = FaultRule::on(Service::DynamoDb, "TransactWriteItems", effect).from_function("send").times(3);
    let rule = world.stack.aws().faults().inject(rule);

    assert_eq!(ana.send(&ana.conversation().await, "Sí").await.status, 202);

    assert_eq!(world.stack.aws().faults().hits(rule), 3);
}

#[tokio::test]
async fn a_conversation_that_cannot_be_read_stops_no_neighbour_and_is_missing_in_the_list() {
    let world = greeted().await;
    let ana = world.browser("ana");
    overwrite(&world, "ConversationsTable", "contact", AttributeValue::Bool(true)).await;
    let account = account_of(&ana).await;
    let ines = world.phone(INES, LUNA).await;
    assert!(!ines.is_empty());
    let now = world.stack.clock().now_ms();
    let strangers = [Pair::new(&account, 71), Pair::new(&account, 72)];
    let events: Vec<_> =
        strangers.iter().map(|pair| pair.text(now, &format!("aWdf{}", pair.contact), "Hola")).collect();

    world.act(INES, LUNA, json!({"kind": "text", "text": "¿Sigues ahí?"})).await;
    world.deliver(&notification(&[entry(&account, now, &events)])).await;

    eventually("the neighbours' messages arrive", async || ana.conversations().await.len() == 2).await;
    assert!(!metric(&world, "items_unreadable").is_empty(), "and it is counted");
}

#[tokio::test]
async fn a_kind_of_message_that_a_newer_version_wrote_is_shown_as_unsupported() {
    let world = greeted().await;
    let ana = world.browser("ana");
    overwrite(&world, "MessagesTable", "kind", AttributeValue::S("hologram".to_owned())).await;

    let conversation = ana.conversation().await;
    let messages = ana.messages(&conversation).await;
    world.dm(INES, LUNA, "¿Y ahora?").await;

    assert_eq!((&messages[0]["kind"], &messages[0]["text"]), (&json!("unsupported"), &json!("Hola")));
    let stored = world.tables().items("MessagesTable").await;
    assert!(stored.iter().any(|item| item["kind"].as_s().is_ok_and(|kind| kind == "hologram")), "it is kept");
}

#[tokio::test]
async fn a_cursor_that_leads_nowhere_in_its_list_is_the_callers_mistake() {
    let world = luna().await;
    for contact in [INES, KOFI] {
        world.dm(contact, LUNA, "Hola").await;
    }
    let ana = world.browser("ana");
    let first = ana.get("/api/tenants/luna/conversations?limit=1").await.json();
    let cursor = first["next_cursor"].as_str().expect("a second page");
    let olivia = world.browser("olivia");
    let audit = "/api/admin/tenants/luna/events";
    let lines = olivia.get(&format!("{audit}?limit=1")).await.json();
    let of_the_audit = lines["next_cursor"].as_str().expect("a second page");

    for path in [
        format!("/api/tenants/luna/conversations?state=closed&cursor={cursor}"),
        format!("/api/tenants/luna/events?cursor={cursor}"),
        format!("/api/tenants/luna/conversations?cursor={of_the_audit}"),
    ] {
        assert_eq!(ana.get(&path).await.problem_kind(400), "invalid-cursor", "{path}");
    }
    for query in ["to=2020-01-01T00:00:00Z", "from=2999-01-01T00:00:00Z", "kind=connection.refused"] {
        let answer = olivia.get(&format!("{audit}?{query}&cursor={of_the_audit}")).await;
        assert_eq!(answer.problem_kind(400), "invalid-cursor", "{query}");
    }
}
