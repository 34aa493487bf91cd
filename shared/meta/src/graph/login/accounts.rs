//! Which professional accounts a login may connect.

use domain::channel::{Account, Login};
use domain::id::{AccountId, AppScopedId};
use domain::secret::AccessToken;
use reqwest::Method;
use serde::Deserialize;

use super::discovery::{DiscoveredAccount, Discovery};
use super::{LoginGrant, pages};
use crate::graph::answer::Wrapped;
use crate::graph::call::Call;
use crate::graph::transport::execute;
use crate::graph::{GraphClient, GraphError};

/// `/me` of Instagram Login.
#[derive(Deserialize)]
struct Me {
    /// App-scoped.
    id: Option<AppScopedId>,
    user_id: Option<AccountId>,
    username: Option<String>,
    name: Option<String>,
    account_type: Option<String>,
    profile_picture_url: Option<String>,
}

impl GraphClient<'_> {
    /// The accounts that a login may connect. Instagram Login: one. Facebook Login: as many as there are Pages.
    ///
    /// # Errors
    ///
    /// * [`GraphError::ProfessionalAccountRequired`]: a personal account logged in.
    /// * [`GraphError::Shape`]: Meta did not tell the account's `user_id`. Its `id` is another number, under which
    ///   no webhook would ever arrive, so it is no substitute.
    /// * any other [`GraphError`]: the accounts are not known.
    pub async fn accounts(&self, grant: &LoginGrant) -> Result<Discovery, GraphError> {
        match self.login() {
            Login::Instagram => {
                let account = self.me(&grant.token, grant.app_scoped_user_id.as_ref()).await?;
                Ok(Discovery { accounts: vec![account], complete: true, ..Discovery::default() })
            }
            Login::Facebook => Ok(pages::discovery(self.pages(grant).await?, grant)),
        }
    }

    /// The account that a token of Instagram Login belongs to.
    pub(super) async fn me(
        &self,
        token: &AccessToken,
        person: Option<&AppScopedId>,
    ) -> Result<DiscoveredAccount, GraphError> {
        const FIELDS: &str = "user_id,username,name,account_type,profile_picture_url";
        let request = self.request(Method::GET, "me", token).query(&[("fields", FIELDS)]);
        let answer = execute::<Wrapped<Me>>(Call::Read, request).await?.body;
        let me = answer.into_inner().ok_or(GraphError::Shape { call: Call::Read })?;
        if me.account_type.as_deref().is_some_and(is_personal) {
            return Err(GraphError::ProfessionalAccountRequired);
        }
        let id = me.user_id.ok_or(GraphError::Shape { call: Call::Read })?;
        Ok(DiscoveredAccount {
            username: me.username.or_else(|| me.name.clone()).unwrap_or_else(|| id.to_string()),
            account: Account::instagram(id),
            name: me.name,
            picture_url: me.profile_picture_url,
            page_id: None,
            page_name: None,
            token: token.clone(),
            app_scoped_user_id: me.id.or_else(|| person.cloned()),
            unavailable: None,
        })
    }
}

/// Meta documents `Business` and `Media_Creator`, and writes them in capitals.
fn is_personal(account_type: &str) -> bool {
    !["business", "media_creator", "creator"].iter().any(|known| account_type.eq_ignore_ascii_case(known))
}
