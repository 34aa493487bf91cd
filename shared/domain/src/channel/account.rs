//! Whose inbox an event belongs to, and who wrote.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Actor, Channel, Login};
use crate::id::{AccountId as Id, PageId, ParseIdError};

pub use crate::id::{AccountId, ContactId};

/// A business's presence on one channel, which a tenant connects: the routing key of webhooks.
///
/// | Channel | Its id | What people call it | A contact's id |
/// | --- | --- | --- | --- |
/// | Instagram | the professional account's (Meta: `IG_ID`): `user_id` of `/me`, never `id` | the username without `@` | Meta: "IGSID" |
/// | Messenger | the Page's | the Page's name | Meta: "PSID" |
///
/// Ids of two channels may be equal. Written as `<provider>#<id>`, in keys and wherever else it is stored or queued.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Account {
    /// Where it is.
    pub channel: Channel,
    /// Its id there.
    pub id: AccountId,
}

impl Account {
    /// An account of a channel.
    #[must_use]
    pub const fn new(channel: Channel, id: AccountId) -> Self {
        Self { channel, id }
    }

    /// An Instagram professional account.
    #[must_use]
    pub const fn instagram(id: AccountId) -> Self {
        Self::new(Channel::Instagram, id)
    }

    /// The Page that the account is, on Messenger.
    #[must_use]
    pub fn page(&self) -> Option<PageId> {
        match self.channel {
            Channel::Instagram => None,
            Channel::Messenger => Some(PageId::from(&self.id)),
        }
    }

    /// The Page that Meta subscribes for the account and that its calls act as, where it was connected through this login and is
    /// linked to that Page; `None` where the account does so itself.
    #[must_use]
    pub fn acting_page(&self, login: Login, linked: Option<&PageId>) -> Option<PageId> {
        match login.facts().actor {
            Actor::Account => None,
            Actor::Page => self.page().or_else(|| linked.cloned()),
        }
    }

    /// A Facebook Page as somebody whom people write to.
    #[must_use]
    pub fn messenger(page: &PageId) -> Self {
        Self::new(Channel::Messenger, Id::from(page))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}", self.channel.provider(), self.id)
    }
}

impl From<Account> for String {
    fn from(account: Account) -> Self {
        account.to_string()
    }
}

impl TryFrom<String> for Account {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::try_from(text.as_str())
    }
}

impl TryFrom<&str> for Account {
    type Error = ParseIdError;

    /// The inverse of the `Display` form.
    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let parts = text.split_once('#').and_then(|(provider, id)| Some((Channel::from_provider(provider)?, id)));
        let (channel, id) = parts.ok_or(ParseIdError::new("an account is the name of a provider, '#' and an id"))?;
        Ok(Self { channel, id: Id::try_from(id)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> AccountId {
        AccountId::try_from("17841").expect("an account id")
    }

    #[test]
    fn an_account_is_read_back_from_what_it_is_written_as() {
        for channel in Channel::ALL {
            let account = Account::new(channel, id());
            assert_eq!(Account::try_from(account.to_string()), Ok(account.clone()));
            assert_eq!(serde_json::to_value(&account).expect("JSON"), format!("{}#17841", channel.provider()));
        }
    }

    #[test]
    fn equal_ids_of_two_channels_are_two_accounts() {
        assert_ne!(Account::instagram(id()), Account::messenger(&PageId::try_from("17841").expect("a Page")));
    }

    #[test]
    fn an_account_of_a_newer_versions_channel_is_none() {
        for text in ["meta_whatsapp#17841", "17841", "meta_instagram#", "meta_instagram#1#2", "instagram#17841"] {
            assert!(Account::try_from(text).is_err(), "{text}");
        }
    }
}
