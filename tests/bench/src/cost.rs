//! What a million DMs cost: counted calls times list prices.
//!
//! Counted are API requests, invocations, queue requests, request units, log bytes and metrics. The one thing that cannot
//! be counted here is how long Lambda waits for others: see [`wait_ms`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::Failure;
use crate::measure::{Figures, count};

/// What the functions have in `template.yaml`.
const MEMORY_MIB: f64 = 256.0;
/// Lambda gives one CPU to so much memory, and a share of it to less.
const MIB_OF_A_CPU: f64 = 1769.0;
/// `START`, `END` and `REPORT` of an invocation, and what CloudWatch adds to each of the three lines.
const LAMBDA_LOG_BYTES: f64 = 380.0;
/// The access log of an API request.
const ACCESS_LOG_BYTES: f64 = 260.0;
/// What CloudWatch Logs adds to each line.
const LINE_OVERHEAD_BYTES: f64 = 26.0;
/// X-Ray's default rule: one request a second, and this share of the others.
const TRACED: f64 = 0.05;
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
const RECEIVED: [(&str, Start); 2] = [("webhook-receive", Start::Api), ("processor", Start::Queue)];
const ANSWERED: [(&str, Start); 6] = [
    ("send", Start::Api),
    ("sender", Start::Queue),
    ("webhook-receive", Start::Api),
    ("processor, echo", Start::Queue),
    ("webhook-receive", Start::Api),
    ("processor, read receipt", Start::Queue),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Api,
    /// A batch of one: what comes in larger ones costs less.
    Queue,
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
        self.0["read_on"].as_str().unwrap_or("an unknown day")
    }
}

/// Dollars for a million, by item.
type Dollars = BTreeMap<&'static str, f64>;

/// What a million DMs cost.
#[derive(Serialize)]
pub(crate) struct Bill {
    prices_of: String,
    received: Dollars,
    /// In addition, for an answer to each.
    answered: Dollars,
    by_step: Vec<(String, f64)>,
    /// For each month in which there is any message.
    metrics: BTreeSet<String>,
    /// For each month, whatever happens in it.
    fixed: Dollars,
    a_metric: f64,
}

impl Bill {
    /// Multiplies.
    pub(crate) fn of(figures: &[Figures], prices: &Prices) -> Result<Self, Failure> {
        let mut bill = Self {
            prices_of: prices.day().to_owned(),
            received: storage(prices)?,
            answered: storage(prices)?,
            by_step: Vec::new(),
            metrics: BTreeSet::new(),
            fixed: fixed(prices)?,
            a_metric: prices.get("cloudwatch", "per_metric_month")?,
        };
        for (steps, dollars) in [(&RECEIVED[..], &mut bill.received), (&ANSWERED[..], &mut bill.answered)] {
            for (label, start) in steps {
                let found = figures.iter().find(|figures| figures.label == *label);
                let step = found.ok_or_else(|| format!("`{label}` was not measured"))?;
                let spent = step_dollars(step, *start, prices)?;
                bill.by_step.push(((*label).to_owned(), spent.values().sum()));
                bill.metrics.extend(step.metrics.iter().cloned());
                for (item, amount) in spent {
                    *dollars.entry(item).or_default() += amount;
                }
            }
        }
        Ok(bill)
    }

    /// A million, received and stored.
    pub(crate) fn received(&self) -> f64 {
        self.received.values().sum()
    }

    /// A million, received, stored and answered once.
    pub(crate) fn answered(&self) -> f64 {
        self.received() + self.answered.values().sum::<f64>()
    }

    pub(crate) fn print(&self) {
        println!("\nDollars for a million DMs, list prices of {}, us-east-1, batches of one", self.prices_of);
        println!("{:<28} {:>10} {:>10} {:>8}", "", "received", "answered", "share");
        let items: BTreeSet<_> = self.received.keys().chain(self.answered.keys()).collect();
        let mut rows: Vec<(&str, f64, f64)> = items
            .into_iter()
            .map(|item| {
                let received = self.received.get(item).copied().unwrap_or_default();
                (*item, received, received + self.answered.get(item).copied().unwrap_or_default())
            })
            .collect();
        rows.sort_by(|one, other| other.2.total_cmp(&one.2));
        for (item, received, answered) in rows {
            let share = 100.0 * answered / self.answered();
            println!("{item:<28} {received:>10.2} {answered:>10.2} {share:>6.1} %");
        }
        println!("{:<28} {:>10.2} {:>10.2}", "together", self.received(), self.answered());
        println!("\nThe same by step");
        for (step, dollars) in &self.by_step {
            println!("{step:<28} {dollars:>10.2}");
        }
    }

    /// Prints what months of different sizes cost.
    pub(crate) fn print_months(&self) {
        let fixed: f64 = self.fixed.values().sum();
        let metrics = count(self.metrics.len()) * self.a_metric;
        println!("\nWhatever happens, a month: {fixed:.2}");
        for (item, dollars) in &self.fixed {
            println!("  {item:<26} {dollars:>10.2}");
        }
        println!("With any message, a month: {metrics:.2} for {} metrics", self.metrics.len());
        println!("\n{:>12} {:>16} {:>16}", "DMs a month", "all received", "all answered");
        for dms in [0.0, 1e4, 1e6, 1e8_f64] {
            let always = fixed + if dms > 0.0 { metrics } else { 0.0 };
            let month = |million: f64| always + million * dms / 1e6;
            println!("{dms:>12} {:>16.2} {:>16.2}", month(self.received()), month(self.answered()));
        }
    }
}

/// A million times one step.
fn step_dollars(step: &Figures, start: Start, prices: &Prices) -> Result<Dollars, Failure> {
    let share_of_cpu = MEMORY_MIB / MIB_OF_A_CPU;
    let waiting: f64 = step.calls.iter().map(|(call, times)| wait_ms(call) * times).sum();
    let billed_ms = (step.cpu_us / 1000.0 / share_of_cpu + waiting).ceil();
    let gb_seconds = 1e6 * billed_ms / 1000.0 * MEMORY_MIB / 1024.0;
    let triggering = if start == Start::Queue { 2.0 } else { 0.0 }; // received and deleted
    let queue_requests = step.calls_of("SendMessage") + step.calls_of("SendMessageBatch") + triggering;
    let access_log = if start == Start::Api { ACCESS_LOG_BYTES } else { 0.0 };
    let own_log = step.printed_bytes + step.printed_lines * LINE_OVERHEAD_BYTES;
    let mut dollars = Dollars::from([
        ("Lambda: requests", prices.get("lambda", "per_million_requests")?),
        ("Lambda: time", gb_seconds * prices.get("lambda", "per_gb_second_arm64")?),
        ("SQS", queue_requests * prices.get("sqs_fifo", "per_million_requests")?),
        ("DynamoDB: writes", step.write_units * prices.get("dynamodb", "per_million_write_units")?),
        ("DynamoDB: reads", step.read_units * prices.get("dynamodb", "per_million_read_units")?),
        ("Logs", (own_log + access_log + LAMBDA_LOG_BYTES) / 1e3 * prices.get("cloudwatch", "per_gb_logs_ingested")?),
        ("Traces", TRACED * prices.get("xray", "per_million_traces")?),
    ]);
    if start == Start::Api {
        dollars.insert("API Gateway", prices.get("http_api", "per_million_requests")?);
        dollars.insert("Transfer", ANSWER_BYTES / 1e3 * prices.get("transfer", "per_gb_out")?);
    }
    let keys = step.calls_of("GenerateDataKey") + step.calls_of("Decrypt");
    dollars.insert("KMS", keys * 100.0 * prices.get("kms", "per_ten_thousand_requests")?);
    Ok(dollars)
}

/// A million messages in the table, with backups, for a month.
fn storage(prices: &Prices) -> Result<Dollars, Failure> {
    let gb_month = prices.get("dynamodb", "per_gb_month_stored")?
        + prices.get("dynamodb", "per_gb_month_point_in_time_recovery")?;
    Ok(Dollars::from([("Storage, a month of it", MESSAGE_BYTES / 1e3 * gb_month)]))
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
