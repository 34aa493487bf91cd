//! Consumer of the tables' streams: tells others what was stored.
//!
//! A stream's record carries an item as it was and as it is; what happened is found by comparing the two
//! ([`domain::outbox`]). Open browsers get a hint and ask by themselves; endpoints get events through the `deliveries` queue; the event
//! bus, where there is one, gets the same events. A hint is lost without harm. An event is told at least once, always by the same id:
//! what could not be handed over is named to Lambda, which delivers the record and all that follow it in its shard again.

mod app;
mod aside;
mod batch;
mod bus;
mod handler;
mod hints;
mod listeners;
mod out;
mod turns;

pub use app::App;
pub use batch::Records;
pub use handler::handle;
