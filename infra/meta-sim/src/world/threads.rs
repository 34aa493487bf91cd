//! Conversations of professional accounts and Pages with contacts, and comments.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    channel::Channel,
    clock::{DAY_MS, HOUR_MS},
    ids,
};

/// The standard messaging window.
pub(crate) const WINDOW_MS: i64 = 24 * HOUR_MS;
/// The window of the `HUMAN_AGENT` tag, and of a thread that an ad opened.
pub(crate) const LONG_WINDOW_MS: i64 = 7 * DAY_MS;
/// Message details are given for so many of the newest messages.
pub(crate) const DETAILED: usize = 20;

/// What opens the messaging window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// The contact wrote or tapped by themselves, which is their consent to profile calls.
    Contact,
    /// An `ig.me` or `m.me` link.
    Link,
    /// What an ad made them send.
    Ad,
}

/// One conversation.
#[derive(Clone, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about a conversation")]
pub(crate) struct Thread {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) channel: Channel,
    /// `IG_ID`, or the id of a Page.
    pub(crate) account: String,
    pub(crate) contact: String,
    /// The contact towards this account: an IGSID, or a PSID.
    pub(crate) contact_id: String,
    pub(crate) messages: Vec<Message>,
    /// The contact's last action that lets the business write.
    #[serde(default)]
    pub(crate) opened_at_ms: Option<i64>,
    /// An ad opened the thread: the window is the long one.
    #[serde(default)]
    pub(crate) by_ad: bool,
    /// The contact's consent to profile calls: they wrote by themselves, or tapped an ice breaker. What an ad made them send
    /// is none.
    #[serde(default)]
    pub(crate) consented: bool,
    /// The business answered: the thread left the Requests folder.
    #[serde(default)]
    pub(crate) general: bool,
    /// The contact takes notification messages of a Page.
    #[serde(default)]
    pub(crate) opted_in: bool,
    /// The contact has seen everything until this `mid`.
    #[serde(default)]
    pub(crate) seen_mid: Option<String>,
    /// The business has seen everything until this `mid`.
    #[serde(default)]
    pub(crate) business_seen_mid: Option<String>,
    /// The business shows "typing…" until then.
    #[serde(default)]
    pub(crate) typing_until_ms: i64,
    /// Another app owns the thread.
    #[serde(default)]
    pub(crate) owner_app: Option<String>,
}

impl Thread {
    pub(crate) fn new(channel: Channel, account: &str, contact: &str) -> Self {
        Self {
            id: match channel {
                Channel::Instagram => ids::conversation(account, contact),
                Channel::Messenger => ids::messenger_conversation(account, contact),
            },
            channel,
            account: account.to_owned(),
            contact: contact.to_owned(),
            contact_id: channel.contact_id(account, contact),
            messages: vec![],
            opened_at_ms: None,
            by_ad: false,
            consented: false,
            general: false,
            opted_in: false,
            seen_mid: None,
            business_seen_mid: None,
            typing_until_ms: 0,
            owner_app: None,
        }
    }

    pub(crate) fn message(&self, mid: &str) -> Option<&Message> {
        self.messages.iter().rev().find(|message| message.mid == mid)
    }

    pub(crate) fn message_mut(&mut self, mid: &str) -> Option<&mut Message> {
        self.messages.iter_mut().rev().find(|message| message.mid == mid)
    }

    /// Whether Meta still gives the details of a message.
    pub(crate) fn is_recent(&self, mid: &str) -> bool {
        self.messages.iter().rev().take(DETAILED).any(|message| message.mid == mid)
    }

    pub(crate) fn updated_at_ms(&self) -> i64 {
        self.messages.last().map_or(0, |message| message.at_ms)
    }

    /// The contact did something that opens the window.
    pub(crate) fn open_window(&mut self, now_ms: i64, opening: Opening) {
        self.opened_at_ms = Some(now_ms);
        self.by_ad = opening == Opening::Ad;
        self.consented |= opening == Opening::Contact;
    }

    pub(crate) fn mark_seen_by_business(&mut self) {
        let last = self.messages.iter().rev().find(|message| !message.outbound);
        self.business_seen_mid = last.map(|message| message.mid.clone());
    }

    /// Whether the business may write now.
    pub(crate) fn is_open(&self, now_ms: i64, human_agent: bool) -> bool {
        let length = if human_agent || self.by_ad { LONG_WINDOW_MS } else { WINDOW_MS };
        self.opened_at_ms.is_some_and(|opened_at_ms| now_ms < opened_at_ms + length)
    }
}

/// One message, of either side.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about a message")]
pub(crate) struct Message {
    pub(crate) mid: String,
    pub(crate) outbound: bool,
    pub(crate) at_ms: i64,
    pub(crate) text: Option<String>,
    /// As webhooks show them.
    pub(crate) attachments: Vec<Value>,
    /// As webhooks show it.
    pub(crate) reply_to: Option<Value>,
    pub(crate) quick_replies: Vec<QuickReply>,
    pub(crate) deleted: bool,
    /// Nobody sees it before that time: Meta is still fetching its media.
    pub(crate) appears_at_ms: i64,
    pub(crate) unsupported: bool,
    pub(crate) edits: u32,
    pub(crate) contact_reaction: Option<String>,
    pub(crate) business_reaction: Option<String>,
    /// A tapped button or ice breaker, not typed text.
    pub(crate) postback: bool,
    /// What an app sent along to recognise the echo by.
    pub(crate) metadata: Option<String>,
    /// The app that sent it.
    pub(crate) app_id: Option<String>,
}

/// A choice under a message.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct QuickReply {
    pub(crate) title: String,
    pub(crate) payload: String,
}

/// A comment on a post of an account or a Page; it can be answered privately once.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Comment {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) contact: String,
    pub(crate) text: String,
    pub(crate) at_ms: i64,
    pub(crate) answered: bool,
}
