//! The ways in which an account is connected. What differs between them is one table: [`Login::facts`].

use serde::{Deserialize, Serialize};

use super::Channel;

/// Which of Meta's two logins a Meta app, an authorization or a connection belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// Instagram API with Instagram Login: Instagram User token, no Page.
    Instagram,
    /// Facebook Login for Business: Page token.
    Facebook,
}

/// What is so with one login and not with the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginFacts {
    /// Where the Graph API is called.
    pub host: Host,
    /// Whose id stands in the paths of calls, and is subscribed to webhooks.
    pub actor: Actor,
    /// How a connection's token lives on.
    pub token_life: TokenLife,
    /// Whether an account is found only under a Page.
    pub needs_page: bool,
    /// Which app's secret signs webhooks and callbacks.
    pub signed_by: SigningApp,
    /// Whether calls carry a proof that the caller has the app's secret, so that a stolen token alone is useless.
    pub proves_secret: bool,
}

/// A host of the Graph API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// `graph.instagram.com`.
    Instagram,
    /// `graph.facebook.com`.
    Facebook,
}

/// Who acts in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The account itself.
    Account,
    /// The Page that the account is linked to, or is.
    Page,
}

/// How a token lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLife {
    /// A call renews it, no earlier than a day after it was issued.
    RenewedByCall {
        /// Its life where Meta did not tell.
        usual_life_seconds: i64,
    },
    /// No call renews it. It does not end by time, or only a person's new login replaces it.
    NeverRenewed,
}

/// Whose secret it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningApp {
    /// The Instagram app within a Meta app, which has an id and a secret of its own.
    InstagramApp,
    /// The Meta app.
    MetaApp,
}

/// Permissions of one channel through one login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes {
    /// Those that are asked for. Each login has its own names: the other's are refused before consent.
    pub requested: &'static [&'static str],
    /// Those without which there is no inbox. A person may untick the others.
    pub required: &'static [&'static str],
}

const DAY: i64 = 24 * 60 * 60;

impl Login {
    /// Every login. The first one that an app is registered for is the default.
    pub const ALL: [Self; 2] = [Self::Instagram, Self::Facebook];

    /// `instagram` or `facebook`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Facebook => "facebook",
        }
    }

    /// What differs by login, except for permissions, which differ by channel as well: [`Self::scopes`].
    #[must_use]
    pub const fn facts(self) -> LoginFacts {
        match self {
            Self::Instagram => LoginFacts {
                host: Host::Instagram,
                actor: Actor::Account,
                token_life: TokenLife::RenewedByCall { usual_life_seconds: 60 * DAY },
                needs_page: false,
                signed_by: SigningApp::InstagramApp,
                proves_secret: false,
            },
            Self::Facebook => LoginFacts {
                host: Host::Facebook,
                actor: Actor::Page,
                token_life: TokenLife::NeverRenewed,
                needs_page: true,
                signed_by: SigningApp::MetaApp,
                proves_secret: true,
            },
        }
    }

    /// The permissions for a channel; `None` where the login does not lead to it.
    #[must_use]
    pub const fn scopes(self, channel: Channel) -> Option<Scopes> {
        match (self, channel) {
            (Self::Instagram, Channel::Instagram) => Some(Scopes {
                requested: &[
                    "instagram_business_basic",
                    "instagram_business_manage_messages",
                    "instagram_business_manage_comments",
                ],
                required: &["instagram_business_basic", "instagram_business_manage_messages"],
            }),
            (Self::Instagram, Channel::Messenger) => None,
            (Self::Facebook, Channel::Instagram) => Some(Scopes {
                requested: &[
                    "instagram_basic",
                    "instagram_manage_messages",
                    "instagram_manage_comments",
                    "pages_show_list",
                    "pages_manage_metadata",
                    "pages_read_engagement",
                    "pages_messaging",
                    "business_management",
                ],
                required: &[
                    "instagram_basic",
                    "instagram_manage_messages",
                    "pages_show_list",
                    "pages_manage_metadata",
                    "pages_messaging", // a Page is subscribed to `messages` with it
                ],
            }),
            (Self::Facebook, Channel::Messenger) => Some(Scopes {
                requested: &[
                    "pages_show_list",
                    "pages_messaging",
                    "pages_manage_metadata",
                    "pages_read_engagement",
                    "business_management",
                ],
                required: &["pages_show_list", "pages_messaging", "pages_manage_metadata"],
            }),
        }
    }

    /// Whether accounts of a channel can be connected through it.
    #[must_use]
    pub const fn leads_to(self, channel: Channel) -> bool {
        self.scopes(channel).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_asked_for() {
        for login in Login::ALL {
            for scopes in Channel::ALL.into_iter().filter_map(|channel| login.scopes(channel)) {
                assert!(scopes.required.iter().all(|scope| scopes.requested.contains(scope)), "{scopes:?}");
            }
        }
    }

    #[test]
    fn every_channel_can_be_connected_and_messenger_through_facebook_only() {
        let logins = |channel| Login::ALL.into_iter().filter(|login| login.leads_to(channel)).collect::<Vec<_>>();
        assert_eq!(logins(Channel::Instagram), Login::ALL);
        assert_eq!(logins(Channel::Messenger), [Login::Facebook]);
    }

    #[test]
    fn a_login_of_a_newer_version_is_none() {
        assert!(serde_json::from_str::<Login>("\"unified\"").is_err());
        assert_eq!(serde_json::from_str::<Login>("\"facebook\"").ok(), Some(Login::Facebook));
    }
}
