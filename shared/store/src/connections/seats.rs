//! Connections count against the plan in the very transactions that make, pause, resume and end them.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::outbox::{LastChange, of_connection};
use domain::{Connection, ConnectionStatus, TenantId, UnixSeconds};

use super::ConnectionStore;
use super::upkeep::{REFRESH_AT, REFRESH_SHARD};
use crate::error::StoreError;
use crate::item::{number, text, to_value};
use crate::key::Key;
use crate::tenants::{TENANTS, TENANTS_SHARD};
use crate::told::Telling as _;
use crate::transaction::{self, Part as _};

/// What the plan has room for, as it was read. The write that takes the room checks that it is still so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Connections that may count at once; `None`: any number.
    pub max_connections: Option<u32>,
    /// The version of the tenant's profile that this was read from; `None`: whatever it is.
    pub plan_version: Option<u64>,
}

impl ConnectionStore {
    /// Pauses a connection that the plan has no room for any more: it neither receives nor sends, and keeps everything,
    /// its account and its token among it. `None` when it has changed since it was read; nothing is done then.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Conflict`].
    pub async fn pause(&self, used: &Connection, now: UnixSeconds) -> Result<Option<Connection>, StoreError> {
        let paused = changed(used, ConnectionStatus::Paused, now);
        let mut writes = vec![self.set_status(used, &paused)?, self.pause_route(used)?];
        if used.counts() {
            writes.push(self.count_no_more(&used.tenant)?);
        }
        let outcome = transaction::write(&self.client, writes).await?;
        Ok(outcome.is_ok().then_some(paused))
    }

    /// Takes a pause back, if the plan has room. A connection that Meta refused before or meanwhile is in error again.
    /// `None` when there is no room or the connection has changed since it was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Conflict`].
    pub async fn resume(
        &self,
        used: &Connection,
        allowance: &Allowance,
        now: UnixSeconds,
    ) -> Result<Option<Connection>, StoreError> {
        let status = if used.error.is_some() { ConnectionStatus::Error } else { ConnectionStatus::Active };
        let resumed = changed(used, status, now);
        let writes = vec![
            self.set_status(used, &resumed)?,
            self.route_update(used).update_expression("REMOVE paused").part()?,
            self.count(&used.tenant, allowance)?,
        ];
        let outcome = transaction::write(&self.client, writes).await?;
        Ok(outcome.is_ok().then_some(resumed))
    }

    /// One more connection counts, if there is room.
    pub(super) fn count(&self, tenant: &TenantId, allowance: &Allowance) -> Result<TransactWriteItem, StoreError> {
        let mut conditions = Vec::new();
        let mut update = self.counter(tenant, 1);
        if let Some(limit) = allowance.max_connections {
            // Without the first half a limit of zero would let the first connection through.
            conditions.push("((attribute_not_exists(connections) AND :limit > :zero) OR connections < :limit)");
            update = update.expression_attribute_values(":limit", number(limit));
        }
        if let Some(version) = allowance.plan_version {
            conditions.push("(#version = :version OR (attribute_not_exists(#version) AND :version = :zero))");
            update = update
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", number(version));
        }
        if !conditions.is_empty() {
            update =
                update.condition_expression(conditions.join(" AND ")).expression_attribute_values(":zero", number(0));
        }
        update.part()
    }

    /// One connection less counts.
    pub(super) fn count_no_more(&self, tenant: &TenantId) -> Result<TransactWriteItem, StoreError> {
        self.counter(tenant, -1).part()
    }

    /// The tenant's item is made where there is none: who connects becomes known to the operator.
    fn counter(&self, tenant: &TenantId, change: i32) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.tenants)
            .set_key(Some(Key::profile(tenant).attributes()))
            .update_expression(format!("SET tenant = :tenant, {TENANTS_SHARD} = :shard ADD connections :change"))
            .expression_attribute_values(":tenant", text(tenant.as_str()))
            .expression_attribute_values(":shard", text(TENANTS))
            .expression_attribute_values(":change", number(change))
    }

    /// Turns the connection that was read into another status, and touches nothing else of it. Who waits has upkeep
    /// when the token is to be renewed; who comes back is at once.
    fn set_status(&self, used: &Connection, next: &Connection) -> Result<TransactWriteItem, StoreError> {
        let set = "SET #status = :status, updated_at = :now, #version = :next";
        let change = LastChange::first_of(&of_connection(Some(used), next));
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::connection(&used.tenant, &used.account).attributes()))
            .condition_expression("#version = :version")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":status", to_value(&next.status)?)
            .expression_attribute_values(":version", number(used.version))
            .expression_attribute_values(":next", number(next.version))
            .expression_attribute_values(":now", number(next.updated_at.get()));
        let due_at = if next.is_active() { Some(next.updated_at) } else { next.upkeep_at(next.updated_at) };
        match due_at {
            Some(due_at) => update
                .update_expression(format!("{set}, {REFRESH_SHARD} = :login, {REFRESH_AT} = :due"))
                .telling(change)
                .expression_attribute_values(":login", text(next.login.as_str()))
                .expression_attribute_values(":due", number(due_at.get())),
            None => update.update_expression(format!("{set} REMOVE {REFRESH_SHARD}, {REFRESH_AT}")).telling(change),
        }
        .part()
    }

    fn pause_route(&self, used: &Connection) -> Result<TransactWriteItem, StoreError> {
        self.route_update(used)
            .update_expression("SET paused = :paused")
            .expression_attribute_values(":paused", to_value(&true)?)
            .part()
    }

    /// The route by account: a route by Page only says whose Page it is.
    fn route_update(&self, connection: &Connection) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::route(&connection.account).attributes()))
            .condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", text(connection.tenant.as_str()))
    }
}

fn changed(used: &Connection, status: ConnectionStatus, now: UnixSeconds) -> Connection {
    Connection { status, version: used.version + 1, updated_at: now, ..used.clone() }
}
