//! Lets browsers in that are told live what has changed, and forgets those that leave.
//!
//! Who may be let in was decided when the ticket was given out, on a route with a token: no token is in an address, and none is verified
//! here. A ticket opens one socket, for its tenant, and only once.

mod app;
mod handler;

pub use app::App;
pub use handler::{SocketAnswer, SocketEvent, handle};
