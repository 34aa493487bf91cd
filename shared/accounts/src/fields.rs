//! What Meta's dashboard delivers to our apps: an account's own subscription brings nothing that the app's lacks.

use domain::{AuditEvent, AuditKind, Channel, TenantId, UnixMillis};
use edge::Setup;
use edge::telemetry::{Chain, metric};
use meta::GraphClient;
use meta::graph::MESSAGES;
use tracing::{error, info, warn};

use audit::AuditLog;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Looks at the fields of an app, and tells the operator what is missing.
#[derive(Clone, Debug)]
pub struct AppFields {
    audit: AuditLog,
}

impl AppFields {
    /// Tells into the table that `EVENTS_TABLE` names. No call is made.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        Self { audit: AuditLog::new(setup) }
    }

    /// Looks, and tells the operator, at most once a day, where messages are not among the fields of a channel. What Meta does
    /// not tell is no finding.
    pub async fn look(&self, graph: &GraphClient<'_>, channel: Channel, now: UnixMillis) {
        let login = graph.login().as_str();
        let fields = match graph.app_fields(channel).await {
            Ok(fields) => fields,
            Err(failure) => {
                info!(login, error = %Chain(&failure), "Meta did not tell what it delivers to the app");
                return;
            }
        };
        if fields.iter().any(|field| field == MESSAGES) {
            return;
        }
        error!(login, %channel, "The app is not subscribed to messages in Meta's dashboard: no account receives any");
        metric("app_fields_missing", 1, &[("login", login)]);
        let day = UnixMillis::new(now.get() - now.get().rem_euclid(DAY_MS));
        let event = AuditEvent::new(TenantId::operator(), AuditKind::AppFieldsMissing, day)
            .with("channel", channel.as_str())
            .with("login", login)
            .with("reason", MESSAGES);
        if let Err(failure) = self.audit.record_once(&event).await {
            warn!(error = %Chain(&failure), "A finding about the app was not recorded");
        }
    }
}
