//! A connection is deleted with all that leads to it, and plans change how long messages are kept.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};
use domain::erasure::AppUser;
use domain::outbox::LastChange;
use domain::{Account, Connection, TenantId, UnixMillis};
use serde::{Deserialize, Serialize};

use super::ConnectionStore;
use crate::erase::tombstone_end;
use crate::error::StoreError;
use crate::item::{Keyed, Written, from_item, number, text, written};
use crate::key::Key;
use crate::told::Telling as _;
use crate::transaction::{self, Part as _};

/// What is left of an account that was deleted.
#[derive(Serialize, Deserialize)]
struct ErasedAccount {
    erased_before: UnixMillis,
}

impl ConnectionStore {
    /// Deletes a tenant's connection to an account, its routes, and the note of who connected it. Tells whether there was a
    /// connection.
    ///
    /// One that was made again after `asked_at` is a new matter: it stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the connection changes meanwhile, [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn forget(
        &self,
        tenant: &TenantId,
        account: &Account,
        person: Option<&AppUser>,
        asked_at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let is_meant = |connection: &Connection| !connection.was_made_since(asked_at);
        let Some(connection) = self.revoke_if(tenant, account, asked_at.seconds(), is_meant).await? else {
            if let Some(person) = person
                && self.find(tenant, account).await?.is_none()
            {
                self.forget_person(person, tenant, account).await?;
            }
            return Ok(false);
        };
        // Together, under the version: whoever connects the account again meanwhile keeps all that leads to it.
        let own = connection.app_scoped_user_id.clone().map(|id| AppUser { login: connection.login, id });
        let notes: HashSet<Key> =
            own.iter().chain(person).map(|person| Key::app_user(person.login, &person.id, tenant, account)).collect();
        let mut writes = vec![self.delete_connection(&connection)?];
        for note in notes {
            writes.push(Delete::builder().table_name(&self.table).set_key(Some(note.attributes())).part()?);
        }
        transaction::write(&self.client, writes).await?.map_err(|_| StoreError::Conflict)?;
        Ok(true)
    }

    /// Notes that everything of an account until `cutoff` is deleted, under a digest of its id: whoever connects it again
    /// does not get back what was received by then and still waited somewhere.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn note_erasure(
        &self,
        tenant: &TenantId,
        account: &Account,
        cutoff: UnixMillis,
    ) -> Result<(), StoreError> {
        let key = Key::erased_account(tenant, account);
        let note = ErasedAccount { erased_before: cutoff };
        let outcome = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(Keyed::new(&key, &note).expiring(tombstone_end(cutoff)).item()?))
            .condition_expression("attribute_not_exists(pk) OR erased_before < :cutoff")
            .expression_attribute_values(":cutoff", number(cutoff.get()))
            .send()
            .await;
        // Refused: a later one is noted.
        let (Written::Done(_) | Written::Refused(_)) = written(outcome, |_| None)?;
        Ok(())
    }

    /// Until when everything of an account was deleted, as far as that is noted.
    pub(super) async fn erased_before(
        &self,
        tenant: &TenantId,
        account: &Account,
    ) -> Result<Option<UnixMillis>, StoreError> {
        let found = self.get(&Key::erased_account(tenant, account)).await?;
        let note: Option<ErasedAccount> = found.map(|item| from_item("note of a deletion", item)).transpose()?;
        Ok(note.map(|note| note.erased_before))
    }

    /// Deletes the note that this person connected the account.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn forget_person(
        &self,
        person: &AppUser,
        tenant: &TenantId,
        account: &Account,
    ) -> Result<(), StoreError> {
        let key = Key::app_user(person.login, &person.id, tenant, account);
        self.client.delete_item().table_name(&self.table).set_key(Some(key.attributes())).send().await?;
        Ok(())
    }

    /// Notes in a connection and its routes how long messages are kept from now on, as after a change of the plan.
    /// Messages that are stored already keep their time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn set_retention(&self, connection: &Connection, days: Option<u32>) -> Result<(), StoreError> {
        let own = Key::connection(&connection.tenant, &connection.account);
        let page = connection.page_id.as_ref();
        let page = page.map(|page| Key::page_route(connection.account.channel, page));
        for key in [Some(own), Some(Key::route(&connection.account)), page].into_iter().flatten() {
            let update = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(key.attributes()))
                .condition_expression("tenant = :tenant AND account = :account")
                .expression_attribute_values(":tenant", text(connection.tenant.as_str()))
                .expression_attribute_values(":account", text(connection.account.to_string()));
            let update = match days {
                Some(days) => update
                    .update_expression("SET retention_days = :days")
                    .telling(LastChange::Kept)
                    .expression_attribute_values(":days", number(days)),
                None => update.update_expression("REMOVE retention_days").telling(LastChange::Kept),
            };
            // Refused: gone meanwhile, or another tenant's by now.
            let (Written::Done(_) | Written::Refused(_)) = written(update.send().await, |_| None)?;
        }
        Ok(())
    }

    fn delete_connection(&self, connection: &Connection) -> Result<TransactWriteItem, StoreError> {
        Delete::builder()
            .table_name(&self.table)
            .set_key(Some(Key::connection(&connection.tenant, &connection.account).attributes()))
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":version", number(connection.version))
            .part()
    }
}
