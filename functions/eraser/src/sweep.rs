//! What a look at one task does, stage by stage.

use domain::erasure::{AppUser, Counts, Place, Scope, Stage};
use domain::{Account, ConversationId};
use store::{About, EraseStore, Look};

use crate::step::{Step, Stop};

impl Step<'_> {
    /// Deletes everything of a task, from the place it has reached.
    pub(crate) async fn sweep(&mut self) -> Result<(), Stop> {
        loop {
            let next = match (self.task().place.stage, self.task().scope.clone()) {
                (Stage::Conversations, Scope::Account { account, .. }) => {
                    self.conversations(Some(&account)).await?;
                    Some(Stage::Events)
                }
                (Stage::Conversations, Scope::Tenant) => {
                    self.conversations(None).await?;
                    Some(Stage::Events)
                }
                (Stage::Conversations, Scope::Contact { conversation }) => {
                    self.conversation(&conversation).await?;
                    Some(Stage::Events)
                }
                (Stage::Events, Scope::Account { account, .. }) => {
                    self.events(About::Account(&account)).await?;
                    Some(Stage::Connection)
                }
                (Stage::Events, Scope::Contact { conversation }) => {
                    self.events(About::Conversation(&conversation)).await?;
                    None
                }
                (Stage::Events, Scope::Tenant) => {
                    self.events(About::Anything).await?;
                    Some(Stage::Connection)
                }
                (Stage::Connection, Scope::Account { account, person }) => {
                    // Those about other accounts go as well: nothing tells them apart, and they are a log.
                    self.deliveries(None).await?;
                    self.connection(&account, person.as_ref()).await?;
                    None
                }
                (Stage::Connection, Scope::Tenant) => {
                    self.connections().await?;
                    Some(Stage::Records)
                }
                (Stage::Records, Scope::Tenant) => {
                    self.records().await?;
                    None
                }
                (_, Scope::Other(_)) | (Stage::Other(_), _) => return Err(Stop::ForNewer),
                (Stage::Connection, Scope::Contact { .. }) | (Stage::Records, _) => None,
            };
            let Some(stage) = next else { return Ok(()) };
            let swept_at = self.task().place.swept_at;
            self.task_mut().place = Place { stage, swept_at, ..Place::default() };
            self.save().await?;
        }
    }

    /// Empties the conversations of an account, or of all.
    async fn conversations(&mut self, account: Option<&Account>) -> Result<(), Stop> {
        let tenant = self.task().tenant.clone();
        loop {
            let after = self.task().place.behind.clone();
            let (found, next) = self.app.eraser.conversations_after(&tenant, account, after.as_ref()).await?;
            for conversation in found {
                self.conversation(&conversation).await?;
                self.task_mut().place.behind = Some(EraseStore::mark(&tenant, &conversation));
            }
            if next.is_none() {
                return Ok(());
            }
            self.task_mut().place.behind = next;
            self.check_time().await?;
        }
    }

    /// Empties a conversation after its messages are deleted.
    async fn conversation(&mut self, conversation: &ConversationId) -> Result<(), Stop> {
        let (tenant, cutoff, look) = (self.task().tenant.clone(), self.cutoff, self.look());
        let mut after = None;
        loop {
            let found = self.app.eraser.messages(&tenant, conversation, cutoff, after.as_ref()).await?;
            if !found.is_empty() {
                let messages = found.count_after(self.task().place.counted.as_ref());
                self.count(Counts { messages, ..Counts::default() }, found.last()).await?;
                self.app.eraser.delete_messages(&found).await?;
                self.check_time().await?;
            }
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        self.deliveries(Some(conversation)).await?;
        let is_from_before = self.app.eraser.is_from_before(&tenant, conversation, cutoff).await?;
        if is_from_before {
            self.task_mut().place.conversation = Some(conversation.clone());
            self.count(Counts { conversations: 1, ..Counts::default() }, None).await?;
        }
        self.app.eraser.erase_conversation(&tenant, conversation, cutoff, look).await?;
        let place = &mut self.task_mut().place;
        (place.conversation, place.counted) = (None, None);
        if is_from_before { self.check_time().await } else { Ok(()) }
    }

    /// Deletes what endpoints were told of a conversation, or of what is in none.
    async fn deliveries(&mut self, conversation: Option<&ConversationId>) -> Result<(), Stop> {
        let (tenant, cutoff) = (self.task().tenant.clone(), self.cutoff);
        let mut after = None;
        loop {
            let found = self.app.eraser.deliveries(&tenant, conversation, cutoff, after.as_ref()).await?;
            self.app.eraser.delete_deliveries(&found).await?;
            after = found.next;
            if after.is_none() {
                return Ok(());
            }
            self.check_time().await?;
        }
    }

    /// Deletes the tenant's endpoints and open browsers.
    async fn listeners(&mut self) -> Result<(), Stop> {
        let tenant = self.task().tenant.clone();
        loop {
            let found = self.app.eraser.listeners(&tenant).await?;
            if found.is_empty() {
                return Ok(());
            }
            self.app.eraser.delete_listeners(&found).await?;
            self.check_time().await?;
        }
    }

    /// Deletes the audit log's lines about something.
    async fn events(&mut self, about: About<'_>) -> Result<(), Stop> {
        let (tenant, cutoff) = (self.task().tenant.clone(), self.cutoff);
        loop {
            let after = self.task().place.behind.clone();
            let found = self.app.eraser.events_about(&tenant, about, cutoff, after.as_ref()).await?;
            if !found.is_empty() {
                let events = found.count_after(self.task().place.counted.as_ref());
                self.count(Counts { events, ..Counts::default() }, found.last()).await?;
                self.app.eraser.delete_events(&found).await?;
            }
            if found.next.is_none() {
                return Ok(());
            }
            self.task_mut().place.behind = found.next;
            self.check_time().await?;
        }
    }

    /// Deletes the tenant's profile, who listens to it, and what was counted and remembered for it, which nobody looks at again.
    async fn records(&mut self) -> Result<(), Stop> {
        let (tenant, asked_at) = (self.task().tenant.clone(), self.erasure.requested_at);
        self.deliveries(None).await?;
        if self.look() == Look::First {
            self.listeners().await?;
        }
        // The second look would find what a tenant that is back has used since.
        while self.look() == Look::First {
            let found = self.app.eraser.records(&tenant).await?;
            if found.is_empty() {
                break;
            }
            self.app.eraser.delete_records(&found).await?;
            self.check_time().await?;
        }
        Ok(self.app.tenants.forget(&tenant, asked_at).await?)
    }

    async fn connections(&mut self) -> Result<(), Stop> {
        let tenant = self.task().tenant.clone();
        for connection in self.app.connections.list(&tenant).await? {
            if self.connection(&connection.account, None).await? {
                self.check_time().await?;
            }
        }
        Ok(())
    }

    /// Deletes a connection that was not made again since, and all that leads to it. Tells whether there was one.
    async fn connection(&mut self, account: &Account, person: Option<&AppUser>) -> Result<bool, Stop> {
        let (tenant, asked_at) = (self.task().tenant.clone(), self.erasure.requested_at);
        self.app.connections.note_erasure(&tenant, account, self.cutoff).await?;
        let forgotten = self.app.connections.forget(&tenant, account, person, asked_at).await?;
        self.task_mut().counts.connections += u64::from(forgotten);
        Ok(forgotten)
    }

    /// Notes what is about to be deleted, and up to where it is counted.
    async fn count(&mut self, found: Counts, counted: Option<String>) -> Result<(), Stop> {
        let task = self.task_mut();
        task.counts += found;
        task.place.counted = counted;
        self.save().await
    }

    fn look(&self) -> Look {
        if self.task().place.swept_at.is_some() { Look::Second } else { Look::First }
    }
}
