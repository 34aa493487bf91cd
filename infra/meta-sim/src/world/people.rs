//! Who exists: people who log in, their Instagram accounts, Pages and portfolios, and the contacts who write to them.

use serde::{Deserialize, Serialize};

/// Somebody who can log in, at Facebook and with each Instagram account they own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) username: String,
    pub(crate) name: String,
    /// One line for the people who try the simulation: what is special here.
    #[serde(default)]
    pub(crate) note: String,
    #[serde(default)]
    pub(crate) accounts: Vec<String>,
    #[serde(default)]
    pub(crate) pages: Vec<PageRole>,
    #[serde(default)]
    pub(crate) businesses: Vec<String>,
}

/// What a person may do on a Page, and how an app finds that out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PageRole {
    pub(crate) page_id: String,
    pub(crate) tasks: Vec<String>,
    #[serde(default)]
    pub(crate) reach: Reach,
}

/// Where a Page shows up for an app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reach {
    /// In `me/accounts`.
    #[default]
    Listed,
    /// Only among the `target_ids` of the token's granular scopes.
    TargetIds,
    /// Only as an owned or client Page of a business portfolio.
    Portfolio,
}

/// A business portfolio.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Business {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) owned_pages: Vec<String>,
    #[serde(default)]
    pub(crate) client_pages: Vec<String>,
}

/// An Instagram account that can be connected.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    /// `IG_ID`.
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) kind: AccountKind,
    #[serde(default)]
    pub(crate) followers: u32,
    #[serde(default)]
    pub(crate) follows: u32,
    #[serde(default)]
    pub(crate) media: u32,
    /// Instagram's setting "Allow access to messages".
    #[serde(default = "yes")]
    pub(crate) allow_message_access: bool,
}

/// What an account is; only the first two are professional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AccountKind {
    Business,
    Creator,
    Personal,
}

impl AccountKind {
    /// `account_type` as observed.
    pub(crate) const fn observed(self) -> &'static str {
        match self {
            Self::Business => "BUSINESS",
            Self::Creator => "MEDIA_CREATOR",
            Self::Personal => "PERSONAL",
        }
    }

    /// `account_type` as documented.
    pub(crate) const fn documented(self) -> &'static str {
        match self {
            Self::Business => "Business",
            Self::Creator => "Media_Creator",
            Self::Personal => "Personal",
        }
    }

    /// For people.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Business => "business account",
            Self::Creator => "creator account",
            Self::Personal => "personal account",
        }
    }
}

/// A Facebook Page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `IG_ID` of the linked professional account.
    #[serde(default)]
    pub(crate) instagram: Option<String>,
}

/// Somebody who writes to professional accounts on Instagram, and to Pages on Messenger.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about a person")]
pub(crate) struct Contact {
    pub(crate) username: String,
    /// What they call themselves now. Their IGSIDs stay those of `username`.
    #[serde(default)]
    pub(crate) renamed_to: Option<String>,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) followers: u32,
    #[serde(default)]
    pub(crate) verified: bool,
    #[serde(default)]
    pub(crate) follows_business: bool,
    /// False: no message can reach this person.
    #[serde(default = "yes")]
    pub(crate) reachable: bool,
    /// Their Messenger account has a phone number and no profile.
    #[serde(default)]
    pub(crate) phone_number_only: bool,
}

const fn yes() -> bool {
    true
}
