use serde::{Deserialize, Serialize};

use crate::channel::{Account, AccountId, Channel};
use crate::id::PageId;

/// An account as who calls the API names it: on Instagram by `ig_user_id`, beside which its Page may stand; on Messenger by
/// `page_id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct NamedAccount {
    /// On Instagram, the account.
    pub ig_user_id: Option<AccountId>,
    /// On Messenger, the account; on Instagram, its Page.
    pub page_id: Option<PageId>,
}

impl NamedAccount {
    /// The field that names an account of a channel.
    #[must_use]
    pub const fn field(channel: Channel) -> &'static str {
        match channel {
            Channel::Instagram => "ig_user_id",
            Channel::Messenger => "page_id",
        }
    }

    /// The account of a channel; `None` where its field is absent.
    #[must_use]
    pub fn on(&self, channel: Channel) -> Option<Account> {
        match channel {
            Channel::Instagram => self.ig_user_id.clone().map(Account::instagram),
            Channel::Messenger => self.page_id.as_ref().map(Account::messenger),
        }
    }

    /// The Page that stands beside the account of a channel.
    #[must_use]
    pub const fn page_beside(&self, channel: Channel) -> Option<&PageId> {
        match channel {
            Channel::Instagram => self.page_id.as_ref(),
            Channel::Messenger => None,
        }
    }
}

/// What the API calls an account: each channel has its own fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountNames {
    /// On Instagram only. `null` where a Page leads to no account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ig_user_id: Option<Option<AccountId>>,
    /// Without `@`; on Instagram only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ig_username: Option<Option<String>>,
    /// The Page that the account is linked to, or is.
    pub page_id: Option<PageId>,
    /// Its name.
    pub page_name: Option<String>,
}

impl AccountNames {
    /// Of an account, by its name and the Page that it is linked to.
    #[must_use]
    pub fn new(account: &Account, name: &str, page_id: Option<&PageId>, page_name: Option<&str>) -> Self {
        match account.channel {
            Channel::Instagram => Self {
                ig_user_id: Some(Some(account.id.clone())),
                ig_username: Some(Some(name.to_owned())),
                page_id: page_id.cloned(),
                page_name: page_name.map(str::to_owned),
            },
            Channel::Messenger => {
                Self { ig_user_id: None, ig_username: None, page_id: account.page(), page_name: Some(name.to_owned()) }
            }
        }
    }

    /// Of a Page that leads to no account of a channel.
    #[must_use]
    pub fn of_page(channel: Channel, page_id: PageId, page_name: Option<String>) -> Self {
        let (ig_user_id, ig_username) = match channel {
            Channel::Instagram => (Some(None), Some(None)),
            Channel::Messenger => (None, None),
        };
        Self { ig_user_id, ig_username, page_id: Some(page_id), page_name }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page() -> PageId {
        PageId::try_from("77").expect("a Page")
    }

    #[test]
    fn an_account_is_named_by_the_field_of_its_channel() {
        let named: NamedAccount = serde_json::from_value(json!({"ig_user_id": "1", "page_id": "77"})).expect("names");
        assert_eq!(named.on(Channel::Instagram), Account::try_from("meta_instagram#1").ok());
        assert_eq!(named.on(Channel::Messenger), Some(Account::messenger(&page())));
        assert_eq!(named.page_beside(Channel::Instagram), Some(&page()));
        assert_eq!(named.page_beside(Channel::Messenger), None);
        for channel in Channel::ALL {
            assert_eq!(NamedAccount::default().on(channel), None);
        }
    }

    #[test]
    fn what_another_channel_calls_its_accounts_is_absent() {
        let page_of = |channel| AccountNames::of_page(channel, page(), Some("Shop".to_owned()));
        let of_messenger = AccountNames::new(&Account::messenger(&page()), "Shop", None, None);
        let shown = json!({"page_id": "77", "page_name": "Shop"});
        for names in [of_messenger, page_of(Channel::Messenger)] {
            assert_eq!(serde_json::to_value(names).expect("JSON"), shown);
        }
        assert_eq!(
            serde_json::to_value(page_of(Channel::Instagram)).expect("JSON"),
            json!({"ig_user_id": null, "ig_username": null, "page_id": "77", "page_name": "Shop"})
        );
    }
}
