//! A message and how events change it, in any order and any number of times.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::{ConversationId, MessageId, Mid, UserId};
use crate::time::UnixMillis;
use crate::trace::TraceId;
use crate::word::Word;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the contact.
    Inbound,
    /// To the contact.
    Outbound,
    /// A newer version wrote this word. It is kept as it is.
    #[serde(untagged)]
    Other(Word),
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The contact.
    Customer,
    /// A person in this inbox.
    Agent,
    /// A program, through this API.
    Automation,
    /// The business, with the phone app or another tool; of an inbound message: nobody, the provider tells something.
    App,
    /// A newer version wrote this word. It is kept as it is.
    #[serde(untagged)]
    Other(Word),
}

/// What a message is; decides how the inbox shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text, attachments or both.
    Message,
    /// The contact mentioned the account in a story.
    StoryMention,
    /// The contact answered a story.
    StoryReply,
    /// A button, ice breaker or menu entry that the contact tapped.
    Postback,
    /// The contact came through a link or an advertisement.
    Referral,
    /// The contact agreed to be written to.
    Optin,
    /// A public comment on a post.
    Comment,
    /// Who answers the thread has changed.
    ThreadControl,
    /// The provider says that there is something its API does not show, or we do not know the kind.
    Unsupported,
    /// A newer version wrote this word. It is kept as it is.
    #[serde(untagged)]
    Other(Word),
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Inbound, stored.
    Received,
    /// Outbound, accepted, not yet at the provider.
    Queued,
    /// Outbound: the call to the provider may be under way.
    Sending,
    /// Outbound: the provider has it.
    Sent,
    /// Outbound: it has reached the contact's phone.
    Delivered,
    /// Outbound: the contact has read it.
    Read,
    /// Outbound: the provider refused it; will not be tried again.
    Failed,
    /// Outbound: nobody knows whether it went out; never sent again unless proven absent.
    Uncertain,
    /// Unsent by its author: the content is gone.
    Deleted,
    /// A newer version wrote this word. It is kept as it is.
    #[serde(untagged)]
    Other(Word),
}

/// A picture, video, shared post …: linked, not copied (App Review refuses caching).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The channel's word: `image`, `video`, `audio`, `file`, `share`, `ig_reel`, `story_mention`, `ephemeral`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it is; absent for view-once media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A caption or title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What only this channel knows, as `reel_video_id`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// What a message answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ReplyTo {
    /// Another message of the conversation.
    Message {
        /// Its id at the provider.
        mid: Mid,
    },
    /// A story of the account's.
    Story {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Its address; expires with the story.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// A newer version wrote this. It is kept as it is.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

/// Where the contact came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// `ADS`, `SHORTLINKS`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The link's own parameter.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The advertisement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad_id: Option<String>,
    /// All else.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// One person's reaction: the newest wins, a taken-back one is remembered so that an older cannot return.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reaction {
    /// When.
    pub at: UnixMillis,
    /// The emoji; `None` once taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// The channel's word for it, as `love`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Whose reaction it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reactor {
    /// The contact.
    Contact,
    /// The business.
    Account,
    /// A newer version wrote this word. It is kept as it is.
    #[serde(untagged)]
    Other(Word),
}

/// The newest edit: the higher number wins, then the later time, then the greater text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edit {
    /// How many times the message had been edited then.
    pub number: u32,
    /// When.
    pub at: UnixMillis,
    /// The text from then on.
    pub text: String,
}

/// Something that changes a message.
///
/// Changes commute and are idempotent: [`Message::apply`] gives the same message for every order and
/// repetition, so a change that arrives before its message can simply wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// A reaction was set or taken back.
    React {
        /// Whose.
        by: Reactor,
        /// Which.
        reaction: Reaction,
    },
    /// The text was edited.
    Edit {
        /// Into what.
        edit: Edit,
    },
    /// The author took the message back.
    Unsend {
        /// When.
        at: UnixMillis,
    },
}

impl Change {
    /// The same change at another time.
    #[must_use]
    pub fn dated(self, at: UnixMillis) -> Self {
        match self {
            Self::React { by, reaction } => Self::React { by, reaction: Reaction { at, ..reaction } },
            Self::Edit { edit } => Self::Edit { edit: Edit { at, ..edit } },
            Self::Unsend { .. } => Self::Unsend { at },
        }
    }
}

/// Why an outbound message failed or is uncertain, for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendFailure {
    /// A stable word, as `window_closed`, `reconnect_needed`.
    pub reason: String,
    /// What happened, in a sentence.
    pub title: String,
    /// What the person can do about it.
    pub advice: String,
    /// Meta's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// Meta's subcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subcode: Option<i64>,
}

/// A message of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Sorts by time.
    pub id: MessageId,
    /// Where it stands.
    pub conversation: ConversationId,
    /// Which way.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// What it is.
    pub kind: Kind,
    /// How far it has come.
    pub status: Status,
    /// The provider's id, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message_id: Option<Mid>,
    /// The text as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<ReplyTo>,
    /// Where the contact came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
    /// At most one for each side.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reactions: BTreeMap<Reactor, Reaction>,
    /// The newest edit; its text is `text` as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
    /// When it was unsent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<UnixMillis>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<SendFailure>,
    /// Outbound: which person or program sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_by: Option<UserId>,
    /// Outbound: `HUMAN_AGENT` where the standard window is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Outbound: how many calls to the provider were begun.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Outbound: the answer that waited before it in its conversation when it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<MessageId>,
    /// When it was written (inbound: the provider's time).
    pub created_at: UnixMillis,
    /// Outbound: when the provider took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<UnixMillis>,
    /// What only this channel knows.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// Under which trace it came; an answer has that of the message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<TraceId>,
    /// Raised by each change, for optimistic locking.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub version: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's `skip_serializing_if` passes a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// How long the provider works on a text at most.
const TEXT_MS: i64 = 30 * 1000;

/// The same of media: Meta gives itself 75 seconds to fetch them. With what lies before and after, and a margin.
///
/// Source: <https://developers.facebook.com/docs/messenger-platform/error-codes>, subcode 2018294
const MEDIA_MS: i64 = 120 * 1000;

impl Message {
    /// How long after a call the provider has processed the message, in milliseconds: then it stands in the conversation, and its
    /// echo has come.
    #[must_use]
    pub const fn longest_processing(&self) -> i64 {
        if self.attachments.is_empty() { TEXT_MS } else { MEDIA_MS }
    }

    /// Applies a change; tells whether anything is different now.
    ///
    /// Commutes with itself and is idempotent, so neither order nor repetition of deliveries matters.
    pub fn apply(&mut self, change: &Change) -> bool {
        match change {
            Change::Unsend { at } => self.unsend(*at),
            Change::Edit { edit } => self.edit(edit),
            Change::React { by, reaction } => self.react(*by, reaction),
        }
    }

    /// Removes the content: App Review demands that unsent messages vanish.
    fn unsend(&mut self, at: UnixMillis) -> bool {
        let first = self.deleted_at.is_none_or(|known| at < known);
        if first {
            self.deleted_at = Some(at);
            self.status = Status::Deleted;
            self.text = None;
            self.attachments.clear();
            self.reply_to = None;
            self.referral = None;
            self.reactions.clear();
            self.edit = None;
            self.metadata.clear();
        }
        first
    }

    fn edit(&mut self, edit: &Edit) -> bool {
        let newer = self.deleted_at.is_none() && self.edit.as_ref().is_none_or(|known| known < edit);
        if newer {
            self.text = Some(edit.text.clone());
            self.edit = Some(edit.clone());
        }
        newer
    }

    fn react(&mut self, by: Reactor, reaction: &Reaction) -> bool {
        let newer = self.deleted_at.is_none() && self.reactions.get(&by).is_none_or(|known| known < reaction);
        if newer {
            self.reactions.insert(by, reaction.clone());
        }
        newer
    }

    /// Whether the contact wrote or did it: it raises "unread" and opens a closed conversation again.
    #[must_use]
    pub fn is_contacts(&self) -> bool {
        self.direction == Direction::Inbound && !is_note(self.direction, self.author, self.kind)
    }

    /// Whether nobody wrote it: it stands in its place among the messages and changes nothing else.
    #[must_use]
    pub fn is_note(&self) -> bool {
        is_note(self.direction, self.author, self.kind)
    }

    /// When the provider had it: an outbound message waits between being written and being sent.
    #[must_use]
    pub fn at_provider(&self) -> UnixMillis {
        self.sent_at.unwrap_or(self.created_at)
    }

    /// What a list shows of it, at most `PREVIEW_CHARS` characters; never Meta's links.
    #[must_use]
    pub fn preview(&self) -> String {
        let text = self.text.as_deref().unwrap_or_default();
        match (self.status, text.is_empty()) {
            (Status::Deleted, _) => String::new(),
            (_, false) => text.chars().take(PREVIEW_CHARS).collect(),
            (_, true) => self.attachments.first().map(|first| format!("[{}]", first.kind)).unwrap_or_default(),
        }
    }
}

/// Whether a message of this kind is nobody's: consent to be notified, and inbound what the contact did not do.
pub(crate) fn is_note(direction: Direction, author: Author, kind: Kind) -> bool {
    kind == Kind::Optin || (direction == Direction::Inbound && author == Author::App)
}

/// Length of a preview: keeps a conversation's item within one write unit.
pub const PREVIEW_CHARS: usize = 80;

crate::word::shown!(Author, Direction, Reactor, Status);

impl Kind {
    /// As the API shows it: a kind that this version does not know is not supported by it.
    #[must_use]
    pub const fn shown(self) -> Self {
        match self {
            Self::Other(_) => Self::Unsupported,
            known => known,
        }
    }
}
