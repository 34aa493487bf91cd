//! The inbox over HTTP: conversations, their messages, and the tenant's audit log.
//!
//! | Route | Answer |
//! | --- | --- |
//! | `GET /api/tenants/{tenantId}/conversations` | a page of conversations, newest message first |
//! | `GET …/conversations/{conversationId}` | one conversation |
//! | `GET …/conversations/{conversationId}/messages` | a page of messages, newest first, and the conversation |
//! | `POST …/conversations/{conversationId}/read` | the conversation, with nothing unread |
//! | `PATCH …/conversations/{conversationId}` | the conversation, opened or closed |
//! | `GET /api/tenants/{tenantId}/events` | a page of the audit log, for admins |
//!
//! Reads carry an `ETag`: a polling inbox costs one read of the database and no bytes while nothing changes.

mod answer;
mod app;
mod error;
mod handler;
mod live;
mod profile;
mod query;

pub use app::App;
pub use error::InboxError;
pub use handler::handle;
