//! Tells what is connected.

pub mod error;
pub mod handler;

pub use handler::{App, handle};
