//! Keeps connections working.
//!
//! A schedule scans the index of what is due and hands each connection to the `maintenance` queue, so that 10,000 of them
//! and one that hangs do not hinder each other. What is done about one is [`connect::upkeep`]'s to say.
//!
//! | Outcome | What happens |
//! | --- | --- |
//! | all is well | the next appointment is made: tomorrow, or when half of the token's life is over |
//! | the token's end | the connection is `error`; its card asks to reconnect; one line in the audit trail |
//! | passing trouble | its own appointment moves: an hour, doubled by each setback up to a day |
//! | the app's own trouble | nothing is changed; refusals of several tenants open the app's breaker |
//! | a fault of ours | the queue delivers again |
//!
//! While a breaker is open its login's connections are skipped, unread. Every 15 minutes one of them probes whether Meta
//! serves the app again; when it does, the scan begins at once.

mod handler;
mod keep;
mod probe;
mod queue;
mod scan;
mod trigger;

pub use handler::{App, handle};
pub use queue::Order;
pub use trigger::{Task, Trigger};
