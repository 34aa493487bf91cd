//! What one starts a simulated Meta with.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::Clock;

/// One of the two ways to Instagram's messaging API; each has its own hosts, scopes and tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Login {
    /// Instagram API with Instagram Login: `www.instagram.com`, `api.instagram.com`, `graph.instagram.com`.
    Instagram,
    /// Instagram API with Facebook Login for Business: `www.facebook.com`, `graph.facebook.com`.
    Facebook,
}

impl Login {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Facebook => "facebook",
        }
    }

    /// What an app needs to read and write messages, and to know who wrote them.
    pub(crate) const fn messages_permission(self) -> &'static str {
        match self {
            Self::Instagram => "instagram_business_manage_messages",
            Self::Facebook => "instagram_manage_messages",
        }
    }
}

/// An app as its developer registered it in the App Dashboard.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// The login the app was set up with; Meta allows one for each app.
    pub login: Login,
    /// App id, or Instagram app id.
    pub app_id: String,
    /// Signs webhooks and callbacks, and proves the app at the token endpoints.
    pub app_secret: String,
    /// Where the dialog may send people back to, compared exactly.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Receives the webhooks.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// Sent with the verification handshake.
    #[serde(default)]
    pub verify_token: Option<String>,
    /// Called when a person removes the app.
    #[serde(default)]
    pub deauthorize_url: Option<String>,
    /// Called when a person asks for the deletion of their data.
    #[serde(default)]
    pub data_deletion_url: Option<String>,
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("App")
            .field("login", &self.login)
            .field("app_id", &self.app_id)
            .field("redirect_uris", &self.redirect_uris)
            .field("webhook_url", &self.webhook_url)
            .finish_non_exhaustive()
    }
}

/// How a [`MetaSim`](crate::MetaSim) starts. The default is a world of sample people, no app, any free port.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// What links in answers and pages begin with. Default: `http://127.0.0.1:<port>`.
    pub public_url: Option<String>,
    /// Registered apps. One that the state file knows already is replaced.
    pub apps: Vec<App>,
    /// Keeps the state over restarts; without it every start begins with the sample world.
    pub state_file: Option<PathBuf>,
    /// The simulated time.
    pub clock: Clock,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_shows_no_secret_when_debugged() {
        let app = App {
            login: Login::Instagram,
            app_id: "1".into(),
            app_secret: "hush-secret".into(),
            redirect_uris: vec![],
            webhook_url: None,
            verify_token: Some("hush-verify".into()),
            deauthorize_url: None,
            data_deletion_url: None,
        };
        assert!(!format!("{app:?}").contains("hush"));
    }
}
