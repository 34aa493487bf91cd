//! `DynamoDB` Streams: what was written, in order, for whoever reads as Lambda's event source does.
//!
//! dynoxide writes a record with each change into its own file; they are read from there, over a connection of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, Row};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::{ACCOUNT, REGION};

/// A change of an item, as its table's stream has it.
#[derive(Clone, Debug)]
pub struct StreamRecord {
    /// Rises with each record of any table.
    pub position: i64,
    /// The table.
    pub table: String,
    /// When it was written, in milliseconds by the simulated clock.
    pub written_ms: i64,
    /// As Lambda hands it over.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>
    pub event: Value,
}

/// A handle to the records of all tables; clones share it.
#[derive(Clone, Debug)]
pub struct Streams {
    file: PathBuf,
    clock: Clock,
    connection: Arc<Mutex<Option<Connection>>>,
}

const NEXT: &str = "SELECT id, table_name, event_name, keys_json, new_image, old_image, created_at, user_identity, event_id \
                    FROM _stream_records WHERE id > ?1 ORDER BY id LIMIT ?2";

impl Streams {
    pub(crate) fn new(file: &Path, clock: Clock) -> Self {
        Self { file: file.to_owned(), clock, connection: Arc::default() }
    }

    /// The position of the newest record; zero before the first.
    ///
    /// # Errors
    ///
    /// When the database's file cannot be read.
    pub fn newest(&self) -> Result<i64, rusqlite::Error> {
        self.read(|file| file.query_row("SELECT COALESCE(MAX(id), 0) FROM _stream_records", [], |row| row.get(0)))
    }

    /// The records after a position, in the order in which they were written.
    ///
    /// # Errors
    ///
    /// As [`Self::newest`].
    pub fn after(&self, position: i64, limit: u32) -> Result<Vec<StreamRecord>, rusqlite::Error> {
        self.read(|file| {
            let mut statement = file.prepare_cached(NEXT)?;
            let rows = statement.query_map((position, limit), |row| self.record(row))?;
            rows.collect()
        })
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, rusqlite::Error> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match connection.take() {
            Some(file) => file,
            None => Connection::open_with_flags(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        work(connection.insert(file))
    }

    fn record(&self, row: &Row<'_>) -> Result<StreamRecord, rusqlite::Error> {
        let position: i64 = row.get(0)?;
        let table: String = row.get(1)?;
        let image = |text: Option<String>| text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        let (keys, new, old) = (image(row.get(3)?), image(row.get(4)?), image(row.get(5)?));
        let size: usize = [&keys, &new, &old].into_iter().flatten().map(|image| image.to_string().len()).sum();
        let written_ms = row.get::<_, i64>(6)? * 1000 + self.clock.offset_ms();
        let mut dynamodb = json!({
            "ApproximateCreationDateTime": written_ms / 1000,
            "Keys": keys,
            "SequenceNumber": sequence_number(position),
            "SizeBytes": size,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        });
        for (name, image) in [("NewImage", new), ("OldImage", old)] {
            if let Some(image) = image {
                dynamodb[name] = image;
            }
        }
        let mut event = json!({
            "eventID": row.get::<_, Option<String>>(8)?.unwrap_or_default(),
            "eventName": row.get::<_, String>(2)?,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": REGION,
            "eventSourceARN": stream_arn(&table),
            "dynamodb": dynamodb,
        });
        if row.get::<_, Option<String>>(7)?.is_some() {
            event["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
        }
        Ok(StreamRecord { position, table, written_ms, event })
    }
}

/// 21 to 40 digits, as AWS's are.
#[must_use]
pub fn sequence_number(position: i64) -> String {
    format!("1{position:020}")
}

/// What a table's stream is called.
#[must_use]
pub fn stream_arn(table: &str) -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/stream/2026-01-01T00:00:00.000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_number_sorts_as_text_as_its_position_does() {
        assert!(sequence_number(9) < sequence_number(10));
        assert!((21..=40).contains(&sequence_number(i64::MAX).len()));
    }
}
