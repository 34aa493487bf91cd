//! Whether Meta refuses an app as a whole.

use aws_sdk_dynamodb::Client;
use domain::{Breaker, Login};

use crate::error::StoreError;
use crate::item::{Keyed, Written, from_item, number, written};
use crate::key::Key;
use crate::retry::{ATTEMPTS, pause};
use crate::tables::Tables;

/// One item for each login.
#[derive(Clone, Debug)]
pub struct BreakerStore {
    client: Client,
    table: String,
}

impl BreakerStore {
    /// A store on the connections table. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, table: tables.connections.clone() }
    }

    /// Reads a breaker, strongly consistent; a new one where Meta has refused nothing yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn find(&self, login: Login) -> Result<Breaker, StoreError> {
        let key = Key::breaker(login).attributes();
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        read.send().await?.item.map_or_else(|| Ok(Breaker::new(login)), |item| from_item("breaker", item))
    }

    /// Changes a breaker on top of what others did; tells what the change came to. Of all who change it in the same way
    /// at once, each sees what the one before left: what happens once, as its opening, one of them is told.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`], [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn change<T>(&self, login: Login, change: impl Fn(&mut Breaker) -> T) -> Result<T, StoreError> {
        for attempt in 0..ATTEMPTS {
            let found = self.find(login).await?;
            let mut next = found.clone();
            let outcome = change(&mut next);
            if next == found || self.replace(&found, next).await? {
                return Ok(outcome);
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }

    async fn replace(&self, found: &Breaker, next: Breaker) -> Result<bool, StoreError> {
        let next = Breaker { version: found.version + 1, ..next };
        let key = Key::breaker(next.login);
        let outcome = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(Keyed::new(&key, &next).item()?))
            .condition_expression("attribute_not_exists(pk) OR #version = :version")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":version", number(found.version))
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)))
    }
}
