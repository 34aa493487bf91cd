//! Queues that take everything and deliver nothing.

use bytes::Bytes;
use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Failure;

/// A message that a function sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Queued {
    pub(crate) message_body: String,
    #[serde(default)]
    pub(crate) message_group_id: String,
    #[serde(default)]
    pub(crate) message_deduplication_id: String,
    #[serde(default)]
    id: String,
}

/// Messages, and what their sender is answered.
pub(crate) struct Sent {
    pub(crate) entries: Vec<Queued>,
    pub(crate) answer: String,
}

/// Takes the messages of a call that sends some, and agrees to every change; `None` for a call to another service.
pub(crate) fn accept(operation: &str, body: &Bytes) -> Result<Option<Sent>, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Batch {
        entries: Vec<Queued>,
    }
    Ok(match operation {
        "SendMessageBatch" => {
            let Batch { entries } = serde_json::from_slice(body)?;
            let taken: Vec<Value> = entries.iter().map(receipt).collect();
            Some(Sent { entries, answer: json!({ "Successful": taken, "Failed": [] }).to_string() })
        }
        "SendMessage" => {
            let message: Queued = serde_json::from_slice(body)?;
            Some(Sent { answer: receipt(&message).to_string(), entries: vec![message] })
        }
        "ChangeMessageVisibility" | "DeleteMessage" => Some(Sent { entries: Vec::new(), answer: "{}".to_owned() }),
        _ => None,
    })
}

/// SDKs of some languages compare the digest.
fn receipt(message: &Queued) -> Value {
    json!({
        "Id": message.id,
        "MessageId": "00000000-0000-4000-8000-000000000001",
        "MD5OfMessageBody": hex::encode(Md5::digest(message.message_body.as_bytes())),
        "SequenceNumber": "18889000000000000256",
    })
}
