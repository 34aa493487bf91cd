//! Switching webhooks on and off for an account.
//!
//! Source: <https://developers.facebook.com/docs/instagram-platform/webhooks>

use domain::connection::Login;
use reqwest::Method;
use serde::Deserialize;

use super::answer::{List, Success};
use super::transport::{Call, execute};
use super::{AccountAccess, GraphClient, GraphError};

/// The fields that an account is subscribed to unless configured otherwise.
///
/// A Page knows other names than an Instagram account, and refuses a call with an unknown one as a whole. Any Page
/// field switches its Instagram messages on; which ones is set in Meta's dashboard.
#[must_use]
pub const fn subscribed_fields(login: Login) -> &'static [&'static str] {
    match login {
        Login::Instagram => &[
            "messages",
            "message_reactions",
            "messaging_seen",
            "messaging_postbacks",
            "messaging_referral",
            "message_edit",
            "comments",
        ],
        Login::Facebook => &["messages"],
    }
}

/// What Meta delivers for an account to our app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// Whether it delivers anything.
    pub active: bool,
    /// Which fields; empty where Meta does not tell.
    pub fields: Vec<String>,
}

#[derive(Deserialize)]
struct SubscribedApp {
    id: Option<String>,
    #[serde(default)]
    subscribed_fields: Vec<String>,
}

impl GraphClient<'_> {
    /// Switches webhooks on. Repeating it is harmless, and makes newly granted permissions take effect.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`]; [`GraphError::Shape`] also when Meta answers without success.
    pub async fn subscribe(&self, access: AccountAccess<'_>, fields: &[&str]) -> Result<(), GraphError> {
        let request = self.subscribed_apps(Method::POST, access);
        succeed(request.query(&[("subscribed_fields", fields.join(","))])).await
    }

    /// Reads back whether webhooks are on.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`].
    pub async fn subscription(&self, access: AccountAccess<'_>) -> Result<Subscription, GraphError> {
        let request = self.subscribed_apps(Method::GET, access);
        let apps = execute::<List<SubscribedApp>>(Call::Read, request).await?.body.data;
        // Other apps may be subscribed too. Instagram's answer is not documented: there, what is listed is ours.
        let is_ours = |app: &SubscribedApp| {
            self.login() == Login::Instagram || app.id.as_deref().is_none_or(|id| id == self.app.app_id)
        };
        let ours = apps.into_iter().find(is_ours);
        Ok(ours.map_or_else(Subscription::default, |app| Subscription { active: true, fields: app.subscribed_fields }))
    }

    /// Switches webhooks off.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`]; [`GraphError::Shape`] also when Meta answers without success.
    pub async fn unsubscribe(&self, access: AccountAccess<'_>) -> Result<(), GraphError> {
        succeed(self.subscribed_apps(Method::DELETE, access)).await
    }

    fn subscribed_apps(&self, method: Method, access: AccountAccess<'_>) -> reqwest::RequestBuilder {
        self.request(method, &format!("{}/subscribed_apps", self.node(access)), access.token)
    }
}

async fn succeed(request: reqwest::RequestBuilder) -> Result<(), GraphError> {
    let success = execute::<Success>(Call::Change, request).await?.body;
    if success.is_true() { Ok(()) } else { Err(GraphError::Shape { call: Call::Change }) }
}
