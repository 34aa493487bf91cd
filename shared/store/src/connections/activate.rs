//! An account belongs to one tenant: enforced by the key of its route, in the transaction that activates it.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::outbox::LastChange;
use domain::{Account, Connection, ConnectionStatus, PageId, Route, TenantId, UnixSeconds};

use super::upkeep::{REFRESH_AT, REFRESH_SHARD};
use super::{Allowance, AppUserAccount, ConnectionStore};
use crate::error::StoreError;
use crate::item::{IndexValue, Keyed, from_item, number, text};
use crate::key::Key;
use crate::retry::{ATTEMPTS, pause};
use crate::told::told;
use crate::transaction::{self, Part as _};

/// A route that another tenant holds is left alone.
const MINE_OR_NOBODYS: &str = "attribute_not_exists(pk) OR tenant = :tenant";

/// Why an account was not connected. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    /// Another tenant has connected this account or its Page.
    #[error("the account belongs to another tenant")]
    OwnedByAnother,
    /// The connection is not at the version that the caller expected.
    #[error("the connection was changed meanwhile")]
    Conflict,
    /// The plan has no room for one more connection, or is not the one any more that the caller knows.
    #[error("the plan has no room for one more connection")]
    NoRoom,
    /// See there.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConnectionStore {
    /// Stores a connection together with its routes, all or nothing. The version is set here; the connection is
    /// answered as it was stored.
    ///
    /// `expected` is the version of the connection that it replaces (a revoked one, or a reconnect), `None` when the
    /// tenant has had none for this account. The route of a Page that the connection no longer has is removed. An account that
    /// counts already, as with a reconnect, takes no further room.
    ///
    /// # Errors
    ///
    /// See [`ActivateError`]. Uniqueness and limit hold under concurrency: of two tenants that activate the same account at
    /// once one gets [`ActivateError::OwnedByAnother`], of many that take the last place one gets it.
    pub async fn activate(
        &self,
        connection: &Connection,
        expected: Option<u64>,
        allowance: &Allowance,
    ) -> Result<Connection, ActivateError> {
        let erased_before = self.erased_before(&connection.tenant, &connection.account).await?;
        let stored = Connection {
            version: expected.map_or(1, |version| version + 1),
            erased_before: connection.erased_before.max(erased_before),
            ..connection.clone()
        };
        let mut writes = self.claims(&stored)?;
        let mut counts_already = false;
        if expected.is_some() {
            let previous = self.find(&stored.tenant, &stored.account).await?;
            counts_already = previous.as_ref().is_some_and(Connection::counts);
            writes.extend(self.page_to_leave(previous.as_ref(), stored.page_id.as_ref()).await?);
        }
        let claims = writes.len();
        writes.push(self.put_connection(&stored, expected, LastChange::Connected)?);
        if !counts_already {
            writes.push(self.count(&stored.tenant, allowance)?);
        }
        transaction::write(&self.client, writes).await?.map_err(|refused| match refused.0.iter().min() {
            Some(place) if *place < claims => ActivateError::OwnedByAnother,
            Some(place) if *place == claims => ActivateError::Conflict,
            _ => ActivateError::NoRoom,
        })?;
        Ok(stored)
    }

    /// Ends a connection: token and routes are removed together, so that nothing is received or sent any more. The
    /// history stays. Answers the revoked connection (also when it was revoked before), `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when others keep changing the connection, [`StoreError::Unavailable`].
    pub async fn revoke(
        &self,
        tenant: &TenantId,
        account: &Account,
        now: UnixSeconds,
    ) -> Result<Option<Connection>, StoreError> {
        self.revoke_if(tenant, account, now, |_| true).await
    }

    /// As [`Self::revoke`], where the connection is the one that the caller means, which is asked of the very version that
    /// ends: whoever connects the account again meanwhile is not hit by a decision about what was there before. `None` also
    /// where it is not meant.
    ///
    /// # Errors
    ///
    /// As [`Self::revoke`].
    pub async fn revoke_if(
        &self,
        tenant: &TenantId,
        account: &Account,
        now: UnixSeconds,
        is_meant: impl Fn(&Connection) -> bool,
    ) -> Result<Option<Connection>, StoreError> {
        for attempt in 0..ATTEMPTS {
            let Some(found) = self.find(tenant, account).await?.filter(&is_meant) else { return Ok(None) };
            if found.status == ConnectionStatus::Revoked {
                return Ok(Some(found));
            }
            let expected = found.version;
            let mut writes = vec![self.leave(&Key::route(account), account)?];
            writes.extend(self.page_to_leave(Some(&found), None).await?);
            if found.counts() {
                writes.push(self.count_no_more(tenant)?);
            }
            let revoked = revoked(found, now);
            writes.push(self.put_connection(&revoked, Some(expected), LastChange::Disconnected)?);
            if transaction::write(&self.client, writes).await?.is_ok() {
                return Ok(Some(revoked));
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }

    /// The routes, and the note of who connected the account.
    fn claims(&self, connection: &Connection) -> Result<Vec<TransactWriteItem>, StoreError> {
        let route = Route {
            tenant: connection.tenant.clone(),
            account: connection.account.clone(),
            retention_days: connection.retention_days,
            erased_before: connection.erased_before,
            paused: false,
        };
        let channel = connection.account.channel;
        let pages = connection.page_id.iter().map(|page| Key::page_route(channel, page));
        let mut writes = std::iter::once(Key::route(&connection.account))
            .chain(pages)
            .map(|key| self.put_route(&key, &route))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(person) = &connection.app_scoped_user_id {
            let account = AppUserAccount { tenant: route.tenant, account: route.account };
            let key = Key::app_user(connection.login, person, &account.tenant, &account.account);
            writes.push(
                Put::builder().table_name(&self.table).set_item(Some(Keyed::new(&key, &account).item()?)).part()?,
            );
        }
        Ok(writes)
    }

    fn put_route(&self, key: &Key, route: &Route) -> Result<TransactWriteItem, StoreError> {
        Put::builder()
            .table_name(&self.table)
            .set_item(Some(Keyed::new(key, route).item()?))
            .condition_expression(MINE_OR_NOBODYS)
            .expression_attribute_values(":tenant", text(route.tenant.as_str()))
            .part()
    }

    fn put_connection(
        &self,
        connection: &Connection,
        expected: Option<u64>,
        change: LastChange,
    ) -> Result<TransactWriteItem, StoreError> {
        let write = Put::builder().table_name(&self.table);
        let write = match expected {
            None => write.condition_expression("attribute_not_exists(pk)"),
            Some(version) => write
                .condition_expression("#version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", number(version)),
        };
        let key = Key::connection(&connection.tenant, &connection.account);
        let keyed = refresh_attributes(connection)
            .into_iter()
            .fold(Keyed::new(&key, connection), |keyed, (name, value)| keyed.indexed(name, value));
        write.set_item(Some(told(keyed.item()?, change))).part()
    }

    /// The removal of the Page's route that `previous` has and its successor has not, if it still leads to this account.
    async fn page_to_leave(
        &self,
        previous: Option<&Connection>,
        kept: Option<&PageId>,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let Some((connection, page)) = previous.and_then(|it| Some((it, it.page_id.as_ref()?))) else {
            return Ok(None);
        };
        if kept == Some(page) {
            return Ok(None);
        }
        let key = Key::page_route(connection.account.channel, page);
        let route = self.get(&key).await?.map(|item| from_item::<Route>("route", item)).transpose()?;
        let leads_here =
            route.is_some_and(|route| route.tenant == connection.tenant && route.account == connection.account);
        leads_here.then(|| self.leave(&key, &connection.account)).transpose()
    }

    fn leave(&self, key: &Key, account: &Account) -> Result<TransactWriteItem, StoreError> {
        Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .condition_expression("attribute_not_exists(pk) OR account = :account")
            .expression_attribute_values(":account", text(account.to_string()))
            .part()
    }
}

fn revoked(found: Connection, now: UnixSeconds) -> Connection {
    Connection {
        status: ConnectionStatus::Revoked,
        token: None,
        token_expires_at: None,
        error: None,
        notice: None,
        profiles_refused: None,
        enforcement: None,
        version: found.version + 1,
        updated_at: now,
        ..found
    }
}

/// Places a connection in the index of what is due for upkeep, by its login, if it is.
pub(super) fn refresh_attributes(connection: &Connection) -> Vec<(&'static str, IndexValue)> {
    let Some(due_at) = connection.upkeep_at(connection.updated_at) else { return Vec::new() };
    vec![
        (REFRESH_SHARD, IndexValue::Text(connection.login.as_str().to_owned())),
        (REFRESH_AT, IndexValue::Number(due_at.get())),
    ]
}
