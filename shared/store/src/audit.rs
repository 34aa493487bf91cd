//! The audit trail: append only.

use aws_sdk_dynamodb::Client;
use domain::{AuditEvent, TenantId};

use crate::cursor::{Listing, Page, Position};
use crate::error::StoreError;
use crate::item::{Keyed, from_item, text};
use crate::key::{EVENT, Key, tenant_partition};
use crate::tables::Tables;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// Audit events of all tenants.
#[derive(Clone, Debug)]
pub struct AuditStore {
    client: Client,
    table: String,
}

impl AuditStore {
    /// A store on the table of audit events. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, table: tables.events.clone() }
    }

    /// Adds a line to the trail, kept for so many days (`None`: for good). Adding the very same event again adds
    /// nothing, so a redelivery leaves one line.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn append(&self, event: &AuditEvent, retention_days: Option<u32>) -> Result<(), StoreError> {
        let json = serde_json::to_vec(event).map_err(|_| StoreError::Shape { entity: "audit event" })?;
        let key = Key::event(&event.tenant, event.at, &json);
        let keyed = Keyed::new(&key, event);
        let keyed = match retention_days {
            Some(days) => keyed.expiring(event.at.seconds().plus(i64::from(days) * SECONDS_PER_DAY)),
            None => keyed,
        };
        self.client.put_item().table_name(&self.table).set_item(Some(keyed.item()?)).send().await?;
        Ok(())
    }

    /// A tenant's trail, newest first, `limit` lines at a time.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadCursor`], [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<AuditEvent>, StoreError> {
        let partition = tenant_partition(tenant);
        let start = cursor.map(|cursor| Position::decode(&partition, cursor)).transpose()?;
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(&partition))
            .expression_attribute_values(":prefix", text(EVENT))
            .scan_index_forward(false);
        let listing = Listing { partition: &partition, index: None, filtered: false, limit, start };
        listing.page(query, |item| from_item("audit event", item)).await
    }
}
