//! Facebook Login: the Pages that a person manages, and the accounts linked to them.
//!
//! Source: <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/get-started>

use std::collections::BTreeMap;

use domain::id::{IgId, PageId};
use domain::secret::AccessToken;
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tracing::info;

use super::accounts::{DiscoveredAccount, Discovery, UnlinkedPage};
use super::answer::List;
use super::login::LoginGrant;
use super::transport::{Call, execute};
use super::{GraphClient, GraphError};

/// Elements asked for at once.
const PAGE_SIZE: &str = "100";

/// How many times a list is continued: against an answer that never ends.
const MAX_CONTINUATIONS: usize = 20;

/// How many Pages are asked for one by one, so that the login ends before a person gives up.
const MAX_SINGLE_PAGES: usize = 25;

const FIELDS: &str = "id,name,access_token,tasks,instagram_business_account{id,username,name,profile_picture_url}";

/// A Page by itself has no `tasks`.
const SINGLE_FIELDS: &str = "id,name,access_token,instagram_business_account{id,username,name,profile_picture_url}";

/// A Page as Meta lists it.
#[derive(Clone, Deserialize)]
pub(super) struct Page {
    id: PageId,
    name: Option<String>,
    access_token: Option<AccessToken>,
    tasks: Option<Vec<String>>,
    instagram_business_account: Option<LinkedAccount>,
}

#[derive(Clone, Deserialize)]
struct LinkedAccount {
    id: IgId,
    username: Option<String>,
    name: Option<String>,
    profile_picture_url: Option<String>,
}

#[derive(Deserialize)]
struct Business {
    id: PageId,
}

/// Sorts Pages into accounts and those that lead to none.
pub(super) fn discovery(pages: Vec<Page>, grant: &LoginGrant) -> Discovery {
    let mut discovery = Discovery::default();
    for page in pages {
        discovery.add(page, grant);
    }
    discovery
}

impl Discovery {
    fn add(&mut self, page: Page, grant: &LoginGrant) {
        let can_message = page.can_message();
        let Page { id: page_id, name: page_name, access_token, instagram_business_account, .. } = page;
        let (account, token) = match (instagram_business_account, access_token) {
            (Some(account), Some(token)) => (account, token),
            (linked, _) => {
                let reason = if linked.is_none() { "no_instagram_account" } else { "no_page_token" };
                return self.unlinked_pages.push(UnlinkedPage { page_id, page_name, reason });
            }
        };
        let name = account.username.or_else(|| account.name.clone()).or_else(|| page_name.clone());
        self.add_account(DiscoveredAccount {
            ig_username: name.unwrap_or_else(|| account.id.to_string()),
            ig_user_id: account.id,
            name: account.name,
            picture_url: account.profile_picture_url,
            page_id: Some(page_id),
            page_name,
            token,
            app_scoped_user_id: grant.app_scoped_user_id.clone(),
            unavailable: (!can_message).then_some("no_messaging_task"),
        });
    }

    /// An account listed twice counts once: the way by which it can be connected.
    fn add_account(&mut self, account: DiscoveredAccount) {
        match self.accounts.iter_mut().find(|known| known.ig_user_id == account.ig_user_id) {
            Some(known) if known.unavailable.is_some() => *known = account,
            Some(_) => {}
            None => self.accounts.push(account),
        }
    }
}

impl Page {
    /// Whether the person may answer messages of the Page; a list without tasks leaves it open.
    fn can_message(&self) -> bool {
        let allows = |task: &String| matches!(task.as_str(), "MESSAGING" | "PROFILE_PLUS_MESSAGING");
        self.tasks.as_ref().is_none_or(|tasks| tasks.iter().any(allows))
    }

    /// The other answer's members where this one has none.
    fn or(self, other: Self) -> Self {
        Self {
            id: self.id,
            name: self.name.or(other.name),
            access_token: self.access_token.or(other.access_token),
            tasks: self.tasks.or(other.tasks),
            instagram_business_account: self.instagram_business_account.or(other.instagram_business_account),
        }
    }
}

impl GraphClient<'_> {
    /// All Pages of the person.
    ///
    /// Meta shows an empty list to people who reach their Pages through a business portfolio only. Then the Pages
    /// that they chose at the consent page, and those of their portfolios, are asked for.
    pub(super) async fn pages(&self, grant: &LoginGrant) -> Result<Vec<Page>, GraphError> {
        let listed = self.list("me/accounts", &[("fields", FIELDS)], &grant.token).await?;
        if !listed.is_empty() {
            return Ok(listed);
        }
        let mut pages = BTreeMap::new();
        for page in self.business_pages(&grant.token).await? {
            merge(&mut pages, page);
        }
        let chosen = grant.pages.iter().filter(|id| !pages.contains_key(*id));
        let bare = pages.values().filter(|page| page.access_token.is_none()).map(|page| &page.id);
        let single: Vec<PageId> = chosen.chain(bare).take(MAX_SINGLE_PAGES).cloned().collect();
        for id in single {
            if let Some(page) = tolerated(self.page(&id, &grant.token).await)? {
                merge(&mut pages, page);
            }
        }
        Ok(pages.into_values().collect())
    }

    async fn business_pages(&self, token: &AccessToken) -> Result<Vec<Page>, GraphError> {
        let businesses: Vec<Business> =
            tolerated(self.list("me/businesses", &[("fields", "id")], token).await)?.unwrap_or_default();
        let mut pages = Vec::new();
        for business in businesses {
            for edge in ["owned_pages", "client_pages"] {
                let path = format!("{}/{edge}", business.id);
                let listed = tolerated(self.list(&path, &[("fields", SINGLE_FIELDS)], token).await)?;
                pages.extend(listed.unwrap_or_default());
            }
        }
        Ok(pages)
    }

    async fn page(&self, id: &PageId, token: &AccessToken) -> Result<Page, GraphError> {
        let request = self.request(Method::GET, id.as_str(), token).query(&[("fields", SINGLE_FIELDS)]);
        Ok(execute(Call::Read, request).await?.body)
    }

    /// A whole list, over its pages.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        token: &AccessToken,
    ) -> Result<Vec<T>, GraphError> {
        let mut elements = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MAX_CONTINUATIONS {
            let mut request = self.request(Method::GET, path, token).query(query).query(&[("limit", PAGE_SIZE)]);
            if let Some(after) = &after {
                request = request.query(&[("after", after)]);
            }
            let page = execute::<List<T>>(Call::Read, request).await?.body;
            elements.extend(page.data);
            after = page.paging.and_then(super::answer::Paging::after);
            if after.is_none() {
                break;
            }
        }
        Ok(elements)
    }
}

fn merge(pages: &mut BTreeMap<PageId, Page>, page: Page) {
    let merged = match pages.remove(&page.id) {
        Some(known) => known.or(page),
        None => page,
    };
    pages.insert(merged.id.clone(), merged);
}

/// A detour that Meta refuses is no failure of the login: there may be another.
fn tolerated<T>(outcome: Result<T, GraphError>) -> Result<Option<T>, GraphError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(GraphError::Refused { refusal, .. }) => {
            info!(%refusal, "Meta did not show some Pages");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
