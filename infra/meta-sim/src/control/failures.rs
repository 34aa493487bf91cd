//! Failures on demand.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{ControlError, Controlled};
use crate::{faults::Fault, sim::Sim};

pub(super) async fn list(State(sim): State<Arc<Sim>>) -> Json<Value> {
    Json(json!(sim.faults.list()))
}

/// Takes one order or a list of them.
pub(super) async fn add(State(sim): State<Arc<Sim>>, Json(orders): Json<Value>) -> Controlled {
    let orders = if orders.is_array() { orders } else { json!([orders]) };
    let orders: Vec<Fault> =
        serde_json::from_value(orders).map_err(|error| ControlError::Invalid(error.to_string()))?;
    for order in orders {
        sim.faults.add(order);
    }
    Ok(list(State(sim)).await)
}

pub(super) async fn clear(State(sim): State<Arc<Sim>>) -> Json<Value> {
    sim.faults.clear();
    Json(json!({ "ok": true }))
}
