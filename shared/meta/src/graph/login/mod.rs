//! From an authorization code to a long-lived token, and keeping it alive.
//!
//! Sources: <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login>
//! and <https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived>.

mod accounts;
mod authorize;
mod discovery;
mod grant;
mod holder;
pub(crate) mod page;
mod pages;

pub use authorize::authorize_url;
pub use discovery::{DiscoveredAccount, Discovery};
pub use grant::LoginGrant;

use authorize::granted_channels;
use domain::channel::{Channel, Login, TokenLife};
use domain::id::{AppScopedId, PageId};
use domain::secret::{AccessToken, AuthorizationCode};
use domain::time::UnixSeconds;
use reqwest::Method;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::answer::{Permissions, Success, Wrapped, instant, lenient_number, readable};
use super::call::Call;
use super::transport::execute;
use super::{FailureClass, GraphClient, GraphError};

/// A token after its renewal.
#[derive(Clone, Debug)]
pub struct RenewedToken {
    /// The new token; the old one may stay valid for a while.
    pub token: AccessToken,
    /// When it expires; `None` where Meta does not tell.
    pub expires_at: Option<UnixSeconds>,
}

/// What came of asking Meta to renew a token.
#[derive(Clone, Debug)]
pub enum Renewal {
    /// There is a new one.
    Renewed(RenewedToken),
    /// With Facebook Login: a Page token does not expire, and Meta renews a person's token only by a login.
    NotNeeded,
    /// Meta does not renew it yet: it is less than 24 hours old, or was renewed elsewhere within them. It works on.
    TooYoung,
}

/// What Meta tells about a token of Facebook Login.
#[derive(Clone, Debug, Deserialize)]
pub struct TokenInfo {
    /// Whether it works.
    #[serde(default)]
    pub is_valid: bool,
    /// `USER`, `PAGE`, `SYSTEM_USER`, `APP`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Whose it is.
    pub user_id: Option<AppScopedId>,
    /// Permissions.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Which Pages each permission was given for.
    #[serde(default, deserialize_with = "readable")]
    granular_scopes: Vec<GranularScope>,
    #[serde(default, deserialize_with = "lenient_number")]
    expires_at: Option<i64>,
    #[serde(default, deserialize_with = "lenient_number")]
    data_access_expires_at: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
struct GranularScope {
    scope: String,
    #[serde(default, deserialize_with = "readable")]
    target_ids: Vec<PageId>,
}

impl TokenInfo {
    /// When the token expires; `None`: never.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixSeconds> {
        instant(self.expires_at)
    }

    /// When data access ends although the token may live: 90 days after the person's last login.
    #[must_use]
    pub fn data_access_expires_at(&self) -> Option<UnixSeconds> {
        instant(self.data_access_expires_at)
    }

    /// The Pages that the person chose to show; empty also when they chose all.
    fn pages(&self) -> Vec<PageId> {
        let shown = self.granular_scopes.iter().filter(|granular| granular.scope == "pages_show_list");
        shown.flat_map(|granular| granular.target_ids.clone()).collect()
    }

    /// Tokens of system users come long-lived from the start.
    fn is_long_lived(&self) -> bool {
        self.kind.as_deref() == Some("SYSTEM_USER") || self.expires_at == Some(0)
    }
}

/// Answers of all token endpoints: `user_id` and `permissions` only with Instagram Login's code.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: AccessToken,
    user_id: Option<AppScopedId>,
    permissions: Option<Permissions>,
    #[serde(default, deserialize_with = "lenient_number")]
    expires_in: Option<i64>,
}

impl TokenAnswer {
    fn expires_at(&self, now: UnixSeconds) -> Option<UnixSeconds> {
        self.expires_in.filter(|seconds| *seconds > 0).map(|seconds| now.plus(seconds))
    }
}

impl GraphClient<'_> {
    /// Exchanges an authorization code, which works once, for a short-lived token (RFC 6749 section 4.1.3).
    ///
    /// `redirect_uri` must be the one of the authorization request, and `channels` those that were asked for.
    ///
    /// # Errors
    ///
    /// * class [`InvalidGrant`](crate::FailureClass::InvalidGrant): the code is used or expired.
    /// * [`GraphError::MissingScopes`]: the person unticked a permission that every inbox needs which was asked for.
    /// * any other [`GraphError`]: there is no token.
    pub async fn exchange_code(
        &self,
        code: &AuthorizationCode,
        redirect_uri: &str,
        channels: &[Channel],
        now: UnixSeconds,
    ) -> Result<LoginGrant, GraphError> {
        // A code that passed through a script may carry the fragment that Meta appends.
        let code = code.expose().strip_suffix("#_").unwrap_or(code.expose());
        let parameters = [
            ("client_id", self.app.app_id),
            ("client_secret", self.app.app_secret.expose()),
            ("grant_type", "authorization_code"),
            ("redirect_uri", redirect_uri),
            ("code", code),
        ];
        let request = match self.login() {
            Login::Instagram => {
                self.http.client().post(self.hosts.url("api.instagram.com/oauth/access_token")).form(&parameters)
            }
            // Meta documents the query string only.
            Login::Facebook => self.http.client().get(self.versioned("oauth/access_token")).query(&parameters),
        };
        let answer = execute::<Wrapped<TokenAnswer>>(Call::Change, request).await?.body;
        let answer = answer.into_inner().ok_or(GraphError::Shape { call: Call::Change })?;
        let expires_at = answer.expires_at(now);
        let scopes = answer.permissions.map(Permissions::into_vec);
        let channels = match &scopes {
            Some(scopes) => granted_channels(self.login(), channels, scopes)?,
            None => channels.to_vec(),
        };
        Ok(LoginGrant {
            token: answer.access_token,
            app_scoped_user_id: answer.user_id,
            scopes: scopes.unwrap_or_default(),
            channels,
            issued_at: now,
            expires_at,
            data_access_expires_at: None,
            pages: Vec::new(),
        })
    }

    /// Exchanges the short-lived token for one of about 60 days, or one that does not expire.
    ///
    /// With Facebook Login, Meta is first asked what was granted to whom.
    ///
    /// # Errors
    ///
    /// [`GraphError::MissingScopes`] as in [`Self::exchange_code`]; any other [`GraphError`]: the token is still
    /// the short-lived one.
    pub async fn long_lived(&self, grant: LoginGrant, now: UnixSeconds) -> Result<LoginGrant, GraphError> {
        match self.login() {
            Login::Instagram => {
                let renewed = self.long_lived_instagram(&grant.token, now).await?;
                Ok(LoginGrant { token: renewed.token, expires_at: renewed.expires_at, issued_at: now, ..grant })
            }
            Login::Facebook => self.long_lived_facebook(grant, now).await,
        }
    }

    async fn long_lived_instagram(&self, token: &AccessToken, now: UnixSeconds) -> Result<RenewedToken, GraphError> {
        let parameters = [
            ("grant_type", "ig_exchange_token"),
            ("client_secret", self.app.app_secret.expose()),
            ("access_token", token.expose()),
        ];
        self.unversioned_token("access_token", &parameters, now).await
    }

    async fn long_lived_facebook(&self, short: LoginGrant, now: UnixSeconds) -> Result<LoginGrant, GraphError> {
        let info = self.debug_token(&short.token).await?;
        let channels = granted_channels(Login::Facebook, &short.channels, &info.scopes)?;
        let renewed = if info.is_long_lived() {
            RenewedToken { token: short.token, expires_at: info.expires_at() }
        } else {
            self.exchange_user_token(&short.token, now).await?
        };
        Ok(LoginGrant {
            token: renewed.token,
            channels,
            pages: info.pages(),
            data_access_expires_at: info.data_access_expires_at(),
            app_scoped_user_id: info.user_id,
            scopes: info.scopes,
            issued_at: now,
            expires_at: renewed.expires_at,
        })
    }

    async fn exchange_user_token(&self, token: &AccessToken, now: UnixSeconds) -> Result<RenewedToken, GraphError> {
        let parameters = [
            ("grant_type", "fb_exchange_token"),
            ("client_id", self.app.app_id),
            ("client_secret", self.app.app_secret.expose()),
            ("fb_exchange_token", token.expose()),
        ];
        let request = self.http.client().get(self.versioned("oauth/access_token")).query(&parameters);
        let answer = execute::<TokenAnswer>(Call::Change, request).await?.body;
        let expires_at = match answer.expires_at(now) {
            Some(expires_at) => Some(expires_at),
            None => self.debug_token(&answer.access_token).await?.expires_at(),
        };
        Ok(RenewedToken { token: answer.access_token, expires_at })
    }

    /// Renews a token of Instagram Login, which must be at least 24 hours old and not expired, for 60 days.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`]: the old token is unchanged.
    pub async fn refresh(&self, token: &AccessToken, now: UnixSeconds) -> Result<Renewal, GraphError> {
        if self.login().facts().token_life == TokenLife::NeverRenewed {
            return Ok(Renewal::NotNeeded);
        }
        let parameters = [("grant_type", "ig_refresh_token"), ("access_token", token.expose())];
        match self.unversioned_token("refresh_access_token", &parameters, now).await {
            Err(refusal) if is_about_age(&refusal) => Ok(Renewal::TooYoung),
            outcome => outcome.map(Renewal::Renewed),
        }
    }

    /// The token endpoints of `graph.instagram.com`: GET only, parameters in the query only, no version.
    async fn unversioned_token(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        now: UnixSeconds,
    ) -> Result<RenewedToken, GraphError> {
        let url = self.hosts.url(&format!("{}/{path}", self.graph_host()));
        let answer = execute::<TokenAnswer>(Call::Change, self.http.client().get(url).query(parameters)).await?.body;
        Ok(RenewedToken { expires_at: answer.expires_at(now), token: answer.access_token })
    }

    /// What Meta knows about a token. Facebook Login only: Instagram Login has no such call.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`].
    pub async fn debug_token(&self, token: &AccessToken) -> Result<TokenInfo, GraphError> {
        #[derive(Deserialize)]
        struct Answer {
            data: TokenInfo,
        }
        let app_token = self.app_token();
        let parameters = [
            ("input_token", token.expose()),
            ("access_token", app_token.as_str()),
            ("appsecret_proof", &self.proof(&app_token)),
        ];
        let request = self.http.client().get(self.versioned("debug_token")).query(&parameters);
        Ok(execute::<Answer>(Call::Read, request).await?.body.data)
    }

    /// Takes the person's grant back at Meta; tells whether Meta offers that.
    ///
    /// Only Facebook Login does, and for the person as a whole: every account that they connected through this
    /// Meta app stops. With Instagram Login, [`Self::unsubscribe`] is all there is.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`].
    pub async fn revoke(&self, person: &AppScopedId) -> Result<bool, GraphError> {
        if self.login() == Login::Instagram {
            return Ok(false);
        }
        let app_token = AccessToken::new(self.app_token().to_string());
        let request = self.request(Method::DELETE, &format!("{person}/permissions"), &app_token);
        Ok(execute::<Success>(Call::Change, request).await?.body.is_true())
    }

    /// The app's own token, which is its id and secret.
    pub(super) fn app_token(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}|{}", self.app.app_id, self.app.app_secret.expose()))
    }
}

/// Meta does not document what it answers for a token that is too young: an invalid parameter, as far as anybody knows. All
/// that can be wrong with the one parameter otherwise has a code of its own.
fn is_about_age(refusal: &GraphError) -> bool {
    let code = refusal.refusal().and_then(|refusal| refusal.code);
    code == Some(100) && refusal.class() == FailureClass::Permanent
}
