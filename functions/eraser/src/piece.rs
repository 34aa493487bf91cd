//! One piece of a deletion.

use std::time::Instant;

use domain::erasure::{Counts, Place, Progress, Scope, Stage, Task};
use domain::{AuditEvent, AuditKind, ConversationId, Erasure, IgId};
use store::StoreError;

use crate::handler::App;

/// How a piece ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing is left.
    Done,
    /// Something is left to do.
    TimeUp,
    /// Everything is deleted; a second look has to follow.
    Settling,
    /// Somebody else goes on with it.
    Elsewhere,
}

impl Ended {
    /// A stable word, for metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::TimeUp => "time_up",
            Self::Settling => "settling",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// Why a piece stopped.
enum Stop {
    TimeUp,
    Elsewhere,
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A deletion that is worked on.
pub(crate) struct Piece<'a> {
    app: &'a App,
    erasure: Erasure,
    /// The task at hand.
    index: usize,
    until: Instant,
}

impl<'a> Piece<'a> {
    pub(crate) const fn new(app: &'a App, erasure: Erasure, until: Instant) -> Self {
        Self { app, erasure, index: 0, until }
    }

    /// Works until it is done or the time is up. Every step may be repeated.
    pub(crate) async fn work(mut self) -> Result<Ended, StoreError> {
        match self.run().await {
            Ok(ended) => Ok(ended),
            Err(Stop::TimeUp) => Ok(Ended::TimeUp),
            Err(Stop::Elsewhere) => Ok(Ended::Elsewhere),
            Err(Stop::Store(failure)) => Err(failure),
        }
    }

    async fn run(&mut self) -> Result<Ended, Stop> {
        self.catch_up().await?;
        if self.erasure.tasks.iter().all(|task| task.place.swept_at.is_some()) {
            return self.look_again().await;
        }
        self.erasure.progress = Progress::Running;
        for index in 0..self.erasure.tasks.len() {
            self.index = index;
            if self.task().place.swept_at.is_none() {
                self.sweep().await?;
                self.task_mut().place = Place { swept_at: Some(self.app.clock.now_ms()), ..Place::default() };
                self.save().await?;
            }
        }
        Ok(Ended::Settling)
    }

    /// Deletes what was counted by a piece that died before it deleted it.
    async fn catch_up(&self) -> Result<(), StoreError> {
        for Task { tenant, place, .. } in &self.erasure.tasks {
            if let Some(conversation) = &place.conversation {
                self.app.eraser.delete_conversation(tenant, conversation).await?;
            }
        }
        Ok(())
    }

    /// The second look; then nothing says any more whose data it was.
    async fn look_again(&mut self) -> Result<Ended, Stop> {
        self.index = 0;
        while !self.erasure.tasks.is_empty() {
            self.sweep().await?;
            self.app.trail.append_once(&self.receipt()).await?;
            self.erasure.finish_task(self.app.clock.now_ms());
            self.save().await?;
        }
        Ok(Ended::Done)
    }

    /// Its time is that of the first look, so that writing it again adds no second line.
    fn receipt(&self) -> AuditEvent {
        let Task { tenant, scope, place, counts } = self.task();
        let at = place.swept_at.unwrap_or(self.erasure.requested_at);
        AuditEvent::new(tenant.clone(), AuditKind::Erased, at)
            .with("code", self.erasure.code.as_str())
            .with("origin", self.erasure.origin.as_str())
            .with("scope", scope.as_str())
            .with("requested_at", self.erasure.requested_at.rfc3339())
            .with("connections", counts.connections)
            .with("conversations", counts.conversations)
            .with("messages", counts.messages)
            .with("events", counts.events)
    }

    /// Deletes everything of a task, from the stage it has reached.
    async fn sweep(&mut self) -> Result<(), Stop> {
        loop {
            let next = match (self.task().place.stage, self.task().scope.clone()) {
                (Stage::Conversations, Scope::Account { ig_user_id, .. }) => {
                    self.conversations_of(&ig_user_id).await?;
                    Some(Stage::Events)
                }
                (Stage::Conversations, Scope::Contact { conversation }) => {
                    self.conversation(&conversation).await?;
                    Some(Stage::Events)
                }
                (Stage::Events, Scope::Account { ig_user_id, .. }) => {
                    self.events("ig_user_id", ig_user_id.as_str()).await?;
                    Some(Stage::Connection)
                }
                (Stage::Events, Scope::Contact { conversation }) => {
                    self.events("conversation_id", conversation.as_str()).await?;
                    None
                }
                (Stage::Connection, scope) => {
                    self.connection(&scope).await?;
                    None
                }
            };
            let Some(stage) = next else { return Ok(()) };
            let swept_at = self.task().place.swept_at;
            self.task_mut().place = Place { stage, swept_at, ..Place::default() };
            self.save().await?;
        }
    }

    async fn conversations_of(&mut self, account: &IgId) -> Result<(), Stop> {
        let tenant = self.task().tenant.clone();
        let mut after = self.task().place.conversation.clone();
        loop {
            let (found, next) = self.app.eraser.conversations_after(&tenant, account, after.as_ref()).await?;
            for conversation in found {
                self.conversation(&conversation).await?;
            }
            let Some(next) = next else { return Ok(()) };
            after = Some(next);
        }
    }

    /// Deletes a conversation after its messages.
    async fn conversation(&mut self, conversation: &ConversationId) -> Result<(), Stop> {
        let tenant = self.task().tenant.clone();
        loop {
            let found = self.app.eraser.messages(&tenant, conversation).await?;
            if found.is_empty() {
                break;
            }
            let messages = found.count_after(self.task().place.counted.as_ref());
            self.count(Counts { messages, ..Counts::default() }, found.last()).await?;
            self.app.eraser.delete_messages(&found).await?;
            self.check_time()?;
        }
        if self.app.eraser.has_conversation(&tenant, conversation).await? {
            self.task_mut().place.conversation = Some(conversation.clone());
            self.count(Counts { conversations: 1, ..Counts::default() }, None).await?;
            self.app.eraser.delete_conversation(&tenant, conversation).await?;
            self.check_time()?;
        }
        Ok(())
    }

    /// Deletes the trail's lines whose details name somebody.
    async fn events(&mut self, name: &'static str, value: &str) -> Result<(), Stop> {
        let tenant = self.task().tenant.clone();
        let mut after = None;
        loop {
            let found = self.app.eraser.events_about(&tenant, name, value, after.as_ref()).await?;
            if !found.is_empty() {
                let events = found.count_after(self.task().place.counted.as_ref());
                self.count(Counts { events, ..Counts::default() }, found.last()).await?;
                self.app.eraser.delete_events(&found).await?;
            }
            if found.next.is_none() {
                return Ok(());
            }
            after = found.next;
            self.check_time()?;
        }
    }

    async fn connection(&mut self, scope: &Scope) -> Result<(), Stop> {
        let Scope::Account { ig_user_id, person } = scope else { return Ok(()) };
        let (tenant, asked_at) = (self.task().tenant.clone(), self.erasure.requested_at);
        if self.app.connections.forget(&tenant, ig_user_id, person.as_ref(), asked_at).await? {
            self.task_mut().counts.connections += 1;
        }
        Ok(())
    }

    /// Notes what is about to be deleted, and up to where it is counted.
    async fn count(&mut self, found: Counts, counted: Option<String>) -> Result<(), Stop> {
        let task = self.task_mut();
        task.counts += found;
        task.place.counted = counted;
        self.save().await
    }

    async fn save(&mut self) -> Result<(), Stop> {
        if self.app.erasures.save(&mut self.erasure).await? { Ok(()) } else { Err(Stop::Elsewhere) }
    }

    fn check_time(&self) -> Result<(), Stop> {
        if Instant::now() < self.until { Ok(()) } else { Err(Stop::TimeUp) }
    }

    fn task(&self) -> &Task {
        &self.erasure.tasks[self.index]
    }

    fn task_mut(&mut self) -> &mut Task {
        &mut self.erasure.tasks[self.index]
    }
}
