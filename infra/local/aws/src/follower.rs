//! A second look at the database that stays behind: what eventually consistent reads and indexes may show.
//!
//! It is a connection of its own that holds a read transaction, begun before the last write: so it sees every item and
//! every index as they were then.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use dynoxide::actions::{batch_get_item, get_item, query, scan};
use dynoxide::storage::Storage;
use futures::executor::block_on;
use serde_json::Value;

/// Begins a read transaction; it is only held from its first read on.
const LOOK: &str = "BEGIN; SELECT count(*) FROM sqlite_schema;";

/// `SQLite` writes its log anew only when nobody reads it, so every so many looks it is written into the file in between.
const LOOKS_TO_A_CHECKPOINT: u32 = 256;

/// A handle to the second look; clones share it.
#[derive(Clone)]
pub(crate) struct Follower(Arc<Mutex<Look>>);

struct Look {
    storage: Storage,
    /// How many there have been; `None` while it follows nothing and sees what is there.
    looks: Option<u32>,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Follower")
    }
}

impl Follower {
    pub(crate) fn open(file: &Path) -> Result<Self, String> {
        let storage = Storage::new(&file.to_string_lossy()).map_err(|error| error.to_string())?;
        Ok(Self(Arc::new(Mutex::new(Look { storage, looks: None }))))
    }

    /// Sees everything that is written by now, and nothing that is written later.
    pub(crate) fn catch_up(&self) {
        self.with(|look| {
            let looks = look.looks.map_or(0, |looks| looks.wrapping_add(1));
            look.end()?;
            if looks % LOOKS_TO_A_CHECKPOINT == LOOKS_TO_A_CHECKPOINT - 1 {
                look.storage.conn().execute_batch("PRAGMA wal_checkpoint(PASSIVE);")?;
            }
            look.storage.conn().execute_batch(LOOK)?;
            look.looks = Some(looks);
            Ok(())
        });
    }

    /// Follows nothing: from now on it sees what is there.
    pub(crate) fn rest(&self) {
        self.with(Look::end);
    }

    fn with(&self, work: impl FnOnce(&mut Look) -> rusqlite::Result<()>) {
        let mut look = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = work(&mut look) {
            tracing::error!(%error, "The follower of the database did not catch up");
        }
    }

    /// The answer to a read as it was before the last write; `None` where it would be another kind of answer.
    pub(crate) async fn read(&self, operation: &str, input: Value) -> Option<Value> {
        let (follower, operation) = (self.clone(), operation.to_owned());
        tokio::task::spawn_blocking(move || follower.answer(&operation, input)).await.ok()?
    }

    fn answer(&self, operation: &str, input: Value) -> Option<Value> {
        let look = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        macro_rules! answer {
            ($action:ident) => {{
                let answer = block_on($action::execute(&look.storage, serde_json::from_value(input).ok()?)).ok()?;
                serde_json::to_value(answer).ok()
            }};
        }
        match operation {
            "GetItem" => answer!(get_item),
            "Query" => answer!(query),
            "Scan" => answer!(scan),
            "BatchGetItem" => answer!(batch_get_item),
            _ => None,
        }
    }
}

impl Look {
    fn end(&mut self) -> rusqlite::Result<()> {
        match self.looks.take() {
            Some(_) => self.storage.conn().execute_batch("COMMIT;"),
            None => Ok(()),
        }
    }
}
