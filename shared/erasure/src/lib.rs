//! Deletions: asked for, looked up, and handed to the queue that works them off.
//!
//! A deletion is asked for by its code. Who asks again with the same code gets the same deletion, so that a callback that
//! is delivered twice, or replayed by somebody years later, deletes once.

mod code;
mod person;
mod queue;
mod request;
mod tenant;

pub use code::{demand_code, random_code};
pub use queue::{ErasureOrder, ErasureQueue, QueueError};
pub use request::{Erasures, RequestError};
