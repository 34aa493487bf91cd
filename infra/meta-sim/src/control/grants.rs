//! Grants: tokens, their end, subscriptions, and the callbacks about people.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, Controlled};
use crate::{
    App, Login, ids,
    sim::Sim,
    webhooks::deliver::Callback,
    world::{
        World,
        tokens::{DATA_ACCESS_MS, Token, TokenKind},
    },
};

/// Whose grants, and of which app. A user is an account (Instagram Login) or a person (Facebook Login) by username.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    user: String,
    #[serde(default)]
    app_id: Option<String>,
    /// False: the app's callback is not called.
    #[serde(default = "yes")]
    notify: bool,
}

const fn yes() -> bool {
    true
}

impl Whose {
    /// The apps that are meant, each with the holder's name in its login.
    fn grants(&self, world: &World) -> Result<Vec<(App, String)>, ControlError> {
        let meant = world.apps.iter().filter(|app| self.app_id.as_ref().is_none_or(|app_id| *app_id == app.app_id));
        let grants: Vec<(App, String)> =
            meant.filter_map(|app| Some((app.clone(), world.holder_of(app.login, &self.user)?))).collect();
        if grants.is_empty() { Err(ControlError::Unknown("user or app")) } else { Ok(grants) }
    }
}

/// All tokens, with their values: this is a simulation.
pub(super) async fn list(State(sim): State<Arc<Sim>>) -> Json<Value> {
    Json(json!(sim.world().tokens))
}

/// A token to make out of nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mint {
    app_id: String,
    /// Account (Instagram Login) or person (Facebook Login).
    user: String,
    kind: TokenKind,
    scopes: Vec<String>,
    #[serde(default)]
    page_id: Option<String>,
    #[serde(default)]
    issued_at_ms: Option<i64>,
    /// Missing: never.
    #[serde(default)]
    expires_at_ms: Option<i64>,
    /// Default: 90 days from its issue.
    #[serde(default)]
    data_access_expires_at_ms: Option<i64>,
}

pub(super) async fn mint(State(sim): State<Arc<Sim>>, Json(orders): Json<Value>) -> Controlled {
    let orders = if orders.is_array() { orders } else { json!([orders]) };
    let orders: Vec<Mint> = serde_json::from_value(orders).map_err(|error| ControlError::Invalid(error.to_string()))?;
    let now_ms = sim.clock.now_ms();
    let mut world = sim.world_mut();
    let mut values = Vec::new();
    for order in orders {
        let holder = world.holder_of(order.kind.login(), &order.user).ok_or(ControlError::Unknown("user"))?;
        let issued_at_ms = order.issued_at_ms.unwrap_or(now_ms);
        values.push(world.issue(Token {
            app_id: order.app_id,
            kind: order.kind,
            holder,
            page_id: order.page_id,
            scopes: order.scopes,
            declined: vec![],
            issued_at_ms,
            expires_at_ms: order.expires_at_ms,
            data_access_expires_at_ms: order.data_access_expires_at_ms.unwrap_or(issued_at_ms + DATA_ACCESS_MS),
            invalid: None,
        }));
    }
    Ok(Json(json!({ "tokens": values })))
}

/// Makes every token of a user expire now.
pub(super) async fn expire(State(sim): State<Arc<Sim>>, Json(whose): Json<Whose>) -> Controlled {
    let now_ms = sim.clock.now_ms();
    let mut world = sim.world_mut();
    let grants = whose.grants(&world)?;
    let mut count = 0;
    for token in world.tokens.values_mut() {
        let meant = grants.iter().any(|(app, holder)| token.app_id == app.app_id && token.holder == *holder);
        if meant && !token.is_expired(now_ms) {
            token.expires_at_ms = Some(now_ms);
            count += 1;
        }
    }
    Ok(Json(json!({ "tokens": count })))
}

/// The user removes the app: tokens answer 190/458, subscriptions end, the deauthorize callback is called.
pub(super) async fn revoke(State(sim): State<Arc<Sim>>, Json(whose): Json<Whose>) -> Controlled {
    let (count, grants) = {
        let mut world = sim.world_mut();
        let grants = whose.grants(&world)?;
        let ended = grants.iter().map(|(app, holder)| world.remove_grant(Some(&app.app_id), holder).0);
        (ended.sum::<usize>(), grants)
    };
    let callbacks =
        if whose.notify { call_back(&sim, &grants, |app| app.deauthorize_url.as_deref()).await } else { vec![] };
    Ok(Json(json!({ "tokens": count, "callbacks": callbacks })))
}

/// The user changes the password: tokens answer 190/460.
pub(super) async fn change_password(State(sim): State<Arc<Sim>>, Json(whose): Json<Whose>) -> Controlled {
    let mut world = sim.world_mut();
    let grants = whose.grants(&world)?;
    let count: usize = grants.iter().map(|(app, holder)| world.invalidate(Some(&app.app_id), holder, 460).0).sum();
    Ok(Json(json!({ "tokens": count })))
}

/// The user asks for the deletion of their data. Shows what the app answered.
pub(super) async fn request_deletion(State(sim): State<Arc<Sim>>, Json(whose): Json<Whose>) -> Controlled {
    let grants = whose.grants(&sim.world())?;
    let callbacks = call_back(&sim, &grants, |app| app.data_deletion_url.as_deref()).await;
    Ok(Json(json!({ "callbacks": callbacks })))
}

async fn call_back(sim: &Sim, grants: &[(App, String)], url: impl Fn(&App) -> Option<&str>) -> Vec<Value> {
    let mut outcomes = Vec::new();
    for (app, holder) in grants {
        let Some(url) = url(app) else { continue };
        let user_id = ids::app_scoped(&app.app_id, holder);
        let callback = Callback::new(url, app, &user_id, sim.clock.now_ms());
        let mut outcome = json!({ "app_id": app.app_id, "user_id": user_id });
        match callback.post(sim).await {
            Ok((status, body)) => {
                outcome["status"] = status.into();
                outcome["body"] = serde_json::from_str(&body).unwrap_or_else(|_| body.into());
            }
            Err(error) => outcome["error"] = error.to_string().into(),
        }
        outcomes.push(outcome);
    }
    outcomes
}

pub(super) async fn subscriptions(State(sim): State<Arc<Sim>>) -> Json<Value> {
    Json(json!(sim.world().subscriptions))
}

/// Which subscriptions to drop: of an account, its Page included, or of a Page; at one app or all.
#[derive(Debug, Deserialize)]
pub(super) struct Dropped {
    account: String,
    #[serde(default)]
    app_id: Option<String>,
}

/// Meta drops the subscription of an account silently.
pub(super) async fn drop_subscriptions(State(sim): State<Arc<Sim>>, Query(dropped): Query<Dropped>) -> Controlled {
    let mut world = sim.world_mut();
    let account = world.account(&dropped.account).map(|account| account.id.clone());
    let page = match &account {
        Some(account) => world.page_of(account),
        None => world.page_called(&dropped.account),
    };
    let page = page.map(|page| page.id.clone());
    if account.is_none() && page.is_none() {
        return Err(ControlError::Unknown("account or Page"));
    }
    let apps: Vec<(String, Login)> = world.apps.iter().map(|app| (app.app_id.clone(), app.login)).collect();
    let mut count = 0;
    for (app_id, login) in apps {
        if dropped.app_id.as_ref().is_some_and(|wanted| *wanted != app_id) {
            continue;
        }
        let object = match login {
            Login::Instagram => account.as_ref(),
            Login::Facebook => page.as_ref(),
        };
        count += usize::from(object.is_some_and(|object| world.unsubscribe(&app_id, object)));
    }
    Ok(Json(json!({ "subscriptions": count })))
}
