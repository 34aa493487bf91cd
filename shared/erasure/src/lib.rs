//! Deletions: asked for, looked up, and handed to the queue that works them off.
//!
//! A deletion is asked for by its code. Who asks again with the same code gets the same deletion, so that a callback that
//! is delivered twice, or replayed by somebody years later, deletes once.

mod person;
mod queue;
mod request;

pub use person::erase_person;
pub use queue::{ErasureOrder, ErasureQueue, QueueError};
pub use request::{Erasures, RequestError, random_code};
