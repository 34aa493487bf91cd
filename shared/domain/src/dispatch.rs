//! What the `outbound` queue carries: which message to send to whom, never its content.

use serde::{Deserialize, Serialize};

use crate::id::{ConversationId, IgId, Igsid, MessageId, TenantId};

/// The longest group id that a queue takes.
const MAX_GROUP_ID: usize = 128;

/// The order to send one message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dispatch {
    /// Version of this shape, so that a deployment can read what the previous one queued.
    pub v: u32,
    /// Whose message it is.
    pub tenant: TenantId,
    /// The account that sends.
    pub account: IgId,
    /// Who receives.
    pub contact: Igsid,
    /// Where the message stands.
    pub conversation: ConversationId,
    /// Which message.
    pub message: MessageId,
}

impl Dispatch {
    /// The current version of the shape.
    pub const VERSION: u32 = 1;

    /// The order to send this message.
    #[must_use]
    pub const fn new(
        tenant: TenantId,
        account: IgId,
        contact: Igsid,
        conversation: ConversationId,
        message: MessageId,
    ) -> Self {
        Self { v: Self::VERSION, tenant, account, contact, conversation, message }
    }

    /// The FIFO group, `account:contact`: answers to one contact go out in order, contacts do not wait for each other.
    #[must_use]
    pub fn group_id(&self) -> String {
        let group = format!("{}:{}", self.account, self.contact);
        // Real ids have 17 digits; the conversation's id stands for the same two.
        if group.len() <= MAX_GROUP_ID { group } else { self.conversation.as_str().to_owned() }
    }
}
