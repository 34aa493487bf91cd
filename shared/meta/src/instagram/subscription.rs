//! The webhook fields that Instagram's messaging needs.
//!
//! Source: <https://developers.facebook.com/docs/instagram-platform/webhooks>

use crate::graph::fields::{Field, MESSAGES, Need};

const DIRECT: &str = "instagram_business_manage_messages";
const COMMENTS: &str = "instagram_business_manage_comments";

/// What the business itself wrote. Some of Meta's versions take the name, others refuse it and deliver echoes with
/// [`MESSAGES`].
const ECHOES: &str = "message_echoes";

const fn field(name: &'static str, scope: &'static str, need: Need) -> Field {
    Field { name, scope, need }
}

/// The fields of an account of Instagram Login.
pub(crate) const OF_ACCOUNT: &[Field] = &[
    field(MESSAGES, DIRECT, Need::Required),
    field("message_reactions", DIRECT, Need::Expected),
    field("messaging_seen", DIRECT, Need::Expected),
    field("messaging_postbacks", DIRECT, Need::Expected),
    field("messaging_referral", DIRECT, Need::Expected),
    field("message_edit", DIRECT, Need::Expected),
    field("comments", COMMENTS, Need::Optional),
    field(ECHOES, DIRECT, Need::Doubtful),
];

/// The fields of a Page, which knows other names than an Instagram account. Any of them switches its Instagram messages on;
/// which ones is set in Meta's dashboard.
pub(crate) const OF_PAGE: &[Field] =
    &[field(MESSAGES, "pages_messaging", Need::Required), field(ECHOES, "pages_messaging", Need::Doubtful)];
