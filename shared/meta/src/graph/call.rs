//! What a call does.

/// What a call does at Meta: decides what is known when its answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Changes nothing.
    Read,
    /// Changes something, and may safely be repeated.
    Change,
    /// Sends something to a contact. Meta has no idempotency key: never repeated unless it certainly did not happen.
    Send,
}
