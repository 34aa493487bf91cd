//! Everything of one person, as a Meta app knows them.

use std::collections::BTreeSet;

use domain::erasure::{AppUser, Origin, Scope, Task};
use domain::{Channel, Connection, Erasure, ErasureCode, UnixMillis};
use store::StoreError;

use crate::request::{Erasures, RequestError};

impl Erasures {
    /// Deletes what a person has connected, in all tenants: the tokens now, the rest through the queue. A person of whom
    /// nothing is known has nothing to delete, which is done at once; unless the login's app has people write to Pages, who are
    /// known there by other ids: that stays open until somebody has looked.
    ///
    /// An account that somebody else has connected since is that person's; only the note of this one is deleted.
    ///
    /// # Errors
    ///
    /// See [`RequestError`]. To ask again with the same code is safe.
    pub async fn erase_person(
        &self,
        person: &AppUser,
        code: ErasureCode,
        origin: Origin,
        now: UnixMillis,
    ) -> Result<Erasure, RequestError> {
        if let Some(known) = self.find(&code).await? {
            return if known.is_to_be_worked_off() { self.request(known, None).await } else { Ok(known) };
        }
        let tasks = self.tasks(person).await?;
        // Stored before the first change, so that whatever happens next, the deletion is known.
        let is_open = tasks.is_empty() && person.login.leads_to(Channel::Messenger);
        let asked =
            if is_open { Erasure::unmatched(code, origin, now) } else { Erasure::new(code, origin, tasks, now) };
        let erasure = self.request(asked, None).await?;
        let mut tenants = BTreeSet::new();
        for task in &erasure.tasks {
            if let Scope::Account { account, .. } = &task.scope {
                // First: whoever connects the account again reads it, and gets nothing back that still waits somewhere.
                self.connections.note_erasure(&task.tenant, account, erasure.requested_at).await?;
                let asked_at = erasure.requested_at.seconds();
                let is_meant = |found: &Connection| is_theirs(found, person) && found.token_refreshed_at <= asked_at;
                self.connections.revoke_if(&task.tenant, account, now.seconds(), is_meant).await?;
                tenants.insert(&task.tenant);
            }
        }
        for tenant in tenants {
            self.plans.make_room(tenant, now).await;
        }
        Ok(erasure)
    }

    async fn tasks(&self, person: &AppUser) -> Result<Vec<Task>, StoreError> {
        let mut tasks = Vec::new();
        for account in self.connections.accounts_of(person.login, &person.id).await? {
            let found = self.connections.find(&account.tenant, &account.account).await?;
            if found.is_none_or(|connection| is_theirs(&connection, person)) {
                let scope = Scope::Account { account: account.account, person: Some(person.clone()) };
                tasks.push(Task::new(account.tenant, scope));
            } else {
                self.connections.forget_person(person, &account.tenant, &account.account).await?;
            }
        }
        Ok(tasks)
    }
}

/// Whether this person has connected it.
fn is_theirs(connection: &Connection, person: &AppUser) -> bool {
    connection.login == person.login && connection.app_scoped_user_id.as_ref() == Some(&person.id)
}
