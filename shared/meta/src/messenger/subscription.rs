//! The webhook fields of a Page that Messenger needs.
//!
//! Source: <https://developers.facebook.com/docs/messenger-platform/webhooks>

use crate::graph::fields::{Field, MESSAGES, Need};

const fn field(name: &'static str, need: Need) -> Field {
    Field { name, scope: "pages_messaging", need }
}

/// What is delivered for a Page. Without `messaging_referrals` the referrals in messages are missing too. Left out are `feed`,
/// which tells each comment and reaction on the Page's posts, and `response_feedback`, which puts thumbs under each answer.
pub(crate) const OF_PAGE: &[Field] = &[
    field(MESSAGES, Need::Required),
    field("message_echoes", Need::Expected),
    field("message_deliveries", Need::Expected),
    field("message_reads", Need::Expected),
    field("message_reactions", Need::Expected),
    field("messaging_postbacks", Need::Expected),
    field("messaging_referrals", Need::Expected),
    field("message_edits", Need::Optional),
    field("messaging_optins", Need::Optional),
    field("messaging_handovers", Need::Optional),
    field("standby", Need::Optional),
    field("messaging_policy_enforcement", Need::Optional),
];
