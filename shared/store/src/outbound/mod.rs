//! Answers: queued with their price, then taken step by step to where the provider has them.

mod context;
mod correct;
mod doubt;
mod draft;
mod order;
mod queue;
mod settle;
mod sweep;
mod window;

use aws_sdk_dynamodb::Client;

pub use self::context::{Earlier, SendContext};
pub use self::doubt::Doubt;
pub use self::draft::Draft;
pub use self::queue::{QueueError, Queued};
pub use self::settle::Begun;
pub use self::sweep::{SHARDS, Stuck, Unsettled};
use crate::tables::Tables;
use crate::threads::Threads;

/// Outbound messages of all tenants.
///
/// # Price in write units
///
/// | Step | Units |
/// | --- | --- |
/// | [`OutboundStore::queue`] | 2 for each item of its transaction: message, conversation, usage (and idempotency record); 2 for the list's index, 1 to enter the index of unsettled messages |
/// | [`OutboundStore::begin`] | 1 |
/// | [`OutboundStore::settle_sent`] and its like | 1, and 1 to leave that index |
///
/// The index of unsettled messages makes the sweep exact at 2 units a message: it holds keys only, so no other step
/// touches it. Dearer were a marker item (2 in the transaction and 1 to delete it). Cheaper by one were an index that
/// nothing leaves, but then a sweep has to read every message that was sent since the last one.
#[derive(Clone, Debug)]
pub struct OutboundStore {
    threads: Threads,
    connections: String,
    tenants: String,
}

impl OutboundStore {
    /// A store on the tables of connections, conversations, messages and tenants. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        let threads =
            Threads { client, conversations: tables.conversations.clone(), messages: tables.messages.clone() };
        Self { threads, connections: tables.connections.clone(), tenants: tables.tenants.clone() }
    }
}
