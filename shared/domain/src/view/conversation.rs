use serde::Serialize;

use crate::channel::{AccountId, Channel, ContactId};
use crate::contact::{Contact, ProfileState};
use crate::conversation::{Conversation, ConversationState, LastMessage};
use crate::id::{ConversationId, MessageId, PageId};
use crate::message::{Author, Direction, Kind};
use crate::time::UnixMillis;
use crate::view::address;

/// A conversation in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConversationView {
    /// Its id.
    pub id: ConversationId,
    /// The channel's word.
    pub channel: Channel,
    /// The account that the contact wrote to, on Instagram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ig_user_id: Option<AccountId>,
    /// The Page that the contact wrote to, on Messenger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_id: Option<PageId>,
    /// The person.
    pub contact: ContactView,
    /// Open or closed.
    pub state: ConversationState,
    /// The newest message.
    pub last_message: Option<LastMessageView>,
    /// When the newest message was written.
    pub last_message_at: Option<String>,
    /// Inbound messages since somebody last looked.
    pub unread_count: u32,
    /// Until when a plain answer is certain to be allowed.
    pub reply_until: Option<String>,
    /// Until when a person may answer where Meta approved the app's Human Agent feature.
    pub human_agent_until: Option<String>,
    /// Another app owns the thread.
    pub handled_elsewhere: bool,
    /// First message.
    pub created_at: String,
}

/// The person on the other side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactView {
    /// The key of the person towards this account.
    pub id: ContactId,
    /// Name, else username, else the id: never empty.
    pub display_name: String,
    /// The name they gave themselves.
    pub name: Option<String>,
    /// Without `@`.
    pub username: Option<String>,
    /// The picture's address at Meta, while it can be expected to work.
    pub picture_url: Option<String>,
    /// Whether Meta has told who they are.
    pub profile_state: ProfileState,
}

impl ContactView {
    fn new(contact: &Contact, now: UnixMillis) -> Self {
        let best = contact.name.as_deref().or(contact.username.as_deref()).unwrap_or(contact.id.as_str());
        Self {
            id: contact.id.clone(),
            display_name: best.to_owned(),
            name: contact.name.clone(),
            username: contact.username.clone(),
            picture_url: address::web(contact.picture(now)),
            profile_state: contact.profile_state,
        }
    }
}

/// What the list shows of the newest message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastMessageView {
    /// Which.
    pub id: MessageId,
    /// Which way.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// What it is.
    pub kind: Kind,
    /// How it begins.
    pub preview: String,
}

impl From<&LastMessage> for LastMessageView {
    fn from(last: &LastMessage) -> Self {
        Self {
            id: last.id.clone(),
            direction: last.direction.shown(),
            author: last.author.shown(),
            kind: last.kind.shown(),
            preview: last.preview.clone(),
        }
    }
}

impl ConversationView {
    /// The conversation as it is shown at this time.
    #[must_use]
    pub fn new(conversation: &Conversation, now: UnixMillis) -> Self {
        let window = conversation.reply_window();
        let account = &conversation.account;
        Self {
            id: conversation.id.clone(),
            channel: account.channel,
            ig_user_id: match account.channel {
                Channel::Instagram => Some(account.id.clone()),
                Channel::Messenger => None,
            },
            page_id: account.page(),
            contact: ContactView::new(&conversation.contact, now),
            state: conversation.state.shown(),
            last_message: conversation.last_message.as_ref().map(LastMessageView::from),
            last_message_at: conversation.last_message.as_ref().map(|_| conversation.last_message_at.rfc3339()),
            unread_count: conversation.unread,
            reply_until: window.reply_until().map(UnixMillis::rfc3339),
            human_agent_until: window.human_agent_until().map(UnixMillis::rfc3339),
            handled_elsewhere: conversation.handled_elsewhere,
            created_at: conversation.created_at.rfc3339(),
        }
    }
}
