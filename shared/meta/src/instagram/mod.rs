//! What only Instagram has: people who write to a professional account.

pub(crate) mod discovery;
pub(crate) mod profile;
pub(crate) mod send;
pub(crate) mod subscription;
pub(crate) mod webhook;
pub(crate) mod wording;
