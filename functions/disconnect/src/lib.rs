//! Revokes a connection: first here, so that nothing flows any more, then at Meta.

pub mod error;
pub mod handler;

pub use handler::{App, handle};
