//! The whole: state, time, variants, calls.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, Controlled, merged};
use crate::{sim::Sim, world::World};

/// Back to the sample world. Registered apps stay; their switches, tokens and subscriptions do not.
pub(super) async fn reset(State(sim): State<Arc<Sim>>) -> Json<Value> {
    {
        let mut world = sim.world_mut();
        let apps = std::mem::take(&mut world.apps);
        *world = World { apps, ..World::sample() };
    }
    sim.faults.clear();
    sim.calls.clear();
    sim.outbox.reset();
    Json(json!({ "ok": true }))
}

pub(super) async fn state(State(sim): State<Arc<Sim>>) -> Controlled {
    let mut state = serde_json::to_value(&*sim.world()).map_err(|error| ControlError::Invalid(error.to_string()))?;
    if let Some(fields) = state.as_object_mut() {
        // `GET /control/tokens` lists them for those who need them.
        fields.remove("tokens");
        fields.remove("codes");
        fields.insert("now_ms".into(), sim.clock.now_ms().into());
        fields.insert("url".into(), sim.base.as_str().into());
    }
    Ok(Json(state))
}

/// How to move the simulated time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    #[serde(default)]
    advance_ms: Option<i64>,
    #[serde(default)]
    offset_ms: Option<i64>,
}

pub(super) async fn clock(State(sim): State<Arc<Sim>>) -> Json<Value> {
    Json(json!({ "now_ms": sim.clock.now_ms(), "offset_ms": sim.clock.offset_ms() }))
}

pub(super) async fn move_clock(State(sim): State<Arc<Sim>>, Json(by): Json<Move>) -> Json<Value> {
    if let Some(offset_ms) = by.offset_ms {
        sim.clock.set_offset_ms(offset_ms);
    }
    sim.clock.advance_ms(by.advance_ms.unwrap_or_default());
    clock(State(sim)).await
}

pub(super) async fn variants(State(sim): State<Arc<Sim>>) -> Json<Value> {
    Json(json!(sim.world().variants))
}

pub(super) async fn change_variants(State(sim): State<Arc<Sim>>, Json(change): Json<Value>) -> Controlled {
    let mut world = sim.world_mut();
    world.variants = merged(&world.variants, change)?;
    Ok(Json(json!(world.variants)))
}

/// Which calls to list.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    endpoint: Option<String>,
}

pub(super) async fn calls(State(sim): State<Arc<Sim>>, Query(wanted): Query<Wanted>) -> Json<Value> {
    let calls = sim.calls.list(wanted.endpoint.as_deref());
    Json(json!({ "counts": sim.calls.counts(), "calls": calls }))
}

pub(super) async fn clear_calls(State(sim): State<Arc<Sim>>) -> Json<Value> {
    sim.calls.clear();
    Json(json!({ "ok": true }))
}
