//! Which connections are due for upkeep, and what came of it.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::outbox::{LastChange, of_connection};
use domain::{Account, Connection, Login, TenantId, UnixSeconds};
use serde::{Deserialize, Serialize};

use super::ConnectionStore;
use crate::error::StoreError;
use crate::item::{Difference, Item, Written, from_item, number, text, to_item, written};
use crate::key::{Key, connection_of};
use crate::told::Telling as _;

/// The sparse index of connections that have upkeep; it holds keys only.
const BY_REFRESH: &str = "by-refresh";
/// The index's partition: the login, so that the accounts of one Meta app can be left alone.
pub(super) const REFRESH_SHARD: &str = "refresh_shard";
/// When the connection is due for upkeep, in seconds.
pub(super) const REFRESH_AT: &str = "refresh_at";
/// How often in a row that failed. Stands beside the connection, so that a reconnect forgets it.
const SETBACKS: &str = "refresh_setbacks";

/// When all was asked for that Meta can tell. Stands there too.
const CHECKED_AT: &str = "refresh_checked_at";

/// A connection that is due for upkeep.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Due {
    /// Whose.
    pub tenant: TenantId,
    /// Which account.
    pub account: Account,
}

/// Where a list of what is due goes on. It travels between our own functions only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueCursor {
    pk: String,
    sk: String,
    at: i64,
}

/// A connection with what only its upkeep needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appointment {
    /// As it is now.
    pub connection: Connection,
    /// When it is due for upkeep; `None` when that would help nobody.
    pub due_at: Option<UnixSeconds>,
    /// How often in a row that has failed.
    pub setbacks: u32,
    /// When all was asked for that Meta can tell; `None`: never, since it was connected.
    pub checked_at: Option<UnixSeconds>,
}

/// What is kept of a look at a connection, for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// When that is.
    pub due_at: UnixSeconds,
    /// How often in a row it has failed.
    pub setbacks: u32,
    /// When all was asked for that Meta can tell.
    pub checked_at: Option<UnixSeconds>,
}

impl ConnectionStore {
    /// Connections of one login that are due at this time, most overdue first, about `limit` at once. Costs what is due,
    /// not what exists. The index may be behind: what it lacks is found by the next look, and what is no longer due is seen
    /// by who reads the [appointment](Self::appointment).
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn due(
        &self,
        login: Login,
        now: UnixSeconds,
        cursor: Option<DueCursor>,
        limit: i32,
    ) -> Result<(Vec<Due>, Option<DueCursor>), StoreError> {
        let start = cursor.map(|cursor| cursor.start(login));
        let query = self.by_refresh(login, now).set_exclusive_start_key(start).limit(limit);
        let output = query.send().await?;
        let due = output.items.iter().flatten().filter_map(due_of);
        Ok((due.collect(), output.last_evaluated_key.as_ref().and_then(DueCursor::read)))
    }

    /// Connections of one login that worked last, the latest first: of those with an appointment until `until`, which each
    /// success moves on. Costs what is answered.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn latest(&self, login: Login, until: UnixSeconds, limit: i32) -> Result<Vec<Due>, StoreError> {
        let output = self.by_refresh(login, until).scan_index_forward(false).limit(limit).send().await?;
        Ok(output.items.iter().flatten().filter_map(due_of).collect())
    }

    /// A query of what has an appointment until then.
    fn by_refresh(&self, login: Login, until: UnixSeconds) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(BY_REFRESH)
            .key_condition_expression("refresh_shard = :shard AND refresh_at <= :now")
            .expression_attribute_values(":shard", text(login.as_str()))
            .expression_attribute_values(":now", number(until.get()))
    }

    /// Reads a connection and its appointment, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn appointment(&self, due: &Due) -> Result<Option<Appointment>, StoreError> {
        let Some(item) = self.get(&Key::connection(&due.tenant, &due.account)).await? else { return Ok(None) };
        let due_at = item.get(REFRESH_AT).and_then(read_number).map(UnixSeconds::new);
        let setbacks = item.get(SETBACKS).and_then(read_number).and_then(|count| u32::try_from(count).ok());
        let checked_at = item.get(CHECKED_AT).and_then(read_number).map(UnixSeconds::new);
        let connection = from_item("connection", item)?;
        Ok(Some(Appointment { connection, due_at, setbacks: setbacks.unwrap_or_default(), checked_at }))
    }

    /// Writes what upkeep has changed in a connection, and when it is due again. The version rises only where the
    /// connection itself changed.
    ///
    /// Answers the connection as it is now, `None` when it has changed since `used` was read: a disconnect or a reconnect
    /// was faster, and nothing was written.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn record_upkeep(
        &self,
        used: &Connection,
        kept: &Connection,
        next: Next,
    ) -> Result<Option<Connection>, StoreError> {
        let version = used.version + u64::from(used != kept);
        let kept = Connection { version, ..kept.clone() };
        let (mut before, mut after) = (to_item(used)?, to_item(&kept)?);
        after.insert(REFRESH_SHARD.to_owned(), text(kept.login.as_str()));
        after.insert(REFRESH_AT.to_owned(), number(next.due_at.get()));
        if let Some(checked_at) = next.checked_at {
            after.insert(CHECKED_AT.to_owned(), number(checked_at.get()));
        }
        if next.setbacks > 0 {
            after.insert(SETBACKS.to_owned(), number(next.setbacks));
        } else {
            before.insert(SETBACKS.to_owned(), AttributeValue::Null(true));
        }
        let Some(difference) = Difference::between(&before, &after) else { return Ok(Some(kept)) };
        let outcome = self
            .update_item(&used.tenant, &used.account)
            .update_expression(difference.expression)
            .condition_expression("#version = :version")
            .set_expression_attribute_names(Some(difference.names))
            .expression_attribute_names("#version", "version")
            .set_expression_attribute_values(Some(difference.values))
            .telling(LastChange::first_of(&of_connection(Some(used), &kept)))
            .expression_attribute_values(":version", number(used.version))
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)).then_some(kept))
    }
}

impl DueCursor {
    fn read(key: &Item) -> Option<Self> {
        let Key { pk, sk } = Key::of(key)?;
        Some(Self { pk, sk, at: key.get(REFRESH_AT).and_then(read_number)? })
    }

    fn start(self, login: Login) -> Item {
        let mut start = Key { pk: self.pk, sk: self.sk }.attributes();
        start.insert(REFRESH_SHARD.to_owned(), text(login.as_str()));
        start.insert(REFRESH_AT.to_owned(), number(self.at));
        start
    }
}

fn due_of(item: &Item) -> Option<Due> {
    let (tenant, account) = connection_of(&Key::of(item)?)?;
    Some(Due { tenant, account })
}

fn read_number(value: &AttributeValue) -> Option<i64> {
    value.as_n().ok()?.parse().ok()
}
