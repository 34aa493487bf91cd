//! What the `outbound` queue carries: which message to send to whom, never its content.

use serde::{Deserialize, Serialize};

use crate::channel::{Account, ContactId};
use crate::conversation::Conversation;
use crate::id::{ConversationId, MessageId, TenantId};
use crate::message::Message;
use crate::time::UnixMillis;

/// In how many lanes an account's answers go out: as many calls to Meta are under way for it at once.
///
/// Answers of one lane are sent one after the other, so a conversation keeps its order, and a tenant who sends much takes
/// at most so many of the sender's places. A message that waits holds up its lane: an eighth of the account's conversations.
pub const LANES: u8 = 8;

/// The order to send one message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dispatch {
    /// Version of this shape, so that a deployment can read what the previous one queued.
    pub v: u32,
    /// Whose message it is.
    pub tenant: TenantId,
    /// The account that sends.
    pub account: Account,
    /// Who receives.
    pub contact: ContactId,
    /// Where the message stands.
    pub conversation: ConversationId,
    /// Which message.
    pub message: MessageId,
    /// The answer that waited before it when it was accepted: it is not to be overtaken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<MessageId>,
    /// Until then a plain answer is allowed for certain, as far as was known when it was queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_until: Option<UnixMillis>,
}

impl Dispatch {
    /// The current version of the shape.
    pub const VERSION: u32 = 1;

    /// The order to send a message of this conversation.
    #[must_use]
    pub fn new(tenant: TenantId, conversation: &Conversation, message: &Message) -> Self {
        Self {
            v: Self::VERSION,
            tenant,
            account: conversation.account.clone(),
            contact: conversation.contact.id.clone(),
            conversation: conversation.id.clone(),
            message: message.id.clone(),
            after: message.after.clone(),
            plain_until: conversation.reply_window().reply_until(),
        }
    }

    /// The FIFO group.
    #[must_use]
    pub fn group_id(&self) -> String {
        lane(&self.account, &self.conversation, LANES)
    }
}

/// The lane of a conversation where an account has so many, as `account:number`. Its id is a digest, so they fill evenly.
#[must_use]
pub fn lane(account: &Account, conversation: &ConversationId, lanes: u8) -> String {
    let digits = conversation.as_str().get(..2).unwrap_or_default();
    let number = u8::from_str_radix(digits, 16).unwrap_or_default() % lanes;
    format!("{account}:{number}")
}
