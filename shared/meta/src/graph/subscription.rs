//! Switching webhooks on and off for an account.
//!
//! Source: <https://developers.facebook.com/docs/instagram-platform/webhooks>

use domain::channel::{Actor, Channel};
use domain::secret::AccessToken;
use reqwest::Method;
use serde::Deserialize;

use super::answer::{List, Success};
use super::call::Call;
use super::transport::execute;
use super::{AccountAccess, GraphClient, GraphError};
use crate::webhook::object;

/// What Meta delivers for an account or a Page to our app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// Whether it delivers anything.
    pub active: bool,
    /// Which fields; empty where Meta does not tell.
    pub fields: Vec<String>,
}

impl Subscription {
    /// Those of the wanted fields that are not delivered. None where Meta does not tell what is.
    #[must_use]
    pub fn lacks<'f>(&self, wanted: &[&'f str]) -> Vec<&'f str> {
        let is_untold = self.active && self.fields.is_empty();
        let is_there = |field: &str| is_untold || self.fields.iter().any(|known| known == field);
        wanted.iter().copied().filter(|field| !is_there(field)).collect()
    }
}

#[derive(Deserialize)]
struct SubscribedApp {
    id: Option<String>,
    subscribed_fields: Option<Vec<AppField>>,
}

impl GraphClient<'_> {
    /// Switches webhooks on: with Facebook Login these fields *replace* those that the Page was subscribed to before, so that they
    /// must be what all its channels need ([`subscription_plan`](super::subscription_plan)). Repeating it is harmless, and makes
    /// newly granted permissions take effect.
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
    /// Any [`GraphError`]; [`GraphError::Shape`] where it may stand in what cannot be read.
    pub async fn subscription(&self, access: AccountAccess<'_>) -> Result<Subscription, GraphError> {
        let request = self.subscribed_apps(Method::GET, access);
        let apps = execute::<List<SubscribedApp>>(Call::Read, request).await?.body;
        let is_whole = apps.is_whole();
        // Other apps may be subscribed to a Page too. An account's answer is not documented: there, what is listed is ours.
        let is_ours = |app: &SubscribedApp| match self.login().facts().actor {
            Actor::Account => true,
            Actor::Page => app.id.as_deref().is_none_or(|id| id == self.app.app_id),
        };
        match apps.data.into_iter().find(is_ours) {
            Some(app) => {
                let fields = app.subscribed_fields.into_iter().flatten().map(AppField::into_name).collect();
                Ok(Subscription { active: true, fields })
            }
            None if is_whole => Ok(Subscription::default()),
            None => Err(GraphError::Shape { call: Call::Read }),
        }
    }

    /// Switches webhooks off; with Facebook Login, for all channels of the Page, also where the Page's token is dead: Meta goes on
    /// delivering then, and takes the app's own.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`]; [`GraphError::Shape`] also when Meta answers without success.
    pub async fn unsubscribe(&self, access: AccountAccess<'_>) -> Result<(), GraphError> {
        let outcome = succeed(self.subscribed_apps(Method::DELETE, access)).await;
        match (self.login().facts().actor, outcome) {
            (Actor::Page, Err(refusal)) if refusal.is_of_token() => {
                let own = AccessToken::new(self.app_token().to_string());
                succeed(self.subscribed_apps(Method::DELETE, AccountAccess { token: &own, ..access })).await
            }
            (Actor::Account | Actor::Page, outcome) => outcome,
        }
    }

    fn subscribed_apps(&self, method: Method, access: AccountAccess<'_>) -> reqwest::RequestBuilder {
        self.request(method, &format!("{}/subscribed_apps", self.node(access)), access.token)
    }
}

#[derive(Deserialize)]
struct AppSubscription {
    object: String,
    #[serde(default)]
    active: bool,
    #[serde(default)]
    fields: Vec<AppField>,
}

/// `{"name": "messages", "version": "v25.0"}`; older answers have the bare name.
#[derive(Deserialize)]
#[serde(untagged)]
enum AppField {
    Named { name: String },
    Bare(String),
}

impl GraphClient<'_> {
    /// The fields that Meta's dashboard delivers to our app for a channel: without [`MESSAGES`](super::MESSAGES) among them no
    /// account receives anything, whatever it is subscribed to itself.
    ///
    /// Documented for the Meta app's id, which Instagram Login's app id is not: there Meta may refuse to tell.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`]; [`GraphError::Shape`] where they may stand in what cannot be read.
    ///
    /// Source: <https://developers.facebook.com/docs/graph-api/reference/app/subscriptions>
    pub async fn app_fields(&self, channel: Channel) -> Result<Vec<String>, GraphError> {
        let own = AccessToken::new(self.app_token().to_string());
        let request = self.request(Method::GET, &format!("{}/subscriptions", self.app.app_id), &own);
        let objects = execute::<List<AppSubscription>>(Call::Read, request).await?.body;
        let is_whole = objects.is_whole();
        let object = object::of(channel);
        let ours = objects.data.into_iter().filter(|one| one.object == object && one.active);
        let fields: Vec<String> = ours.flat_map(|one| one.fields).map(AppField::into_name).collect();
        if fields.is_empty() && !is_whole { Err(GraphError::Shape { call: Call::Read }) } else { Ok(fields) }
    }
}

impl AppField {
    fn into_name(self) -> String {
        match self {
            Self::Named { name } | Self::Bare(name) => name,
        }
    }
}

async fn succeed(request: reqwest::RequestBuilder) -> Result<(), GraphError> {
    let success = execute::<Success>(Call::Change, request).await?.body;
    if success.is_true() { Ok(()) } else { Err(GraphError::Shape { call: Call::Change }) }
}
