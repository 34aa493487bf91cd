//! Deletions: how far they are. They stay for good: who has the code can always see that it was done.

use aws_sdk_dynamodb::Client;
use domain::{Erasure, ErasureCode};

use crate::error::StoreError;
use crate::item::{Keyed, Written, from_item, number, written};
use crate::key::Key;
use crate::tables::Tables;

/// One item for each deletion.
#[derive(Clone, Debug)]
pub struct ErasureStore {
    client: Client,
    table: String,
}

impl ErasureStore {
    /// A store on the connections table. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, table: tables.connections.clone() }
    }

    /// Reads a deletion, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn find(&self, code: &ErasureCode) -> Result<Option<Erasure>, StoreError> {
        let key = Key::erasure(code).attributes();
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        read.send().await?.item.map(|item| from_item("erasure", item)).transpose()
    }

    /// Stores a deletion that is not there yet; tells whether it was this call that did.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn insert(&self, erasure: &Erasure) -> Result<bool, StoreError> {
        let key = Key::erasure(&erasure.code);
        let outcome = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(Keyed::new(&key, erasure).item()?))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)))
    }

    /// Writes how far a deletion is and raises its version; `false` when somebody else has gone on with it since.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn save(&self, erasure: &mut Erasure) -> Result<bool, StoreError> {
        let expected = erasure.version;
        let next = Erasure { version: expected + 1, ..erasure.clone() };
        let key = Key::erasure(&next.code);
        let outcome = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(Keyed::new(&key, &next).item()?))
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":version", number(expected))
            .send()
            .await;
        let saved = matches!(written(outcome, |_| None)?, Written::Done(_));
        if saved {
            *erasure = next;
        }
        Ok(saved)
    }
}
