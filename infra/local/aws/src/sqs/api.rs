//! The inputs of the operations, as the SDKs send them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::errors;
use super::message::{Draft, Wanted};
use super::settings::Attributes;
use crate::error::{Answer, ServiceError};

/// The most entries of a batch.
const MAX_ENTRIES: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    pub queue_name: String,
    #[serde(default)]
    pub attributes: Attributes,
    #[serde(default, rename = "tags")]
    pub tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    pub queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    #[serde(default)]
    pub queue_name_prefix: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfQueue {
    pub queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueAttributes {
    pub queue_url: String,
    #[serde(default)]
    pub attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetQueueAttributes {
    pub queue_url: String,
    pub attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagQueue {
    pub queue_url: String,
    pub tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagQueue {
    pub queue_url: String,
    pub tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    pub queue_url: String,
    #[serde(flatten)]
    pub draft: Draft,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    pub queue_url: String,
    max_number_of_messages: Option<i64>,
    pub visibility_timeout: Option<i64>,
    pub wait_time_seconds: Option<i64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

impl ReceiveMessage {
    /// Checks the ranges and gives the most messages to return.
    ///
    /// # Errors
    ///
    /// When one of the numbers is out of its range.
    pub(super) fn max_messages(&self) -> Result<usize, ServiceError> {
        let max = self.max_number_of_messages.unwrap_or(1);
        let rules = [
            ("MaxNumberOfMessages", Some(max), 1..=10),
            ("VisibilityTimeout", self.visibility_timeout, 0..=43_200),
            ("WaitTimeSeconds", self.wait_time_seconds, 0..=20),
        ];
        for (name, given, range) in rules {
            if given.is_some_and(|number| !range.contains(&number)) {
                let (least, most) = range.into_inner();
                let rule =
                    format!("Value for parameter {name} is invalid. Reason: Must be between {least} and {most}.");
                return Err(errors::invalid_parameter(rule));
            }
        }
        Ok(usize::try_from(max).unwrap_or(1))
    }

    pub(super) fn wanted(&self) -> Wanted {
        let system = self.attribute_names.iter().chain(&self.message_system_attribute_names).cloned().collect();
        Wanted { system, custom: self.message_attribute_names.clone() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Handle {
    pub receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessage {
    pub queue_url: String,
    #[serde(flatten)]
    pub handle: Handle,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Visibility {
    pub receipt_handle: String,
    #[serde(default)]
    pub visibility_timeout: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeVisibility {
    pub queue_url: String,
    #[serde(flatten)]
    pub visibility: Visibility,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartMoveTask {
    pub source_arn: String,
    pub destination_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListMoveTasks {
    pub source_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<T> {
    id: String,
    #[serde(flatten)]
    content: T,
}

/// A batch: each entry succeeds or fails by itself.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<T> {
    pub queue_url: String,
    entries: Vec<Entry<T>>,
}

impl<T> Batch<T> {
    /// Checks the number of entries and their ids.
    ///
    /// # Errors
    ///
    /// The refusal of the whole batch.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        if self.entries.is_empty() {
            return Err(errors::empty_batch());
        }
        if self.entries.len() > MAX_ENTRIES {
            return Err(errors::too_many_entries(self.entries.len()));
        }
        for (at, Entry { id, .. }) in self.entries.iter().enumerate() {
            let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
            if id.is_empty() || id.len() > 80 || !id.chars().all(allowed) {
                return Err(errors::invalid_id());
            }
            if self.entries[..at].iter().any(|other| other.id == *id) {
                return Err(errors::repeated_id(id));
            }
        }
        Ok(())
    }

    pub(super) fn contents(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|entry| &entry.content)
    }

    /// Does `act` for each entry; its answer, an object, goes back with the entry's id.
    pub(super) fn each(self, mut act: impl FnMut(T) -> Answer) -> Value {
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for Entry { id, content } in self.entries {
            match act(content) {
                Ok(mut answer) => {
                    answer["Id"] = id.into();
                    successful.push(answer);
                }
                Err(error) => failed.push(failure(&id, &error)),
            }
        }
        json!({ "Successful": successful, "Failed": failed })
    }
}

fn failure(id: &str, error: &ServiceError) -> Value {
    let code = error.query_code.unwrap_or(&error.code);
    json!({ "Id": id, "Code": code, "Message": error.body["message"], "SenderFault": error.status < 500 })
}
