//! Who is who in an event: the account, the contact, and which of them acted.
//!
//! The same rules serve the queue (which group an event belongs to) and the reader (what it says).

use domain::id::{AccountId, ContactId};

/// Sender and recipient as Meta names them, and what tells an echo apart.
#[derive(Clone, Copy)]
pub(crate) struct Parties<'a> {
    pub(crate) sender: Option<&'a AccountId>,
    pub(crate) recipient: Option<&'a AccountId>,
    /// Meta marks it as written by the account.
    pub(crate) marked_echo: bool,
    /// A postback or a referral: something that only a contact can do.
    pub(crate) tapped: bool,
}

impl Parties<'_> {
    /// Whether the account acted. An unmarked message from the account itself counts: nobody answers oneself.
    pub(crate) fn by_account(self, account: &AccountId) -> bool {
        self.marked_echo || self.sender == Some(account)
    }

    /// The other side of the conversation, if Meta names it.
    pub(crate) fn contact(self, account: &AccountId) -> Option<ContactId> {
        let side = if self.by_account(account) { self.recipient } else { self.sender };
        side.and_then(as_contact)
    }
}

/// The same digits as the id of a contact.
pub(crate) fn as_contact(id: &AccountId) -> Option<ContactId> {
    ContactId::try_from(id.as_str()).ok()
}
