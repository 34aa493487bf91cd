//! Lists that go across tenants: for whoever operates the installation, and nobody else.

use aws_sdk_dynamodb::Client;

use crate::cursor::{List, Page};
use crate::error::StoreError;
use crate::expiry;
use crate::item::{Item, text};
use crate::key::Key;

/// Items that one scan looks at.
const SCANNED_AT_ONCE: i32 = 250;

/// Scans that one page may cost; then it ends early, with a cursor.
const SCANS_PER_PAGE: u32 = 8;

/// Separates the two halves of a key in a position: no key holds a space.
const BETWEEN: char = ' ';

/// The living items of a table whose sort key begins so, a page at a time, in no order that means anything.
///
/// A scan reads the whole table, so it costs what the table holds. That is right for a table that is small and asked
/// about rarely, where an index would have to be paid with each write. What was written a moment ago may be missing: such
/// a list is for people.
pub(crate) async fn scan(
    client: &Client,
    table: &str,
    prefix: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Item>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut start = cursor.map(|cursor| read(table, cursor)).transpose()?;
    let mut items = Vec::new();
    for _ in 0..SCANS_PER_PAGE {
        let output = client
            .scan()
            .table_name(table)
            .filter_expression("begins_with(sk, :prefix)")
            .expression_attribute_values(":prefix", text(prefix))
            .limit(SCANNED_AT_ONCE)
            .set_exclusive_start_key(start.take().map(|key| key.attributes()))
            .send()
            .await?;
        let now = expiry::now(client);
        items.extend(output.items.unwrap_or_default().into_iter().filter(|item| expiry::living(item, now)));
        start = output.last_evaluated_key.as_ref().and_then(Key::of);
        if items.len() > limit || start.is_none() {
            break;
        }
    }
    if items.len() > limit {
        items.truncate(limit);
        start = items.last().and_then(Key::of);
    }
    let cursor = start.map(|key| write(table, &key)).transpose()?;
    Ok(Page { items, cursor })
}

/// A cursor that names a whole key.
pub(crate) fn write(list: &str, key: &Key) -> Result<String, StoreError> {
    whole(list).cursor(&format!("{}{BETWEEN}{}", key.pk, key.sk), None)
}

/// The key that a cursor of this list names.
pub(crate) fn read(list: &str, cursor: &str) -> Result<Key, StoreError> {
    let position = whole(list).position(cursor)?;
    match position.sk.split_once(BETWEEN) {
        Some((pk, sk)) if !pk.is_empty() && !sk.is_empty() => Ok(Key { pk: pk.to_owned(), sk: sk.to_owned() }),
        _ => Err(StoreError::BadCursor),
    }
}

/// Any key is a place in such a list.
fn whole(list: &str) -> List<'_> {
    List { partition: list, bounds: (String::new(), char::MAX.to_string()), index: None, filters: String::new() }
}
