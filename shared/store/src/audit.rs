//! The audit log: append only.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::{AuditEvent, AuditKind, MessageId, TenantId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::cursor::{List, Listing, Page};
use crate::error::StoreError;
use crate::expiry::{self, Conditional as _};
use crate::item::{Keyed, Written, from_item, readable, text, to_value, written};
use crate::key::{EVENT, Key, tenant_partition};
use crate::metrics;
use crate::tables::Tables;

/// How long the lines of a tenant's audit log are kept: a year, and a month to ask about it.
pub const AUDIT_DAYS: u32 = 396;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// For so long Meta delivers again: 36 hours and a little more.
const DELIVERED_AGAIN_SECONDS: i64 = 37 * 60 * 60;

/// The note of a first delivery.
#[derive(Serialize, Deserialize)]
struct First {
    at: UnixMillis,
}

/// Which lines of an audit log are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this kind only.
    pub kind: Option<AuditKind>,
    /// From then on.
    pub from: Option<UnixMillis>,
    /// Before then.
    pub to: Option<UnixMillis>,
}

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

    /// Adds a line to the audit log, kept for so many days (`None`: for good). Each call adds one: two people may be refused
    /// the same thing in the same millisecond.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn append(&self, event: &AuditEvent, retention_days: Option<u32>) -> Result<(), StoreError> {
        let unique = fastrand::u128(..).to_be_bytes();
        self.put(Key::event(&event.tenant, event.at, &unique), event, retention_days).await
    }

    /// Like [`AuditStore::append`], but adding the very same event again adds nothing, so a redelivery leaves one line.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn append_once(&self, event: &AuditEvent, retention_days: Option<u32>) -> Result<(), StoreError> {
        let json = serde_json::to_vec(event).map_err(|_| StoreError::Shape { entity: "audit event" })?;
        self.put(Key::event(&event.tenant, event.at, &json), event, retention_days).await
    }

    /// Like [`AuditStore::append_once`], for an event that has no time of its own, so that each delivery has another: the line
    /// has the first one's. `identity` is the same for every delivery.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn append_untimed(
        &self,
        event: &AuditEvent,
        identity: &MessageId,
        retention_days: Option<u32>,
    ) -> Result<(), StoreError> {
        let at = self.note_first_delivery(event, identity).await?;
        self.append_once(&AuditEvent { at, ..event.clone() }, retention_days).await
    }

    /// Notes when an event was delivered, unless an earlier delivery was noted; answers the earliest time.
    async fn note_first_delivery(&self, event: &AuditEvent, identity: &MessageId) -> Result<UnixMillis, StoreError> {
        let now = expiry::now(&self.client);
        let first = First { at: event.at };
        let key = Key::first_notice(&event.tenant, identity);
        let outcome = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(Keyed::new(&key, &first).expiring(now.plus(DELIVERED_AGAIN_SECONDS)).item()?))
            .if_absent(now)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match written(outcome, |_| None)? {
            Written::Refused(Some(earlier)) => Ok(from_item::<First>("first delivery", earlier)?.at),
            Written::Refused(None) | Written::Done(_) => Ok(first.at),
        }
    }

    /// Details that the database cannot hold are left out.
    async fn put(&self, key: Key, event: &AuditEvent, retention_days: Option<u32>) -> Result<(), StoreError> {
        match self.put_line(&key, event, retention_days).await {
            Err(StoreError::Unfit) => {
                metrics::reduced();
                let bare = AuditEvent { details: serde_json::Map::new(), ..event.clone() };
                self.put_line(&key, &bare, retention_days).await
            }
            outcome => outcome,
        }
    }

    async fn put_line(&self, key: &Key, event: &AuditEvent, retention_days: Option<u32>) -> Result<(), StoreError> {
        let keyed = Keyed::new(key, event);
        let keyed = match retention_days {
            Some(days) => keyed.expiring(event.at.seconds().plus(i64::from(days) * SECONDS_PER_DAY)),
            None => keyed,
        };
        self.client.put_item().table_name(&self.table).set_item(Some(keyed.item()?)).send().await?;
        Ok(())
    }

    /// A tenant's audit log, newest first, `limit` lines at a time.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadCursor`], [`StoreError::Unavailable`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<AuditEvent>, StoreError> {
        self.search(tenant, AuditFilter::default(), cursor, limit).await
    }

    /// The wanted lines of a tenant's audit log, newest first. Times narrow down what is read; a kind is picked from it. The
    /// newest lines may be missing for a moment: nothing is decided by the audit log.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadCursor`], [`StoreError::Unavailable`].
    pub async fn search(
        &self,
        tenant: &TenantId,
        wanted: AuditFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<AuditEvent>, StoreError> {
        let partition = tenant_partition(tenant);
        let (first, last) = wanted.bounds();
        let filters = wanted.kind.map(|kind| format!("{kind:?}")).unwrap_or_default();
        let bounds = (first.clone(), last.clone());
        let listing = Listing::new(
            List { partition: &partition, bounds, index: None, filters },
            cursor,
            limit,
            expiry::now(&self.client),
        )?;
        if last < first {
            return Ok(Page { items: Vec::new(), cursor: None });
        }
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", text(&partition))
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(last))
            .scan_index_forward(false);
        if let Some(kind) = wanted.kind {
            query = query
                .filter_expression("#kind = :kind")
                .expression_attribute_names("#kind", "kind")
                .expression_attribute_values(":kind", to_value(&kind)?);
        }
        listing.page(query, |item| readable("audit event", item)).await
    }
}

impl AuditFilter {
    /// The sort keys between which the wanted lines are, both included.
    fn bounds(&self) -> (String, String) {
        let from = self.from.map_or(0, |from| from.get().max(0));
        // '-' follows the time in a key and is less than '.', so this is after every line of the millisecond before `to`.
        let last = self
            .to
            .map_or_else(|| format!("{EVENT}:"), |to| format!("{EVENT}{:013}.", to.get().saturating_sub(1).max(0)));
        (format!("{EVENT}{from:013}"), last)
    }
}
