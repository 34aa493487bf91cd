//! What is sent.

use domain::id::{ContactId, Mid};

/// What to send to whom.
#[derive(Clone, Copy, Debug)]
pub struct OutboundMessage<'a> {
    /// The contact.
    pub recipient: &'a ContactId,
    /// The message.
    pub content: Content<'a>,
    /// The message that it answers.
    pub reply_to: Option<&'a Mid>,
    /// With the `HUMAN_AGENT` tag: written by a person, after the standard window.
    pub human_agent: bool,
}

/// One message: Meta takes text or attachments, not both.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// At most 1000 bytes.
    Text(&'a str),
    /// One of any kind, or up to ten images.
    Attachments(&'a [OutboundAttachment<'a>]),
}

/// Media that Meta fetches itself.
#[derive(Clone, Copy)]
pub struct OutboundAttachment<'a> {
    /// `image`, `video`, `audio` or `file`.
    pub kind: &'a str,
    /// An address that opens without a login.
    pub url: &'a str,
}

/// A message's content is in no log.
impl std::fmt::Debug for Content<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Text(_) => "Text([REDACTED])",
            Self::Attachments(_) => "Attachments([REDACTED])",
        })
    }
}
