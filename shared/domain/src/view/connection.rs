use serde::Serialize;

use crate::channel::{Channel, Login};
use crate::connection::{
    Connection, ConnectionError, ConnectionStatus, Enforcement, EnforcementAction, Notice, ProfilesRefused,
};
use crate::view::{AccountNames, address};

/// A connection without its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionView {
    /// The channel's name as keys have it, as `meta_instagram`.
    pub provider: &'static str,
    /// Which login.
    pub login: Login,
    /// Whether it works.
    pub status: ConnectionStatus,
    /// What names the account, also towards `disconnect`.
    #[serde(flatten)]
    pub names: AccountNames,
    /// The account's picture.
    pub picture_url: Option<String>,
    /// Why it does not work.
    pub error: Option<ErrorView>,
    /// What to do before it stops working.
    pub notice: Option<NoticeView>,
    /// Why its contacts have no names although it works.
    pub profiles_refused: Option<ErrorView>,
    /// Meta has warned it for its conduct, or blocked it.
    pub enforcement: Option<EnforcementView>,
    /// When the token ends, unless it is renewed.
    pub token_expires_at: Option<String>,
    /// When the person has to log in again.
    pub data_access_expires_at: Option<String>,
    /// When Meta last delivered something.
    pub last_webhook_at: Option<String>,
    /// First connected.
    pub created_at: String,
    /// Last changed.
    pub updated_at: String,
}

/// Why a connection does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorView {
    /// A stable word.
    pub reason: String,
    /// Since when.
    pub since: String,
}

impl From<&ConnectionError> for ErrorView {
    fn from(error: &ConnectionError) -> Self {
        Self { reason: error.reason.clone(), since: error.since.rfc3339() }
    }
}

impl From<&ProfilesRefused> for ErrorView {
    fn from(refused: &ProfilesRefused) -> Self {
        Self { reason: refused.reason.clone(), since: refused.since.rfc3339() }
    }
}

/// What to do about a connection that works, before it stops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoticeView {
    /// A stable word.
    pub reason: String,
    /// Until then it works.
    pub until: String,
}

impl From<&Notice> for NoticeView {
    fn from(notice: &Notice) -> Self {
        Self { reason: notice.reason.clone(), until: notice.until.rfc3339() }
    }
}

/// What Meta does about an account's conduct.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnforcementView {
    /// `warning` or `block`.
    pub action: &'static str,
    /// Why, in Meta's words.
    pub reason: Option<String>,
    /// Since when.
    pub since: String,
}

impl EnforcementView {
    /// `None` where the account may write and was not warned.
    fn of(enforcement: &Enforcement) -> Option<Self> {
        let Enforcement { action, reason, at } = enforcement;
        match action {
            EnforcementAction::Warning | EnforcementAction::Block => {
                Some(Self { action: action.as_str(), reason: reason.clone(), since: at.seconds().rfc3339() })
            }
            EnforcementAction::Unblock | EnforcementAction::Other(_) => None,
        }
    }
}

impl From<&Connection> for ConnectionView {
    fn from(connection: &Connection) -> Self {
        let Connection { account, name, page_id, page_name, .. } = connection;
        Self {
            provider: connection.account.channel.provider(),
            login: connection.login,
            status: connection.status.shown(),
            names: AccountNames::new(account, name, page_id.as_ref(), page_name.as_deref()),
            picture_url: address::web(connection.picture_url.as_deref()),
            error: connection.error.as_ref().map(ErrorView::from),
            notice: connection.notice.as_ref().map(NoticeView::from),
            profiles_refused: connection.profiles_refused.as_ref().map(ErrorView::from),
            enforcement: connection.enforcement.as_ref().and_then(EnforcementView::of),
            token_expires_at: connection.token_expires_at.map(crate::UnixSeconds::rfc3339),
            data_access_expires_at: connection.data_access_expires_at.map(crate::UnixSeconds::rfc3339),
            last_webhook_at: connection.last_webhook_at.map(crate::UnixSeconds::rfc3339),
            created_at: connection.created_at.rfc3339(),
            updated_at: connection.updated_at.rfc3339(),
        }
    }
}

/// What the card shows: the connection that matters most, and all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelStatus {
    /// Whether at least one account receives and answers.
    pub connected: bool,
    /// Of the connection that matters most; absent where there was never one.
    pub status: Option<ConnectionStatus>,
    /// Of the same connection; on Instagram only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ig_username: Option<Option<String>>,
    /// Of the same connection.
    pub page_name: Option<String>,
    /// Of the same connection.
    pub updated_at: Option<String>,
    /// Every connection, the one that matters most first.
    pub connections: Vec<ConnectionView>,
}

impl ChannelStatus {
    /// Of a tenant's connections those of one channel: working ones before broken before revoked ones, newest change first.
    #[must_use]
    pub fn of(channel: Channel, mut connections: Vec<Connection>) -> Self {
        connections.retain(|connection| connection.account.channel == channel);
        connections.sort_by_key(|connection| (rank(connection.status), -connection.updated_at.get()));
        let views: Vec<ConnectionView> = connections.iter().map(ConnectionView::from).collect();
        let first = views.first();
        Self {
            connected: connections.first().is_some_and(Connection::is_active),
            status: first.map(|view| view.status),
            ig_username: match channel {
                Channel::Instagram => Some(first.and_then(|view| view.names.ig_username.clone().flatten())),
                Channel::Messenger => None,
            },
            page_name: first.and_then(|view| view.names.page_name.clone()),
            updated_at: first.map(|view| view.updated_at.clone()),
            connections: views,
        }
    }
}

const fn rank(status: ConnectionStatus) -> u8 {
    match status {
        ConnectionStatus::Active => 0,
        ConnectionStatus::Pending => 1,
        ConnectionStatus::Error => 2,
        ConnectionStatus::Paused => 3,
        ConnectionStatus::Revoked => 4,
        ConnectionStatus::Other(_) => 5,
    }
}
