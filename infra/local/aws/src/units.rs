//! Capacity units: asked for with every `DynamoDB` call, counted, and shown to the caller only as far as it asked.

use serde_json::Value;

use crate::calls::Units;
use crate::error::{Answer, ServiceError};

const MEMBER: &str = "ConsumedCapacity";

/// How much of its consumption a caller wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    None,
    Total,
    Indexes,
}

/// Whether a call spends read units, write units or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

/// Asks for the consumption of each index; returns what the caller had asked for, or `None` for operations without any.
pub(crate) fn ask(operation: &str, input: &mut Value) -> Option<Detail> {
    kind(operation)?;
    let members = input.as_object_mut()?;
    let asked = members.insert("ReturnConsumedCapacity".into(), "INDEXES".into());
    match asked.as_ref().map(Value::as_str) {
        None | Some(Some("NONE")) => Some(Detail::None),
        Some(Some("TOTAL")) => Some(Detail::Total),
        Some(Some("INDEXES")) => Some(Detail::Indexes),
        Some(_) => {
            members.extend(asked.map(|asked| ("ReturnConsumedCapacity".to_owned(), asked)));
            None
        }
    }
}

/// Takes the consumption out of the answer, as far as the caller did not ask for it, and counts it.
pub(crate) fn count(operation: &str, detail: Option<Detail>, items: usize, answer: &mut Answer) -> Units {
    let (Some(kind), Some(detail)) = (kind(operation), detail) else { return Units::default() };
    match answer {
        Ok(answer) => {
            let units = consumed(kind, &answer[MEMBER]);
            show(answer, detail);
            units
        }
        Err(error) => refused(kind, operation, items, error),
    }
}

fn kind(operation: &str) -> Option<Kind> {
    match operation {
        "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems" => Some(Kind::Read),
        "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems" => Some(Kind::Write),
        _ => None,
    }
}

/// Sums up one table's consumption, or the list of a batch or transaction.
fn consumed(kind: Kind, consumption: &Value) -> Units {
    let mut units = Units::default();
    let tables = consumption.as_array().map_or(std::slice::from_ref(consumption), Vec::as_slice);
    for table in tables {
        let indexes =
            ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"].into_iter().filter_map(|name| table[name].as_object());
        let of_indexes: f64 = indexes.flat_map(|indexes| indexes.values()).map(capacity).sum();
        let of_table = capacity(table) - of_indexes;
        units += match kind {
            Kind::Read => Units { read_table: of_table, read_index: of_indexes, ..Units::default() },
            Kind::Write => Units { write_table: of_table, write_index: of_indexes, ..Units::default() },
        };
    }
    units
}

fn capacity(consumption: &Value) -> f64 {
    consumption["CapacityUnits"].as_f64().unwrap_or_default()
}

fn show(answer: &mut Value, detail: Detail) {
    let Some(members) = answer.as_object_mut() else { return };
    match detail {
        Detail::None => {
            members.remove(MEMBER);
        }
        Detail::Total => {
            let tables = members.get_mut(MEMBER);
            match tables {
                Some(Value::Array(tables)) => tables.iter_mut().for_each(keep_total),
                Some(table) => keep_total(table),
                None => {}
            }
        }
        Detail::Indexes => {}
    }
}

fn keep_total(table: &mut Value) {
    if let Some(members) = table.as_object_mut() {
        members
            .retain(|name, _| !matches!(name.as_str(), "Table" | "GlobalSecondaryIndexes" | "LocalSecondaryIndexes"));
    }
}

/// A write that failed its condition is billed too, by the size of the item it found: at least one unit.
fn refused(kind: Kind, operation: &str, items: usize, error: &ServiceError) -> Units {
    let is_billed = matches!(error.code.as_str(), "ConditionalCheckFailedException" | "TransactionCanceledException");
    let each = if operation.starts_with("Transact") { 2.0 } else { 1.0 };
    let least = f64::from(u32::try_from(items).unwrap_or(u32::MAX)) * each;
    match (kind, is_billed) {
        (Kind::Write, true) => Units { write_table: least, ..Units::default() },
        (Kind::Read, true) => Units { read_table: least, ..Units::default() },
        (_, false) => Units::default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn consumption_is_split_into_table_and_indexes_and_hidden_from_who_did_not_ask() {
        let mut input = json!({ "TableName": "t" });
        let detail = ask("PutItem", &mut input);
        assert_eq!(input["ReturnConsumedCapacity"], "INDEXES");

        let indexes = json!({ "by-time": { "CapacityUnits": 2.0 } });
        let consumption = json!({ "TableName": "t", "CapacityUnits": 3.0, "GlobalSecondaryIndexes": indexes });
        let mut answer = Ok(json!({ "ConsumedCapacity": consumption }));
        let units = count("PutItem", detail, 1, &mut answer);

        assert_eq!(units, Units { write_table: 1.0, write_index: 2.0, ..Units::default() });
        assert_eq!(answer, Ok(json!({})));
    }

    #[test]
    fn a_caller_who_asked_for_the_total_sees_the_total_only() {
        let mut input = json!({ "ReturnConsumedCapacity": "TOTAL" });
        let detail = ask("Query", &mut input);

        let consumption = json!({ "TableName": "t", "CapacityUnits": 0.5, "Table": { "CapacityUnits": 0.5 } });
        let mut answer = Ok(json!({ "ConsumedCapacity": consumption }));
        let units = count("Query", detail, 1, &mut answer);

        assert_eq!(units, Units { read_table: 0.5, ..Units::default() });
        assert_eq!(answer, Ok(json!({ "ConsumedCapacity": { "TableName": "t", "CapacityUnits": 0.5 } })));
    }
}
