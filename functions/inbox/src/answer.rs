//! The bodies of the answers.

use domain::conversation::Conversation;
use domain::message::Message;
use domain::view::{ConversationView, MessageView};
use domain::{AuditEvent, AuditKind, MessageId, UnixMillis, UserId};
use serde::Serialize;
use serde_json::{Map, Value};
use store::Page;

/// A page of conversations.
#[derive(Serialize)]
pub(crate) struct ConversationsPage {
    conversations: Vec<ConversationView>,
    /// `null` on the last page.
    next_cursor: Option<String>,
}

impl ConversationsPage {
    pub(crate) fn new(page: Page<Conversation>, now: UnixMillis) -> Self {
        let conversations = page.items.iter().map(|conversation| ConversationView::new(conversation, now)).collect();
        Self { conversations, next_cursor: page.cursor }
    }
}

/// A page of messages, with what one needs to know to answer.
#[derive(Serialize)]
pub(crate) struct MessagesPage {
    messages: Vec<MessageView>,
    /// `null` on the last page.
    next_cursor: Option<String>,
    conversation: ConversationView,
    /// What to mark as read once the page is shown; `null` where it has no message.
    read_up_to: Option<MessageId>,
}

impl MessagesPage {
    pub(crate) fn new(page: Page<Message>, conversation: &Conversation, now: UnixMillis) -> Self {
        Self {
            read_up_to: conversation.read_up_to(&page.items).cloned(),
            messages: page.items.iter().map(|message| MessageView::new(message, conversation)).collect(),
            next_cursor: page.cursor,
            conversation: ConversationView::new(conversation, now),
        }
    }
}

/// A page of the audit log.
#[derive(Serialize)]
pub(crate) struct AuditPage {
    events: Vec<AuditView>,
    /// `null` on the last page.
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct AuditView {
    at: String,
    kind: AuditKind,
    user: Option<UserId>,
    details: Map<String, Value>,
}

impl From<Page<AuditEvent>> for AuditPage {
    fn from(page: Page<AuditEvent>) -> Self {
        let view = |event: AuditEvent| AuditView {
            at: event.at.rfc3339(),
            kind: event.kind,
            user: event.user,
            details: event.details,
        };
        Self { events: page.items.into_iter().map(view).collect(), next_cursor: page.cursor }
    }
}
