//! The log of calls: who called what, how often, and for how many capacity units. Budgets, permissions and prices are
//! tested from it.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

const KEPT_RECORDS: usize = 100_000;

/// An AWS service, as IAM writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// `DynamoDB`, and `DynamoDB` Streams.
    DynamoDb,
    /// Simple Queue Service.
    Sqs,
    /// Key Management Service.
    Kms,
    /// Secrets Manager.
    SecretsManager,
    /// API Gateway's connections.
    #[serde(rename = "execute-api")]
    ApiGateway,
    /// `EventBridge`.
    #[serde(rename = "events")]
    EventBridge,
}

impl Service {
    /// The prefix of the service's actions in policies, such as `sqs` in `sqs:SendMessage`.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::Sqs => "sqs",
            Self::Kms => "kms",
            Self::SecretsManager => "secretsmanager",
            Self::ApiGateway => "execute-api",
            Self::EventBridge => "events",
        }
    }
}

/// `DynamoDB` capacity units, as on-demand tables are billed.
///
/// Refused conditional writes are counted by their least price, one unit an item (two in a transaction), because their
/// answers do not say how large the items were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Units {
    /// Read units of tables.
    pub read_table: f64,
    /// Read units of indexes.
    pub read_index: f64,
    /// Write units of tables.
    pub write_table: f64,
    /// Write units of indexes.
    pub write_index: f64,
}

impl Units {
    /// Read units of tables and indexes.
    #[must_use]
    pub fn read(&self) -> f64 {
        self.read_table + self.read_index
    }

    /// Write units of tables and indexes.
    #[must_use]
    pub fn write(&self) -> f64 {
        self.write_table + self.write_index
    }
}

impl AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        self.read_table += other.read_table;
        self.read_index += other.read_index;
        self.write_table += other.write_table;
        self.write_index += other.write_index;
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With an answer; single entries of a batch may have failed.
    Ok,
    /// With an exception of this name.
    Error(String),
    /// An injected fault cut the connection, before or after the work was done.
    Cut,
}

/// One call as it was answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallRecord {
    /// Counts the answered calls from 1; it goes on after [`CallLog::clear`].
    pub seq: u64,
    /// When the call arrived by the simulated clock, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The caller: the application name of its SDK (`AWS_SDK_UA_APP_ID`), or empty.
    pub function: String,
    /// The service.
    pub service: Service,
    /// The operation, such as `SendMessageBatch`.
    pub operation: String,
    /// The IAM actions the call needs: for a transaction, those of its items.
    pub actions: Vec<String>,
    /// Which action on which resource, of a transaction; empty for every other call, where each is needed on each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<(String, String)>,
    /// Names of the tables, the queue, the key or the secret, as the caller gave them; where only a ciphertext
    /// names the key, that key's ARN.
    pub resources: Vec<String>,
    /// The index a query reads.
    pub index: Option<String>,
    /// Entries, keys or items of a batch or transaction, messages received; 1 for other calls.
    pub entries: usize,
    /// Bytes of the request's body; SQS bills every 64 KiB.
    pub request_bytes: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// Consumed capacity.
    pub units: Units,
}

impl CallRecord {
    /// Whether a fault or a rule of the service refused it.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.outcome == Outcome::Ok
    }
}

/// Which calls to look at; what is `None` matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The caller.
    pub function: Option<String>,
    /// The service.
    pub service: Option<Service>,
    /// The operation.
    pub operation: Option<String>,
    /// One of the resources.
    pub resource: Option<String>,
}

impl Filter {
    /// Every call.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// The calls of one function.
    #[must_use]
    pub fn function(mut self, name: impl Into<String>) -> Self {
        self.function = Some(name.into());
        self
    }

    /// The calls to one service.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }

    /// The calls of one operation.
    #[must_use]
    pub fn operation(mut self, name: impl Into<String>) -> Self {
        self.operation = Some(name.into());
        self
    }

    /// The calls that touch one table, queue, key or secret.
    #[must_use]
    pub fn resource(mut self, name: impl Into<String>) -> Self {
        self.resource = Some(name.into());
        self
    }

    /// Whether a call is one of them.
    #[must_use]
    pub fn matches(&self, call: &CallRecord) -> bool {
        self.function.as_ref().is_none_or(|function| *function == call.function)
            && self.service.is_none_or(|service| service == call.service)
            && self.operation.as_ref().is_none_or(|operation| *operation == call.operation)
            && self.resource.as_ref().is_none_or(|resource| call.resources.contains(resource))
    }
}

/// Whose calls of what a [`Total`] sums up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TotalKey {
    /// The caller.
    pub function: String,
    /// The service.
    pub service: Service,
    /// The operation.
    pub operation: String,
}

/// The sum over some calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Total {
    /// All calls.
    pub calls: usize,
    /// Those that ended with an exception or a cut connection.
    pub errors: usize,
    /// Entries of all calls.
    pub entries: usize,
    /// Units of all calls.
    pub units: Units,
}

#[derive(Debug, Default)]
struct Log {
    last_seq: u64,
    records: Vec<CallRecord>,
}

/// A handle to the log; clones share it. It keeps the latest 100,000 calls at least, and twice as many at most.
#[derive(Clone, Debug, Default)]
pub struct CallLog(Arc<Mutex<Log>>);

impl CallLog {
    /// The calls since the start or the last [`CallLog::clear`], in the order of the answers.
    #[must_use]
    pub fn snapshot(&self) -> Vec<CallRecord> {
        self.since(0)
    }

    /// The calls after the one numbered `seq`.
    #[must_use]
    pub fn since(&self, seq: u64) -> Vec<CallRecord> {
        self.with(|log| log.records[log.records.partition_point(|call| call.seq <= seq)..].to_vec())
    }

    /// The number of the latest call, for [`CallLog::since`].
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.with(|log| log.last_seq)
    }

    /// How many calls match.
    #[must_use]
    pub fn count(&self, filter: &Filter) -> usize {
        self.with(|log| log.records.iter().filter(|call| filter.matches(call)).count())
    }

    /// The sum over the calls that match.
    #[must_use]
    pub fn total(&self, filter: &Filter) -> Total {
        self.with(|log| log.records.iter().filter(|call| filter.matches(call)).fold(Total::default(), Total::with))
    }

    /// The sums for each function and operation.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<TotalKey, Total> {
        self.with(|log| {
            let mut totals: BTreeMap<TotalKey, Total> = BTreeMap::new();
            for call in &log.records {
                let key = TotalKey {
                    function: call.function.clone(),
                    service: call.service,
                    operation: call.operation.clone(),
                };
                let total = totals.entry(key).or_default();
                *total = total.with(call);
            }
            totals
        })
    }

    /// Forgets all calls.
    pub fn clear(&self) {
        self.with(|log| log.records.clear());
    }

    /// Adds a call and gives it its number.
    pub(crate) fn add(&self, mut call: CallRecord) {
        self.with(|log| {
            log.last_seq += 1;
            call.seq = log.last_seq;
            log.records.push(call);
            if log.records.len() > 2 * KEPT_RECORDS {
                log.records.drain(..KEPT_RECORDS);
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Log) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Total {
    fn with(mut self, call: &CallRecord) -> Self {
        self.calls += 1;
        self.errors += usize::from(!call.is_ok());
        self.entries += call.entries;
        self.units += call.units;
        self
    }
}
