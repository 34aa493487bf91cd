//! What is written down about a tenant's integration: append only, without message text or tokens.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::channel::Account;
use crate::id::{TenantId, UserId};
use crate::time::UnixMillis;
use crate::word::Word;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditKind {
    /// A person went to Meta's login.
    #[serde(rename = "authorization.started")]
    AuthorizationStarted,
    /// The person pressed cancel at Meta.
    #[serde(rename = "authorization.cancelled")]
    AuthorizationCancelled,
    /// The login led to no connection.
    #[serde(rename = "authorization.failed")]
    AuthorizationFailed,
    /// An account was connected, or again.
    #[serde(rename = "connection.connected")]
    Connected,
    /// An account was disconnected.
    #[serde(rename = "connection.disconnected")]
    Disconnected,
    /// Meta refuses the connection's token.
    #[serde(rename = "connection.failed")]
    ConnectionError,
    /// The plan or a rule did not allow it.
    #[serde(rename = "connection.refused")]
    Refused,
    /// An answer failed for good.
    #[serde(rename = "message.send_failed")]
    SendFailed,
    /// Meta told something about the account.
    #[serde(rename = "account.notice")]
    AccountNotice,
    /// The dashboard's test arrived.
    #[serde(rename = "account.test_received")]
    TestReceived,
    /// A connection works, but not for long: somebody has to connect again in time.
    #[serde(rename = "connection.notice")]
    ConnectionNotice,
    /// Meta had dropped the webhook subscription; it was made again.
    #[serde(rename = "connection.resubscribed")]
    Resubscribed,
    /// Meta tells the account nothing about its contacts.
    #[serde(rename = "connection.profiles_refused")]
    ProfilesRefused,
    /// Meta accepts a connection again that it had refused.
    #[serde(rename = "connection.recovered")]
    Recovered,
    /// The person removed the app at Meta.
    #[serde(rename = "connection.deauthorized")]
    Deauthorized,
    /// Somebody asked for data to be deleted.
    #[serde(rename = "data.erasure_requested")]
    ErasureRequested,
    /// The receipt of a deletion: how much was deleted, not what.
    #[serde(rename = "data.erased")]
    Erased,
    /// The plan has no room for the connection any more.
    #[serde(rename = "connection.paused")]
    Paused,
    /// There is room for it again.
    #[serde(rename = "connection.resumed")]
    Resumed,
    /// A tenant has another plan, or other terms.
    #[serde(rename = "tenant.plan_changed")]
    PlanChanged,
    /// For the operator: messages of a dead-letter queue are delivered again.
    #[serde(rename = "operator.queue_replayed")]
    QueueReplayed,
    /// For the operator: a list of people was handed in whose data is to be deleted.
    #[serde(rename = "operator.erasure_list_taken")]
    ErasureListTaken,
    /// For the operator: somebody wants data deleted who has connected nothing. They may have written to a Page.
    #[serde(rename = "operator.erasure_unmatched")]
    ErasureUnmatched,
    /// For the operator: such a deletion was told whose conversations are meant.
    #[serde(rename = "operator.erasure_matched")]
    ErasureMatched,
    /// For the operator: Meta refuses the app as a whole.
    #[serde(rename = "meta.app_unavailable")]
    AppUnavailable,
    /// For the operator: Meta serves the app again.
    #[serde(rename = "meta.app_recovered")]
    AppRecovered,
    /// For the operator: the app is not subscribed to messages in Meta's dashboard.
    #[serde(rename = "meta.app_fields_missing")]
    AppFieldsMissing,
    /// An endpoint was made known.
    #[serde(rename = "webhook.added")]
    EndpointAdded,
    /// An endpoint was changed, or has a new secret.
    #[serde(rename = "webhook.changed")]
    EndpointChanged,
    /// An endpoint was deleted.
    #[serde(rename = "webhook.deleted")]
    EndpointDeleted,
    /// An endpoint was switched off, because it took nothing.
    #[serde(rename = "webhook.switched_off")]
    EndpointOff,
    /// A newer version wrote this word. It is kept as it is.
    #[serde(untagged)]
    Other(Word),
}

/// The detail that names an account, within its channel.
pub const ACCOUNT_ID: &str = "account_id";

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// Whose audit log.
    pub tenant: TenantId,
    /// When.
    pub at: UnixMillis,
    /// What.
    pub kind: AuditKind,
    /// Which person, where one did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Ids and stable words; never a token, a code or a text that somebody wrote.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

impl AuditEvent {
    /// An event with no details yet.
    #[must_use]
    pub fn new(tenant: TenantId, kind: AuditKind, at: UnixMillis) -> Self {
        Self { tenant, at, kind, user: None, details: Map::new() }
    }

    /// Names who did it.
    #[must_use]
    pub fn by(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// Names the account that it is about: `channel` and `account_id`.
    #[must_use]
    pub fn about(self, account: &Account) -> Self {
        self.with("channel", account.channel.as_str()).with(ACCOUNT_ID, account.id.as_str())
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }
}
