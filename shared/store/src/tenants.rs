//! What is known of a tenant: plan and usage.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::tenant::{Overrides, TenantSettings};
use domain::{PlanClaim, TenantId, TenantProfile, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::all;
use crate::batch;
use crate::cursor::Page;
use crate::error::StoreError;
use crate::expiry;
use crate::item::{Item, Written, from_item, number, readable, text, to_value, written};
use crate::key::{Key, month};
use crate::tables::Tables;

/// The sparse index of profiles; it holds keys only, so that what is counted in a profile does not touch it.
const BY_TENANT: &str = "by-tenant";
/// The index's partition. One is enough: an entry is written once in a tenant's life.
pub(crate) const TENANTS_SHARD: &str = "tenants_shard";
/// Its value.
pub(crate) const TENANTS: &str = "0";

/// Profiles and monthly usage.
#[derive(Clone, Debug)]
pub struct TenantStore {
    client: Client,
    table: String,
}

/// What an operator sets for a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The key of the plan; `None`: the default of the catalogue.
    pub plan: Option<String>,
    /// What was agreed beyond it.
    pub overrides: Overrides,
    /// Switches.
    pub settings: TenantSettings,
}

/// What a tenant has used in one calendar month (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Messages accepted for sending.
    #[serde(default)]
    pub sent: u32,
}

impl TenantStore {
    /// A store on the tenants table. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, table: tables.tenants.clone() }
    }

    /// Reads a profile, strongly consistent; `None` for a tenant that nobody has set up and that has connected nothing,
    /// which is no error.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn profile(&self, tenant: &TenantId) -> Result<Option<TenantProfile>, StoreError> {
        self.get(&Key::profile(tenant)).await?.map(|item| from_item("tenant", item)).transpose()
    }

    /// Sets a tenant's terms in place of what was there; connections are counted on. `expected` is the version that the
    /// caller has seen, 0 for a tenant without a profile.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the profile is at another version, [`StoreError::Unavailable`].
    pub async fn set_terms(
        &self,
        tenant: &TenantId,
        terms: &Terms,
        expected: u64,
        now: UnixMillis,
    ) -> Result<TenantProfile, StoreError> {
        let (plan, remove) = if terms.plan.is_some() { (", #plan = :plan", "") } else { ("", " REMOVE #plan") };
        let mut update = self
            .change(tenant, &format!("overrides = :overrides, settings = :settings{plan}"), remove, now)
            .condition_expression("#version = :expected OR (attribute_not_exists(#version) AND :expected = :zero)")
            .expression_attribute_names("#plan", "plan")
            .expression_attribute_values(":overrides", to_value(&terms.overrides)?)
            .expression_attribute_values(":settings", to_value(&terms.settings)?)
            .expression_attribute_values(":expected", number(expected))
            .expression_attribute_values(":zero", number(0));
        if let Some(plan) = &terms.plan {
            update = update.expression_attribute_values(":plan", text(plan));
        }
        changed(update).await?.ok_or(StoreError::Conflict)
    }

    /// Keeps the plan that a token names. `None` when it is known already, or a later token said otherwise.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn take_claim(
        &self,
        tenant: &TenantId,
        claim: &PlanClaim,
        now: UnixMillis,
    ) -> Result<Option<TenantProfile>, StoreError> {
        let update = self
            .change(tenant, "claimed = :claim", "", now)
            .condition_expression(
                "attribute_not_exists(claimed) OR (claimed.issued_at <= :issued AND claimed.#key <> :key)",
            )
            .expression_attribute_names("#key", "key")
            .expression_attribute_values(":claim", to_value(claim)?)
            .expression_attribute_values(":issued", number(claim.issued_at.get()))
            .expression_attribute_values(":key", text(&claim.key));
        changed(update).await
    }

    /// Corrects the number of connections that count, if it is still what the caller has read. Tells whether it was.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn recount(&self, read: &TenantProfile, counted: u32) -> Result<bool, StoreError> {
        let outcome = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::profile(&read.tenant).attributes()))
            .update_expression("SET connections = :counted")
            .condition_expression("connections = :read")
            .expression_attribute_values(":counted", number(counted))
            .expression_attribute_values(":read", number(read.connections))
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)))
    }

    /// Tenants that have connected something or were set up, by id. Costs what there are of them. A new one may be missing
    /// for a moment, since the index may be behind: the list is for people. What is shown of each is read consistently.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadCursor`], [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn list_all(&self, cursor: Option<&str>, limit: u32) -> Result<Page<TenantProfile>, StoreError> {
        let start = cursor.map(|cursor| all::read(BY_TENANT, cursor)).transpose()?;
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_TENANT)
            .key_condition_expression("tenants_shard = :shard")
            .expression_attribute_values(":shard", text(TENANTS))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start.map(|key| index_start(&key)))
            .send()
            .await?;
        let keys: Vec<Key> = output.items.iter().flatten().filter_map(Key::of).collect();
        let wanted: Vec<_> = keys.iter().map(|key| (self.table.as_str(), key.clone())).collect();
        let mut found = batch::get(&self.client, &wanted).await?;
        let items = keys.iter().filter_map(|key| found.remove(key)).filter_map(|item| readable("tenant", item));
        let end = output.last_evaluated_key.as_ref().and_then(Key::of);
        Ok(Page { items: items.collect(), cursor: end.map(|key| all::write(BY_TENANT, &key)).transpose()? })
    }

    /// Deletes a profile that nobody has changed since the tenant's deletion was asked for. Of a tenant that has connected
    /// something again meanwhile only the count stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn forget(&self, tenant: &TenantId, asked_at: UnixMillis) -> Result<(), StoreError> {
        let key = Key::profile(tenant).attributes();
        let unchanged = "(attribute_not_exists(updated_at) OR updated_at <= :asked)";
        let outcome = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key.clone()))
            .condition_expression(format!(
                "{unchanged} AND (attribute_not_exists(connections) OR connections <= :zero)"
            ))
            .expression_attribute_values(":asked", number(asked_at.get()))
            .expression_attribute_values(":zero", number(0))
            .send()
            .await;
        if matches!(written(outcome, |_| None)?, Written::Done(_)) {
            return Ok(());
        }
        let outcome = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression("REMOVE #plan, overrides, settings, claimed ADD #version :one")
            .condition_expression(format!("attribute_exists(pk) AND {unchanged}"))
            .expression_attribute_names("#plan", "plan")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":asked", number(asked_at.get()))
            .expression_attribute_values(":one", number(1))
            .send()
            .await;
        // Refused: it was set up anew.
        let (Written::Done(_) | Written::Refused(_)) = written(outcome, |_| None)?;
        Ok(())
    }

    /// What the tenant has used in the month of `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn usage(&self, tenant: &TenantId, now: UnixMillis) -> Result<Usage, StoreError> {
        let found = self.get(&Key::usage(tenant, &month(now))).await?;
        found.map_or(Ok(Usage::default()), |item| from_item("usage", item))
    }

    /// A change of what a plan depends on: it raises the version.
    fn change(&self, tenant: &TenantId, set: &str, remove: &str, now: UnixMillis) -> UpdateItemFluentBuilder {
        let known = format!("tenant = :tenant, {TENANTS_SHARD} = :shard, updated_at = :now");
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::profile(tenant).attributes()))
            .update_expression(format!("SET {known}, {set}{remove} ADD #version :one"))
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":tenant", text(tenant.as_str()))
            .expression_attribute_values(":shard", text(TENANTS))
            .expression_attribute_values(":now", number(now.get()))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
    }

    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key.attributes()));
        let found = read.consistent_read(true).send().await?.item;
        Ok(found.filter(|item| expiry::living(item, expiry::now(&self.client))))
    }
}

fn index_start(key: &Key) -> Item {
    let mut start = key.attributes();
    start.insert(TENANTS_SHARD.to_owned(), text(TENANTS));
    start
}

/// `None` when the condition did not hold.
async fn changed(update: UpdateItemFluentBuilder) -> Result<Option<TenantProfile>, StoreError> {
    match written(update.send().await, |output| output.attributes)? {
        Written::Done(item) => item.map(|item| from_item("tenant", item)).transpose(),
        Written::Refused(_) => Ok(None),
    }
}
