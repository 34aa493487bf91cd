//! A message, what it may contain, and the handle of one of its deliveries.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{errors, md5};
use crate::error::ServiceError;

/// The most bytes a message, or a batch of messages, may have: 1 MiB since August 2025.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// The custom attributes of a message, by name.
pub(super) type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// A custom attribute; exactly one of the values is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MessageAttribute {
    pub data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// Base64, as on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// What a sender gives.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Draft {
    pub message_body: String,
    pub delay_seconds: Option<i64>,
    #[serde(default)]
    pub message_attributes: MessageAttributes,
    #[serde(default)]
    pub message_system_attributes: MessageAttributes,
    pub message_group_id: Option<String>,
    pub message_deduplication_id: Option<String>,
}

impl Draft {
    /// The bytes that count towards [`MAX_BYTES`]: the body, and the names, types and values of attributes.
    pub(super) fn bytes(&self) -> usize {
        let attributes = self.message_attributes.iter().map(|(name, attribute)| {
            let text = attribute.string_value.as_deref().map_or(0, str::len);
            let binary = attribute.binary_value.as_deref().map_or(0, |encoded| encoded.len() / 4 * 3);
            name.len() + attribute.data_type.len() + text + binary
        });
        self.message_body.len() + attributes.sum::<usize>()
    }

    /// Checks what SQS checks of every message, whatever its queue.
    ///
    /// # Errors
    ///
    /// The refusal that SQS would answer.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        if self.message_body.is_empty() {
            return Err(errors::missing_parameter("The request must contain the parameter MessageBody."));
        }
        if self.bytes() > MAX_BYTES {
            let rule =
                format!("One or more parameters are invalid. Reason: Message must be shorter than {MAX_BYTES} bytes.");
            return Err(errors::invalid_parameter(rule));
        }
        if !self.message_body.chars().all(is_allowed) {
            return Err(ServiceError::new(
                "InvalidMessageContents",
                "The message contains characters outside the allowed set.",
            ));
        }
        let group = self.message_group_id.as_deref().map_or(Ok(()), |id| check_id("MessageGroupId", id));
        group.and(
            self.message_deduplication_id.as_deref().map_or(Ok(()), |id| check_id("MessageDeduplicationId", id)),
        )?;
        self.message_attributes.iter().try_for_each(|(name, attribute)| check_attribute(name, attribute))
    }
}

/// The characters of XML 1.0, the only ones SQS takes.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// Groups and deduplication ids: letters, digits and punctuation of ASCII, at most 128 of them.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn check_id(name: &str, id: &str) -> Result<(), ServiceError> {
    let is_allowed = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_allowed.then_some(()).ok_or_else(|| {
        errors::invalid_parameter(format!(
            "Value {id} for parameter {name} is invalid. Reason: {name} can only include alphanumeric and punctuation \
             characters. 1 to 128 in length."
        ))
    })
}

fn check_attribute(name: &str, attribute: &MessageAttribute) -> Result<(), ServiceError> {
    let kind = attribute.data_type.split('.').next().unwrap_or_default();
    let has_value = match kind {
        "String" | "Number" => attribute.string_value.as_ref().is_some_and(|text| !text.is_empty()),
        "Binary" => attribute.binary_value.as_ref().is_some_and(|encoded| !encoded.is_empty()),
        _ => {
            return Err(errors::invalid_parameter(format!(
                "The type of message (user) attribute '{name}' is invalid."
            )));
        }
    };
    has_value.then_some(()).ok_or_else(|| {
        errors::invalid_parameter(format!("The message (user) attribute '{name}' must contain a non-empty value."))
    })
}

/// A stored message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Message {
    /// Orders the messages of a queue; the `SequenceNumber` of FIFO queues.
    pub sequence: u64,
    pub id: String,
    pub body: String,
    pub attributes: MessageAttributes,
    pub trace_header: Option<String>,
    pub group: Option<String>,
    pub deduplication_id: Option<String>,
    /// By the simulated clock; retention counts from here.
    pub enqueued_ms: i64,
    pub receive_count: u32,
    pub first_received_ms: Option<i64>,
    /// When it was last received, in real time: what hides it is counted from there.
    #[serde(default)]
    pub received_real_ms: Option<i64>,
    /// The ARN of the queue which a dead letter comes from.
    pub dead_letter_source: Option<String>,
    /// Real time until which nobody receives it: it is delayed or, with a receipt, in flight.
    pub hidden_until_ms: Option<i64>,
    /// The latest delivery; older handles do nothing.
    pub receipt: Option<String>,
}

impl Message {
    pub(super) fn is_in_flight(&self) -> bool {
        self.hidden_until_ms.is_some() && self.receipt.is_some()
    }

    /// The message as a receiver sees it, with the attributes it asked for.
    pub(super) fn delivery(&self, handle: &str, wanted: &Wanted) -> Value {
        let mut delivery = json!({
            "MessageId": self.id,
            "ReceiptHandle": handle,
            "Body": self.body,
            "MD5OfBody": md5::of_body(&self.body),
        });
        let system = self.system_attributes(|name| wanted.system(name));
        if !system.is_empty() {
            delivery["Attributes"] = Value::Object(system);
        }
        let attributes: MessageAttributes = self
            .attributes
            .iter()
            .filter(|(name, _)| wanted.custom(name))
            .map(|(name, attribute)| (name.clone(), attribute.clone()))
            .collect();
        if let Some(checksum) = md5::of_attributes(&attributes) {
            delivery["MD5OfMessageAttributes"] = checksum.into();
            delivery["MessageAttributes"] = json!(attributes);
        }
        delivery
    }

    fn system_attributes(&self, is_wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
        let is_fifo = self.deduplication_id.is_some();
        let all = [
            ("SenderId", Some(crate::ACCOUNT.to_owned())),
            ("SentTimestamp", Some(self.enqueued_ms.to_string())),
            ("ApproximateReceiveCount", Some(self.receive_count.to_string())),
            ("ApproximateFirstReceiveTimestamp", self.first_received_ms.map(|ms| ms.to_string())),
            ("MessageGroupId", self.group.clone()),
            ("MessageDeduplicationId", self.deduplication_id.clone()),
            ("SequenceNumber", is_fifo.then(|| sequence_number(self.sequence))),
            ("AWSTraceHeader", self.trace_header.clone()),
            ("DeadLetterQueueSourceArn", self.dead_letter_source.clone()),
        ];
        all.into_iter()
            .filter(|(name, _)| is_wanted(name))
            .filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))))
            .collect()
    }
}

/// A sequence number as FIFO queues write it: 20 digits, so that text sorts like the number.
pub(super) fn sequence_number(sequence: u64) -> String {
    format!("{sequence:020}")
}

/// The attributes a receiver asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub system: Vec<String>,
    pub custom: Vec<String>,
}

impl Wanted {
    fn system(&self, name: &str) -> bool {
        self.system.iter().any(|wanted| wanted == "All" || wanted == name)
    }

    fn custom(&self, name: &str) -> bool {
        self.custom.iter().any(|wanted| match wanted.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => wanted == "All" || wanted == name,
        })
    }
}

/// The handle of one delivery: the message, and which delivery of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReceiptHandle {
    pub sequence: u64,
    pub receipt: String,
}

impl ReceiptHandle {
    /// Reads what [`ReceiptHandle::encode`] wrote for the same queue.
    ///
    /// # Errors
    ///
    /// `ReceiptHandleIsInvalid` for anything else.
    pub(super) fn decode(queue: &str, text: &str) -> Result<Self, ServiceError> {
        Self::parse(queue, text).ok_or_else(|| {
            ServiceError::legacy(
                "ReceiptHandleIsInvalid",
                "ReceiptHandleIsInvalid",
                format!("The input receipt handle \"{text}\" is not a valid receipt handle."),
            )
        })
    }

    fn parse(queue: &str, text: &str) -> Option<Self> {
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = decoded.splitn(3, ' ');
        let (sequence, receipt, of_queue) = (parts.next()?, parts.next()?, parts.next()?);
        let handle = Self { sequence: sequence.parse().ok()?, receipt: receipt.to_owned() };
        (of_queue == queue).then_some(handle)
    }

    pub(super) fn encode(&self, queue: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {} {queue}", self.sequence, self.receipt))
    }
}
