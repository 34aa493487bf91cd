//! The accounts of a login, with their tokens sealed for the tenant.

use accounts::Connector;
use domain::connection::UnlinkedPage;
use domain::{Candidate, TenantId, UnixSeconds};
use futures::stream::{self, StreamExt, TryStreamExt};
use meta::graph::DiscoveredAccount;
use tracing::warn;
use vault::VaultError;

/// As many as fit into one item of the database, whose limit is 400 KB: a sealed token and an address of a picture have
/// about one each.
const MAX_CANDIDATES: usize = 150;
/// Calls to KMS at once.
const SEALED_AT_ONCE: usize = 8;

/// Puts first what can be chosen, then sorts by name, and drops what nobody could store.
#[must_use]
pub fn arrange(mut accounts: Vec<DiscoveredAccount>) -> Vec<DiscoveredAccount> {
    accounts.sort_by_cached_key(|account| (account.unavailable.is_some(), account.username.to_lowercase()));
    if accounts.len() > MAX_CANDIDATES {
        warn!(accounts = accounts.len(), "A login came with more accounts than can be offered");
        accounts.truncate(MAX_CANDIDATES);
    }
    accounts
}

/// Sorts by name, and drops what nobody could store.
#[must_use]
pub fn fitting(mut pages: Vec<UnlinkedPage>) -> Vec<UnlinkedPage> {
    pages.sort_by_cached_key(|page| page.page_name.as_deref().unwrap_or_default().to_lowercase());
    pages.truncate(MAX_CANDIDATES);
    pages
}

/// Seals the tokens, in the accounts' order.
///
/// # Errors
///
/// [`VaultError`] of the first token that was not sealed.
pub async fn seal_all(
    connector: &Connector,
    tenant: &TenantId,
    accounts: &[DiscoveredAccount],
    now: UnixSeconds,
) -> Result<Vec<Candidate>, VaultError> {
    let seals: Vec<_> = accounts.iter().map(|account| seal(connector, tenant, account, now)).collect();
    stream::iter(seals).buffered(SEALED_AT_ONCE).try_collect().await
}

/// Seals one account's token.
///
/// # Errors
///
/// See [`Connector::seal`].
pub async fn seal(
    connector: &Connector,
    tenant: &TenantId,
    account: &DiscoveredAccount,
    now: UnixSeconds,
) -> Result<Candidate, VaultError> {
    Ok(Candidate {
        account: account.account.clone(),
        name: account.username.clone(),
        picture_url: account.picture_url.clone(),
        page_id: account.page_id.clone(),
        page_name: account.page_name.clone(),
        token: connector.seal(tenant, &account.account, &account.token, now).await?,
        unavailable: account.unavailable.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use domain::{AccessToken, Account};

    use super::*;

    fn account(name: &str, unavailable: Option<&'static str>) -> DiscoveredAccount {
        DiscoveredAccount {
            account: Account::instagram("1".try_into().expect("an account")),
            username: name.to_owned(),
            name: None,
            picture_url: None,
            page_id: None,
            page_name: None,
            token: AccessToken::new("token".to_owned()),
            app_scoped_user_id: None,
            unavailable,
        }
    }

    #[test]
    fn what_can_be_chosen_comes_first_and_by_name() {
        let accounts = vec![account("c", None), account("a", Some("no_messaging_task")), account("B", None)];
        let names: Vec<String> = arrange(accounts).into_iter().map(|account| account.username).collect();
        assert_eq!(names, ["B", "c", "a"]);
    }

    #[test]
    fn of_too_many_accounts_those_that_can_be_chosen_are_kept() {
        let mut accounts = vec![account("greyed", Some("no_messaging_task")); MAX_CANDIDATES];
        accounts.push(account("shop", None));
        let arranged = arrange(accounts);
        assert_eq!(arranged.len(), MAX_CANDIDATES);
        assert_eq!(arranged[0].username, "shop");
    }
}
