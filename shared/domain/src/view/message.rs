use serde::Serialize;
use serde_json::{Map, Value};

use crate::conversation::Conversation;
use crate::id::{ConversationId, MessageId, Mid, UserId};
use crate::message::{
    Attachment, Author, Direction, Edit, Kind, Message, Reaction, Reactor, Referral, ReplyTo, SendFailure, Status,
};
use crate::time::UnixMillis;
use crate::trace::TraceId;
use crate::view::address;

/// A message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageView {
    /// Its id; sorts by time.
    pub id: MessageId,
    /// Where it stands.
    pub conversation_id: ConversationId,
    /// Which way.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// What it is.
    pub kind: Kind,
    /// How far it has come.
    pub status: Status,
    /// Why it failed or is uncertain, and what to do.
    pub error: Option<SendFailure>,
    /// The provider's id, once known.
    pub provider_message_id: Option<Mid>,
    /// The text as it is now.
    pub text: Option<String>,
    /// Links that expire.
    pub attachments: Vec<Attachment>,
    /// What it answers.
    pub reply_to: Option<ReplyTo>,
    /// Where the contact came from.
    pub referral: Option<Referral>,
    /// At most one for each side.
    pub reactions: Vec<ReactionView>,
    /// Which person or program sent it.
    pub sent_by: Option<UserId>,
    /// `HUMAN_AGENT` where it was sent after the standard window.
    pub tag: Option<String>,
    /// When it was written.
    pub created_at: String,
    /// When the provider took it.
    pub sent_at: Option<String>,
    /// When it was last edited.
    pub edited_at: Option<String>,
    /// When it was unsent.
    pub deleted_at: Option<String>,
    /// What only this channel knows.
    pub metadata: Map<String, Value>,
    /// Finds the log lines and segments about it; an answer has that of the message it answers.
    pub trace_id: Option<TraceId>,
}

/// A reaction that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReactionView {
    /// Whose.
    pub by: Reactor,
    /// The emoji.
    pub emoji: String,
    /// The channel's word for it.
    pub name: Option<String>,
    /// When.
    pub at: String,
}

impl ReactionView {
    /// `None` for one that was taken back.
    fn of(by: Reactor, reaction: &Reaction) -> Option<Self> {
        let emoji = reaction.emoji.clone()?;
        Some(Self { by: by.shown(), emoji, name: reaction.name.clone(), at: reaction.at.rfc3339() })
    }
}

impl MessageView {
    /// The message as the inbox shows it within its conversation.
    #[must_use]
    pub fn new(message: &Message, conversation: &Conversation) -> Self {
        Self {
            id: message.id.clone(),
            conversation_id: message.conversation.clone(),
            direction: message.direction.shown(),
            author: message.author.shown(),
            kind: message.kind.shown(),
            status: conversation.shown_status(message).shown(),
            error: message.error.clone(),
            provider_message_id: message.provider_message_id.clone(),
            text: message.text.clone(),
            attachments: message.attachments.iter().map(address::attachment).collect(),
            reply_to: message.reply_to.as_ref().and_then(address::reply),
            referral: message.referral.as_ref().map(address::referral),
            reactions: message.reactions.iter().filter_map(|(by, reaction)| ReactionView::of(*by, reaction)).collect(),
            sent_by: message.sent_by.clone(),
            tag: message.tag.clone(),
            created_at: message.created_at.rfc3339(),
            sent_at: message.sent_at.map(UnixMillis::rfc3339),
            edited_at: message.edit.as_ref().map(|Edit { at, .. }| at.rfc3339()),
            deleted_at: message.deleted_at.map(UnixMillis::rfc3339),
            metadata: address::members(&message.metadata),
            trace_id: message.trace_id.clone(),
        }
    }
}
