//! A deletion is asked for.

use audit::AuditLog;
use domain::erasure::{Progress, Task};
use domain::{AuditEvent, AuditKind, Erasure, ErasureCode, TenantId, UnixMillis, UserId};
use edge::telemetry::metric;
use edge::{ConfigError, Setup};
use lambda_http::Request;
use login::RedirectUris;
use plans::Plans;
use store::{ConnectionStore, ErasureStore, StoreError, Tables};
use tracing::info;
use url::Url;

use crate::queue::{ErasureQueue, QueueError};

/// Why it is not certain that something will be deleted. To ask again with the same code is safe.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The database failed.
    #[error("the deletion was not stored")]
    Store(#[from] StoreError),
    /// The queue failed.
    #[error("the deletion was not queued")]
    Queue(#[from] QueueError),
}

impl RequestError {
    /// Whether the same may well work a moment later.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::Store(error) => error.passes(),
            Self::Queue(error) => error.passes(),
        }
    }
}

/// Takes and finds deletions.
#[derive(Clone, Debug)]
pub struct Erasures {
    store: ErasureStore,
    queue: ErasureQueue,
    audit: AuditLog,
    pub(crate) connections: ConnectionStore,
    pub(crate) plans: Plans,
    redirect_uris: RedirectUris,
}

impl Erasures {
    /// Reads `CONNECTIONS_TABLE`, `TENANTS_TABLE`, `EVENTS_TABLE`, `META_REDIRECT_URI_INSTAGRAM`, `META_REDIRECT_URI_MESSENGER`
    /// and `ERASURE_QUEUE_URL`; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the queue is not named.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let tables = Tables::from(&setup.env);
        let client = store::client(&setup.aws);
        Ok(Self {
            store: ErasureStore::new(client.clone(), &tables),
            queue: ErasureQueue::new(setup)?,
            audit: AuditLog::new(setup),
            connections: ConnectionStore::new(client, &tables),
            plans: Plans::new(setup)?,
            redirect_uris: RedirectUris::from(&setup.env),
        })
    }

    /// Where a person reads how far a deletion is: on the host that Meta sends people back to, which is ours.
    #[must_use]
    pub fn page_url(&self, request: &Request, code: &ErasureCode) -> String {
        let callback = self.redirect_uris.any(request).and_then(|address| Url::parse(&address).ok());
        let origin = callback.map(|address| address.origin().ascii_serialization());
        format!("{}/data-deletion/{code}", origin.unwrap_or_default())
    }

    /// Finds a deletion by its code.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn find(&self, code: &ErasureCode) -> Result<Option<Erasure>, StoreError> {
        self.store.find(code).await
    }

    /// Takes a deletion, or finds the one that was asked for with the same code. Answers how far it is. `by` is who asked,
    /// where that is somebody of the tenant's.
    ///
    /// It is handed over before it is stored, so that none is stored which nobody works off: who asks again after a failure
    /// may come with another code. The eraser waits for a deletion that is not there yet.
    ///
    /// # Errors
    ///
    /// See [`RequestError`].
    pub async fn request(&self, asked: Erasure, by: Option<&UserId>) -> Result<Erasure, RequestError> {
        if asked.is_to_be_worked_off() {
            self.queue.send(&asked.code).await?;
        }
        let erasure = if self.store.insert(&asked).await? {
            self.note(&asked, by).await;
            asked
        } else {
            self.store.find(&asked.code).await?.unwrap_or(asked)
        };
        info!(origin = erasure.origin.as_str(), tasks = erasure.tasks.len(), "Took a deletion");
        Ok(erasure)
    }

    /// Tells an open deletion whose conversations are meant, if there are any. `None` where there is no such deletion. One that has
    /// been told before goes on as it was told then.
    ///
    /// # Errors
    ///
    /// See [`RequestError`]. To ask again is safe.
    pub async fn match_open(
        &self,
        code: &ErasureCode,
        tasks: Vec<Task>,
        now: UnixMillis,
    ) -> Result<Option<Erasure>, RequestError> {
        let Some(mut erasure) = self.store.find(code).await? else { return Ok(None) };
        if erasure.progress == Progress::Unmatched {
            let mut matched = erasure.matched(tasks, now);
            if self.store.save(&mut matched).await? {
                self.note(&matched, None).await;
            }
            erasure = matched;
        }
        // Only now: of an order that comes before, the eraser would find nothing to do.
        if erasure.is_to_be_worked_off() {
            self.queue.send(code).await?;
        }
        Ok(Some(erasure))
    }

    async fn note(&self, erasure: &Erasure, by: Option<&UserId>) {
        if erasure.progress == Progress::Unmatched {
            metric("erasures_unmatched", 1, &[]);
            let event = AuditEvent::new(TenantId::operator(), AuditKind::ErasureUnmatched, erasure.requested_at);
            self.audit.record(event.with("code", erasure.code.as_str())).await;
        }
        for task in &erasure.tasks {
            let event = task
                .audit_event(AuditKind::ErasureRequested, erasure.requested_at)
                .with("code", erasure.code.as_str())
                .with("origin", erasure.origin.as_str())
                .with("scope", task.scope.as_str());
            self.audit.record(by.cloned().into_iter().fold(event, AuditEvent::by)).await;
        }
    }
}
