//! Consumer of the `deliveries` queue: tells the integrator's endpoints what happened.
//!
//! The queue carries first tries. What an endpoint does not take is an item with its own time (`store::DeliveryStore`), so the queue
//! does not grow while endpoints are dead. Every minute a schedule finds the endpoints that have something due, and orders their backlog
//! to be worked off.
//!
//! | An endpoint | What happens |
//! | --- | --- |
//! | takes an event (2xx) | one write, and nothing else while it takes everything |
//! | does not | the event waits by the ladder of `domain::endpoint::next_try`, for three days |
//! | fails five times in a row | it rests, for a minute first and an hour at most; events wait without a call |
//! | has rested | it is tried with the event that waits the longest; if that is taken, the backlog follows |
//! | takes nothing for three days, or says that it is gone (410) | it is switched off, and that is told: audit log, metric, alarm |

mod app;
mod backlog;
mod endpoint;
mod first;
mod handler;
mod schedule;
mod trigger;

pub use app::App;
pub use handler::handle;
pub use trigger::{Task, Trigger};
