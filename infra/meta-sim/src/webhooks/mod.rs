//! Webhooks: what happened, who is told, signed and delivered until somebody answers 200.

pub(crate) mod deliver;
pub(crate) mod event;
pub(crate) mod options;
pub(crate) mod outbox;
pub(crate) mod receipt;
