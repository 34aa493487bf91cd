//! Apps: registration, switches, the webhook handshake.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use super::{ControlError, Controlled, merged};
use crate::{
    App,
    sim::Sim,
    webhooks::deliver::handshake,
    world::{World, apps::Switches},
};

pub(super) async fn list(State(sim): State<Arc<Sim>>) -> Json<Value> {
    let world = sim.world();
    Json(world.apps.iter().map(|app| shown(&world, app)).collect())
}

fn shown(world: &World, app: &App) -> Value {
    let mut shown = json!(app);
    shown["switches"] = json!(world.switches(&app.app_id));
    shown
}

pub(super) async fn register(State(sim): State<Arc<Sim>>, Json(app): Json<App>) -> Json<Value> {
    sim.world_mut().register(app);
    list(State(sim)).await
}

/// Changes switches, or the fields of the registration; both by their names.
pub(super) async fn change(
    State(sim): State<Arc<Sim>>,
    Path(app_id): Path<String>,
    Json(change): Json<Value>,
) -> Controlled {
    let mut world = sim.world_mut();
    let app = world.app(&app_id).cloned().ok_or(ControlError::Unknown("app"))?;
    let known = json!(Switches::default());
    let is_switch = |name: &str| known.get(name).is_some();
    let (switches, fields): (serde_json::Map<_, _>, serde_json::Map<_, _>) =
        change.as_object().cloned().unwrap_or_default().into_iter().partition(|(name, _)| is_switch(name));
    let registration = json!(app);
    if let Some(unknown) = fields.keys().find(|name| registration.get(name.as_str()).is_none()) {
        return Err(ControlError::Invalid(format!("an app has no field {unknown}")));
    }
    let switches = merged(&world.switches(&app_id), Value::Object(switches))?;
    let changed = merged(&app, Value::Object(fields))?;
    world.switches.insert(app_id, switches);
    world.register(changed.clone());
    Ok(Json(shown(&world, &changed)))
}

/// The handshake that Meta does when an address is saved in the dashboard.
pub(super) async fn verify(State(sim): State<Arc<Sim>>, Path(app_id): Path<String>) -> Controlled {
    let app = sim.world().app(&app_id).cloned().ok_or(ControlError::Unknown("app"))?;
    handshake(&sim, &app).await.map_err(|error| ControlError::Callback(Box::new(error)))?;
    Ok(Json(json!({ "verified": true })))
}
