//! The attributes of a queue that its owner sets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::errors;
use crate::error::ServiceError;

/// Attributes by name, all values as text, as the API has them.
pub(super) type Attributes = BTreeMap<String, String>;

const DEFAULTS: [(&str, &str); 6] = [
    ("DelaySeconds", "0"),
    ("MaximumMessageSize", "1048576"),
    ("MessageRetentionPeriod", "345600"),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("SqsManagedSseEnabled", "true"),
    ("VisibilityTimeout", "30"),
];

const FIFO_DEFAULTS: [(&str, &str); 3] =
    [("ContentBasedDeduplication", "false"), ("DeduplicationScope", "queue"), ("FifoThroughputLimit", "perQueue")];

/// The validated attributes of one queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings(Attributes);

/// Where messages go that were received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redrive {
    pub dead_letter_queue: String,
    pub max_receive_count: u32,
}

impl Settings {
    /// The settings of a new queue.
    ///
    /// # Errors
    ///
    /// The refusal of an attribute that is unknown, out of range, or does not go with the queue's name.
    pub(super) fn new(name: &str, given: &Attributes) -> Result<Self, ServiceError> {
        let named_fifo = name.strip_suffix(".fifo").is_some();
        let asked_fifo = given.get("FifoQueue").is_some_and(|value| value == "true");
        if named_fifo != asked_fifo {
            let rule = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, \
                        must end with .fifo suffix and be 1 to 80 in length.";
            return Err(errors::invalid_parameter(rule));
        }
        let fifo_defaults: &[_] = if asked_fifo { &FIFO_DEFAULTS } else { &[] };
        let defaults = DEFAULTS.iter().chain(fifo_defaults);
        let mut settings = Self(defaults.map(|&(name, value)| (name.to_owned(), value.to_owned())).collect());
        if asked_fifo {
            settings.0.insert("FifoQueue".into(), "true".into());
        }
        settings.update(given)?;
        Ok(settings)
    }

    /// Sets attributes; an empty value takes an optional one away.
    ///
    /// # Errors
    ///
    /// As [`Settings::new`]; nothing is set then.
    pub(super) fn update(&mut self, given: &Attributes) -> Result<(), ServiceError> {
        for (name, value) in given {
            self.check(name, value)?;
        }
        for (name, value) in given.iter().filter(|(name, _)| *name != "FifoQueue") {
            if value.is_empty() {
                self.0.remove(name);
            } else {
                self.0.insert(name.clone(), value.clone());
            }
        }
        Ok(())
    }

    fn check(&self, name: &str, value: &str) -> Result<(), ServiceError> {
        let within = |least: i64, most: i64| value.parse().is_ok_and(|number: i64| (least..=most).contains(&number));
        let valid = match name {
            "VisibilityTimeout" => within(0, 43_200),
            "DelaySeconds" => within(0, 900),
            "MessageRetentionPeriod" => within(60, 1_209_600),
            "MaximumMessageSize" => within(1024, 1_048_576),
            "ReceiveMessageWaitTimeSeconds" => within(0, 20),
            "KmsDataKeyReusePeriodSeconds" => within(60, 86_400),
            "RedrivePolicy" => value.is_empty() || parse_redrive(value).is_some(),
            "SqsManagedSseEnabled" => is_boolean(value),
            "FifoQueue" => is_boolean(value) && (value == "true") == self.is_fifo(),
            "ContentBasedDeduplication" => self.is_fifo() && is_boolean(value),
            "DeduplicationScope" => self.is_fifo() && matches!(value, "queue" | "messageGroup"),
            "FifoThroughputLimit" => self.is_fifo() && matches!(value, "perQueue" | "perMessageGroupId"),
            "KmsMasterKeyId" | "Policy" | "RedriveAllowPolicy" => true,
            _ => return Err(errors::unknown_attribute(name)),
        };
        valid.then_some(()).ok_or_else(|| errors::invalid_attribute(name))
    }

    /// The first attribute that a second `CreateQueue` wants otherwise.
    pub(super) fn conflict<'a>(&self, given: &'a Attributes) -> Option<&'a str> {
        given.iter().find(|(name, value)| self.0.get(*name) != Some(value)).map(|(name, _)| name.as_str())
    }

    pub(super) fn all(&self) -> &Attributes {
        &self.0
    }

    pub(super) fn is_fifo(&self) -> bool {
        self.0.contains_key("FifoQueue")
    }

    pub(super) fn is_content_based(&self) -> bool {
        self.0.get("ContentBasedDeduplication").is_some_and(|value| value == "true")
    }

    /// Whether the same deduplication id may be used in two message groups.
    pub(super) fn deduplicates_by_group(&self) -> bool {
        self.0.get("DeduplicationScope").is_some_and(|scope| scope == "messageGroup")
    }

    /// A duration attribute, in seconds.
    pub(super) fn seconds(&self, name: &str) -> i64 {
        self.0.get(name).and_then(|value| value.parse().ok()).unwrap_or_default()
    }

    pub(super) fn max_bytes(&self) -> usize {
        self.0.get("MaximumMessageSize").and_then(|value| value.parse().ok()).unwrap_or(super::message::MAX_BYTES)
    }

    pub(super) fn redrive(&self) -> Option<Redrive> {
        parse_redrive(self.0.get("RedrivePolicy")?)
    }
}

fn is_boolean(value: &str) -> bool {
    matches!(value, "true" | "false")
}

/// Reads `{"deadLetterTargetArn": …, "maxReceiveCount": …}`; the count may be a number or its text.
fn parse_redrive(policy: &str) -> Option<Redrive> {
    let policy: serde_json::Value = serde_json::from_str(policy).ok()?;
    let count = &policy["maxReceiveCount"];
    let max_receive_count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
    Some(Redrive {
        dead_letter_queue: policy["deadLetterTargetArn"].as_str()?.to_owned(),
        max_receive_count: u32::try_from(max_receive_count).ok().filter(|count| (1..=1000).contains(count))?,
    })
}
