//! What somebody wants to send.

use std::collections::BTreeMap;

use domain::message::{Attachment, ReplyTo};
use domain::{Author, ConversationId, Direction, Kind, Message, MessageId, Status, TraceId, UnixMillis, UserId};
use serde_json::Map;
use sha2::{Digest, Sha256};

use crate::error::StoreError;

/// An answer before it is accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Who writes.
    pub author: Author,
    /// Which person or program.
    pub sent_by: Option<UserId>,
    /// The text.
    pub text: Option<String>,
    /// Links to media.
    pub attachments: Vec<Attachment>,
    /// Which message it answers.
    pub reply_to: Option<ReplyTo>,
    /// `HUMAN_AGENT`, where the policy asks for it.
    pub tag: Option<String>,
    /// The caller's `Idempotency-Key`: the same key within 24 hours is the same message.
    pub idempotency_key: Option<String>,
    /// That of the message it answers, or of the request.
    pub trace_id: Option<TraceId>,
}

impl Draft {
    /// The message that is queued.
    pub(super) fn message(&self, conversation: &ConversationId, after: Option<&MessageId>, now: UnixMillis) -> Message {
        Message {
            id: MessageId::new(now, fastrand::u64(..).to_be_bytes()),
            conversation: conversation.clone(),
            direction: Direction::Outbound,
            author: self.author,
            kind: Kind::Message,
            status: Status::Queued,
            provider_message_id: None,
            text: self.text.clone(),
            attachments: self.attachments.clone(),
            reply_to: self.reply_to.clone(),
            referral: None,
            reactions: BTreeMap::new(),
            edit: None,
            deleted_at: None,
            error: None,
            sent_by: self.sent_by.clone(),
            tag: self.tag.clone(),
            attempts: 0,
            after: after.cloned(),
            created_at: now,
            sent_at: None,
            metadata: Map::new(),
            trace_id: self.trace_id.clone(),
            version: 0,
        }
    }

    /// What makes two drafts the same request. The tag is not part of it: it follows from the time.
    pub(super) fn fingerprint(&self) -> Result<String, StoreError> {
        let content = serde_json::to_vec(&(&self.text, &self.attachments, &self.reply_to))
            .map_err(|_| StoreError::Shape { entity: "draft" })?;
        Ok(hex::encode(Sha256::digest(content)))
    }
}
