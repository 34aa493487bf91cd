//! The API hosts: `api.instagram.com`, `graph.instagram.com`, `graph.facebook.com`.

mod auth;
pub(crate) mod call;
mod conversations;
mod endpoint;
mod facebook;
mod fields;
mod instagram;
mod messaging;
mod messenger;
mod page;
mod page_profile;
mod paging;
mod portfolio;
mod profile;
mod serve;
mod subscriptions;
mod token_info;
mod unified;

pub(crate) use self::auth::{Actor, check};
pub(crate) use self::serve::{Refusal, serve};

use serde_json::{Value, json};

use crate::sim::Effect;

/// What a successful call answers and causes.
pub(crate) struct Answer {
    pub(crate) body: Value,
    pub(crate) effects: Vec<Effect>,
}

impl Answer {
    pub(crate) fn of(body: Value) -> Self {
        Self { body, effects: vec![] }
    }

    pub(crate) fn success() -> Self {
        Self::of(json!({ "success": true }))
    }
}
