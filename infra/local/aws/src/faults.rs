//! Faults on demand: errors, delays, cut connections and partly failed batches, for the calls that a rule names.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use crate::calls::Service;
use crate::describe::Call;
use crate::error::ServiceError;

/// The message of an error that nobody words otherwise.
const INJECTED: &str = "Injected by a fault rule.";

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing is done, this error is the answer.
    Error {
        /// The exception's name.
        code: String,
        /// Its message.
        #[serde(default)]
        message: String,
        /// The HTTP status.
        #[serde(default = "bad_request")]
        status: u16,
        /// The codes of a cancelled transaction's reasons, one for each item.
        #[serde(default)]
        reasons: Vec<String>,
    },
    /// The call waits this many milliseconds before it is carried out.
    DelayBefore(u64),
    /// The call is carried out, its answer waits this many milliseconds.
    DelayAfter(u64),
    /// The call is carried out after this many milliseconds, whether its caller still waits or has given up and asked again. It
    /// is answered by a cut connection.
    Late(u64),
    /// The connection is cut before anything is done.
    CutBefore,
    /// The call is carried out and its answer lost: the connection is cut.
    CutAfter,
    /// An eventually consistent read of `DynamoDB` sees the state before the last write. Nothing happens to other calls.
    Stale,
    /// The entries of a batch at these places are not carried out.
    ///
    /// They come back as `Failed` (SQS) or refused (`PutEvents`), both with this code, or as `UnprocessedItems` and `UnprocessedKeys` (`DynamoDB`).
    Partial {
        /// Places in the request, from 0.
        entries: Vec<usize>,
        /// The code of failed SQS entries, and of refused events.
        #[serde(default = "internal_error")]
        code: String,
    },
}

fn bad_request() -> u16 {
    400
}

fn internal_error() -> String {
    "InternalError".into()
}

/// Which calls an [`Effect`] happens to; what is `None` matches all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The service.
    #[serde(default)]
    pub service: Option<Service>,
    /// The operation.
    #[serde(default)]
    pub operation: Option<String>,
    /// The caller.
    #[serde(default)]
    pub function: Option<String>,
    /// A table, queue, key or secret.
    #[serde(default)]
    pub resource: Option<String>,
    /// How many matching calls pass first.
    #[serde(default)]
    pub skip: u32,
    /// How many matching calls are hit then; `None`: every one.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens to them.
    pub effect: Effect,
}

impl FaultRule {
    /// A rule for every call of one operation.
    #[must_use]
    pub fn on(service: Service, operation: impl Into<String>, effect: Effect) -> Self {
        let operation = Some(operation.into());
        Self { service: Some(service), operation, function: None, resource: None, skip: 0, times: None, effect }
    }

    /// Only the calls of one function.
    #[must_use]
    pub fn from_function(mut self, name: impl Into<String>) -> Self {
        self.function = Some(name.into());
        self
    }

    /// Only the calls that touch one table, queue, key or secret.
    #[must_use]
    pub fn resource(mut self, name: impl Into<String>) -> Self {
        self.resource = Some(name.into());
        self
    }

    /// Only after `calls` matching calls have passed.
    #[must_use]
    pub fn after(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    /// Only the next `calls` matching calls.
    #[must_use]
    pub fn times(mut self, calls: u32) -> Self {
        self.times = Some(calls);
        self
    }

    fn matches(&self, call: &Call) -> bool {
        self.service.is_none_or(|service| service == call.service)
            && self.operation.as_ref().is_none_or(|operation| *operation == call.operation)
            && self.function.as_ref().is_none_or(|function| *function == call.function)
            && self.resource.as_ref().is_none_or(|resource| call.resources().contains(resource))
    }
}

impl Effect {
    /// The service refuses the call with this exception.
    #[must_use]
    pub fn error(code: impl Into<String>) -> Self {
        let message = INJECTED.into();
        Self::Error { code: code.into(), message, status: 400, reasons: Vec::new() }
    }

    /// The service fails: 500 with this exception.
    #[must_use]
    pub fn server_error(code: impl Into<String>) -> Self {
        let message = INJECTED.into();
        Self::Error { code: code.into(), message, status: 500, reasons: Vec::new() }
    }

    /// `DynamoDB` throttles the call.
    #[must_use]
    pub fn throughput_exceeded() -> Self {
        Self::error("ProvisionedThroughputExceededException")
    }

    /// A transaction is cancelled; `reasons` has a code for each of its items, such as `None` or `TransactionConflict`.
    #[must_use]
    pub fn transaction_cancelled<R: Into<String>>(reasons: impl IntoIterator<Item = R>) -> Self {
        let reasons: Vec<String> = reasons.into_iter().map(Into::into).collect();
        let message = format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            reasons.join(", ")
        );
        Self::Error { code: "TransactionCanceledException".into(), message, status: 400, reasons }
    }

    /// The call waits before it is carried out.
    #[must_use]
    pub fn delay_before(by: Duration) -> Self {
        Self::DelayBefore(milliseconds(by))
    }

    /// The answer waits.
    #[must_use]
    pub fn delay_after(by: Duration) -> Self {
        Self::DelayAfter(milliseconds(by))
    }

    /// The call is carried out so late that nobody waits for it any more.
    #[must_use]
    pub fn late(by: Duration) -> Self {
        Self::Late(milliseconds(by))
    }

    /// The entries of a batch at these places, from 0, fail.
    #[must_use]
    pub fn partial(entries: impl IntoIterator<Item = usize>) -> Self {
        Self::Partial { entries: entries.into_iter().collect(), code: internal_error() }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The name of an injected rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct FaultId(u64);

#[derive(Debug)]
struct Injected {
    id: FaultId,
    rule: FaultRule,
    matched: u32,
    hits: u32,
}

#[derive(Debug, Default)]
struct Rules {
    last_id: u64,
    injected: Vec<Injected>,
    late: usize,
}

/// A call that is still to be carried out, counted until it is.
#[derive(Debug)]
pub(crate) struct LateCall(Faults);

impl Drop for LateCall {
    fn drop(&mut self) {
        self.0.with(|rules| rules.late -= 1);
    }
}

/// A handle to the fault rules; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Rules>>);

impl Faults {
    /// Adds a rule. Where several rules match a call, all their effects happen, the oldest rule's first.
    #[expect(clippy::must_use_candidate, reason = "a rule that stays until `clear` needs no name")]
    pub fn inject(&self, rule: FaultRule) -> FaultId {
        self.with(|rules| {
            rules.last_id += 1;
            let id = FaultId(rules.last_id);
            rules.injected.push(Injected { id, rule, matched: 0, hits: 0 });
            id
        })
    }

    /// How many calls a rule has hit; 0 for one that was removed.
    #[must_use]
    pub fn hits(&self, id: FaultId) -> u32 {
        self.with(|rules| rules.injected.iter().find(|injected| injected.id == id).map_or(0, |injected| injected.hits))
    }

    /// Removes a rule.
    pub fn remove(&self, id: FaultId) {
        self.with(|rules| rules.injected.retain(|injected| injected.id != id));
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.with(|rules| rules.injected.clear());
    }

    /// How many calls are still to be carried out although their callers have given up, or will.
    #[must_use]
    pub fn late_calls(&self) -> usize {
        self.with(|rules| rules.late)
    }

    pub(crate) fn begin_late_call(&self) -> LateCall {
        self.with(|rules| rules.late += 1);
        LateCall(self.clone())
    }

    /// Whether a rule has this effect.
    pub(crate) fn cause(&self, effect: &Effect) -> bool {
        self.with(|rules| rules.injected.iter().any(|injected| injected.rule.effect == *effect))
    }

    /// The effects on a call, which counts as one more match of their rules.
    pub(crate) fn effects_on(&self, call: &Call) -> Vec<Effect> {
        self.with(|rules| {
            let matching = rules.injected.iter_mut().filter(|injected| injected.rule.matches(call));
            matching.filter_map(Injected::fire).collect()
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Rules) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Injected {
    fn fire(&mut self) -> Option<Effect> {
        self.matched += 1;
        let is_due = self.matched > self.rule.skip && self.rule.times.is_none_or(|times| self.hits < times);
        is_due.then(|| {
            self.hits += 1;
            self.rule.effect.clone()
        })
    }
}

/// The error answer of [`Effect::Error`].
pub(crate) fn injected(code: &str, message: &str, status: u16, reasons: &[String]) -> ServiceError {
    error_answer(code, message, status, reasons, INJECTED)
}

/// An error with the codes of a cancelled transaction's reasons, which share a message.
pub(crate) fn error_answer(code: &str, message: &str, status: u16, reasons: &[String], why: &str) -> ServiceError {
    let mut details = Map::new();
    if !reasons.is_empty() {
        let reason = |code: &String| match code.as_str() {
            "None" => json!({ "Code": "None" }),
            code => json!({ "Code": code, "Message": why }),
        };
        details.insert("CancellationReasons".into(), reasons.iter().map(reason).collect());
    }
    ServiceError::with_details(status, code, message, details)
}
