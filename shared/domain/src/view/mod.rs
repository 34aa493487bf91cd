//! What the HTTP API shows: the domain's types with RFC 3339 times and without secrets.

mod account;
mod address;
mod connection;
mod conversation;
mod message;
mod plan;

pub use account::{AccountNames, NamedAccount};
pub use address::web as web_address;
pub use connection::{ChannelStatus, ConnectionView};
pub use conversation::{ContactView, ConversationView, LastMessageView};
pub use message::{MessageView, ReactionView};
pub use plan::PlanView;
