//! Everything of one person, as a Meta app knows them.

use domain::erasure::{AppUser, Origin, Scope, Task};
use domain::{Erasure, ErasureCode, UnixMillis};
use store::{ConnectionStore, StoreError};

use crate::request::{Erasures, RequestError};

/// Deletes what a person has connected, in all tenants: the tokens now, the rest through the queue. A person of whom
/// nothing is known has nothing to delete, which is done at once.
///
/// An account that somebody else has connected since is that person's; only the note of this one is deleted.
///
/// # Errors
///
/// See [`RequestError`]. To ask again with the same code is safe.
pub async fn erase_person(
    connections: &ConnectionStore,
    erasures: &Erasures,
    person: &AppUser,
    code: ErasureCode,
    origin: Origin,
    now: UnixMillis,
) -> Result<Erasure, RequestError> {
    if let Some(known) = erasures.find(&code).await? {
        return erasures.request(known, None).await;
    }
    let tasks = tasks(connections, person).await?;
    // Stored before the first change, so that whatever happens next, the deletion is known.
    let erasure = erasures.request(Erasure::new(code, origin, tasks, now), None).await?;
    for task in &erasure.tasks {
        if let Scope::Account { ig_user_id, .. } = &task.scope {
            connections.revoke(&task.tenant, ig_user_id, now.seconds()).await?;
        }
    }
    Ok(erasure)
}

async fn tasks(connections: &ConnectionStore, person: &AppUser) -> Result<Vec<Task>, StoreError> {
    let mut tasks = Vec::new();
    for account in connections.accounts_of(person.login, &person.id).await? {
        let found = connections.find(&account.tenant, &account.ig_user_id).await?;
        let is_theirs = found.is_none_or(|connection| {
            connection.login == person.login && connection.app_scoped_user_id.as_ref() == Some(&person.id)
        });
        if is_theirs {
            let scope = Scope::Account { ig_user_id: account.ig_user_id, person: Some(person.clone()) };
            tasks.push(Task::new(account.tenant, scope));
        } else {
            connections.forget_person(person, &account.tenant, &account.ig_user_id).await?;
        }
    }
    Ok(tasks)
}
