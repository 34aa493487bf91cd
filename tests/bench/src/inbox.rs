//! Request units of every read and write of an inbox, by its size. Flat is the goal.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use local_aws::{Service, Units};
use reqwest::Method;
use serde_json::{Value, json};
use stories::{Answer, Browser, World};

use crate::Failure;
use crate::measure::median;

/// `DynamoDB`'s limit for one call.
const ITEMS_PER_CALL: usize = 25;
/// How often each operation is done.
const TIMES: usize = 5;

/// What one operation took.
pub(crate) struct Row {
    operation: &'static str,
    /// The most of some times; sizes of items differ by a few bytes.
    units: Units,
    ms: f64,
}

/// All operations on an inbox of one size.
pub(crate) struct Rows {
    size: usize,
    rows: Vec<Row>,
}

impl Rows {
    pub(crate) fn print(&self) {
        println!("\nAn inbox of {} conversations", self.size);
        println!("{:<34} {:>6} {:>6} {:>9}", "", "read", "write", "local ms");
        for Row { operation, units, ms } in &self.rows {
            println!("{operation:<34} {:>6.1} {:>6.1} {ms:>9.2}", units.read(), units.write_table + units.write_index);
        }
    }

    /// Whether every operation costs the same in both.
    pub(crate) fn costs_as(&self, other: &Self) -> bool {
        self.rows.iter().zip(&other.rows).all(|(one, other)| one.units == other.units)
    }
}

/// Fills an inbox and uses it.
pub(crate) async fn measure(size: usize) -> Result<Rows, Failure> {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("instagram", "luna.cafe").await;
    world.dm("ines.moreau", "luna.cafe", "¿Abrís mañana?").await;
    eprintln!("filling an inbox with {size} conversations");
    fill(&world, size).await?;
    world.dm("ines.moreau", "luna.cafe", "¿Abrís el lunes?").await;
    world.dm("kofi_mensah", "luna.cafe", "Hi").await;
    world.settle().await;
    let conversation = ana.conversations().await.pop().ok_or("the inbox is not empty")?;
    let ines = ana.conversations().await.into_iter().find(|known| known["contact"]["username"] == "ines.moreau");
    let rows = operations(&world, &ana, &ines.unwrap_or(conversation)).await?;
    Ok(Rows { size, rows })
}

async fn operations(world: &World, ana: &Browser<'_>, conversation: &Value) -> Result<Vec<Row>, Failure> {
    let list = format!("/api/tenants/{}/conversations", ana.tenant());
    let one = format!("{list}/{}", conversation["id"].as_str().ok_or("a conversation has an id")?);
    let first = ana.get(&format!("{list}?limit=25")).await;
    let cursor = first.json()["next_cursor"].as_str().unwrap_or_default().to_owned();
    let (page, messages, read) =
        (format!("{list}?limit=25&cursor={cursor}"), format!("{one}/messages"), format!("{one}/read"));
    let (first, unread) = (format!("{list}?limit=25"), format!("{list}?limit=25&unread=true"));
    let state = |number: usize| json!({"state": if number.is_multiple_of(2) { "closed" } else { "open" }});
    Ok(vec![
        row(world, "list, first page", async |_| done(&ana.get(&first).await)).await?,
        row(world, "list, next page", async |_| done(&ana.get(&page).await)).await?,
        row(world, "list, unread", async |_| done(&ana.get(&unread).await)).await?,
        row(world, "a conversation", async |_| done(&ana.get(&one).await)).await?,
        row(world, "messages of a conversation", async |_| done(&ana.get(&messages).await)).await?,
        row(world, "a DM, known conversation", async |number| {
            world.dm("ines.moreau", "luna.cafe", &format!("Hola {number}")).await;
            Ok(())
        })
        .await?,
        row(world, "mark as read", async |_| done(&ana.post(&read, json!({})).await)).await?,
        row(world, "change the state", async |number| {
            done(&ana.call(Method::PATCH, &one, Some(state(number)), &[]).await)
        })
        .await?,
        row(world, "an answer, echo and receipt", async |number| {
            let sent = ana.send(conversation, &format!("Sí {number}")).await;
            world.settle().await;
            done(&sent)
        })
        .await?,
    ])
}

fn done(answer: &Answer) -> Result<(), Failure> {
    if answer.status < 400 { Ok(()) } else { Err(format!("refused: {} {}", answer.status, answer.body).into()) }
}

async fn row(
    world: &World,
    operation: &'static str,
    act: impl AsyncFn(usize) -> Result<(), Failure>,
) -> Result<Row, Failure> {
    let mut most = Units::default();
    let mut took = Vec::new();
    for number in 0..TIMES {
        let before = world.stack.aws().calls().last_seq();
        let started = Instant::now();
        act(number).await?;
        took.push(started.elapsed());
        let calls = world.stack.aws().calls().since(before);
        let of_database = calls.iter().filter(|call| call.service == Service::DynamoDb);
        let mut units = Units::default();
        of_database.for_each(|call| units += call.units);
        most = if total(&units) > total(&most) { units } else { most };
    }
    let ms = median(took.iter().map(Duration::as_secs_f64)) * 1e3;
    Ok(Row { operation, units: most, ms })
}

fn total(units: &Units) -> f64 {
    units.read() + units.write_table + units.write_index
}

/// Copies of a stored conversation, older than it: to store a hundred thousand messages would take an hour.
async fn fill(world: &World, size: usize) -> Result<(), Failure> {
    let client = Client::new(&world.stack.aws_config("bench"));
    let table = world.stack.resource("ConversationsTable").ok_or("the template has such a table")?;
    let mut items = world.tables().items("ConversationsTable").await;
    let model = items.pop().ok_or("a conversation is stored")?;
    let newest: i64 = model.get("last_message_at").and_then(|at| at.as_n().ok()).ok_or("a time")?.parse()?;
    for start in (0..size).step_by(ITEMS_PER_CALL) {
        let copies = (start..size.min(start + ITEMS_PER_CALL)).map(|number| copy(&model, number, newest));
        let requests: Vec<WriteRequest> = copies.collect::<Result<_, _>>()?;
        client.batch_write_item().request_items(table, requests).send().await?;
    }
    Ok(())
}

fn copy(model: &HashMap<String, AttributeValue>, number: usize, newest: i64) -> Result<WriteRequest, Failure> {
    let at = newest - 60_000 - i64::try_from(number)?;
    let mut item = model.clone();
    item.insert("sk".to_owned(), AttributeValue::S(format!("CONVERSATION#{number:032x}")));
    item.insert("id".to_owned(), AttributeValue::S(format!("{number:032x}")));
    item.insert("last_message_at".to_owned(), AttributeValue::N(at.to_string()));
    let put = PutRequest::builder().set_item(Some(item)).build()?;
    Ok(WriteRequest::builder().put_request(put).build())
}
