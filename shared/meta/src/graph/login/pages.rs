//! Facebook Login: the Pages that a person manages, and the accounts linked to them.
//!
//! Source: <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/get-started>

use std::collections::BTreeMap;

use domain::channel::Channel;
use domain::connection::UnlinkedPage;
use domain::id::PageId;
use domain::secret::AccessToken;
use futures::future::join;
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tracing::info;

use super::discovery::{DiscoveredAccount, Discovery};
use super::grant::LoginGrant;
use super::page::Page;
use crate::graph::answer::{List, Next};
use crate::graph::call::Call;
use crate::graph::transport::execute;
use crate::graph::{GraphClient, GraphError};
use crate::{instagram, messenger};

/// Elements asked for at once.
const PAGE_SIZE: &str = "100";

/// How many times a list is continued: against an answer that never ends.
const MAX_CONTINUATIONS: usize = 20;

/// How many Pages are asked for one by one, so that the login ends before a person gives up.
const MAX_SINGLE_PAGES: usize = 25;

/// How many portfolios are looked into, for the same reason.
const MAX_BUSINESSES: usize = 10;

const FIELDS: &str =
    "id,name,access_token,tasks,picture{url},instagram_business_account{id,username,name,profile_picture_url}";

/// A Page by itself has no `tasks`.
const SINGLE_FIELDS: &str =
    "id,name,access_token,picture{url},instagram_business_account{id,username,name,profile_picture_url}";

#[derive(Deserialize)]
struct Business {
    id: PageId,
}

/// The Pages of a person, from all places that know of some.
pub(super) struct Pages {
    found: BTreeMap<PageId, Page>,
    /// Whether every place answered, and to its end.
    complete: bool,
    /// Why the first place that did not answer did not.
    failure: Option<GraphError>,
}

/// A list, and whether it was read to its end.
struct Listed<T> {
    elements: Vec<T>,
    is_whole: bool,
}

/// Sorts Pages into accounts and those that lead to none.
pub(super) fn discovery(pages: Pages, grant: &LoginGrant) -> Discovery {
    let mut discovery = Discovery { complete: pages.complete, ..Discovery::default() };
    for page in pages.found.into_values() {
        discovery.add(&page, grant);
    }
    discovery
}

impl Discovery {
    /// What the Page leads to on each channel that was granted.
    fn add(&mut self, page: &Page, grant: &LoginGrant) {
        let person = grant.app_scoped_user_id.as_ref();
        for channel in &grant.channels {
            let account = match channel {
                Channel::Instagram => instagram::discovery::account(page, person),
                Channel::Messenger => messenger::discovery::account(page, person),
            };
            match account {
                Ok(account) => self.add_account(account),
                Err(reason) => self.add_unlinked(page, reason),
            }
        }
    }

    /// An account listed twice counts once: the way by which it can be connected.
    fn add_account(&mut self, account: DiscoveredAccount) {
        match self.accounts.iter_mut().find(|known| known.account == account.account) {
            Some(known) if known.unavailable.is_some() => *known = account,
            Some(_) => {}
            None => self.accounts.push(account),
        }
    }

    /// A Page is named once, whichever channels it does not lead to.
    fn add_unlinked(&mut self, page: &Page, reason: &str) {
        if self.unlinked_pages.last().is_none_or(|known| known.page_id != page.id) {
            let (page_id, page_name) = (page.id.clone(), page.name.clone());
            self.unlinked_pages.push(UnlinkedPage { page_id, page_name, reason: reason.to_owned() });
        }
    }
}

impl GraphClient<'_> {
    /// All Pages of the person: those that Meta lists, those of their business portfolios, and those that they chose at the
    /// consent page. Each place may lack what another has, so one that does not answer does not hide the others.
    ///
    /// # Errors
    ///
    /// The failure of a place, where no Page was found in the others.
    pub(super) async fn pages(&self, grant: &LoginGrant) -> Result<Pages, GraphError> {
        let mut pages = Pages { found: BTreeMap::new(), complete: true, failure: None };
        let listed = self.list("me/accounts", &[("fields", FIELDS)], &grant.token);
        let (listed, of_businesses) = join(listed, self.business_pages(&grant.token)).await;
        let has_list = listed.is_ok();
        pages.add(listed);
        pages.extend(of_businesses);
        for id in pages.left_to_read(&grant.pages) {
            let page = self.page(&id, &grant.token).await;
            pages.add(page.map(|page| Listed { elements: vec![page], is_whole: true }));
        }
        match pages.failure {
            // A detour that Meta refuses leads nowhere, and the list itself said that there is nothing.
            Some(GraphError::Refused { .. }) if has_list => Ok(pages),
            Some(failure) if pages.found.is_empty() => Err(failure),
            _ => Ok(pages),
        }
    }

    async fn business_pages(&self, token: &AccessToken) -> Vec<Result<Listed<Page>, GraphError>> {
        let businesses = match self.list::<Business>("me/businesses", &[("fields", "id")], token).await {
            Ok(businesses) => businesses,
            Err(failure) => return vec![Err(failure)],
        };
        let is_whole = businesses.is_whole && businesses.elements.len() <= MAX_BUSINESSES;
        let mut pages = vec![Ok(Listed { elements: Vec::new(), is_whole })];
        for business in businesses.elements.into_iter().take(MAX_BUSINESSES) {
            for edge in ["owned_pages", "client_pages"] {
                let path = format!("{}/{edge}", business.id);
                pages.push(self.list(&path, &[("fields", SINGLE_FIELDS)], token).await);
            }
        }
        pages
    }

    async fn page(&self, id: &PageId, token: &AccessToken) -> Result<Page, GraphError> {
        let request = self.request(Method::GET, id.as_str(), token).query(&[("fields", SINGLE_FIELDS)]);
        Ok(execute(Call::Read, request).await?.body)
    }

    /// A list, over its pages. One that does not come ends it, and takes nothing from those before.
    async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        token: &AccessToken,
    ) -> Result<Listed<T>, GraphError> {
        let mut listed = Listed { elements: Vec::new(), is_whole: true };
        let mut after: Option<String> = None;
        for _ in 0..MAX_CONTINUATIONS {
            let mut request = self.request(Method::GET, path, token).query(query).query(&[("limit", PAGE_SIZE)]);
            if let Some(after) = &after {
                request = request.query(&[("after", after)]);
            }
            let page = match execute::<List<T>>(Call::Read, request).await {
                Ok(answer) => answer.body,
                Err(failure) if listed.elements.is_empty() => return Err(failure),
                Err(failure) => {
                    info!(error = %failure, "Meta did not show the rest of a list");
                    break;
                }
            };
            listed.is_whole &= page.is_readable;
            listed.elements.extend(page.data);
            match page.next {
                Next::Nowhere => return Ok(listed),
                Next::After(cursor) if after.as_ref() != Some(&cursor) => after = Some(cursor),
                Next::After(_) | Next::Unknown => break, // a page that leads to itself leads nowhere
            }
        }
        Ok(Listed { is_whole: false, ..listed })
    }
}

impl Pages {
    fn add(&mut self, outcome: Result<Listed<Page>, GraphError>) {
        match outcome {
            Ok(listed) => {
                self.complete &= listed.is_whole;
                for page in listed.elements {
                    self.merge(page);
                }
            }
            Err(failure) => {
                info!(error = %failure, "Meta did not show some Pages");
                self.complete = false;
                self.failure.get_or_insert(failure);
            }
        }
    }

    fn extend(&mut self, outcomes: Vec<Result<Listed<Page>, GraphError>>) {
        for outcome in outcomes {
            self.add(outcome);
        }
    }

    fn merge(&mut self, page: Page) {
        let merged = match self.found.remove(&page.id) {
            Some(known) => known.or(page),
            None => page,
        };
        self.found.insert(merged.id.clone(), merged);
    }

    /// The Pages to read one by one: chosen ones that no list has, and listed ones without a token.
    fn left_to_read(&mut self, chosen: &[PageId]) -> Vec<PageId> {
        let unlisted = chosen.iter().filter(|id| !self.found.contains_key(*id));
        let bare = self.found.values().filter(|page| page.access_token.is_none()).map(|page| &page.id);
        let mut ids: Vec<PageId> = unlisted.chain(bare).cloned().collect();
        if ids.len() > MAX_SINGLE_PAGES {
            self.complete = false;
            ids.truncate(MAX_SINGLE_PAGES);
        }
        ids
    }
}
