//! What is known of a tenant: plan and usage.

use aws_sdk_dynamodb::Client;
use domain::{TenantId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{Item, Keyed, from_item};
use crate::key::{Key, month};
use crate::tables::Tables;

/// Profiles and monthly usage.
#[derive(Clone, Debug)]
pub struct TenantStore {
    client: Client,
    table: String,
}

/// A tenant's settings here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantProfile {
    /// Whose.
    pub tenant: TenantId,
    /// The key of the plan; `None`: the default of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Last changed.
    pub updated_at: UnixMillis,
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

    /// Reads a profile; `None` for a tenant that nobody has set up, which is no error.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn profile(&self, tenant: &TenantId) -> Result<Option<TenantProfile>, StoreError> {
        self.get(&Key::profile(tenant)).await?.map(|item| from_item("tenant", item)).transpose()
    }

    /// Stores a profile in place of what was there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn put_profile(&self, profile: &TenantProfile) -> Result<(), StoreError> {
        let key = Key::profile(&profile.tenant);
        let item = Keyed::new(&key, profile).item()?;
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
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

    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key.attributes()));
        Ok(read.consistent_read(true).send().await?.item)
    }
}
