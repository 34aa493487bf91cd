//! What a login gives access to.

use domain::channel::Account;
use domain::connection::UnlinkedPage;
use domain::id::{AppScopedId, PageId};
use domain::secret::AccessToken;

/// What a login gives access to.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// Accounts, each once.
    pub accounts: Vec<DiscoveredAccount>,
    /// Facebook Login: Pages that lead to no account, so that a person sees why theirs is not in the list.
    pub unlinked_pages: Vec<UnlinkedPage>,
    /// Whether that is everything. Where it may not be, the account that the person means may be missing.
    pub complete: bool,
}

/// A professional account.
#[derive(Clone, Debug)]
pub struct DiscoveredAccount {
    /// The account: routing key of webhooks.
    pub account: Account,
    /// What people call it: on Instagram its username without `@`.
    pub username: String,
    /// The name people read.
    pub name: Option<String>,
    /// Its picture's address; expires.
    pub picture_url: Option<String>,
    /// The Page, with Facebook Login.
    pub page_id: Option<PageId>,
    /// The Page's name, with Facebook Login.
    pub page_name: Option<String>,
    /// Its token: of the Instagram user, or of the Page.
    pub token: AccessToken,
    /// The connecting person as the Meta app sees them.
    pub app_scoped_user_id: Option<AppScopedId>,
    /// Why it cannot be connected, as a stable word: `no_messaging_task`, `no_moderation_task`.
    pub unavailable: Option<&'static str>,
}
