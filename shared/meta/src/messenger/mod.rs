//! What only Messenger has: people who write to a Facebook Page.

pub(crate) mod discovery;
pub(crate) mod profile;
pub(crate) mod send;
pub(crate) mod subscription;
pub(crate) mod webhook;
pub(crate) mod wording;
