//! Transactions that are under way, and what they refuse meanwhile.
//!
//! A `TransactWriteItems` first prepares its items, then commits them. Until then each of them is its own: another
//! transaction that wants one is cancelled, a single write is refused, a plain read sees the item as it was.
//!
//! Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::describe::Call;
use crate::error::ServiceError;
use crate::faults;

const MESSAGE: &str = "Transaction is ongoing for the item";

/// A table and an item's key, as text.
type Item = String;

/// The items of all transactions that are under way, and what the keys of each table are called.
#[derive(Debug, Default)]
pub(crate) struct Underway {
    items: Mutex<BTreeSet<Item>>,
    keys: Mutex<HashMap<String, Vec<String>>>,
}

/// The items of one transaction; they are free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    underway: &'a Underway,
    items: Vec<Item>,
}

impl Underway {
    /// The tables of a call whose keys are not known yet.
    pub(crate) fn unknown_tables(&self, call: &Call) -> Vec<String> {
        let known = lock(&self.keys);
        let tables =
            written(call).into_iter().filter_map(|(_, target)| target["TableName"].as_str().map(str::to_owned));
        tables.filter(|table| !known.contains_key(table)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Learns the keys of a table from its description.
    pub(crate) fn learn(&self, table: String, description: &Value) {
        let schema = description["Table"]["KeySchema"].as_array().cloned().unwrap_or_default();
        let names = schema.iter().filter_map(|part| part["AttributeName"].as_str().map(str::to_owned)).collect();
        lock(&self.keys).insert(table, names);
    }

    /// Prepares a transaction.
    ///
    /// # Errors
    ///
    /// It is cancelled when another one is under way on one of its items.
    pub(crate) fn prepare(&self, call: &Call) -> Result<Held<'_>, ServiceError> {
        let items: Vec<_> = written(call).iter().map(|(_, target)| self.item(target)).collect();
        let mut underway = lock(&self.items);
        let conflicts: Vec<_> =
            items.iter().map(|item| item.as_ref().is_some_and(|item| underway.contains(item))).collect();
        if conflicts.contains(&true) {
            return Err(cancelled(&conflicts));
        }
        let items: Vec<_> = items.into_iter().flatten().collect();
        underway.extend(items.iter().cloned());
        Ok(Held { underway: self, items })
    }

    /// Refuses a call that wants an item of a transaction that is under way.
    ///
    /// # Errors
    ///
    /// As the kind of call has it; entries of a batch come back unprocessed instead: see [`Self::entries_to_hand_back`].
    pub(crate) fn admit(&self, call: &Call) -> Result<(), ServiceError> {
        let conflicts = self.conflicts(call);
        if !conflicts.contains(&true) {
            return Ok(());
        }
        match call.operation.as_str() {
            "TransactGetItems" => Err(cancelled(&conflicts)),
            "PutItem" | "UpdateItem" | "DeleteItem" => Err(ServiceError::new("TransactionConflictException", MESSAGE)),
            _ => Ok(()),
        }
    }

    /// The places of a batch of writes that run into a transaction.
    pub(crate) fn entries_to_hand_back(&self, call: &Call) -> Vec<usize> {
        if call.operation != "BatchWriteItem" {
            return Vec::new();
        }
        let conflicts = self.conflicts(call).into_iter().enumerate();
        conflicts.filter(|(_, conflict)| *conflict).map(|(place, _)| place).collect()
    }

    fn conflicts(&self, call: &Call) -> Vec<bool> {
        let underway = lock(&self.items);
        if underway.is_empty() {
            return Vec::new();
        }
        let targets = written(call);
        targets.iter().map(|(_, target)| self.item(target).is_some_and(|item| underway.contains(&item))).collect()
    }

    /// Which item a part of a request is about; `None` for one that the database will refuse.
    fn item(&self, target: &Value) -> Option<Item> {
        let table = target["TableName"].as_str()?;
        let key = match &target["Key"] {
            Value::Null => &target["Item"],
            key => key,
        };
        let keys = lock(&self.keys);
        let parts: Vec<_> = keys.get(table)?.iter().map(|name| &key[name]).collect();
        Some(json!([table, parts]).to_string())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut underway = lock(&self.underway.items);
        for item in &self.items {
            underway.remove(item);
        }
    }
}

fn cancelled(conflicts: &[bool]) -> ServiceError {
    let codes: Vec<_> =
        conflicts.iter().map(|conflict| if *conflict { "TransactionConflict" } else { "None" }.to_owned()).collect();
    let message =
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", "));
    faults::error_answer("TransactionCanceledException", &message, 400, &codes, MESSAGE)
}

/// The parts of a call that name an item, in their order, each with its table; none for a plain read.
fn written(call: &Call) -> Vec<(String, Value)> {
    let input = &call.input;
    match call.operation.as_str() {
        "PutItem" | "UpdateItem" | "DeleteItem" => vec![(call.operation.clone(), input.clone())],
        "TransactWriteItems" | "TransactGetItems" => {
            call.transaction_items().map(|(kind, item)| (kind.to_owned(), item.clone())).collect()
        }
        "BatchWriteItem" => {
            let tables = input["RequestItems"].as_object().into_iter().flatten();
            let entries = tables.flat_map(|(table, entries)| {
                entries.as_array().into_iter().flatten().flat_map(move |entry| {
                    entry.as_object().into_iter().flatten().map(move |(kind, part)| {
                        let mut part = part.clone();
                        part["TableName"] = table.as_str().into();
                        (kind.clone(), part)
                    })
                })
            });
            entries.collect()
        }
        _ => Vec::new(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
