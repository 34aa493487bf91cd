//! A tenant's connected accounts, and the routes by which webhooks find them.

mod activate;
mod all;
mod conduct;
mod forget;
mod profiles;
mod rest;
mod seats;
mod token;
mod upkeep;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::connection::ConnectionError;
use domain::outbox::LastChange;
use domain::{
    Account, AppScopedId, Channel, Connection, ConnectionStatus, Login, PageId, Route, TenantId, UnixSeconds,
};
use serde::{Deserialize, Serialize};

pub use self::activate::ActivateError;
pub use self::seats::Allowance;
pub use self::upkeep::{Appointment, Due, DueCursor, Next};
use crate::error::StoreError;
use crate::expiry;
use crate::item::{Item, Written, from_item, number, readable, text, to_value, written};
use crate::key::{ACCOUNT, CONNECTED, Key, app_user_partition, tenant_partition};
use crate::tables::Tables;
use crate::told::Telling as _;

/// How exact `last_webhook_at` is: a write for each webhook would cost as much as a message.
const TOUCH_SECONDS: i64 = 300;

/// Accounts whose last touch is remembered by one process.
const REMEMBERED_TOUCHES: usize = 10_000;

/// Connections and routes.
#[derive(Clone, Debug)]
pub struct ConnectionStore {
    client: Client,
    table: String,
    tenants: String,
    touched: Arc<Mutex<HashMap<(TenantId, Account), UnixSeconds>>>,
}

/// An account that a person connected: kept after the connection ends, for Meta's callbacks that name only the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppUserAccount {
    /// Who connected it.
    pub tenant: TenantId,
    /// The account.
    pub account: Account,
}

impl ConnectionStore {
    /// A store on the connections table, and on that of tenants, where connections are counted. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, table: tables.connections.clone(), tenants: tables.tenants.clone(), touched: Arc::default() }
    }

    /// Reads a connection, in whatever status, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn find(&self, tenant: &TenantId, account: &Account) -> Result<Option<Connection>, StoreError> {
        let found = self.get(&Key::connection(tenant, account)).await?;
        found.map(|item| from_item("connection", item)).transpose()
    }

    /// All connections of a tenant, revoked ones among them, by account; strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Connection>, StoreError> {
        self.query("connection", &tenant_partition(tenant), ACCOUNT).await
    }

    /// Whose account this is, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn route(&self, account: &Account) -> Result<Option<Route>, StoreError> {
        self.get(&Key::route(account)).await?.map(|item| from_item("route", item)).transpose()
    }

    /// The live connections that act as a Page: the Page's own, and those of accounts that it is linked to. At most one of each,
    /// whoever's they are.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn receiving_over(&self, page: &PageId) -> Result<Vec<Connection>, StoreError> {
        let under_account = Channel::ALL.map(|channel| Key::page_route(channel, page));
        let as_account = Key::route(&Account::messenger(page));
        let mut connections = Vec::new();
        for key in under_account.into_iter().chain([as_account]) {
            connections.extend(self.live(&key).await?.filter(|found| found.acting_page().as_ref() == Some(page)));
        }
        Ok(connections)
    }

    /// The live connection to an account, whoever's it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn receiving(&self, account: &Account) -> Result<Option<Connection>, StoreError> {
        self.live(&Key::route(account)).await
    }

    /// The connection that a route leads to, where that is to receive.
    async fn live(&self, route: &Key) -> Result<Option<Connection>, StoreError> {
        let Some(item) = self.get(route).await? else { return Ok(None) };
        let Route { tenant, account, .. } = from_item("route", item)?;
        Ok(self.find(&tenant, &account).await?.filter(Connection::counts))
    }

    /// What a person has ever connected through a Meta app of this login.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn accounts_of(&self, login: Login, person: &AppScopedId) -> Result<Vec<AppUserAccount>, StoreError> {
        self.query("account of a person", &app_user_partition(login, person), CONNECTED).await
    }

    /// Notes that Meta refuses the connection's token. Answers the connection, or `None` when it is not the one that
    /// the caller used any more (a reconnect was faster) and nothing was changed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn set_error(
        &self,
        used: &Connection,
        error: &ConnectionError,
        now: UnixSeconds,
    ) -> Result<Option<Connection>, StoreError> {
        let update = self
            .update(used, now)
            .update_expression(
                "SET #status = :status, #error = :error, updated_at = :now ADD #version :one \
                 REMOVE refresh_shard, refresh_at",
            )
            .telling(LastChange::Broken)
            .expression_attribute_values(":status", to_value(&unless_paused(used, ConnectionStatus::Error))?)
            .expression_attribute_values(":error", to_value(error)?);
        changed(update).await
    }

    /// Takes the note of [`Self::set_error`] back, and what was to be done. Answers as it does.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn clear_error(&self, used: &Connection, now: UnixSeconds) -> Result<Option<Connection>, StoreError> {
        let status = unless_paused(used, ConnectionStatus::Active);
        let healed = Connection { status, error: None, notice: None, ..used.clone() };
        let mut expression = "SET #status = :status, updated_at = :now".to_owned();
        let mut update = self.update(used, now);
        for (name, value) in activate::refresh_attributes(&healed) {
            expression = format!("{expression}, {name} = :{name}");
            update = update.expression_attribute_values(format!(":{name}"), to_value(&value)?);
        }
        let update = update
            .update_expression(format!("{expression} ADD #version :one REMOVE #error, #notice"))
            .telling(LastChange::Recovered)
            .expression_attribute_names("#notice", "notice")
            .expression_attribute_values(":status", to_value(&healed.status)?);
        changed(update).await
    }

    /// Notes that Meta delivered something for the account: at most one write in five minutes, none that anybody waits
    /// for twice. A connection that is gone is left alone.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn touch_webhook(
        &self,
        tenant: &TenantId,
        account: &Account,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        let whose = (tenant.clone(), account.clone());
        if self.touched().get(&whose).is_some_and(|at| now < at.plus(TOUCH_SECONDS)) {
            return Ok(());
        }
        let outcome = self
            .update_item(tenant, account)
            .update_expression("SET last_webhook_at = :now")
            .telling(LastChange::Kept)
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(last_webhook_at) OR last_webhook_at <= :before)",
            )
            .expression_attribute_values(":now", number(now.get()))
            .expression_attribute_values(":before", number(now.plus(-TOUCH_SECONDS).get()))
            .send()
            .await;
        written(outcome, |_| None)?;
        let mut touched = self.touched();
        if touched.len() >= REMEMBERED_TOUCHES {
            touched.clear();
        }
        touched.insert(whose, now);
        Ok(())
    }

    fn touched(&self) -> std::sync::MutexGuard<'_, HashMap<(TenantId, Account), UnixSeconds>> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An update of a connection, without any condition yet.
    fn update_item(&self, tenant: &TenantId, account: &Account) -> UpdateItemFluentBuilder {
        let key = Key::connection(tenant, account).attributes();
        self.client.update_item().table_name(&self.table).set_key(Some(key))
    }

    /// An update of the connection that the caller used, refused when it has changed since.
    fn update(&self, used: &Connection, now: UnixSeconds) -> UpdateItemFluentBuilder {
        self.update_item(&used.tenant, &used.account)
            .condition_expression("#version = :version AND #status <> :revoked")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#error", "error")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":version", number(used.version))
            .expression_attribute_values(":revoked", text("revoked"))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", number(now.get()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::None)
    }

    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key.attributes()));
        let found = read.consistent_read(true).send().await?.item;
        Ok(found.filter(|item| expiry::living(item, expiry::now(&self.client))))
    }

    /// Everything in a partition whose sort key begins so, and that can be read.
    async fn query<T: serde::de::DeserializeOwned>(
        &self,
        entity: &'static str,
        partition: &str,
        prefix: &str,
    ) -> Result<Vec<T>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":prefix", text(prefix))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let now = expiry::now(&self.client);
        let mut entities = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item?;
            if expiry::living(&item, now) {
                entities.extend(readable(entity, item));
            }
        }
        Ok(entities)
    }
}

/// A pause is the plan's: no answer of Meta's ends it.
const fn unless_paused(used: &Connection, status: ConnectionStatus) -> ConnectionStatus {
    match used.status {
        ConnectionStatus::Paused => ConnectionStatus::Paused,
        _ => status,
    }
}

async fn changed(update: UpdateItemFluentBuilder) -> Result<Option<Connection>, StoreError> {
    match written(update.send().await, |output| output.attributes)? {
        Written::Done(item) => item.map(|item| from_item("connection", item)).transpose(),
        Written::Refused(_) => Ok(None),
    }
}
