//! Deletions: how far they are. They stay for good: who has the code can always see that it was done.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
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
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        stands(written(outcome, |_| None)?, erasure)
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
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let saved = stands(written(outcome, |_| None)?, &next)?;
        if saved {
            *erasure = next;
        }
        Ok(saved)
    }
}

/// Whether what was to be written is what is there now: also when the write is refused because it was done before, and only
/// its answer was lost.
fn stands(written: Written, wanted: &Erasure) -> Result<bool, StoreError> {
    match written {
        Written::Done(_) => Ok(true),
        Written::Refused(None) => Ok(false),
        Written::Refused(Some(found)) => Ok(from_item::<Erasure>("erasure", found)? == *wanted),
    }
}
