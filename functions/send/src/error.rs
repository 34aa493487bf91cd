//! Why an answer was not accepted, and what the caller reads about it.

use domain::channel::{TextLimit, TextUnit};
use domain::policy::Refusal;
use domain::{PlanRefusal, UnixMillis};
use edge::Problem;
use store::StoreError;
use vault::SecretsError;

/// Why an answer was not accepted. Nothing was queued and no quota was spent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The caller may not, or the body cannot be read.
    #[error("the request was refused")]
    Request(Problem),
    /// The tenant has no such conversation.
    #[error("there is no such conversation")]
    UnknownConversation,
    /// The message to reply to is not known, or has not reached the provider.
    #[error("the message to reply to is not known")]
    UnknownReplyTarget,
    /// Meta does not send both in one message.
    #[error("there are a text and an attachment")]
    TextAndAttachment,
    /// Not one of the kinds that the channel takes.
    #[error("the attachment has another type")]
    AttachmentKind,
    /// Not an address that Meta could fetch.
    #[error("the attachment has no usable address")]
    AttachmentUrl,
    /// Not 1 to 255 visible ASCII characters.
    #[error("the idempotency key has another form")]
    IdempotencyKey,
    /// The key was used for another message.
    #[error("the idempotency key was used for another message")]
    KeyReused,
    /// The account is not connected (any more).
    #[error("the account is not connected")]
    NotConnected,
    /// Meta refuses the connection's token.
    #[error("the connection does not work")]
    ConnectionBroken,
    /// The connection is over the plan's limit.
    #[error("the connection is paused")]
    ConnectionPaused,
    /// A rule of the provider's.
    #[error("a rule of the provider does not allow it")]
    Refused(#[from] Refusal),
    /// The plan allows no more messages this month, or none that a program writes.
    #[error("the plan does not allow it")]
    Plan(PlanRefusal),
    /// The database did not do its part.
    #[error("the answer was not stored")]
    Store(#[from] StoreError),
    /// It is not known what the Meta app may do.
    #[error("the registered apps could not be read")]
    Secrets(#[from] SecretsError),
}

impl From<Problem> for SendError {
    fn from(problem: Problem) -> Self {
        Self::Request(problem)
    }
}

impl From<PlanRefusal> for SendError {
    fn from(refusal: PlanRefusal) -> Self {
        Self::Plan(refusal)
    }
}

impl SendError {
    /// Whether a rule or the plan said no: such refusals are in the tenant's audit log.
    pub(crate) const fn is_policy(&self) -> bool {
        match self {
            Self::Plan(_) => true,
            Self::Refused(refusal) => match refusal {
                Refusal::NoContactYet | Refusal::WindowClosed { .. } | Refusal::TagNotAllowed => true,
                Refusal::TextTooLong { .. } | Refusal::Empty => false,
            },
            _ => false,
        }
    }
}

impl From<&SendError> for Problem {
    fn from(error: &SendError) -> Self {
        use SendError::{
            AttachmentKind, AttachmentUrl, ConnectionBroken, ConnectionPaused, IdempotencyKey, KeyReused, NotConnected,
            Plan, Refused, Request, Secrets, Store, TextAndAttachment, UnknownConversation, UnknownReplyTarget,
        };
        match error {
            Request(problem) => problem.clone(),
            UnknownConversation => Self::NOT_FOUND,
            UnknownReplyTarget => Self::new(422, "unknown-reply-target", "The message to reply to is not known"),
            TextAndAttachment => Self::new(400, "text-and-attachment", "One message has a text or an attachment")
                .detail("Send the attachment and the text as two messages."),
            AttachmentKind => Self::new(400, "attachment-type", "This type of attachment cannot be sent")
                .detail("Use image, video, audio or file."),
            AttachmentUrl => Self::new(400, "attachment-url", "The attachment's address cannot be used")
                .detail("Use a public https address."),
            IdempotencyKey => Self::new(400, "idempotency-key", "The idempotency key cannot be used")
                .detail("Use 1 to 255 visible ASCII characters."),
            KeyReused => Self::new(422, "idempotency-key-reused", "The idempotency key was used for another message"),
            NotConnected => Self::new(409, "not-connected", "This account is not connected")
                .detail("Connect the account again to answer."),
            ConnectionBroken => Self::new(409, "connection-error", "The connection does not work")
                .detail("Connect the account again to answer."),
            ConnectionPaused => Self::new(409, "connection-paused", "The connection is paused")
                .detail("Your plan has fewer connections than are stored. Upgrade it, or disconnect another account."),
            Refused(refusal) => by_policy(*refusal),
            Plan(refusal) => Self::from(refusal),
            Store(error) => Self::failure(error.passes()),
            Secrets(error) => Self::failure(error.passes()),
        }
    }
}

fn text_too_long(length: usize, limit: TextLimit) -> Problem {
    let problem = Problem::new(422, "text-too-long", "The text is too long");
    let most = limit.most;
    match limit.unit {
        TextUnit::Bytes => problem
            .detail(format!(
                "It has {length} bytes, and {most} are the most. Accents and emoji count for more than one."
            ))
            .with("bytes", length)
            .with("limit_bytes", most),
        TextUnit::Utf16 => problem
            .detail(format!("It has {length} characters, and {most} are the most. An emoji counts for two."))
            .with("characters", length)
            .with("limit_characters", most),
    }
}

fn by_policy(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NoContactYet => {
            Problem::new(409, "no-contact-yet", "This person has not written yet").detail("Meta only allows answers.")
        }
        Refusal::WindowClosed { at } => Problem::new(409, "reply-window-closed", "The time to answer is over")
            .detail("Meta allows an answer again once this person writes.")
            .with("reply_until", UnixMillis::rfc3339(at)),
        Refusal::TextTooLong { length, limit } => text_too_long(length, limit),
        Refusal::Empty => Problem::new(400, "empty-message", "The message is empty"),
        Refusal::TagNotAllowed => Problem::new(403, "tag-not-allowed", "This tag is not allowed here")
            .detail("HUMAN_AGENT is for people, and only where Meta has approved the app for it."),
    }
}
