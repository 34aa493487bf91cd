//! Switching webhooks on and off for an account.
//!
//! Source: <https://developers.facebook.com/docs/instagram-platform/webhooks>

use domain::channel::{Actor, Login};
use domain::secret::AccessToken;
use reqwest::Method;
use serde::Deserialize;

use super::transport::answer::{List, Success};
use super::transport::{Call, execute};
use super::{AccountAccess, GraphClient, GraphError};

/// A webhook field, and the permission without which Meta refuses every list that has it.
type Field = (&'static str, &'static str);

/// The field without which there is no inbox.
pub const MESSAGES: &str = "messages";

/// What the business itself wrote. Some of Meta's versions take the name, others refuse it and deliver echoes with
/// [`MESSAGES`].
const ECHOES: &str = "message_echoes";

const DIRECT: &str = "instagram_business_manage_messages";
const COMMENTS: &str = "instagram_business_manage_comments";

/// The fields of an Instagram account, the dispensable ones last.
const OF_ACCOUNT: &[Field] = &[
    (MESSAGES, DIRECT),
    ("message_reactions", DIRECT),
    ("messaging_seen", DIRECT),
    ("messaging_postbacks", DIRECT),
    ("messaging_referral", DIRECT),
    ("message_edit", DIRECT),
    ("comments", COMMENTS),
    (ECHOES, DIRECT),
];

/// The fields of a Page, which knows other names than an Instagram account. Any of them switches its Instagram messages on;
/// which ones is set in Meta's dashboard.
const OF_PAGE: &[Field] = &[(MESSAGES, "pages_messaging"), (ECHOES, "pages_messaging")];

/// The lists of fields to ask for, one after the other, until Meta takes one. The first has everything that these
/// permissions cover, the last only what an inbox cannot do without. No permissions: it is not known which were granted.
///
/// Meta refuses a list as a whole for its first field that it does not know, or that the permissions do not cover.
#[must_use]
pub fn field_lists(login: Login, scopes: &[String]) -> Vec<Vec<&'static str>> {
    let fields = match login.facts().actor {
        Actor::Account => OF_ACCOUNT,
        Actor::Page => OF_PAGE,
    };
    let covered = |scope: &str| scopes.is_empty() || scopes.iter().any(|granted| granted == scope);
    let granted: Vec<&str> = fields.iter().filter(|(_, scope)| covered(scope)).map(|(field, _)| *field).collect();
    let without = |dispensable: &[&str]| -> Vec<&'static str> {
        granted.iter().copied().filter(|field| !dispensable.contains(field)).collect()
    };
    let mut lists = vec![granted.clone(), without(&[ECHOES]), without(&[ECHOES, "comments"]), vec![MESSAGES]];
    lists.dedup();
    lists
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
    subscribed_fields: Option<Vec<AppField>>,
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
    /// Any [`GraphError`]; [`GraphError::Shape`] where it may stand in what cannot be read.
    pub async fn subscription(&self, access: AccountAccess<'_>) -> Result<Subscription, GraphError> {
        let request = self.subscribed_apps(Method::GET, access);
        let apps = execute::<List<SubscribedApp>>(Call::Read, request).await?.body;
        let is_whole = apps.is_whole();
        // Other apps may be subscribed too. Instagram's answer is not documented: there, what is listed is ours.
        let is_ours = |app: &SubscribedApp| {
            self.login().facts().actor == Actor::Account || app.id.as_deref().is_none_or(|id| id == self.app.app_id)
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
    /// The fields that Meta's dashboard delivers to our app for Instagram: without [`MESSAGES`] among them no account
    /// receives anything, whatever it is subscribed to itself.
    ///
    /// Documented for the Meta app's id, which Instagram Login's app id is not: there Meta may refuse to tell.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`]; [`GraphError::Shape`] where they may stand in what cannot be read.
    ///
    /// Source: <https://developers.facebook.com/docs/graph-api/reference/app/subscriptions>
    pub async fn app_fields(&self) -> Result<Vec<String>, GraphError> {
        let own = AccessToken::new(self.app_token().to_string());
        let request = self.request(Method::GET, &format!("{}/subscriptions", self.app.app_id), &own);
        let objects = execute::<List<AppSubscription>>(Call::Read, request).await?.body;
        let is_whole = objects.is_whole();
        let ours = objects.data.into_iter().filter(|one| one.object == "instagram" && one.active);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(login: Login, scopes: &[&str]) -> Vec<Vec<&'static str>> {
        field_lists(login, &scopes.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn fields_follow_from_what_was_granted_and_end_with_messages_alone() {
        let granted = lists(Login::Instagram, &["instagram_business_basic", DIRECT]);
        assert!(granted.iter().all(|list| list[0] == MESSAGES && !list.contains(&"comments")), "{granted:?}");
        assert_eq!(granted.last().map(Vec::as_slice), Some([MESSAGES].as_slice()));
        assert!(lists(Login::Instagram, &[DIRECT, COMMENTS])[0].contains(&"comments"));
    }

    #[test]
    fn where_it_is_not_known_what_was_granted_everything_is_tried() {
        assert_eq!(lists(Login::Instagram, &[])[0].len(), OF_ACCOUNT.len());
        assert_eq!(lists(Login::Facebook, &[]), [vec![MESSAGES, ECHOES], vec![MESSAGES]]);
    }

    #[test]
    fn echoes_are_the_first_to_be_left_out() {
        let lists = lists(Login::Instagram, &[DIRECT, COMMENTS]);
        assert!(lists[0].contains(&ECHOES) && !lists[1].contains(&ECHOES) && lists[1].contains(&"comments"));
        assert_eq!(lists.len(), 4);
    }
}
