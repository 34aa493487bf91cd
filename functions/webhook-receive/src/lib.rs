//! `POST /webhooks/meta/instagram`, and `…/messenger`: checks the signature, queues each event as Meta wrote it, answers.
//!
//! Meta waits 5 seconds and delivers again for hours, so nothing else happens here: one call to the queue for each ten
//! events. Everything that takes time or can fail is the processor's.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/webhooks/getting-started#event-notifications>

mod app;
mod batch;
mod error;
mod handler;
mod queue;

pub use app::App;
pub use error::ReceiveError;
pub use handler::handle;
