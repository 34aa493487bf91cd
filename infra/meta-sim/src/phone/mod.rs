//! What people see: the start page, and a phone to write direct messages from.

mod api;
mod pages;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use crate::{control, sim::Sim};

/// The pages and what their script asks for.
pub(crate) fn router() -> Router<Arc<Sim>> {
    Router::new()
        .route("/", get(pages::home))
        .route("/phone", get(pages::phone))
        .route("/phone/api/directory", get(api::directory))
        .route("/phone/api/thread", get(api::thread))
        .route("/phone/api/act", post(control::act))
}
