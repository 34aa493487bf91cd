//! Shapes of answers and events that documentation and observation disagree on.

use serde::{Deserialize, Serialize};

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
    pub(crate) echoes: EchoField,
    /// No list has more elements than this on one page, whatever `limit` asks for.
    pub(crate) page_cap: usize,
    /// A list of messages names nothing but their ids and times, whatever is asked for, and the unsent ones too.
    pub(crate) bare_messages: bool,
    pub(crate) empty_pages: EmptyPages,
    pub(crate) owner_refusal: OwnerRefusal,
    /// Conversation Routing is set up for every Page.
    pub(crate) routing: bool,
    /// Most messages an account may send within a second of simulated time; 0 means no limit.
    pub(crate) sends_per_second: usize,
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
            echoes: EchoField::Own,
            page_cap: 3,
            bare_messages: false,
            empty_pages: EmptyPages::Never,
            owner_refusal: OwnerRefusal::NotOwner,
            routing: false,
            sends_per_second: 0,
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
