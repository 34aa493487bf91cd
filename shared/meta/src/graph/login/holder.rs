//! Which account a token belongs to that did not come by a login.

use domain::channel::{Channel, Login};
use domain::secret::AccessToken;
use reqwest::Method;

use super::DiscoveredAccount;
use super::page::Page;
use crate::graph::call::Call;
use crate::graph::transport::execute;
use crate::graph::{GraphClient, GraphError};
use crate::{instagram, messenger};

const FIELDS: &str = "id,name,instagram_business_account{id,username,name,profile_picture_url}";

impl GraphClient<'_> {
    /// The account of a channel that a token is for: an Instagram User token's own; a Page token's Page, or the account that the
    /// Page is linked to.
    ///
    /// # Errors
    ///
    /// * [`GraphError::ProfessionalAccountRequired`]: a personal account's.
    /// * [`GraphError::Shape`]: the token leads to no account.
    /// * any other [`GraphError`]: Meta does not accept the token, or does not answer.
    pub async fn account_of(&self, channel: Channel, token: &AccessToken) -> Result<DiscoveredAccount, GraphError> {
        match self.login() {
            Login::Instagram => self.me(token, None).await,
            Login::Facebook => self.account_of_page(channel, token).await,
        }
    }

    async fn account_of_page(&self, channel: Channel, token: &AccessToken) -> Result<DiscoveredAccount, GraphError> {
        let request = self.request(Method::GET, "me", token).query(&[("fields", FIELDS)]);
        let page = execute::<Page>(Call::Read, request).await?.body.of_token(token);
        let account = match channel {
            Channel::Instagram => instagram::discovery::account(&page, None),
            Channel::Messenger => messenger::discovery::account(&page, None),
        };
        account.map_err(|_| GraphError::Shape { call: Call::Read })
    }
}
