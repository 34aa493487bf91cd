//! Finds and deletes what belongs to a contact or an account and was received before a time, by keys only: nothing that
//! is deleted is read. What has expired and is still there is deleted as well.

mod conversation;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use domain::audit::ACCOUNT_ID;
use domain::{Account, AuditKind, ConversationId, TenantId, UnixMillis};

pub use self::conversation::Look;
pub(crate) use self::conversation::tombstone_end;
use crate::error::StoreError;
use crate::item::{Item, number, text, to_value};
use crate::key::{
    CONVERSATION, EVENT, Key, MESSAGE, conversation_of, deliveries_partition, event_end, messages_partition,
    tenant_partition,
};
use crate::retry::{ATTEMPTS, pause};
use crate::tables::Tables;
use crate::threads::{RECEIVED_AT, Threads};

/// `DynamoDB`'s limit for one call.
const DELETES_PER_CALL: usize = 25;

/// Messages of one piece.
const MESSAGES: i32 = 200;

/// What one look found.
#[derive(Clone, Debug)]
pub struct Found {
    keys: Vec<Key>,
    /// Where the next look begins; `None` when there is nothing behind.
    pub next: Option<Mark>,
}

/// Which lines of an audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About<'a> {
    /// Those whose details name the account.
    Account(&'a Account),
    /// Those whose details name the conversation.
    Conversation(&'a ConversationId),
    /// All but the receipts of deletions, which name nobody.
    Anything,
}

/// A place in a list: the sort key that was looked at last.
pub type Mark = String;

impl Found {
    /// Whether it found nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many messages or lines it found behind a mark. What only waits for a message is not counted.
    #[must_use]
    pub fn count_after(&self, mark: Option<&Mark>) -> u64 {
        let counted = |key: &&Key| key.sk.starts_with(MESSAGE) || key.sk.starts_with(EVENT);
        let new = self.keys.iter().filter(counted).filter(|key| mark.is_none_or(|mark| key.sk > *mark));
        u64::try_from(new.count()).unwrap_or(u64::MAX)
    }

    /// The last place of what it found.
    #[must_use]
    pub fn last(&self) -> Option<Mark> {
        self.keys.last().map(|key| key.sk.clone())
    }
}

/// Deletes from the tables of conversations, messages and audit events.
#[derive(Clone, Debug)]
pub struct EraseStore {
    client: Client,
    tables: Tables,
    threads: Threads,
}

impl EraseStore {
    /// A store on the tables. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        let (conversations, messages) = (tables.conversations.clone(), tables.messages.clone());
        let threads = Threads { client: client.clone(), conversations, messages };
        Self { client, tables: tables.clone(), threads }
    }

    /// Some of the tenant's conversations, or of one account's, that come after a mark, in the order of their ids, and
    /// where to look for more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn conversations_after(
        &self,
        tenant: &TenantId,
        account: Option<&Account>,
        after: Option<&Mark>,
    ) -> Result<(Vec<ConversationId>, Option<Mark>), StoreError> {
        let partition = tenant_partition(tenant);
        let query = self.keys_in(&self.tables.conversations, &partition, CONVERSATION, after);
        let query = match account {
            Some(account) => query
                .filter_expression("account = :account")
                .expression_attribute_values(":account", text(account.to_string())),
            // A tombstone is left as it is.
            None => query.filter_expression("attribute_exists(id)"),
        };
        let Found { keys, next } = look(query).await?;
        Ok((keys.iter().filter_map(conversation_of).collect(), next))
    }

    /// The conversations behind a mark are looked for from here, once this one is dealt with.
    #[must_use]
    pub fn mark(tenant: &TenantId, conversation: &ConversationId) -> Mark {
        Key::conversation(tenant, conversation).sk
    }

    /// Some of a conversation's messages behind a mark, and of the changes that wait for one, as far as they were received
    /// until `cutoff`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn messages(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        cutoff: UnixMillis,
        after: Option<&Mark>,
    ) -> Result<Found, StoreError> {
        let partition = messages_partition(tenant, conversation);
        let output = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("pk = :pk")
            .projection_expression("pk, sk, received_at, created_at")
            .expression_attribute_values(":pk", text(&partition))
            .set_exclusive_start_key(after.map(|sk| start(&partition, sk)))
            .consistent_read(true)
            .limit(MESSAGES)
            .send()
            .await?;
        let found = output.items.iter().flatten().filter(|item| was_received_until(item, cutoff));
        let next = output.last_evaluated_key.as_ref().and_then(Key::of).map(|key| key.sk);
        Ok(Found { keys: found.filter_map(Key::of).collect(), next })
    }

    /// Lines of the tenant's audit log behind a mark, until `cutoff`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn events_about(
        &self,
        tenant: &TenantId,
        about: About<'_>,
        cutoff: UnixMillis,
        after: Option<&Mark>,
    ) -> Result<Found, StoreError> {
        let query = self.events_until(tenant, cutoff, after);
        let (filter, name, value) = match about {
            About::Account(account) => {
                let of_channel = text(account.channel.as_str());
                return look(
                    query
                        .filter_expression("details.channel = :channel AND details.#name = :value")
                        .expression_attribute_names("#name", ACCOUNT_ID)
                        .expression_attribute_values(":channel", of_channel)
                        .expression_attribute_values(":value", text(account.id.as_str())),
                )
                .await;
            }
            About::Conversation(id) => ("details.#name = :value", "conversation_id", text(id.as_str())),
            About::Anything => ("#name <> :value", "kind", to_value(&AuditKind::Erased)?),
        };
        let query = query
            .filter_expression(filter)
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", value);
        // As far as one call reads: the filter leaves most of it out.
        look(query).await
    }

    fn events_until(&self, tenant: &TenantId, cutoff: UnixMillis, after: Option<&Mark>) -> QueryFluentBuilder {
        let partition = tenant_partition(tenant);
        let query = self.keys_in(&self.tables.events, &partition, EVENT, after);
        query
            .key_condition_expression("pk = :pk AND sk BETWEEN :prefix AND :last")
            .expression_attribute_values(":last", text(event_end(cutoff)))
    }

    /// Some of what is counted and remembered for a tenant beside its profile: usage, idempotency records.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn records(&self, tenant: &TenantId) -> Result<Found, StoreError> {
        let Key { pk, sk: profile } = Key::profile(tenant);
        let query = self
            .client
            .query()
            .table_name(&self.tables.tenants)
            .key_condition_expression("pk = :pk AND sk < :profile")
            .projection_expression("pk, sk")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":profile", text(profile));
        let mut found = look(query.clone().consistent_read(true)).await?;
        let after = query.key_condition_expression("pk = :pk AND sk > :profile").consistent_read(true);
        found.keys.extend(look(after).await?.keys);
        Ok(found)
    }

    /// Some of what endpoints were told of a conversation, or of what is in none (`None`), as far as it happened until `cutoff`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn deliveries(
        &self,
        tenant: &TenantId,
        conversation: Option<&ConversationId>,
        cutoff: UnixMillis,
        after: Option<&Mark>,
    ) -> Result<Found, StoreError> {
        let partition = deliveries_partition(tenant, conversation);
        let query = self
            .client
            .query()
            .table_name(&self.tables.deliveries)
            .key_condition_expression("pk = :pk")
            .filter_expression("#at <= :cutoff")
            .projection_expression("pk, sk")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":pk", text(&partition))
            .expression_attribute_values(":cutoff", number(cutoff.get()))
            .set_exclusive_start_key(after.map(|sk| start(&partition, sk)))
            .consistent_read(true);
        look(query).await
    }

    /// Some of those who listen to a tenant.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn listeners(&self, tenant: &TenantId) -> Result<Found, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.tables.listeners)
            .key_condition_expression("pk = :pk")
            .projection_expression("pk, sk")
            .expression_attribute_values(":pk", text(tenant_partition(tenant)))
            .consistent_read(true);
        look(query).await
    }

    /// Deletes deliveries that were found.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn delete_deliveries(&self, found: &Found) -> Result<(), StoreError> {
        self.delete(&self.tables.deliveries, &found.keys).await
    }

    /// Deletes those who listen that were found.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn delete_listeners(&self, found: &Found) -> Result<(), StoreError> {
        self.delete(&self.tables.listeners, &found.keys).await
    }

    /// Deletes records that were found.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn delete_records(&self, found: &Found) -> Result<(), StoreError> {
        self.delete(&self.tables.tenants, &found.keys).await
    }

    /// Deletes messages that were found.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn delete_messages(&self, found: &Found) -> Result<(), StoreError> {
        self.delete(&self.tables.messages, &found.keys).await
    }

    /// Deletes lines of an audit log that were found.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn delete_events(&self, found: &Found) -> Result<(), StoreError> {
        self.delete(&self.tables.events, &found.keys).await
    }

    /// A query of keys in a partition, under a prefix, behind a mark.
    fn keys_in(&self, table: &str, partition: &str, prefix: &str, after: Option<&Mark>) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .projection_expression("pk, sk")
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":prefix", text(prefix))
            .set_exclusive_start_key(after.map(|sk| start(partition, sk)))
            .consistent_read(true)
    }

    async fn delete(&self, table: &str, keys: &[Key]) -> Result<(), StoreError> {
        for chunk in keys.chunks(DELETES_PER_CALL) {
            let requests = chunk.iter().map(deletion).collect::<Result<Vec<_>, _>>()?;
            self.write(HashMap::from([(table.to_owned(), requests)])).await?;
        }
        Ok(())
    }

    async fn write(&self, mut unwritten: HashMap<String, Vec<WriteRequest>>) -> Result<(), StoreError> {
        for attempt in 0..ATTEMPTS {
            let output = self.client.batch_write_item().set_request_items(Some(unwritten)).send().await?;
            unwritten = output.unprocessed_items.unwrap_or_default();
            if unwritten.is_empty() {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(StoreError::throttled())
    }
}

/// A message that was written here was received then.
fn was_received_until(item: &Item, cutoff: UnixMillis) -> bool {
    let at = item.get(RECEIVED_AT).or_else(|| item.get("created_at"));
    let at = at.and_then(|at| at.as_n().ok()?.parse().ok());
    at.is_none_or(|at| UnixMillis::new(at) <= cutoff)
}

fn start(partition: &str, sk: &str) -> Item {
    Key { pk: partition.to_owned(), sk: sk.to_owned() }.attributes()
}

async fn look(query: QueryFluentBuilder) -> Result<Found, StoreError> {
    let output = query.send().await?;
    let keys = output.items.iter().flatten().filter_map(Key::of).collect();
    Ok(Found { keys, next: output.last_evaluated_key.as_ref().and_then(Key::of).map(|key| key.sk) })
}

fn deletion(key: &Key) -> Result<WriteRequest, StoreError> {
    let request = DeleteRequest::builder().set_key(Some(key.attributes())).build();
    let request = request.map_err(|_| StoreError::Shape { entity: "request" })?;
    Ok(WriteRequest::builder().delete_request(request).build())
}
