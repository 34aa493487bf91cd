//! An event on its way through the queue.

use std::fmt;

use domain::channel::{Account, ContactId, Login};
use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{EntryList, characters, reduce};

/// The longest group id that SQS takes.
const MAX_GROUP_ID: usize = 128;

/// The body of an `inbound` queue message: one event as Meta wrote it, and what Meta wrote around it.
#[derive(Clone, Serialize, Deserialize)]
pub struct QueuedEvent {
    /// Version of this shape, so that a deployment can read what the previous one queued.
    pub v: u32,
    /// The account it belongs to, and with it the channel.
    pub account: Account,
    /// The other side of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// Whose secret signed it.
    pub login: Login,
    /// In which list it stood.
    pub list: EntryList,
    /// When it was received, in milliseconds.
    pub received_at_ms: UnixMillis,
    /// The entry's time, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_time: Option<UnixMillis>,
    /// Only what is read of an event that no message of the queue can hold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reduced: bool,
    /// The event, byte for byte.
    pub event: Box<RawValue>,
}

impl QueuedEvent {
    /// The current version of the shape.
    pub const VERSION: u32 = 1;

    /// The event with only the members that are read, at most a quarter of what the queue takes.
    #[must_use]
    pub fn reduced(self) -> Self {
        let event = reduce::reduce(self.event.get()).to_string();
        // JSON that was written a moment ago is JSON.
        let event = RawValue::from_string(characters::for_the_queue(&event).into_owned()).unwrap_or(self.event);
        Self { reduced: true, event, ..self }
    }

    /// The FIFO group: events of one conversation stay in order, conversations do not wait for each other.
    ///
    /// `provider#account:contact`, or `provider#account:-` for an event about no conversation. Always within SQS's limits.
    #[must_use]
    pub fn group_id(&self) -> String {
        let group = format!("{}:{}", self.account, self.contact.as_ref().map_or("-", ContactId::as_str));
        if group.len() <= MAX_GROUP_ID { group } else { hex::encode(Sha256::digest(group)) }
    }

    /// The FIFO deduplication id: the same for the same event in two deliveries, 64 hexadecimal digits.
    #[must_use]
    pub fn deduplication_id(&self) -> String {
        let digest = Sha256::new()
            .chain_update(self.account.to_string())
            .chain_update("#")
            .chain_update(self.list.as_str())
            .chain_update("#")
            .chain_update(self.event.get())
            .finalize();
        hex::encode(digest)
    }
}

/// What a person wrote is in no log.
impl fmt::Debug for QueuedEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("QueuedEvent")
            .field("account", &self.account)
            .field("contact", &self.contact)
            .field("login", &self.login)
            .field("list", &self.list)
            .finish_non_exhaustive()
    }
}
