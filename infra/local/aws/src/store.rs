//! Where SQS, KMS and Secrets Manager keep their state: one `SQLite` file of JSON documents.
//!
//! The services work in memory and write each change through before they answer. `SQLite` hands every commit to the
//! operating system, so a killed process loses nothing; only a power cut could, which a local stack may accept.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The kinds of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Queue,
    Message,
    Deduplication,
    Key,
    Alias,
    Secret,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Message => "message",
            Self::Deduplication => "deduplication",
            Self::Key => "key",
            Self::Alias => "alias",
            Self::Secret => "secret",
        }
    }
}

/// One write.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Put { kind: Kind, id: String, body: String },
    Delete { kind: Kind, id: String },
}

impl Change {
    /// A document as it is to be found after the next start.
    ///
    /// # Errors
    ///
    /// When the document has no JSON form.
    pub(crate) fn put(kind: Kind, id: impl Into<String>, document: &impl Serialize) -> Result<Self, StoreError> {
        Ok(Self::Put { kind, id: id.into(), body: serde_json::to_string(document)? })
    }

    pub(crate) fn delete(kind: Kind, id: impl Into<String>) -> Self {
        Self::Delete { kind, id: id.into() }
    }
}

/// Why state was not kept or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not usable: it belongs to a running stack, is damaged, or the disk is full.
    #[error("the state file is not usable; does another stack run on the same data?")]
    File(#[from] rusqlite::Error),
    /// A document is not of the shape this version writes.
    #[error("a stored document has another shape; was the data written by another version?")]
    Shape(#[from] serde_json::Error),
}

/// The open file, locked against other processes.
#[derive(Debug)]
pub(crate) struct Store(Mutex<Connection>);

impl Store {
    pub(crate) fn open(file: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(file)?;
        // Who holds the lock holds it until its end: no use to wait.
        connection.busy_timeout(Duration::ZERO)?;
        connection.execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = OFF;
             CREATE TABLE IF NOT EXISTS documents (
                 kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
             );",
        )?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Every document of a kind, by id.
    pub(crate) fn load<T: DeserializeOwned>(&self, kind: Kind) -> Result<Vec<T>, StoreError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut select = connection.prepare("SELECT body FROM documents WHERE kind = ?1 ORDER BY id")?;
        let mut rows = select.query(params![kind.name()])?;
        let mut documents = Vec::new();
        while let Some(row) = rows.next()? {
            documents.push(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
        }
        Ok(documents)
    }

    /// Makes all the changes, or none.
    pub(crate) fn apply(&self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        for change in changes {
            match change {
                Change::Put { kind, id, body } => transaction
                    .prepare_cached("INSERT OR REPLACE INTO documents (kind, id, body) VALUES (?1, ?2, ?3)")?
                    .execute(params![kind.name(), id, body])?,
                Change::Delete { kind, id } => transaction
                    .prepare_cached("DELETE FROM documents WHERE kind = ?1 AND id = ?2")?
                    .execute(params![kind.name(), id])?,
            };
        }
        transaction.commit()?;
        Ok(())
    }
}
