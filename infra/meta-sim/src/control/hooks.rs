//! Webhooks: options, raw bodies, the dashboard's test button, the log.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Query, State},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, Controlled, merged};
use crate::{channel::Channel, signing::escaped_json, sim::Sim};

pub(super) async fn options(State(sim): State<Arc<Sim>>) -> Json<Value> {
    Json(json!(sim.outbox.options()))
}

pub(super) async fn change_options(State(sim): State<Arc<Sim>>, Json(change): Json<Value>) -> Controlled {
    sim.outbox.set_options(merged(&sim.outbox.options(), change)?);
    Ok(options(State(sim)).await)
}

/// A body to sign and deliver: JSON, written as Meta writes it, or a string, delivered byte for byte.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    app_id: String,
    body: Value,
}

pub(super) async fn raw(State(sim): State<Arc<Sim>>, Json(raw): Json<Raw>) -> Controlled {
    sim.world().app(&raw.app_id).ok_or(ControlError::Unknown("app"))?;
    let body = match &raw.body {
        Value::String(text) => text.clone(),
        other => escaped_json(other),
    };
    let events = raw.body["entry"].as_array().map_or(1, Vec::len);
    Ok(Json(json!({ "delivery": sim.outbox.push_body(&raw.app_id, events, body) })))
}

/// Which shape of test event to send.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    app_id: String,
    /// The Page flavour has `messaging[]` instead of `changes[]`.
    #[serde(default)]
    page: bool,
    /// The channel whose object the button belongs to.
    #[serde(default)]
    channel: Channel,
}

/// The test button of the dashboard's webhook page.
pub(super) async fn dashboard_test(State(sim): State<Arc<Sim>>, Json(test): Json<Test>) -> Controlled {
    let value = json!({
        "sender": { "id": "12334" },
        "recipient": { "id": "23245" },
        "timestamp": "1527459824",
        "message": { "mid": "random_mid", "text": "random_text" },
    });
    let mut entry = json!({ "id": "0", "time": sim.clock.now_ms() });
    if test.page {
        entry["messaging"] = json!([value]);
    } else {
        entry["changes"] = json!([{ "field": "messages", "value": value }]);
    }
    let body = json!({ "object": test.channel.object(), "entry": [entry] });
    raw(State(sim), Json(Raw { app_id: test.app_id, body })).await
}

pub(super) async fn release(State(sim): State<Arc<Sim>>) -> Json<Value> {
    let held = sim.outbox.held();
    sim.outbox.release();
    Json(json!({ "released": held }))
}

/// How long to wait.
#[derive(Debug, Deserialize)]
pub(super) struct Patience {
    #[serde(default = "ten_seconds")]
    timeout_ms: u64,
}

const fn ten_seconds() -> u64 {
    10_000
}

/// Answers once no webhook is on its way; 504 when that takes too long.
pub(super) async fn idle(State(sim): State<Arc<Sim>>, Query(patience): Query<Patience>) -> (StatusCode, Json<Value>) {
    let idle = sim.silence(Duration::from_millis(patience.timeout_ms)).await;
    let status = if idle { StatusCode::OK } else { StatusCode::GATEWAY_TIMEOUT };
    (status, Json(json!({ "idle": idle, "held": sim.outbox.held() })))
}

pub(super) async fn deliveries(State(sim): State<Arc<Sim>>) -> Json<Value> {
    Json(json!(sim.outbox.log()))
}

pub(super) async fn clear_deliveries(State(sim): State<Arc<Sim>>) -> Json<Value> {
    sim.outbox.clear_log();
    Json(json!({ "ok": true }))
}
