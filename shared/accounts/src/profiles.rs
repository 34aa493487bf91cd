//! Meta tells an account nothing about its contacts, or does again.

use domain::connection::ProfilesRefused;
use domain::{AuditKind, Connection, UnixMillis};
use meta::graph::AccountProblem;
use store::StoreError;
use tracing::warn;

use crate::audit_events;
use crate::connector::Connector;

impl Connector {
    /// Notes that Meta refuses the account every profile. It is shown on the card, and told once in the audit log; nobody asks again
    /// for a day.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing was noted.
    pub async fn note_profiles_refused(
        &self,
        used: &Connection,
        problem: AccountProblem,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let since = used.profiles_refused.as_ref().map_or(now.seconds(), |refused| refused.since);
        let refused = ProfilesRefused { reason: problem.as_str().to_owned(), since, asked_at: now.seconds() };
        if self.connections.set_profiles_refused(used, &refused).await? {
            warn!(account = %used.account, reason = problem.as_str(), "Meta tells the account nothing about its contacts");
            let event = audit_events::unasked(AuditKind::ProfilesRefused, used, now).with("reason", problem.as_str());
            self.audit.record(event).await;
        }
        Ok(())
    }

    /// Takes that note back, where there is one: Meta has told a profile.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the note stays.
    pub async fn note_profile_told(&self, used: &Connection) -> Result<(), StoreError> {
        match used.profiles_refused {
            Some(_) => self.connections.clear_profiles_refused(used).await,
            None => Ok(()),
        }
    }
}
