//! One step of a deletion.

use std::time::{Duration, Instant};

use domain::erasure::{Place, Progress, Scope, Task};
use domain::{AuditEvent, AuditKind, Erasure, UnixMillis};
use store::{Look, StoreError};

use crate::app::App;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing is left.
    Done,
    /// Something is left to do.
    TimeUp,
    /// Everything is deleted; a second look has to follow after this time.
    Settling(Duration),
    /// Somebody else goes on with it.
    Elsewhere,
    /// What is left only a newer version can delete.
    ForNewer,
}

impl Ended {
    /// A stable word, for metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::TimeUp => "time_up",
            Self::Settling(_) => "settling",
            Self::Elsewhere => "elsewhere",
            Self::ForNewer => "for_newer",
        }
    }
}

/// Why a step stopped.
pub(crate) enum Stop {
    TimeUp,
    Elsewhere,
    /// Only a newer version knows what the task is to delete.
    ForNewer,
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A deletion that is worked on.
pub(crate) struct Step<'a> {
    pub(crate) app: &'a App,
    pub(crate) erasure: Erasure,
    /// The task at hand.
    index: usize,
    /// What the task at hand deletes was received until then.
    pub(crate) cutoff: UnixMillis,
    until: Instant,
}

impl<'a> Step<'a> {
    pub(crate) const fn new(app: &'a App, erasure: Erasure, until: Instant) -> Self {
        let cutoff = erasure.requested_at;
        Self { app, erasure, index: 0, cutoff, until }
    }

    /// Works until it is done or the time is up. Every step may be repeated.
    pub(crate) async fn work(mut self) -> Result<Ended, StoreError> {
        match self.run().await {
            Ok(ended) => Ok(ended),
            Err(Stop::TimeUp) => Ok(Ended::TimeUp),
            Err(Stop::Elsewhere) => Ok(Ended::Elsewhere),
            Err(Stop::ForNewer) => Ok(Ended::ForNewer),
            Err(Stop::Store(failure)) => Err(failure),
        }
    }

    async fn run(&mut self) -> Result<Ended, Stop> {
        self.catch_up().await?;
        if let Some(swept_at) = self.swept_at() {
            // Also an order that came twice waits: whoever was under way at the first look has to have ended.
            return match self.settling_left(swept_at) {
                Duration::ZERO => self.look_again().await,
                left => Ok(Ended::Settling(left)),
            };
        }
        self.erasure.progress = Progress::Running;
        let mut ended = Ended::Settling(self.app.settling);
        for index in 0..self.erasure.tasks.len() {
            self.index = index;
            match self.first_look().await {
                Err(Stop::ForNewer) => ended = Ended::ForNewer,
                outcome => outcome?,
            }
        }
        Ok(ended)
    }

    /// Deletes everything of the task at hand, unless that was done.
    async fn first_look(&mut self) -> Result<(), Stop> {
        if self.task().place.swept_at.is_some() {
            return Ok(());
        }
        self.cutoff = self.cutoff_of(self.task()).await?;
        self.sweep().await?;
        self.task_mut().place = Place { swept_at: Some(self.app.clock.now_ms()), ..Place::default() };
        self.save().await
    }

    /// When the last task was swept; `None` while one is not.
    fn swept_at(&self) -> Option<UnixMillis> {
        let swept = self.erasure.tasks.iter().map(|task| task.place.swept_at);
        swept.collect::<Option<Vec<_>>>().map(|swept| swept.into_iter().max().unwrap_or_default())
    }

    fn settling_left(&self, swept_at: UnixMillis) -> Duration {
        let passed = self.app.clock.now_ms().get().saturating_sub(swept_at.get());
        self.app.settling.saturating_sub(Duration::from_millis(u64::try_from(passed).unwrap_or_default()))
    }

    /// Until when something has to be received for the task to delete it.
    ///
    /// Whoever has connected an account again since the deletion was asked for keeps what came after that. Where nobody
    /// has, all of it is meant, also what came before the connection ended.
    async fn cutoff_of(&self, task: &Task) -> Result<UnixMillis, StoreError> {
        let asked_at = self.erasure.requested_at;
        // Read before the connection: what is received over a newer one is received later.
        let now = self.app.clock.now_ms();
        let is_back = match &task.scope {
            Scope::Contact { .. } | Scope::Other(_) => true,
            Scope::Account { account, .. } => {
                let found = self.app.connections.find(&task.tenant, account).await?;
                found.is_some_and(|connection| connection.was_made_since(asked_at))
            }
            Scope::Tenant => {
                let found = self.app.connections.list(&task.tenant).await?;
                found.iter().any(|connection| connection.was_made_since(asked_at))
            }
        };
        Ok(if is_back { asked_at } else { now })
    }

    /// Empties what was counted by a step that died before it did so.
    async fn catch_up(&self) -> Result<(), StoreError> {
        for task in &self.erasure.tasks {
            if let Some(conversation) = &task.place.conversation {
                let cutoff = self.cutoff_of(task).await?;
                self.app.eraser.erase_conversation(&task.tenant, conversation, cutoff, Look::First).await?;
            }
        }
        Ok(())
    }

    /// The second look; then nothing says any more whose data it was.
    async fn look_again(&mut self) -> Result<Ended, Stop> {
        self.index = 0;
        while !self.erasure.tasks.is_empty() {
            self.cutoff = self.cutoff_of(self.task()).await?;
            self.sweep().await?;
            self.app.audit.record_once(&self.receipt()).await?;
            self.erasure.finish_task(self.app.clock.now_ms());
            self.save().await?;
        }
        Ok(Ended::Done)
    }

    /// Its time is that of the first look, so that writing it again adds no second event.
    fn receipt(&self) -> AuditEvent {
        let task = self.task();
        let Task { scope, place, counts, .. } = task;
        task.audit_event(AuditKind::Erased, place.swept_at.unwrap_or(self.erasure.requested_at))
            .with("code", self.erasure.code.as_str())
            .with("origin", self.erasure.origin.as_str())
            .with("scope", scope.as_str())
            .with("requested_at", self.erasure.requested_at.rfc3339())
            .with("connections", counts.connections)
            .with("conversations", counts.conversations)
            .with("messages", counts.messages)
            .with("events", counts.events)
    }

    pub(crate) async fn save(&mut self) -> Result<(), Stop> {
        if self.app.erasures.save(&mut self.erasure).await? { Ok(()) } else { Err(Stop::Elsewhere) }
    }

    /// Stops when the time is up; the next step begins at the place that was reached.
    pub(crate) async fn check_time(&mut self) -> Result<(), Stop> {
        if Instant::now() < self.until {
            return Ok(());
        }
        self.save().await?;
        Err(Stop::TimeUp)
    }

    pub(crate) fn task(&self) -> &Task {
        &self.erasure.tasks[self.index]
    }

    pub(crate) fn task_mut(&mut self) -> &mut Task {
        &mut self.erasure.tasks[self.index]
    }
}
