//! Shapes of answers and events that documentation and observation disagree on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::MidShape;

/// Whether echoes are a webhook field of their own, on which reports disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EchoField {
    /// They are: who is not subscribed to it is told of no echo.
    Own,
    /// They come with `messages`; the field's name is taken and means nothing.
    Messages,
    /// They come with `messages`, and a list that has the field's name is refused.
    Refused,
}

/// How an echo of Messenger names the app that sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EchoApp {
    Number,
    String,
    Absent,
}

/// What receipts of Messenger tell beside the watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Receipts {
    /// The messages that were delivered, and when.
    Mids,
    /// When they were told of, and no message.
    Watermark,
    /// Nothing: neither messages nor the event's own time.
    Bare,
    /// There are none.
    Never,
}

/// In what a text of Messenger is measured, of which Meta says "characters".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TextUnit {
    Utf16,
    Bytes,
}

/// What a Page is told when the messaging window is closed: Meta's pages disagree on 1545041.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClosedWindow {
    /// 10/2018278
    Outside,
    /// 200/1545041, which means at other times that a person cannot be reached.
    NotReceiving,
}

/// What a Page is told when a person cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unreachable {
    /// 551/1545041
    Unavailable,
    /// 10/2018108
    Blocked,
    /// 200/1545041, as in older copies of Meta's pages.
    NotReceiving,
}

/// Which refusal tells that another app owns a thread; Meta's pages list several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OwnerRefusal {
    /// 100/2534037
    NotOwner,
    /// 2018300, listed without a code before it.
    OtherApp,
    /// 2018321, the same: Meta's own questions and answers.
    Questions,
}

/// Pages of a list without an element, which say nevertheless that there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EmptyPages {
    /// There are none.
    Never,
    /// One before each page.
    Between,
    /// After the last page, each leading to itself.
    Endless,
}

/// Shapes of answers that documentation and observation disagree on. The default is what integrators observe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Variants {
    /// The token answer of Instagram Login comes as `{"data":[…]}`.
    pub(crate) token_wrapped: bool,
    pub(crate) token_user_id: UserIdShape,
    pub(crate) token_permissions: PermissionsShape,
    /// Token answers leave `expires_in` out.
    pub(crate) omit_expires_in: bool,
    /// `/me` of Instagram Login comes as `{"data":[…]}`.
    pub(crate) me_wrapped: bool,
    /// `account_type` reads `Business` as documented, not `BUSINESS` as observed.
    pub(crate) documented_account_type: bool,
    /// Page tasks have their `PROFILE_PLUS_` names.
    pub(crate) profile_plus_tasks: bool,
    /// `subscribed_apps` of a Page answers the string `"true"`.
    pub(crate) success_as_text: bool,
    /// `subscribed_apps` says success to the next so many lists that have these fields, and leaves the fields out.
    pub(crate) dropped_fields: BTreeMap<String, u32>,
    pub(crate) echoes: EchoField,
    /// No list has more elements than this on one page, whatever `limit` asks for.
    pub(crate) page_cap: usize,
    /// A list of messages names nothing but their ids and times, whatever is asked for, and the unsent ones too.
    pub(crate) bare_messages: bool,
    pub(crate) empty_pages: EmptyPages,
    pub(crate) owner_refusal: OwnerRefusal,
    /// Conversation Routing is set up for every Page.
    pub(crate) routing: bool,
    /// Most messages an account may send within a second of simulated time; 0 means no limit of an account, and Meta's own
    /// of a Page.
    pub(crate) sends_per_second: usize,
    /// Most messages a Page may send within 24 hours for each person it has a conversation with; 0 means no limit.
    pub(crate) sends_per_person: usize,
    /// Most calls of the Conversations API within a second for a Page; 0 means no limit.
    pub(crate) conversation_calls_per_second: usize,
    /// How `mid`s of Messenger look.
    pub(crate) mids: MidShape,
    /// The Conversations API of Messenger has ids of its own for messages.
    pub(crate) listed_mids: bool,
    pub(crate) echo_app: EchoApp,
    pub(crate) receipts: Receipts,
    /// Postbacks of Messenger have a `mid`.
    pub(crate) postback_mids: bool,
    /// Referrals of Messenger name their `source`: those under the European and Japanese rules do not.
    pub(crate) referral_sources: bool,
    /// Comments on a Page's posts name who wrote them.
    pub(crate) feed_authors: bool,
    /// Apps are told when somebody unsends a message on Messenger.
    pub(crate) messenger_unsends: bool,
    pub(crate) text_unit: TextUnit,
    pub(crate) closed_window: ClosedWindow,
    pub(crate) unreachable: Unreachable,
}

impl Default for Variants {
    fn default() -> Self {
        Self {
            token_wrapped: false,
            token_user_id: UserIdShape::Number,
            token_permissions: PermissionsShape::Array,
            omit_expires_in: false,
            me_wrapped: false,
            documented_account_type: false,
            profile_plus_tasks: false,
            success_as_text: false,
            dropped_fields: BTreeMap::new(),
            echoes: EchoField::Own,
            page_cap: 3,
            bare_messages: false,
            empty_pages: EmptyPages::Never,
            owner_refusal: OwnerRefusal::NotOwner,
            routing: false,
            sends_per_second: 0,
            sends_per_person: 200,
            conversation_calls_per_second: 0,
            mids: MidShape::M,
            listed_mids: false,
            echo_app: EchoApp::Number,
            receipts: Receipts::Mids,
            postback_mids: true,
            referral_sources: true,
            feed_authors: true,
            messenger_unsends: false,
            text_unit: TextUnit::Utf16,
            closed_window: ClosedWindow::Outside,
            unreachable: Unreachable::Unavailable,
        }
    }
}

/// How the token answer writes `user_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UserIdShape {
    Number,
    String,
}

/// How the token answer writes `permissions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PermissionsShape {
    Array,
    String,
    Absent,
}
