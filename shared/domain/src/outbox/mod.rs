//! What others are told about: a change that is stored, in words that a program can rely on.
//!
//! Who writes a message, a conversation or a connection tells nobody. Its table's stream carries the item on, as it was and as it
//! is, and what happened is found here by comparing the two: so nothing is told that is not stored.

mod change;
mod delivery;
mod event;
#[cfg(test)]
mod samples;

pub use change::{LastChange, of_connection, of_conversation, of_message};
pub use delivery::{Delivery, DeliveryEvent, EVENTS, EndpointKey, LANES};
pub use event::{EventId, EventType, OutboxEvent, Subject};
