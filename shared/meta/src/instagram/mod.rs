//! What only Instagram's messaging has.

pub(crate) mod send;
pub(crate) mod webhook;
