//! Many items in one read.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use crate::error::StoreError;
use crate::expiry;
use crate::item::Item;
use crate::key::Key;
use crate::retry::{ATTEMPTS, pause};

/// `DynamoDB`'s limit for one call.
const KEYS_PER_CALL: usize = 100;

/// What a batch read found, by key. Keys of different tables never collide: their partitions' prefixes differ.
pub(crate) type Found = HashMap<Key, Item>;

/// Reads living items of several tables, strongly consistent: one call for each hundred keys, and one more for each time that
/// `DynamoDB` hands keys back unread.
pub(crate) async fn get(client: &Client, wanted: &[(&str, Key)]) -> Result<Found, StoreError> {
    let mut seen = HashSet::new();
    let wanted: Vec<_> = wanted.iter().filter(|(_, key)| seen.insert(key)).collect();
    let mut found = Found::new();
    for chunk in wanted.chunks(KEYS_PER_CALL) {
        get_chunk(client, tables(chunk)?, &mut found).await?;
    }
    Ok(found)
}

fn tables(chunk: &[&(&str, Key)]) -> Result<HashMap<String, KeysAndAttributes>, StoreError> {
    let mut keys: HashMap<String, Vec<Item>> = HashMap::new();
    for (table, key) in chunk {
        keys.entry((*table).to_owned()).or_default().push(key.attributes());
    }
    keys.into_iter()
        .map(|(table, keys)| {
            let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            Ok((table, request.map_err(|_| StoreError::Shape { entity: "request" })?))
        })
        .collect()
}

async fn get_chunk(
    client: &Client,
    mut unread: HashMap<String, KeysAndAttributes>,
    found: &mut Found,
) -> Result<(), StoreError> {
    for attempt in 0..ATTEMPTS {
        let output = client.batch_get_item().set_request_items(Some(unread)).send().await?;
        let now = expiry::now(client);
        let items = output.responses.unwrap_or_default().into_values().flatten();
        let items = items.filter(|item| expiry::living(item, now));
        found.extend(items.filter_map(|item| Some((Key::of(&item)?, item))));
        unread = output.unprocessed_keys.unwrap_or_default();
        if unread.is_empty() {
            return Ok(());
        }
        pause(attempt).await;
    }
    Err(StoreError::throttled())
}
