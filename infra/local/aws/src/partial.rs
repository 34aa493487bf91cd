//! Batches of which some entries fail: taken out of the request, put back into the answer.

use serde_json::{Map, Value, json};

use crate::error::Answer;

/// The entries that were taken out.
#[derive(Debug)]
pub(crate) enum TakenOut {
    /// Ids of SQS entries, and the code they fail with.
    Failed { ids: Vec<Value>, code: String },
    /// Tables with their write requests.
    Items(Map<String, Value>),
    /// Tables with what was asked about their keys.
    Keys(Map<String, Value>),
    /// Places of events, in their order, and the code they are refused with.
    Refused { places: Vec<usize>, code: String },
}

/// Takes the entries at `places` out of a batch request. `None` when the operation has no partial failures.
pub(crate) fn take_out(operation: &str, input: &mut Value, places: &[usize], code: &str) -> Option<TakenOut> {
    match operation {
        "SendMessageBatch" | "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => {
            let mut place = 0..;
            let taken = split(input["Entries"].as_array_mut()?, &mut place, places);
            let ids = taken.into_iter().map(|mut entry| entry["Id"].take()).collect();
            Some(TakenOut::Failed { ids, code: code.to_owned() })
        }
        "PutEvents" => {
            let entries = input["Entries"].as_array_mut()?;
            let refused = (0..entries.len()).filter(|place| places.contains(place)).collect();
            split(entries, &mut (0..), places);
            Some(TakenOut::Refused { places: refused, code: code.to_owned() })
        }
        "BatchWriteItem" => Some(TakenOut::Items(take_from_tables(input, places, None)?)),
        "BatchGetItem" => Some(TakenOut::Keys(take_from_tables(input, places, Some("Keys"))?)),
        _ => None,
    }
}

/// Whether nothing is left to carry out.
pub(crate) fn is_empty(input: &Value) -> bool {
    let no_entries = input["Entries"].as_array().is_some_and(Vec::is_empty);
    no_entries || input["RequestItems"].as_object().is_some_and(Map::is_empty)
}

/// The answer to a batch of which nothing was left.
pub(crate) fn empty_answer(taken_out: &TakenOut) -> Value {
    match taken_out {
        TakenOut::Failed { .. } => json!({ "Successful": [], "Failed": [] }),
        TakenOut::Items(_) => json!({ "UnprocessedItems": {} }),
        TakenOut::Keys(_) => json!({ "Responses": {}, "UnprocessedKeys": {} }),
        TakenOut::Refused { .. } => json!({ "FailedEntryCount": 0, "Entries": [] }),
    }
}

/// Reports the entries that were taken out in the answer to the others.
pub(crate) fn report(taken_out: TakenOut, answer: Answer) -> Answer {
    let mut answer = answer?;
    match taken_out {
        TakenOut::Failed { ids, code } => {
            let failures = ids.into_iter().map(
                |id| json!({ "Id": id, "Code": code, "Message": "Injected by a fault rule.", "SenderFault": false }),
            );
            append(&mut answer["Failed"], failures.collect());
        }
        TakenOut::Items(tables) => {
            for (table, requests) in tables {
                let Value::Array(requests) = requests else { continue };
                append(&mut answer["UnprocessedItems"][table], requests);
            }
        }
        TakenOut::Keys(tables) => {
            for (table, asked) in tables {
                answer["UnprocessedKeys"][table] = asked;
            }
        }
        TakenOut::Refused { places, code } => {
            let mut entries = answer["Entries"].as_array().cloned().unwrap_or_default();
            for place in places {
                entries.insert(place, json!({ "ErrorCode": code, "ErrorMessage": "Injected by a fault rule." }));
            }
            let failed = entries.iter().filter(|entry| entry.get("ErrorCode").is_some()).count();
            answer = json!({ "FailedEntryCount": failed, "Entries": entries });
        }
    }
    Ok(answer)
}

/// Takes from every table's list, which is the table's value or a member of it; tables of which nothing is left go.
fn take_from_tables(input: &mut Value, places: &[usize], member: Option<&str>) -> Option<Map<String, Value>> {
    let tables = input["RequestItems"].as_object_mut()?;
    let mut place = 0..;
    let mut taken_out = Map::new();
    for (name, table) in tables.iter_mut() {
        let mut copy = table.clone();
        let list = match member {
            Some(member) => &mut table[member],
            None => table,
        };
        let taken = split(list.as_array_mut()?, &mut place, places);
        if !taken.is_empty() {
            match member {
                Some(member) => copy[member] = taken.into(),
                None => copy = taken.into(),
            }
            taken_out.insert(name.clone(), copy);
        }
    }
    tables.retain(|_, table| {
        let list = member.map_or(&*table, |member| &table[member]);
        list.as_array().is_some_and(|list| !list.is_empty())
    });
    Some(taken_out)
}

/// Counts on through `list` and takes out what is at one of `places`.
fn split(list: &mut Vec<Value>, place: &mut impl Iterator<Item = usize>, places: &[usize]) -> Vec<Value> {
    let all = std::mem::take(list).into_iter().zip(place);
    let (taken, left): (Vec<_>, Vec<_>) = all.partition(|(_, place)| places.contains(place));
    *list = left.into_iter().map(|(entry, _)| entry).collect();
    taken.into_iter().map(|(entry, _)| entry).collect()
}

fn append(list: &mut Value, more: Vec<Value>) {
    match list.as_array_mut() {
        Some(existing) => existing.extend(more),
        None => *list = more.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_fail_come_back_with_what_was_asked_about_them() {
        let mut input =
            json!({ "RequestItems": { "a": { "Keys": [1, 2], "ConsistentRead": true }, "b": { "Keys": [3] } } });

        let taken_out = take_out("BatchGetItem", &mut input, &[1, 2], "").unwrap();
        let answer = report(taken_out, Ok(json!({ "Responses": { "a": [1] }, "UnprocessedKeys": {} }))).unwrap();

        assert_eq!(input, json!({ "RequestItems": { "a": { "Keys": [1], "ConsistentRead": true } } }));
        let unprocessed = json!({ "a": { "Keys": [2], "ConsistentRead": true }, "b": { "Keys": [3] } });
        assert_eq!(answer["UnprocessedKeys"], unprocessed);
    }

    #[test]
    fn entries_that_fail_come_back_by_id() {
        let mut input = json!({ "Entries": [{ "Id": "x" }, { "Id": "y" }] });

        let taken_out = take_out("SendMessageBatch", &mut input, &[0], "Busy").unwrap();
        let answer = report(taken_out, Ok(json!({ "Successful": [{ "Id": "y" }], "Failed": [] }))).unwrap();

        assert_eq!(input, json!({ "Entries": [{ "Id": "y" }] }));
        assert_eq!(answer["Failed"][0]["Id"], "x");
        assert_eq!(answer["Failed"][0]["Code"], "Busy");
    }
}
