//! Consumer of the `inbound` queue: stores every event exactly once, in the inbox of whose account it is.
//!
//! The queue keeps each conversation in order (a FIFO group) and delivers again what a batch could not do. What is stored
//! does not depend on either: the store takes every event in any order and any number of times.

mod app;
mod batch;
mod handler;
mod patience;
mod payload;
mod profile;

pub use app::App;
pub use handler::handle;
