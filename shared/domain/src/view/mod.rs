//! What the HTTP API shows: the domain's types with RFC 3339 times and without secrets.

mod connection;
mod conversation;
mod message;

pub use connection::{ConnectionView, InstagramStatus};
pub use conversation::{ContactView, ConversationView, LastMessageView};
pub use message::{MessageView, ReactionView};
