//! The integrator's endpoints, and how they fare.

mod health;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::builders::{DeleteBuilder, PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{ReturnValue, Update};
use domain::endpoint::{Endpoint, FormerSecret, OffReason};
use domain::outbox::{EndpointKey, EventType};
use domain::{SealedToken, TenantId, UnixMillis};

pub use self::health::{NEXT_SHARDS, Waiting};
use crate::error::StoreError;
use crate::expiry::{self, Conditional as _};
use crate::item::{Item, Keyed, Written, from_item, number, readable, text, to_value, written};
use crate::key::{ENDPOINT, Key, listeners_partition};
use crate::tables::Tables;
use crate::transaction::{self, Part as _, Refused};

/// Endpoints of tenants and of the operator.
#[derive(Clone, Debug)]
pub struct EndpointStore {
    client: Client,
    table: String,
}

/// What is to be another way; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointChange {
    /// Where it is.
    pub url: Option<String>,
    /// What it is for; the inner `None` takes it away.
    pub description: Option<Option<String>>,
    /// Of what it is told.
    pub types: Option<BTreeSet<EventType>>,
    /// Whether it gets content.
    pub with_content: Option<bool>,
    /// Whether it is told anything.
    pub enabled: Option<bool>,
}

impl EndpointStore {
    /// A store on the table of listeners. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, table: tables.listeners.clone() }
    }

    /// Reads an endpoint, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn find(&self, key: &EndpointKey) -> Result<Option<Endpoint>, StoreError> {
        let read = self.client.get_item().table_name(&self.table).set_key(Some(Key::endpoint(key).attributes()));
        let found = read.consistent_read(true).send().await?.item;
        found.map(|item| from_item("endpoint", item)).transpose()
    }

    /// Somebody's endpoints, the oldest first, strongly consistent; the operator's for `None`. One that cannot be read is left out.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, owner: Option<&TenantId>) -> Result<Vec<Endpoint>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(listeners_partition(owner)))
            .expression_attribute_values(":prefix", text(ENDPOINT))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.extend(readable("endpoint", item?));
        }
        Ok(found)
    }

    /// Adds an endpoint if its owner has fewer than `limit`, however many try at once. Tells whether it was added.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Conflict`].
    pub async fn insert(&self, endpoint: &Endpoint, limit: u32) -> Result<bool, StoreError> {
        if limit == 0 {
            return Ok(false);
        }
        let key = Key::endpoint(&endpoint.key);
        let put = PutBuilder::default()
            .table_name(&self.table)
            .set_item(Some(Keyed::new(&key, endpoint).item()?))
            .if_absent(expiry::now(&self.client));
        let count = self
            .count(endpoint.key.tenant.as_ref())
            .update_expression("SET counted = if_not_exists(counted, :zero) + :one")
            .condition_expression("attribute_not_exists(counted) OR counted < :limit")
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":limit", number(limit));
        match transaction::write(&self.client, vec![put.part()?, count.part()?]).await? {
            Ok(()) => Ok(true),
            Err(Refused(_)) => Ok(false),
        }
    }

    /// Deletes an endpoint. Tells whether it was there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Conflict`].
    pub async fn delete(&self, key: &EndpointKey) -> Result<bool, StoreError> {
        let delete = DeleteBuilder::default()
            .table_name(&self.table)
            .set_key(Some(Key::endpoint(key).attributes()))
            .condition_expression("attribute_exists(pk)");
        let count = self
            .count(key.tenant.as_ref())
            .update_expression("ADD counted :less")
            .expression_attribute_values(":less", number(-1));
        Ok(transaction::write(&self.client, vec![delete.part()?, count.part()?]).await?.is_ok())
    }

    fn count(&self, owner: Option<&TenantId>) -> UpdateBuilder {
        Update::builder().table_name(&self.table).set_key(Some(Key::endpoint_count(owner).attributes()))
    }

    /// Changes an endpoint; the endpoint as it is then, or `None` where there is none. One that is told again, or is elsewhere now, gets
    /// what waits for it at once.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn change(
        &self,
        key: &EndpointKey,
        change: &EndpointChange,
        now: UnixMillis,
    ) -> Result<Option<Endpoint>, StoreError> {
        let mut set = vec!["changed_at = :now"];
        let mut remove = Vec::new();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::endpoint(key).attributes()))
            .expression_attribute_values(":now", number(now.get()));
        if let Some(url) = &change.url {
            set.push("#url = :url");
            update = update.expression_attribute_names("#url", "url").expression_attribute_values(":url", text(url));
        }
        match &change.description {
            Some(Some(description)) => {
                set.push("description = :description");
                update = update.expression_attribute_values(":description", text(description));
            }
            Some(None) => remove.push("description"),
            None => {}
        }
        if let Some(types) = &change.types {
            set.push("#types = :types");
            update = update
                .expression_attribute_names("#types", "types")
                .expression_attribute_values(":types", to_value(types)?);
        }
        if let Some(with_content) = change.with_content {
            set.push("with_content = :with_content");
            update = update.expression_attribute_values(":with_content", to_value(&with_content)?);
        }
        if change.enabled == Some(false) {
            set.extend(["disabled_at = if_not_exists(disabled_at, :now)", "disabled_reason = :asked"]);
            remove.extend(["next_at", "next_shard", "rests_until"]);
            update = update.expression_attribute_values(":asked", to_value(&OffReason::Asked)?);
        } else if change.enabled == Some(true) || change.url.is_some() {
            set.extend(["failures = :zero", "next_at = :now", "next_shard = :shard"]);
            remove.extend(["failing_since", "rests_until"]);
            if change.enabled == Some(true) {
                remove.extend(["disabled_at", "disabled_reason"]);
            }
            update = update
                .expression_attribute_values(":zero", number(0))
                .expression_attribute_values(":shard", text(health::shard(key)));
        }
        let removed = if remove.is_empty() { String::new() } else { format!(" REMOVE {}", remove.join(", ")) };
        let outcome = update
            .update_expression(format!("SET {}{removed}", set.join(", ")))
            .condition_expression("attribute_exists(pk)")
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        endpoint(written(outcome, |output| output.attributes)?)
    }

    /// Gives an endpoint a new secret; the one that it had signs as well until then. `None` where there is no such endpoint, or another
    /// rotation was faster.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn rotate(
        &self,
        endpoint_read: &Endpoint,
        secret: &SealedToken,
        both_until: UnixMillis,
    ) -> Result<Option<Endpoint>, StoreError> {
        let former = FormerSecret { secret: endpoint_read.secret.clone(), until: both_until };
        let outcome = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::endpoint(&endpoint_read.key).attributes()))
            .update_expression("SET secret = :secret, former = :former")
            .condition_expression("attribute_exists(pk) AND secret = :read")
            .expression_attribute_values(":secret", text(secret.as_str()))
            .expression_attribute_values(":read", text(endpoint_read.secret.as_str()))
            .expression_attribute_values(":former", to_value(&former)?)
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        endpoint(written(outcome, |output| output.attributes)?)
    }
}

/// The endpoint as it is now; `None` when the condition did not hold.
fn endpoint(outcome: Written) -> Result<Option<Endpoint>, StoreError> {
    match outcome {
        Written::Done(Some(item)) => read(item).map(Some),
        Written::Done(None) | Written::Refused(_) => Ok(None),
    }
}

fn read(item: Item) -> Result<Endpoint, StoreError> {
    from_item("endpoint", item)
}
