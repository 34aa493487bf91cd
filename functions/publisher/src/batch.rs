//! A batch of a stream, read: what is told, and what nobody can read.

use edge::telemetry::{Chain, metric};
use serde::Deserialize;
use serde_json::Value;
use store::{News, StreamRecord};
use tracing::error;

/// What Lambda hands over: records of a stream, or of the queue in which those wait that are to be told once more.
#[derive(Debug, Deserialize)]
pub struct Records {
    /// Each as it came, so that one that cannot be read stands in nobody's way.
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

/// A record that tells something.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Names the record towards Lambda.
    pub(crate) id: String,
    /// What it tells.
    pub(crate) news: News,
}

/// A record that cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// Names the record towards Lambda.
    pub(crate) id: String,
    /// The record.
    pub(crate) body: String,
    /// Whether it was set aside before.
    pub(crate) is_from_queue: bool,
}

/// A batch, in the stream's order.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<Entry>,
    pub(crate) unreadable: Vec<Unreadable>,
}

impl Batch {
    pub(crate) fn read(records: Records) -> Self {
        let mut batch = Self::default();
        for record in records.records {
            batch.add(&record);
        }
        batch
    }

    fn add(&mut self, record: &Value) {
        let queued = record["messageId"].as_str();
        let (id, body) = match queued {
            Some(id) => (id, record["body"].as_str().unwrap_or_default().to_owned()),
            None => (record["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default(), record.to_string()),
        };
        let id = id.to_owned();
        match read(&body) {
            Ok(Some(news)) => self.entries.push(Entry { id, news }),
            Ok(None) => {}
            Err(failure) => {
                error!(record = id, error = %Chain(&*failure), "A record of a stream cannot be read");
                metric("records_unreadable", 1, &[]);
                self.unreadable.push(Unreadable { id, body, is_from_queue: queued.is_some() });
            }
        }
    }
}

/// The parser's own words are left out: they may quote the record.
fn read(body: &str) -> Result<Option<News>, Box<dyn std::error::Error>> {
    let record: StreamRecord = serde_json::from_str(body)
        .map_err(|failure| format!("not a record of a stream, in line {} at {}", failure.line(), failure.column()))?;
    Ok(record.news()?)
}

#[cfg(test)]
mod tests {
    use domain::outbox::LastChange;

    use super::*;

    fn batch(records: &str) -> Batch {
        Batch::read(serde_json::from_str(records).expect("a batch"))
    }

    #[test]
    fn the_samples_tell_of_one_message() {
        for (sample, id) in [
            (include_str!("../../../events/publisher.json"), "100000000000000000001"),
            (include_str!("../../../events/publisher-again.json"), "00000000-0000-4000-8000-000000000001"),
        ] {
            let Batch { entries, unreadable } = batch(sample);
            assert!(unreadable.is_empty());
            assert_eq!(entries.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), [id]);
            assert_eq!(entries[0].news.changes, [LastChange::Received]);
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_stands_in_nobodys_way() {
        let sample: Value = serde_json::from_str(include_str!("../../../events/publisher.json")).expect("a batch");
        let mut unreadable = sample["Records"][0].clone();
        unreadable["dynamodb"]["NewImage"]["status"] = serde_json::json!({"N": "7"});
        unreadable["dynamodb"]["SequenceNumber"] = serde_json::json!("2");
        let records = serde_json::json!({"Records": [unreadable, sample["Records"][0]]});
        let batch = batch(&records.to_string());
        assert_eq!((batch.entries.len(), batch.unreadable.len()), (1, 1));
        assert_eq!(batch.unreadable[0].id, "2");
        assert!(batch.unreadable[0].body.contains("NewImage"), "it is set aside with its body");
    }

    #[test]
    fn what_expires_is_no_news() {
        let sample: Value = serde_json::from_str(include_str!("../../../events/publisher.json")).expect("a batch");
        let mut removed = sample["Records"][0].clone();
        let image = removed["dynamodb"]["NewImage"].take();
        removed["dynamodb"]["OldImage"] = image;
        removed["dynamodb"].as_object_mut().expect("an object").remove("NewImage");
        let batch = batch(&serde_json::json!({"Records": [removed]}).to_string());
        assert!(batch.entries.is_empty() && batch.unreadable.is_empty());
    }
}
