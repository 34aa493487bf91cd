//! Conversations and messages, item by item: what receiving and sending are made of.

mod conversation;
mod message;
mod thread;
mod walk;

use aws_sdk_dynamodb::Client;

use crate::error::StoreError;
use crate::expiry;
use crate::item::Item;
use crate::key::Key;

pub(crate) use thread::{Stored, Thread, Tombstone};
pub(crate) use walk::Walk;

/// Attributes that place a message in the index of unsettled ones.
pub(crate) const OUTBOUND_SHARD: &str = "outbound_shard";
/// Sorts the index of unsettled messages, in milliseconds.
pub(crate) const OUTBOUND_AT: &str = "outbound_at";
/// When the last call to the provider was begun.
pub(crate) const TRIED_AT: &str = "tried_at";
/// When the echo came that gave a message its mid; tells later that the mid was a conclusion, not Meta's answer.
pub(crate) const ECHOED_AT: &str = "echoed_at";

/// When a message was received: what deletions go by. One that was written here has none: that is when it was written.
pub(crate) const RECEIVED_AT: &str = "received_at";

/// The tables of conversations and messages.
#[derive(Clone, Debug)]
pub(crate) struct Threads {
    pub(crate) client: Client,
    pub(crate) conversations: String,
    pub(crate) messages: String,
}

impl Threads {
    /// Reads a living item, strongly consistent.
    pub(crate) async fn get(&self, table: &str, key: &Key) -> Result<Option<Item>, StoreError> {
        let read = self.client.get_item().table_name(table).set_key(Some(key.attributes())).consistent_read(true);
        let found = read.send().await?.item;
        Ok(found.filter(|item| expiry::living(item, expiry::now(&self.client))))
    }
}
