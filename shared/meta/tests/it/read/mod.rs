//! Every kind of event that Meta documents or was seen to send, in the domain's words.

mod bounded;
mod changes;
mod content;
mod others;
