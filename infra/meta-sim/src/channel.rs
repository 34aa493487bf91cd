//! The two ways people write to a business: Instagram's direct messages, and a Page's Messenger.

use serde::{Deserialize, Serialize};

use crate::ids;

/// What a conversation is held over. Who a person is on one says nothing about the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channel {
    /// Direct messages of a professional account; a contact has an IGSID.
    #[default]
    Instagram,
    /// Messages to a Page; a contact has a PSID.
    Messenger,
}

/// Webhook fields that the channels name differently.
pub(crate) struct FieldNames {
    pub(crate) edits: &'static str,
    pub(crate) handovers: &'static str,
    pub(crate) referrals: &'static str,
    pub(crate) reads: &'static str,
}

impl Channel {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Messenger => "messenger",
        }
    }

    /// `object` of its webhooks, and of the dashboard's list of fields.
    pub(crate) const fn object(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Messenger => "page",
        }
    }

    /// Who a contact is towards one account or Page.
    pub(crate) fn contact_id(self, account: &str, contact: &str) -> String {
        match self {
            Self::Instagram => ids::igsid(account, contact),
            Self::Messenger => ids::psid(account, contact),
        }
    }

    pub(crate) const fn fields(self) -> FieldNames {
        match self {
            Self::Instagram => FieldNames {
                edits: "message_edit",
                handovers: "messaging_handover",
                referrals: "messaging_referral",
                reads: "messaging_seen",
            },
            Self::Messenger => FieldNames {
                edits: "message_edits",
                handovers: "messaging_handovers",
                referrals: "messaging_referrals",
                reads: "message_reads",
            },
        }
    }
}
