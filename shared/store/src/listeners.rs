//! Who listens: open browsers and endpoints.

use aws_sdk_dynamodb::Client;
use domain::TenantId;
use domain::endpoint::Endpoint;
use domain::live::Socket;

use crate::error::StoreError;
use crate::expiry;
use crate::item::{Item, readable, text};
use crate::key::{ENDPOINT, OPERATOR, SOCKET, tenant_partition};
use crate::tables::Tables;

/// Who listens to a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listeners {
    /// Open browsers.
    pub sockets: Vec<Socket>,
    /// The tenant's endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// Who listens, for all tenants.
#[derive(Clone, Debug)]
pub struct ListenerStore {
    pub(crate) client: Client,
    pub(crate) table: String,
}

impl ListenerStore {
    /// A store on the table of listeners. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, table: tables.listeners.clone() }
    }

    /// Who listens to a tenant: one query. Who has begun a moment ago may be missing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn of(&self, tenant: &TenantId) -> Result<Listeners, StoreError> {
        let mut listeners = Listeners::default();
        for item in self.partition(&tenant_partition(tenant)).await? {
            match item.get("sk").and_then(|sk| sk.as_s().ok()) {
                Some(sk) if sk.starts_with(SOCKET) => listeners.sockets.extend(readable("socket", item)),
                Some(sk) if sk.starts_with(ENDPOINT) => listeners.endpoints.extend(readable("endpoint", item)),
                _ => {}
            }
        }
        Ok(listeners)
    }

    /// The operator's endpoints, which are told of all tenants.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn operators(&self) -> Result<Vec<Endpoint>, StoreError> {
        let is_endpoint =
            |item: &Item| item.get("sk").is_some_and(|sk| sk.as_s().is_ok_and(|sk| sk.starts_with(ENDPOINT)));
        let items = self.partition(OPERATOR).await?.into_iter().filter(is_endpoint);
        Ok(items.filter_map(|item| readable("endpoint", item)).collect())
    }

    async fn partition(&self, partition: &str) -> Result<Vec<Item>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(partition))
            .into_paginator()
            .items()
            .send();
        let now = expiry::now(&self.client);
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item?;
            if expiry::living(&item, now) {
                found.push(item);
            }
        }
        Ok(found)
    }
}
