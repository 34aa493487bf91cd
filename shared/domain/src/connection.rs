//! A tenant's connected account, and the authorization that leads to it.

use serde::{Deserialize, Serialize};

pub use crate::channel::Login;
use crate::channel::{Account, Channel};
use crate::id::{AppScopedId, PageId, TenantId, UserId};
use crate::secret::SealedToken;
use crate::time::{UnixMillis, UnixSeconds};
use crate::word::Word;

/// Whether a connection works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionStatus {
    /// Stored, but Meta has not confirmed the webhook subscription: messages may not arrive.
    Pending,
    /// Receives and answers.
    Active,
    /// Meta refuses the token; a reconnect heals it.
    Error,
    /// Over the plan's limit: readable, neither receives nor sends until an upgrade.
    Paused,
    /// Disconnected by the tenant or at Meta.
    Revoked,
    /// A newer version wrote this word. It is kept as it is.
    #[serde(untagged)]
    Other(Word),
}

/// Why a connection is in [`ConnectionStatus::Error`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionError {
    /// A stable word, as `token_expired`, `password_changed`, `access_removed`.
    pub reason: String,
    /// Since when.
    pub since: UnixSeconds,
}

/// What is to be done about a connection before it stops working.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// A stable word: `token_expires`, `data_access_expires`.
    pub reason: String,
    /// Until then it works; a reconnect before that keeps everything.
    pub until: UnixSeconds,
}

/// Meta tells this account nothing about its contacts: everything else works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilesRefused {
    /// A stable word, as `app_not_reviewed`.
    pub reason: String,
    /// Since when.
    pub since: UnixSeconds,
    /// When Meta was last asked.
    pub asked_at: UnixSeconds,
}

/// What Meta has last said about the account's conduct. Each counts until it says something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enforcement {
    /// What Meta does.
    pub action: EnforcementAction,
    /// Why, in Meta's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when.
    pub at: UnixMillis,
}

/// What Meta does about an account's conduct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnforcementAction {
    /// Nothing yet.
    Warning,
    /// The account may not write.
    Block,
    /// It may again.
    Unblock,
    /// A newer version wrote this word. It is kept as it is.
    #[serde(untagged)]
    Other(Word),
}

impl EnforcementAction {
    /// Reads Meta's word; `None` for one that is not known.
    #[must_use]
    pub fn of_meta(word: &str) -> Option<Self> {
        match word {
            "warning" => Some(Self::Warning),
            "block" => Some(Self::Block),
            "unblock" => Some(Self::Unblock),
            _ => None,
        }
    }

    /// Meta's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Other(_) => "unknown",
        }
    }
}

/// For so long no profile is asked for after Meta has refused them to the account.
const PROFILES_PAUSE_SECONDS: i64 = 24 * 60 * 60;

/// A professional account that a tenant has connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Whose it is.
    pub tenant: TenantId,
    /// The account: routing key of webhooks.
    pub account: Account,
    /// Through which login.
    pub login: Login,
    /// Whether it works.
    pub status: ConnectionStatus,
    /// The connecting person's id at the Meta app, for deauthorize and deletion callbacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_scoped_user_id: Option<AppScopedId>,
    /// What people call the account: see [`Account`].
    pub name: String,
    /// The picture's address at Meta; expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_url: Option<String>,
    /// The Page that the account is linked to, where the login needs one. An account that is a Page itself has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_id: Option<PageId>,
    /// That Page's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_name: Option<String>,
    /// The sealed access token; gone once revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SealedToken>,
    /// `None`: does not expire, or unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_expires_at: Option<UnixSeconds>,
    /// When the token was issued or last renewed.
    pub token_refreshed_at: UnixSeconds,
    /// Facebook Login: when the person has to log in again although the token lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_access_expires_at: Option<UnixSeconds>,
    /// Permissions the person granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// When Meta last delivered something for the account (kept to a few minutes, not exact).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_webhook_at: Option<UnixSeconds>,
    /// Why it does not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ConnectionError>,
    /// What is to be done before it stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// Why its contacts have no names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles_refused: Option<ProfilesRefused>,
    /// What Meta has last said about its conduct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforcement: Option<Enforcement>,
    /// Meta has asked to leave the account alone until then: calls before that prolong it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_until: Option<UnixMillis>,
    /// How long its messages are kept, as the tenant's plan says; `None`: for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Everything of the account until then was deleted here, and does not come back, whoever tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_before: Option<UnixMillis>,
    /// Who connected it.
    pub connected_by: UserId,
    /// Raised by each change, for optimistic locking.
    pub version: u64,
    /// First connected; a reconnect keeps it.
    pub created_at: UnixSeconds,
    /// Last changed.
    pub updated_at: UnixSeconds,
}

impl Connection {
    /// The Page that Meta subscribes for the connection and that its calls act as; `None` where the account does so itself.
    #[must_use]
    pub fn acting_page(&self) -> Option<PageId> {
        self.account.acting_page(self.login, self.page_id.as_ref())
    }

    /// Whether messages may be received and sent over it.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self.status, ConnectionStatus::Active | ConnectionStatus::Pending)
    }

    /// Until when Meta wants no calls for the account; `None` where it may be called.
    #[must_use]
    pub fn rests_until(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.throttled_until.filter(|until| now < *until)
    }

    /// Whether Meta may be asked who a contact is.
    #[must_use]
    pub fn may_ask_for_profiles(&self, now: UnixSeconds) -> bool {
        self.profiles_refused.as_ref().is_none_or(|refused| refused.asked_at.plus(PROFILES_PAUSE_SECONDS) <= now)
    }

    /// Whether somebody has connected the account (again) since then. What ended since then, ended in that second or before.
    #[must_use]
    pub fn was_made_since(&self, at: UnixMillis) -> bool {
        let (made_at, at) = (self.token_refreshed_at, at.seconds());
        made_at > at || (made_at == at && self.status != ConnectionStatus::Revoked)
    }

    /// Whether it counts against the plan's limit: also while Meta refuses its token, since a reconnect heals that.
    #[must_use]
    pub const fn counts(&self) -> bool {
        matches!(self.status, ConnectionStatus::Active | ConnectionStatus::Pending | ConnectionStatus::Error)
    }

    /// Whether it is time to connect it again, in the place that it holds: what a plan without room for another account has
    /// to let through.
    #[must_use]
    pub const fn wants_reconnect(&self) -> bool {
        match self.status {
            ConnectionStatus::Pending | ConnectionStatus::Error => true,
            ConnectionStatus::Active => self.notice.is_some(),
            ConnectionStatus::Paused | ConnectionStatus::Revoked | ConnectionStatus::Other(_) => false,
        }
    }
}

/// What a webhook needs to find its tenant: at most one for an account, in the whole system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Whose account it is.
    pub tenant: TenantId,
    /// The account (also for a route by Page id).
    pub account: Account,
    /// How long its messages are kept. It stands here so that storing a message needs no further read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Everything of the account until then was deleted: as in its connection, and here for the same reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_before: Option<UnixMillis>,
    /// The connection is over the plan's limit: nothing is received, and nobody else gets the account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}

/// An account that a finished login may connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The account.
    pub account: Account,
    /// What people call it, as in a [`Connection`].
    pub name: String,
    /// Its picture's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_url: Option<String>,
    /// The Page that it is linked to, as in a [`Connection`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_id: Option<PageId>,
    /// That Page's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_name: Option<String>,
    /// The token to use for it, sealed for this tenant and account.
    pub token: SealedToken,
    /// Why it cannot be chosen, as a stable word: `no_messaging_task`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
}

/// A Page of a finished login that leads to no account: shown, so that a person sees why theirs cannot be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlinkedPage {
    /// The Page.
    pub page_id: PageId,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_name: Option<String>,
    /// Why, as a stable word: `no_page_token`, or that no account is linked to it.
    pub reason: String,
}

/// What a person chooses from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The accounts.
    pub candidates: Vec<Candidate>,
    /// What cannot be chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlinked_pages: Vec<UnlinkedPage>,
    /// What every candidate's connection will share.
    pub grant: Grant,
}

/// How far an authorization has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum AuthorizationPhase {
    /// The person is at Meta's login.
    Started,
    /// The redirect came back and is being worked on, or ended without a choice to make.
    Claimed,
    /// The person chooses among several accounts.
    Choosing(Offer),
    /// The choice is made.
    Chosen,
    /// A newer version wrote this word, and goes on with it: here it is neither claimed nor chosen, and never written.
    #[serde(other)]
    Other,
}

/// What Meta granted, without the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The person's id at the Meta app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_scoped_user_id: Option<AppScopedId>,
    /// Permissions granted.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// When the tokens expire; `None`: never, or unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_expires_at: Option<UnixSeconds>,
    /// When the tokens were issued.
    pub token_issued_at: UnixSeconds,
    /// Facebook Login: when data access ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_access_expires_at: Option<UnixSeconds>,
}

/// One run of the authorization code flow (RFC 6749 section 4.1), found by its `state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// SHA-256 of the `state`, in hexadecimal: the database could not be used to forge one.
    pub state_hash: String,
    /// Who will own the connection.
    pub tenant: TenantId,
    /// Who asked.
    pub user: UserId,
    /// For which channel.
    pub channel: Channel,
    /// Which login.
    pub login: Login,
    /// SHA-256 of the cookie that the starting browser holds, in hexadecimal.
    pub browser_hash: String,
    /// Where the person goes afterwards: a path of the web application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
    /// The browser's address at the start, for the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// The browser's name at the start, for the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// How far it has come.
    #[serde(flatten)]
    pub phase: AuthorizationPhase,
    /// Started at.
    pub created_at: UnixSeconds,
    /// Useless from then on. Also the item's TTL.
    pub expires_at: UnixSeconds,
}

/// How long a person may take at Meta's login, and again to choose.
pub const AUTHORIZATION_SECONDS: i64 = 600;

crate::word::shown!(ConnectionStatus);
