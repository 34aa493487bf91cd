//! The Graph API of both logins: Instagram Login on `graph.instagram.com`, Facebook Login on `graph.facebook.com`.
//!
//! A client is bound to one Meta app, and with it to a login, a host, a secret and a family of permissions:
//! a token of one login never travels to the host of the other.

mod answer;
mod call;
mod conversation;
mod error;
pub(crate) mod fields;
pub(crate) mod login;
mod outbound;
mod person;
mod plan;
mod profile;
mod send;
mod subscription;
mod transport;

pub use call::Call;
pub use conversation::{Thread, ThreadMessage};
pub use error::{AccountProblem, FailureClass, GraphError, Refusal, Wording};
pub use fields::MESSAGES;
pub use login::authorize_url;
pub use login::{DiscoveredAccount, Discovery, LoginGrant, Renewal, RenewedToken, TokenInfo};
pub use outbound::{Content, OutboundAttachment, OutboundMessage};
pub use person::Profile;
pub use plan::{Subscriber, SubscriptionPlan, field_lists, subscription_plan};
pub use pool::Pool;
pub use send::{SenderAction, Sent};
pub use subscription::Subscription;
pub use transport::Usage;

use domain::channel::{Account, Actor, Channel, Host, Login};
use domain::id::{Mid, PageId};
use domain::secret::{AccessToken, AppSecret};

/// Which Meta app acts, borrowed from wherever its secrets are kept.
#[derive(Clone, Copy, Debug)]
pub struct AppCredentials<'a> {
    /// Which login it is set up for: Meta allows one for each app.
    pub login: Login,
    /// For Instagram Login the *Instagram* app id, which differs from the Meta app's.
    pub app_id: &'a str,
    /// The secret that belongs to `app_id`.
    pub app_secret: &'a AppSecret,
    /// Graph API version, as `v25.0`.
    pub version: &'a str,
}

/// Where Meta's hosts are. In production they are themselves; a simulated Meta serves all of them under one address.
#[derive(Clone, Debug)]
pub struct Hosts {
    prefix: String,
}

impl Hosts {
    /// `https://` leads to `https://graph.instagram.com`, `http://127.0.0.1:9100/` to
    /// `http://127.0.0.1:9100/graph.instagram.com`.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    fn url(&self, host_and_path: &str) -> String {
        format!("{}{host_and_path}", self.prefix)
    }
}

impl Default for Hosts {
    /// Meta itself.
    fn default() -> Self {
        Self::new("https://")
    }
}

/// The account that a call acts for.
#[derive(Clone, Copy, Debug)]
pub struct AccountAccess<'a> {
    /// The account.
    pub account: &'a Account,
    /// The Page that it is linked to, where the login needs one.
    pub page_id: Option<&'a PageId>,
    /// Its token: of the Instagram user, or of the Page.
    pub token: &'a AccessToken,
}

/// Calls the Graph API as one Meta app. Cheap to make: everything is borrowed.
#[derive(Clone, Copy, Debug)]
pub struct GraphClient<'a> {
    http: &'a Pool,
    hosts: &'a Hosts,
    app: AppCredentials<'a>,
}

impl<'a> GraphClient<'a> {
    /// A client for `app` on these connections.
    #[must_use]
    pub const fn new(http: &'a Pool, hosts: &'a Hosts, app: AppCredentials<'a>) -> Self {
        Self { http, hosts, app }
    }

    /// Which login the client is bound to.
    #[must_use]
    pub const fn login(&self) -> Login {
        self.app.login
    }

    /// The graph host of this login.
    const fn graph_host(&self) -> &'static str {
        match self.app.login.facts().host {
            Host::Instagram => "graph.instagram.com",
            Host::Facebook => "graph.facebook.com",
        }
    }

    /// A versioned address on the graph host.
    fn versioned(&self, path: &str) -> String {
        self.hosts.url(&format!("{}/{}/{path}", self.graph_host(), self.app.version))
    }

    /// A message's or conversation's id as a part of a path. It is opaque, so it may hold any character.
    fn segment(id: &Mid) -> String {
        url::form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect()
    }

    /// The id in the path of calls for an account; `me` stands for a Page whose id is not known.
    fn node<'n>(&self, access: AccountAccess<'n>) -> &'n str {
        match (self.app.login.facts().actor, access.account.channel) {
            (Actor::Account, _) | (Actor::Page, Channel::Messenger) => access.account.id.as_str(),
            (Actor::Page, Channel::Instagram) => access.page_id.map_or("me", PageId::as_str),
        }
    }
}
