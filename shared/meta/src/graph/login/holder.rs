//! Which account a token belongs to that did not come by a login.

use domain::channel::{Account, Login};
use domain::id::{AccountId, PageId};
use domain::secret::AccessToken;
use reqwest::Method;
use serde::Deserialize;

use super::DiscoveredAccount;
use crate::graph::transport::{Call, execute};
use crate::graph::{GraphClient, GraphError};

const FIELDS: &str = "id,name,instagram_business_account{id,username,name,profile_picture_url}";

/// `/me` with a Page token.
#[derive(Deserialize)]
struct PageOfToken {
    id: PageId,
    name: Option<String>,
    instagram_business_account: Option<LinkedAccount>,
}

#[derive(Deserialize)]
struct LinkedAccount {
    id: AccountId,
    username: Option<String>,
    name: Option<String>,
    profile_picture_url: Option<String>,
}

impl GraphClient<'_> {
    /// The account that a token is for: an Instagram User token's own, or the one that a Page token's Page is linked to.
    ///
    /// # Errors
    ///
    /// * [`GraphError::ProfessionalAccountRequired`]: a personal account's.
    /// * [`GraphError::Shape`]: the token leads to no account.
    /// * any other [`GraphError`]: Meta does not accept the token, or does not answer.
    pub async fn account_of(&self, token: &AccessToken) -> Result<DiscoveredAccount, GraphError> {
        match self.login() {
            Login::Instagram => self.me(token, None).await,
            Login::Facebook => self.account_of_page(token).await,
        }
    }

    async fn account_of_page(&self, token: &AccessToken) -> Result<DiscoveredAccount, GraphError> {
        let request = self.request(Method::GET, "me", token).query(&[("fields", FIELDS)]);
        let page = execute::<PageOfToken>(Call::Read, request).await?.body;
        let account = page.instagram_business_account.ok_or(GraphError::Shape { call: Call::Read })?;
        let name = account.username.or_else(|| account.name.clone());
        Ok(DiscoveredAccount {
            username: name.unwrap_or_else(|| account.id.to_string()),
            account: Account::instagram(account.id),
            name: account.name,
            picture_url: account.profile_picture_url,
            page_id: Some(page.id),
            page_name: page.name,
            token: token.clone(),
            app_scoped_user_id: None,
            unavailable: None,
        })
    }
}
