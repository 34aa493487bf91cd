//! Finds and deletes what belongs to a contact or an account, by keys only: nothing that is deleted is read.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use domain::{ConversationId, IgId, TenantId};

use crate::batch::key_of;
use crate::error::StoreError;
use crate::item::text;
use crate::key::{CONVERSATION, EVENT, Key, MESSAGE, conversation_of, messages_partition, tenant_partition};
use crate::retry::{ATTEMPTS, pause};
use crate::tables::Tables;

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
}

impl EraseStore {
    /// A store on the tables. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, tables: tables.clone() }
    }

    /// Some of the account's conversations that come after one, in the order of their ids, and after which to look for more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn conversations_after(
        &self,
        tenant: &TenantId,
        account: &IgId,
        after: Option<&ConversationId>,
    ) -> Result<(Vec<ConversationId>, Option<ConversationId>), StoreError> {
        let partition = tenant_partition(tenant);
        let mark = after.map(|conversation| Key::conversation(tenant, conversation).sk);
        let query = self
            .keys_in(&self.tables.conversations, &partition, CONVERSATION, mark.as_ref())
            .filter_expression("account = :account")
            .expression_attribute_values(":account", text(account.as_str()));
        let output = query.send().await?;
        let next = output.last_evaluated_key.as_ref().and_then(key_of);
        let found = output.items.iter().flatten().filter_map(key_of);
        Ok((found.filter_map(|key| conversation_of(&key)).collect(), next.and_then(|key| conversation_of(&key))))
    }

    /// Some of a conversation's messages, and of the changes that wait for one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn messages(&self, tenant: &TenantId, conversation: &ConversationId) -> Result<Found, StoreError> {
        let partition = messages_partition(tenant, conversation);
        let query = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("pk = :pk")
            .projection_expression("pk, sk")
            .expression_attribute_values(":pk", text(&partition))
            .consistent_read(true);
        look(query.limit(MESSAGES)).await
    }

    /// Lines of the tenant's trail behind a mark whose details name this account or this conversation.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn events_about(
        &self,
        tenant: &TenantId,
        name: &'static str,
        value: &str,
        after: Option<&Mark>,
    ) -> Result<Found, StoreError> {
        let partition = tenant_partition(tenant);
        let query = self
            .keys_in(&self.tables.events, &partition, EVENT, after)
            .filter_expression("details.#name = :value")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", text(value));
        // As far as one call reads: the filter leaves most of it out.
        look(query).await
    }

    /// Deletes messages that were found.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn delete_messages(&self, found: &Found) -> Result<(), StoreError> {
        self.delete(&self.tables.messages, &found.keys).await
    }

    /// Deletes lines of a trail that were found.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn delete_events(&self, found: &Found) -> Result<(), StoreError> {
        self.delete(&self.tables.events, &found.keys).await
    }

    /// Deletes a conversation, without its messages. One that is gone is no error.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn delete_conversation(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
    ) -> Result<(), StoreError> {
        self.delete(&self.tables.conversations, &[Key::conversation(tenant, conversation)]).await
    }

    /// Whether there is such a conversation; strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn has_conversation(&self, tenant: &TenantId, conversation: &ConversationId) -> Result<bool, StoreError> {
        let read = self
            .client
            .get_item()
            .table_name(&self.tables.conversations)
            .set_key(Some(Key::conversation(tenant, conversation).attributes()))
            .projection_expression("pk")
            .consistent_read(true);
        Ok(read.send().await?.item.is_some())
    }

    /// A query of keys in a partition, under a prefix, behind a mark.
    fn keys_in(&self, table: &str, partition: &str, prefix: &str, after: Option<&Mark>) -> QueryFluentBuilder {
        let start = after.map(|sk| Key { pk: partition.to_owned(), sk: sk.clone() }.attributes());
        self.client
            .query()
            .table_name(table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .projection_expression("pk, sk")
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":prefix", text(prefix))
            .set_exclusive_start_key(start)
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

async fn look(query: QueryFluentBuilder) -> Result<Found, StoreError> {
    let output = query.send().await?;
    let keys = output.items.iter().flatten().filter_map(key_of).collect();
    Ok(Found { keys, next: output.last_evaluated_key.as_ref().and_then(key_of).map(|key| key.sk) })
}

fn deletion(key: &Key) -> Result<WriteRequest, StoreError> {
    let request = DeleteRequest::builder().set_key(Some(key.attributes())).build();
    let request = request.map_err(|_| StoreError::Shape { entity: "request" })?;
    Ok(WriteRequest::builder().delete_request(request).build())
}
