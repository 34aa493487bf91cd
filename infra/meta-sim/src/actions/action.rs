//! The vocabulary of the control API and the phone.

use serde::Deserialize;
use serde_json::Value;

/// Something that happens between a contact and an account.
#[derive(Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Action {
    /// The contact writes.
    Text {
        text: String,
        /// The `mid` that this answers.
        #[serde(default)]
        reply_to: Option<String>,
    },
    /// The contact sends pictures, a video, a voice message or a file.
    Media {
        #[serde(default = "image")]
        media: String,
        /// Default: a sample picture of the simulation.
        #[serde(default)]
        url: Option<String>,
        #[serde(default = "one")]
        count: usize,
        /// Real deliveries can have text and attachments together.
        #[serde(default)]
        text: Option<String>,
    },
    /// The contact sends a sticker: an attachment of its own since 30 August 2026, a picture before.
    Sticker {
        #[serde(default)]
        shape: StickerShape,
    },
    /// The contact mentions the account in a story.
    StoryMention,
    /// The contact answers a story of the account.
    StoryReply { text: String },
    /// The contact shares a story in the conversation.
    StoryShare,
    /// The contact shares a post.
    Share {
        #[serde(default)]
        shape: ShareShape,
    },
    /// The contact sends attachments as they are given here.
    Attachments { attachments: Vec<Value> },
    /// Somebody sends a link that has no preview of its own kind (Messenger).
    Fallback {
        #[serde(default)]
        title: Option<String>,
        #[serde(default)]
        url: Option<String>,
        /// The Page sends it, not the contact.
        #[serde(default)]
        echo: bool,
    },
    /// The contact shares a reel; `legacy` is the older attachment type.
    Reel {
        #[serde(default)]
        legacy: bool,
    },
    /// An attachment of type `template`, empty as in observed deliveries.
    Template,
    /// View-once media.
    Ephemeral,
    /// The contact sends what the API cannot show.
    Unsupported,
    /// The contact taps a quick reply.
    QuickReply { text: String, payload: String },
    /// The contact taps an ice breaker, a menu entry or a button.
    Postback {
        title: String,
        payload: String,
        /// They came by an `m.me` link (Messenger).
        #[serde(rename = "ref", default)]
        reference: Option<String>,
        /// In a plugin on a website, which does not know who they are (Messenger).
        #[serde(default)]
        plugin: bool,
    },
    /// The contact follows an `ig.me` or `m.me` link into an open conversation.
    Referral {
        #[serde(rename = "ref")]
        reference: String,
    },
    /// The contact writes after a Click-to-Direct ad.
    AdMessage {
        text: String,
        #[serde(rename = "ref", default)]
        reference: String,
        #[serde(default = "ad_id")]
        ad_id: String,
    },
    /// The contact filled the form of an ad in (Messenger).
    Lead {
        #[serde(default = "question")]
        question: String,
        #[serde(default = "answer")]
        answer: String,
        #[serde(default = "ad_id")]
        ad_id: String,
    },
    /// The contact reacts. Without `mid`: to the last message of the business.
    Reaction {
        #[serde(default)]
        mid: Option<String>,
        #[serde(default = "love")]
        reaction: String,
        #[serde(default = "heart")]
        emoji: String,
    },
    /// The contact takes a reaction back.
    Unreact {
        #[serde(default)]
        mid: Option<String>,
    },
    /// The contact has seen everything until a message; without `mid` the last one of the business.
    Seen {
        #[serde(default)]
        mid: Option<String>,
    },
    /// A message of the Page arrived, once more; without `mid` the last one (Messenger).
    Delivered {
        #[serde(default)]
        mid: Option<String>,
    },
    /// The contact edits a message of theirs.
    Edit {
        #[serde(default)]
        mid: Option<String>,
        text: String,
        /// `num_edit` as a string.
        #[serde(default)]
        num_edit_as_text: bool,
    },
    /// The `num_edit: 0` event that Meta sends for messages nobody edited.
    EditZero {
        #[serde(default)]
        mid: Option<String>,
        /// Has `sender` and `recipient`.
        #[serde(default)]
        with_parties: bool,
    },
    /// The contact takes a message of theirs back.
    Unsend {
        #[serde(default)]
        mid: Option<String>,
    },
    /// The contact writes while another app owns the thread.
    Standby {
        text: String,
        /// The other app writes, not the contact (Messenger).
        #[serde(default)]
        echo: bool,
    },
    /// Another app passes the thread on, takes it, or asks for it.
    ThreadControl {
        change: ControlChange,
        /// Default: Meta's own inbox.
        #[serde(default = "page_inbox")]
        other_app: String,
        #[serde(default)]
        metadata: String,
    },
    /// The contact opts in to notification messages.
    Optin {
        #[serde(default)]
        payload: String,
        /// They ticked the box of a plugin on a website, which does not know who they are (Messenger).
        #[serde(rename = "ref", default)]
        reference: Option<String>,
    },
    /// The contact connects an account of theirs at the business, or cuts it off (Messenger).
    AccountLinking {
        #[serde(default = "linked")]
        status: String,
    },
    /// The Page's apps have other roles (Messenger).
    AppRoles,
    /// The contact comments on a post of the account.
    Comment {
        text: String,
        #[serde(default)]
        shape: CommentShape,
        /// During a broadcast: the field is `live_comments`.
        #[serde(default)]
        live: bool,
        #[serde(default)]
        parent_id: Option<String>,
    },
    /// The contact mentions the account in a comment, or in a caption.
    Mention {
        #[serde(default)]
        caption: bool,
    },
    /// The business answers from its Instagram app, or from Meta's inbox: an echo.
    AppReply {
        text: String,
        /// What another app sent along (Messenger).
        #[serde(default)]
        metadata: Option<String>,
        /// Which app sent it; default: Meta's own inbox (Messenger).
        #[serde(default)]
        app_id: Option<String>,
    },
    /// The account writes to itself, as developers do to test.
    SelfMessage { text: String },
    /// Meta warns or blocks the account.
    PolicyEnforcement {
        #[serde(default = "warning")]
        action: String,
        #[serde(default)]
        reason: String,
    },
    /// Figures about a story of the account, a day after it was shown.
    StoryInsights,
    /// The contact rates an answer.
    ResponseFeedback {
        #[serde(default)]
        good: bool,
    },
}

/// How a shared post is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShareShape {
    /// `share` and `ig_post` for one post.
    #[default]
    Transition,
    /// Only `share`.
    Legacy,
    /// Only `ig_post`.
    IgPost,
}

/// How a sticker is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StickerShape {
    /// `sticker` with a number as its id.
    #[default]
    Number,
    /// `sticker` with its id as text.
    Text,
    /// `image`, without an id.
    Image,
}

/// How a comment is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CommentShape {
    /// `changes[]` with `value.id`, as observed with Instagram Login.
    #[default]
    Changes,
    /// `field` and `value` in the entry itself, as documented for Instagram Login.
    Flat,
    /// `changes[]` with `value.comment_id`, as documented for Facebook Login.
    Facebook,
}

/// What happens to a thread's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ControlChange {
    Pass,
    Take,
    Request,
}

fn image() -> String {
    "image".into()
}

const fn one() -> usize {
    1
}

fn love() -> String {
    "love".into()
}

fn heart() -> String {
    "\u{2764}\u{fe0f}".into()
}

fn ad_id() -> String {
    "120200000000".into()
}

fn question() -> String {
    "Which city do you live in?".into()
}

fn answer() -> String {
    "Graz".into()
}

fn linked() -> String {
    "linked".into()
}

fn page_inbox() -> String {
    "263902037430900".into()
}

fn warning() -> String {
    "warning".into()
}
