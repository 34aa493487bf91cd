//! `EventBridge`: takes events, and keeps them for whoever looks. It has no rules.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::{Answer, ServiceError, input};

/// What one call takes.
const MAX_ENTRIES: usize = 10;
const MAX_BYTES: usize = 1024 * 1024;

/// An event as it was put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutEvent {
    /// The bus, by its name or its ARN.
    #[serde(default)]
    pub event_bus_name: String,
    /// Who says so.
    pub source: String,
    /// What kind of event it is.
    pub detail_type: String,
    /// A JSON object, as text.
    pub detail: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    entries: Vec<Value>,
}

/// A handle to what was put; clones share it.
#[derive(Clone, Debug, Default)]
pub struct EventBuses(Arc<Mutex<Vec<PutEvent>>>);

impl EventBuses {
    /// Everything that was put, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<PutEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Carries out a call; `is_refused` decides for each entry.
    pub(crate) fn call(&self, operation: &str, asked: Value, mut is_refused: impl FnMut() -> bool) -> Answer {
        if operation != "PutEvents" {
            return Err(ServiceError::unknown_operation());
        }
        let PutEvents { entries } = input(asked)?;
        if entries.is_empty() || entries.len() > MAX_ENTRIES {
            return Err(ServiceError::validation("the number of entries has to be between 1 and 10"));
        }
        if entries.iter().map(size).sum::<usize>() >= MAX_BYTES {
            return Err(ServiceError::validation("Total size of the entries in the request is over the limit."));
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answers: Vec<Value> = entries
            .into_iter()
            .map(|entry| match entry_of(entry) {
                Ok(_) if is_refused() => json!({"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}),
                Ok(event) => {
                    kept.push(event);
                    json!({"EventId": Uuid::new_v4()})
                }
                Err((code, message)) => json!({"ErrorCode": code, "ErrorMessage": message}),
            })
            .collect();
        let failed = answers.iter().filter(|answer| answer.get("ErrorCode").is_some()).count();
        Ok(json!({"FailedEntryCount": failed, "Entries": answers}))
    }
}

fn entry_of(entry: Value) -> Result<PutEvent, (&'static str, &'static str)> {
    let event: PutEvent =
        serde_json::from_value(entry).map_err(|_| ("InvalidArgument", "Source, DetailType and Detail are needed"))?;
    if !serde_json::from_str::<Value>(&event.detail).is_ok_and(|detail| detail.is_object()) {
        return Err(("MalformedDetail", "Detail is malformed."));
    }
    if event.detail_type.len() > 128 {
        return Err(("InvalidArgument", "DetailType is too long"));
    }
    Ok(event)
}

/// What an entry counts for: its texts, and a time as so many bytes.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>
fn size(entry: &Value) -> usize {
    const TIME_BYTES: usize = 14;
    let texts = ["Source", "DetailType", "Detail"].into_iter().map(|name| &entry[name]);
    let texts = texts.chain(entry["Resources"].as_array().into_iter().flatten());
    let time = if entry.get("Time").is_some() { TIME_BYTES } else { 0 };
    time + texts.filter_map(Value::as_str).map(str::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: usize, detail: &str) -> Value {
        let entry = json!({"EventBusName": "bus", "Source": "s", "DetailType": "t", "Detail": detail});
        json!({ "Entries": vec![entry; count] })
    }

    #[test]
    fn some_entries_may_be_refused_though_the_call_is_answered() {
        let buses = EventBuses::default();
        let mut turn = 0;
        let answer = buses.call("PutEvents", entries(3, "{}"), || {
            turn += 1;
            turn == 2
        });
        let answer = answer.expect("an answer");
        assert_eq!(answer["FailedEntryCount"], 1);
        assert_eq!(answer["Entries"][1]["ErrorCode"], "ThrottlingException");
        assert_eq!(buses.events().len(), 2);
    }

    #[test]
    fn what_the_real_one_refuses_is_refused() {
        let buses = EventBuses::default();
        for asked in
            [entries(0, "{}"), entries(11, "{}"), entries(1, &format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_BYTES)))]
        {
            assert!(buses.call("PutEvents", asked, || false).is_err());
        }
        let answer = buses.call("PutEvents", entries(1, "no JSON"), || false).expect("an answer");
        assert_eq!(answer["Entries"][0]["ErrorCode"], "MalformedDetail");
        assert!(buses.events().is_empty());
    }
}
