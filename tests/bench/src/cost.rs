//! What a million DMs cost: counted calls times list prices.
//!
//! Counted are API requests, invocations, queue requests, request units, log bytes and metrics. The one thing that cannot
//! be counted here is how long Lambda waits for others: see [`wait_ms`]. What is stored is billed by the month and stands
//! apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::Failure;
use crate::measure::{Figures, count};

/// What the functions have in `template.yaml`.
const MEMORY_MIB: f64 = 256.0;
/// What the `sender` has.
const SENDER_MEMORY_MIB: f64 = 128.0;
/// Lambda gives one CPU to so much memory, and a share of it to less.
const MIB_OF_A_CPU: f64 = 1769.0;
/// `START`, `END` and `REPORT` of an invocation, and what CloudWatch adds to each of the three lines.
const LAMBDA_LOG_BYTES: f64 = 380.0;
/// The access log of an API request.
const ACCESS_LOG_BYTES: f64 = 260.0;
/// What CloudWatch Logs adds to each line.
const LINE_OVERHEAD_BYTES: f64 = 26.0;
/// An answer of ours with its headers.
const ANSWER_BYTES: f64 = 400.0;
/// A write unit is a KiB, and a message costs one.
const MESSAGE_BYTES: f64 = 1024.0;
/// Long polls of a queue in a month: five pollers, twenty seconds each.
const POLLS_A_MONTH: f64 = 5.0 * 3.0 * 60.0 * 24.0 * 30.0;
/// Queues that feed the path of a message.
const QUEUES: f64 = 2.0;
/// The sender's sweep, every five minutes.
const SWEEPS_A_MONTH: f64 = 12.0 * 24.0 * 30.0;
/// Months to show.
const MONTHS: [f64; 4] = [0.0, 1e4, 1e6, 1e8];

/// How DMs come: so many share a delivery of Meta's, and a batch of the inbound queue.
///
/// Nothing promises that any do, so the first is the one to plan with. The second is what Meta's redelivery after an outage
/// or a very busy app looks like.
const SHAPES: [(&str, f64); 2] = [("alone", 1.0), ("in tens", 10.0)];

/// Time that Lambda bills while a function waits, in milliseconds: not measured here, but usual inside a region.
fn wait_ms(call: &str) -> f64 {
    match call {
        "Graph" => 300.0,
        "SendMessage" | "SendMessageBatch" => 8.0,
        "TransactWriteItems" => 10.0,
        _ => 5.0,
    }
}

/// What happens for a DM and for its answer, by the labels of the figures; and what starts it.
const RECEIVED: [(&str, Start); 2] = [("webhook-receive", Start::Delivery), ("processor", Start::Inbound)];
const ANSWERED: [(&str, Start); 6] = [
    ("send", Start::Person),
    ("sender", Start::Outbound),
    ("webhook-receive", Start::Delivery),
    ("processor, echo", Start::Inbound),
    ("webhook-receive", Start::Delivery),
    ("processor, read receipt", Start::Inbound),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// A person's request: one for each answer.
    Person,
    /// Meta's request, with one event or several.
    Delivery,
    /// A batch of the inbound queue.
    Inbound,
    /// A batch of the outbound queue, which always holds one.
    Outbound,
}

impl Start {
    const fn is_request(self) -> bool {
        matches!(self, Self::Person | Self::Delivery)
    }

    /// How many events of this shape share an invocation.
    const fn sharing(self, together: f64) -> f64 {
        match self {
            Self::Delivery | Self::Inbound => together,
            Self::Person | Self::Outbound => 1.0,
        }
    }
}

/// The list prices.
pub(crate) struct Prices(Value);

impl Prices {
    /// Reads `infra/prices.json`.
    pub(crate) fn read(root: &Path) -> Result<Self, Failure> {
        Ok(Self(serde_json::from_slice(&fs::read(root.join("infra/prices.json"))?)?))
    }

    fn get(&self, service: &str, price: &str) -> Result<f64, Failure> {
        let found = self.0["prices"][service][price].as_f64();
        found.ok_or_else(|| format!("infra/prices.json has no price {service}.{price}").into())
    }

    fn day(&self) -> &str {
        self.0["as_known_on"].as_str().unwrap_or("an unknown day")
    }
}

/// Dollars for a million, by item.
type Dollars = BTreeMap<&'static str, f64>;

/// A million DMs that come in one way.
#[derive(Serialize)]
struct Million {
    shape: &'static str,
    received: Dollars,
    /// In addition, for an answer to each.
    answered: Dollars,
    by_step: Vec<(&'static str, f64)>,
}

impl Million {
    fn of(figures: &[Figures], prices: &Prices, (shape, together): (&'static str, f64)) -> Result<Self, Failure> {
        let mut million = Self { shape, received: Dollars::new(), answered: Dollars::new(), by_step: Vec::new() };
        for (steps, dollars) in [(&RECEIVED[..], &mut million.received), (&ANSWERED[..], &mut million.answered)] {
            for &(label, start) in steps {
                let spent = step_dollars(step(figures, label)?, start, together, prices)?;
                million.by_step.push((label, spent.values().sum()));
                for (item, amount) in spent {
                    *dollars.entry(item).or_default() += amount;
                }
            }
        }
        Ok(million)
    }

    fn received(&self) -> f64 {
        self.received.values().sum()
    }

    fn answered(&self) -> f64 {
        self.received() + self.answered.values().sum::<f64>()
    }

    fn item(&self, item: &str) -> (f64, f64) {
        let received = self.received.get(item).copied().unwrap_or_default();
        (received, received + self.answered.get(item).copied().unwrap_or_default())
    }
}

/// What a million DMs cost.
#[derive(Serialize)]
pub(crate) struct Bill {
    prices_of: String,
    millions: Vec<Million>,
    /// A million messages in the table, with backups: each month that they are kept.
    stored_a_month: f64,
    /// For each month in which there is any message.
    metrics: BTreeSet<String>,
    a_metric: f64,
    /// For each month, whatever happens in it.
    fixed: Dollars,
}

impl Bill {
    /// Multiplies.
    pub(crate) fn of(figures: &[Figures], prices: &Prices) -> Result<Self, Failure> {
        let millions = SHAPES.iter().map(|shape| Million::of(figures, prices, *shape)).collect::<Result<_, _>>()?;
        let mut metrics = BTreeSet::new();
        for (label, _) in RECEIVED.iter().chain(&ANSWERED) {
            metrics.extend(step(figures, label)?.metrics.iter().cloned());
        }
        Ok(Self {
            prices_of: prices.day().to_owned(),
            millions,
            stored_a_month: stored_a_month(prices)?,
            metrics,
            a_metric: prices.get("cloudwatch", "per_metric_month")?,
            fixed: fixed(prices)?,
        })
    }

    /// A million by the way they come: received and stored, and answered as well.
    pub(crate) fn totals(&self) -> impl Iterator<Item = (&'static str, f64, f64)> {
        self.millions.iter().map(|million| (million.shape, million.received(), million.answered()))
    }

    pub(crate) fn print(&self) {
        println!("\nDollars for a million DMs, list prices as known on {}, us-east-1", self.prices_of);
        self.print_head("");
        let first = &self.millions[0];
        let mut items: Vec<&str> = first.answered.keys().chain(first.received.keys()).copied().collect();
        items.sort_by(|one, other| first.item(other).1.total_cmp(&first.item(one).1).then(one.cmp(other)));
        items.dedup();
        for item in items {
            let share = 100.0 * first.item(item).1 / first.answered();
            self.print_line(item, |million| million.item(item));
            println!(" {share:>6.1} %");
        }
        self.print_line("together", |million| (million.received(), million.answered()));
        println!("\n\nstored, each month it is kept: {:.2} for a million messages", self.stored_a_month);
        println!("\nBy step, for a million that come alone");
        for (step, dollars) in &first.by_step {
            println!("{step:<28} {dollars:>10.2}");
        }
    }

    fn print_head(&self, first: &str) {
        print!("{first:<28}");
        for Million { shape, .. } in &self.millions {
            print!(" {:>20} {:>20}", format!("received, {shape}"), format!("and answered, {shape}"));
        }
        println!();
    }

    fn print_line(&self, name: &str, dollars: impl Fn(&Million) -> (f64, f64)) {
        print!("{name:<28}");
        for million in &self.millions {
            let (received, answered) = dollars(million);
            print!(" {received:>20.2} {answered:>20.2}");
        }
    }

    /// Prints what months of different sizes cost, the first month of storage included.
    pub(crate) fn print_months(&self) {
        let fixed: f64 = self.fixed.values().sum();
        let metrics = count(self.metrics.len()) * self.a_metric;
        println!("\nWhatever happens, a month: {fixed:.2}");
        for (item, dollars) in &self.fixed {
            println!("  {item:<26} {dollars:>10.2}");
        }
        println!("With any message, a month: {metrics:.2} for {} metrics", self.metrics.len());
        println!();
        self.print_head("DMs a month");
        for dms in MONTHS {
            let always = fixed + if dms > 0.0 { metrics } else { 0.0 };
            let month = |million: f64, messages: f64| always + (million + messages * self.stored_a_month) * dms / 1e6;
            self.print_line(&dms.to_string(), |million| {
                (month(million.received(), 1.0), month(million.answered(), 2.0))
            });
            println!();
        }
    }
}

fn step<'f>(figures: &'f [Figures], label: &str) -> Result<&'f Figures, Failure> {
    let found = figures.iter().find(|figures| figures.label == label);
    found.ok_or_else(|| format!("`{label}` was not measured").into())
}

/// A million times one step. Request units and CPU are those of an event that came alone, however many come together.
fn step_dollars(step: &Figures, start: Start, together: f64, prices: &Prices) -> Result<Dollars, Failure> {
    let share = 1.0 / start.sharing(together);
    let memory_mib = if start == Start::Outbound { SENDER_MEMORY_MIB } else { MEMORY_MIB };
    let waiting: f64 = step.calls.iter().map(|(call, times)| wait_ms(call) * times).sum();
    let cpu_ms = step.cpu_us / 1000.0 / (memory_mib / MIB_OF_A_CPU);
    let billed_ms = (cpu_ms / share + waiting).ceil() * share;
    let gb_seconds = 1e6 * billed_ms / 1000.0 * memory_mib / 1024.0;
    let triggering = if start.is_request() { 0.0 } else { 2.0 }; // received and deleted
    let queue_requests = step.calls_of("SendMessage") + step.calls_of("SendMessageBatch") + triggering;
    let access_log = if start.is_request() { ACCESS_LOG_BYTES } else { 0.0 };
    let own_log = step.printed_bytes + step.printed_lines * LINE_OVERHEAD_BYTES;
    // A delivery is one metric; of a batch each event is one.
    let own_log = if start == Start::Delivery { own_log * share } else { own_log };
    let log_kb = (own_log + (access_log + LAMBDA_LOG_BYTES) * share) / 1e3;
    let mut dollars = Dollars::from([
        ("Lambda: requests", share * prices.get("lambda", "per_million_requests")?),
        ("Lambda: time", gb_seconds * prices.get("lambda", "per_gb_second_arm64")?),
        ("SQS", share * queue_requests * prices.get("sqs_fifo", "per_million_requests")?),
        ("DynamoDB: writes", step.write_units * prices.get("dynamodb", "per_million_write_units")?),
        ("DynamoDB: reads", step.read_units * prices.get("dynamodb", "per_million_read_units")?),
        ("Logs", log_kb * prices.get("cloudwatch", "per_gb_logs_ingested")?),
    ]);
    if start.is_request() {
        dollars.insert("API Gateway", share * prices.get("http_api", "per_million_requests")?);
        dollars.insert("Transfer", share * ANSWER_BYTES / 1e3 * prices.get("transfer", "per_gb_out")?);
    }
    let keys = step.calls_of("GenerateDataKey") + step.calls_of("Decrypt");
    dollars.insert("KMS", keys * 100.0 * prices.get("kms", "per_ten_thousand_requests")?);
    Ok(dollars)
}

fn stored_a_month(prices: &Prices) -> Result<f64, Failure> {
    let gb_month = prices.get("dynamodb", "per_gb_month_stored")?
        + prices.get("dynamodb", "per_gb_month_point_in_time_recovery")?;
    Ok(MESSAGE_BYTES / 1e3 * gb_month)
}

fn fixed(prices: &Prices) -> Result<Dollars, Failure> {
    let a_sweep = prices.get("scheduler", "per_million_invocations")? + prices.get("lambda", "per_million_requests")?;
    Ok(Dollars::from([
        ("KMS key", prices.get("kms", "per_key_month")?),
        ("Secret", prices.get("secrets_manager", "per_secret_month")?),
        ("Empty polls of queues", QUEUES * POLLS_A_MONTH / 1e6 * prices.get("sqs_fifo", "per_million_requests")?),
        ("Sweeps", SWEEPS_A_MONTH / 1e6 * a_sweep),
    ]))
}
