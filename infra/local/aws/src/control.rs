//! The log, the faults and the queues over HTTP, for tools outside this process and for a person who debugs.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::calls::{CallRecord, Total};
use crate::faults::{FaultId, FaultRule};
use crate::front::Front;
use crate::sqs::QueueView;

/// `GET /_local/calls?since=SEQ`
#[derive(Deserialize)]
pub(crate) struct Since {
    #[serde(default)]
    since: u64,
}

/// The calls, and their sums under `function service:operation`.
#[derive(Serialize)]
pub(crate) struct Calls {
    calls: Vec<CallRecord>,
    totals: BTreeMap<String, Total>,
}

/// The number of an injected fault.
#[derive(Serialize)]
pub(crate) struct InjectedFault {
    id: FaultId,
}

pub(crate) async fn calls(State(front): State<Arc<Front>>, Query(Since { since }): Query<Since>) -> Json<Calls> {
    let totals = front
        .calls
        .totals()
        .into_iter()
        .map(|(key, total)| (format!("{} {}:{}", key.function, key.service.prefix(), key.operation), total));
    Json(Calls { calls: front.calls.since(since), totals: totals.collect() })
}

pub(crate) async fn clear_calls(State(front): State<Arc<Front>>) -> StatusCode {
    front.calls.clear();
    StatusCode::NO_CONTENT
}

pub(crate) async fn inject_fault(State(front): State<Arc<Front>>, Json(rule): Json<FaultRule>) -> Json<InjectedFault> {
    Json(InjectedFault { id: front.faults.inject(rule) })
}

pub(crate) async fn clear_faults(State(front): State<Arc<Front>>) -> StatusCode {
    front.faults.clear();
    StatusCode::NO_CONTENT
}

pub(crate) async fn queues(State(front): State<Arc<Front>>) -> Json<Vec<QueueView>> {
    Json(front.sqs.views())
}
