//! Consumer of the `erasure` queue: deletes what somebody asked to be deleted, step by step.
//!
//! A step works until its time is up, notes how far it came, and hands the rest to the queue. What is deleted is counted
//! once, also when a process dies in between: it is counted before it is deleted, with the place up to which it was.
//!
//! It deletes what was received before the deletion was asked for. When everything is gone the queue keeps the order for a
//! minute, also one that comes twice, and a second look finds what a function wrote that was under way during the first. Then the tenant gets a receipt that names nobody, and the deletion forgets whose it was.
//!
//! It is a function of its own because nothing else here may delete messages, least of all one that anybody can call.

mod app;
mod handler;
mod step;
mod sweep;

pub use app::App;
pub use handler::handle;
