//! Upkeep: keeps connections working.
//!
//! Every ten minutes a schedule scans the index of what is due and hands each connection to the `upkeep` queue, so that 10,000 of them
//! and one that hangs do not hinder each other. What is done about one is [`accounts::upkeep`]'s to say.
//!
//! | Outcome | What happens |
//! | --- | --- |
//! | all is well | the next appointment is made, in an hour |
//! | the token's end | the connection is `error`; its card asks to reconnect; one line in the audit log |
//! | passing trouble | its own appointment moves: an hour, doubled by each setback up to a day |
//! | Meta never began to deliver | after two days the account is revoked; its place in the plan is free |
//! | the app's own trouble | as passing trouble; refusals of several tenants open the app's breaker, an account that is refused alone has a notice |
//! | a fault of ours | the queue delivers again |
//!
//! While a breaker is open its login's connections are skipped, unread. Every 15 minutes the few that worked last probe whether
//! Meta serves the app again; when it does, the scan begins at once. Any other call that Meta takes ends an outage as well.
//!
//! Once a day the apps' own subscriptions in Meta's dashboard are read: without `messages` there, no account receives.

mod app;
mod connection;
mod fields;
mod handler;
mod probe;
mod queue;
mod scan;
mod trigger;

pub use app::App;
pub use handler::handle;
pub use queue::Order;
pub use trigger::{Task, Trigger};
