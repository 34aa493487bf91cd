//! `POST /api/tenants/{tenantId}/instagram/messages/send`, and `…/messenger/…`: accepts an answer, or says why not.
//!
//! Checked in this order: the conversation is the tenant's; its account is connected; the contact has written; the reply
//! window is open for this author; the content is what Instagram takes; the plan's month has a message left. Then message,
//! quota and idempotency record are stored together, and the message is handed to the queue. If that last step fails, a
//! retry with the same `Idempotency-Key` or the sender's sweep makes up for it: an accepted message is never lost.

mod app;
mod error;
mod handler;
mod policy;
mod request;

pub use app::App;
pub use error::SendError;
pub use handler::handle;
