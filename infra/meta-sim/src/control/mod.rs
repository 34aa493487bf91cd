//! The control API, `/control/…`: what tests and demos do to the simulation. The crate's README lists the calls.

mod apps;
mod failures;
mod grants;
mod hooks;
mod people;
mod state;

pub(crate) use self::people::act;

use std::sync::Arc;

use axum::{
    Json, Router,
    response::{IntoResponse, Response},
    routing::{get, patch, post},
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{actions::ActionError, sim::Sim};

/// All control calls.
pub(crate) fn router() -> Router<Arc<Sim>> {
    Router::new()
        .route("/reset", post(state::reset))
        .route("/state", get(state::state))
        .route("/clock", get(state::clock).post(state::move_clock))
        .route("/variants", get(state::variants).patch(state::change_variants))
        .route("/calls", get(state::calls).delete(state::clear_calls))
        .route("/act", post(people::act))
        .route("/threads", get(people::threads))
        .route("/people", post(people::add_person))
        .route("/accounts", post(people::add_accounts))
        .route("/accounts/{account}", patch(people::change_account))
        .route("/contacts", post(people::add_contacts))
        .route("/contacts/{contact}", patch(people::change_contact))
        .route("/faults", get(failures::list).post(failures::add).delete(failures::clear))
        .route("/apps", get(apps::list).post(apps::register))
        .route("/apps/{app_id}", patch(apps::change))
        .route("/apps/{app_id}/verify", post(apps::verify))
        .route("/tokens", get(grants::list).post(grants::mint))
        .route("/tokens/expire", post(grants::expire))
        .route("/revoke", post(grants::revoke))
        .route("/password", post(grants::change_password))
        .route("/deletion", post(grants::request_deletion))
        .route("/subscriptions", get(grants::subscriptions).delete(grants::drop_subscriptions))
        .route("/webhooks/options", get(hooks::options).patch(hooks::change_options))
        .route("/webhooks/raw", post(hooks::raw))
        .route("/webhooks/test", post(hooks::dashboard_test))
        .route("/webhooks/release", post(hooks::release))
        .route("/webhooks/idle", get(hooks::idle))
        .route("/webhooks/deliveries", get(hooks::deliveries).delete(hooks::clear_deliveries))
}

/// Why a control call changed nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    #[error("there is no such {0}")]
    Unknown(&'static str),
    #[error(transparent)]
    Action(#[from] ActionError),
    #[error("{0}")]
    Invalid(String),
    #[error("the app did not answer as Meta expects")]
    Callback(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Unknown(_) | Self::Action(ActionError::NoAccount | ActionError::NoContact) => StatusCode::NOT_FOUND,
            Self::Action(ActionError::NoMessage | ActionError::Media | ActionError::Elsewhere | ActionError::Edits)
            | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Callback(_) => StatusCode::BAD_GATEWAY,
        };
        let mut error = self.to_string();
        if let Self::Callback(cause) = &self {
            error = format!("{error}: {cause}");
        }
        (status, Json(json!({ "error": error }))).into_response()
    }
}

/// The answer of a control call.
type Controlled = Result<Json<Value>, ControlError>;

/// Changes some fields of settings; unknown fields and wrong types are refused.
fn merged<T>(current: &T, change: Value) -> Result<T, ControlError>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let invalid = |error: serde_json::Error| ControlError::Invalid(error.to_string());
    let mut value = serde_json::to_value(current).map_err(invalid)?;
    let (Value::Object(fields), Value::Object(change)) = (&mut value, change) else {
        return Err(ControlError::Invalid("an object with the fields to change is expected".to_owned()));
    };
    fields.extend(change);
    serde_json::from_value(value).map_err(invalid)
}
