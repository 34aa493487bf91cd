//! Several accounts came with one login: shows them, and connects those that the person chooses.

pub mod error;
pub mod handler;
pub mod selection;

pub use handler::{App, handle};
