//! Pages, and the opaque cursors between them.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::UnixSeconds;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::expiry;
use crate::item::{Item, number};
use crate::key::Key;

/// A part of a list, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub cursor: Option<String>,
}

/// A list, as far as a cursor depends on it.
#[derive(Clone, Debug)]
pub(crate) struct List<'a> {
    pub(crate) partition: &'a str,
    /// The sort keys between which its entries are, both included.
    pub(crate) bounds: (String, String),
    /// The number attribute that the index sorts by, when it is an index that is listed.
    pub(crate) index: Option<&'a str>,
    /// What it leaves out, in words of its own.
    pub(crate) filters: String,
}

/// Where a page ended: what `DynamoDB` needs to go on, without the partition, which the caller has to bring.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The last entry's sort key.
    #[serde(rename = "s")]
    pub(crate) sk: String,
    /// The last entry's place in an index that sorts by a number.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<i64>,
    /// Ties the position to its list: a cursor of another tenant, conversation or filter, or a changed one, is refused.
    /// It is no secret. Who computes it gets the page of their own list that begins there, if there is such a place.
    #[serde(rename = "c")]
    check: String,
}

/// The longest sort key that `DynamoDB` has, in bytes.
const LONGEST_KEY: usize = 1024;

impl List<'_> {
    /// A cursor to behind the entry with this sort key.
    pub(crate) fn cursor(&self, sk: &str, number: Option<i64>) -> Result<String, StoreError> {
        let position = Position { sk: sk.to_owned(), number, check: self.check(sk, number) };
        let json = serde_json::to_vec(&position).map_err(|_| StoreError::Shape { entity: "cursor" })?;
        Ok(URL_SAFE_NO_PAD.encode(json))
    }

    /// Reads a cursor of this list, which leads to a place in it.
    pub(crate) fn position(&self, cursor: &str) -> Result<Position, StoreError> {
        let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| StoreError::BadCursor)?;
        let position: Position = serde_json::from_slice(&json).map_err(|_| StoreError::BadCursor)?;
        let (first, last) = &self.bounds;
        let is_inside = first <= &position.sk && &position.sk <= last && position.sk.len() <= LONGEST_KEY;
        let is_complete = position.number.is_some() == self.index.is_some();
        let is_ours = position.check == self.check(&position.sk, position.number);
        if is_inside && is_complete && is_ours { Ok(position) } else { Err(StoreError::BadCursor) }
    }

    /// The key to start after.
    fn start(&self, position: &Position) -> Item {
        let mut start = Key { pk: self.partition.to_owned(), sk: position.sk.clone() }.attributes();
        if let (Some(name), Some(value)) = (self.index, position.number) {
            start.insert(name.to_owned(), number(value));
        }
        start
    }

    fn check(&self, sk: &str, number: Option<i64>) -> String {
        let Self { partition, bounds, filters, .. } = self;
        let digest = Sha256::digest(format!("{partition}\n{bounds:?}\n{filters}\n{sk}\n{number:?}"));
        hex::encode(&digest[..8])
    }
}

/// A page to fill: where it begins, and how much it holds.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    list: List<'a>,
    limit: u32,
    start: Option<Position>,
    /// What has expired by then is left out.
    now: UnixSeconds,
}

/// Items that one query of a filtered list looks at.
const FILTERED_PER_QUERY: i32 = 250;

/// Queries that one page may cost when a filter leaves much out; then it ends early, with a cursor.
const QUERIES_PER_PAGE: u32 = 20;

impl<'a> Listing<'a> {
    /// The page behind a cursor, or the first one.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadCursor`] when the cursor leads to no place of the list.
    pub(crate) fn new(list: List<'a>, cursor: Option<&str>, limit: u32, now: UnixSeconds) -> Result<Self, StoreError> {
        let start = cursor.map(|cursor| list.position(cursor)).transpose()?;
        Ok(Self { list, limit, start, now })
    }

    /// Runs the query until the page is full or the list ends. One entry more than asked is looked for, so that the
    /// last page has no cursor to an empty one. An entry that cannot be read is left out.
    pub(crate) async fn page<T>(
        self,
        query: QueryFluentBuilder,
        read: impl Fn(Item) -> Option<T>,
    ) -> Result<Page<T>, StoreError> {
        let limit = usize::try_from(self.limit.max(1)).unwrap_or(usize::MAX);
        let mut start = self.start.as_ref().map(|position| self.list.start(position));
        let mut items = Vec::new();
        for _ in 0..QUERIES_PER_PAGE {
            let output = query.clone().limit(self.evaluated()).set_exclusive_start_key(start.take()).send().await?;
            let found = output.items.unwrap_or_default().into_iter();
            items.extend(found.filter(|item| expiry::living(item, self.now)));
            start = output.last_evaluated_key;
            if items.len() > limit || start.is_none() {
                break;
            }
        }
        let more = items.len() > limit || start.is_some();
        if items.len() > limit {
            items.truncate(limit);
            start = None;
        }
        let end = start.as_ref().or(items.last()).filter(|_| more);
        let cursor = end.map(|item| self.cursor(item)).transpose()?;
        Ok(Page { items: items.into_iter().filter_map(read).collect(), cursor })
    }

    /// Items looked at by one query.
    fn evaluated(&self) -> i32 {
        let wanted = i32::try_from(self.limit.max(1)).unwrap_or(i32::MAX).saturating_add(1);
        if self.list.filters.is_empty() { wanted } else { wanted.max(FILTERED_PER_QUERY) }
    }

    fn cursor(&self, item: &Item) -> Result<String, StoreError> {
        let shape = || StoreError::Shape { entity: "key" };
        let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).ok_or_else(shape)?;
        let number = match self.list.index {
            None => None,
            Some(name) => {
                let value = item.get(name).and_then(|value| value.as_n().ok()).ok_or_else(shape)?;
                Some(value.parse().map_err(|_| shape())?)
            }
        };
        self.list.cursor(sk, number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(partition: &str) -> List<'_> {
        let bounds = ("CONVERSATION#".to_owned(), "CONVERSATION#~".to_owned());
        List { partition, bounds, index: Some("last_message_at"), filters: "open".to_owned() }
    }

    fn cursor() -> String {
        list("TENANT#a").cursor("CONVERSATION#1", Some(5)).expect("a cursor")
    }

    fn is_refused(list: &List<'_>, cursor: &str) -> bool {
        matches!(list.position(cursor), Err(StoreError::BadCursor))
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let position = list("TENANT#a").position(&cursor()).expect("its own cursor");
        assert_eq!((position.sk.as_str(), position.number), ("CONVERSATION#1", Some(5)));
    }

    #[test]
    fn a_cursor_of_another_tenant_or_of_other_filters_is_refused() {
        assert!(is_refused(&list("TENANT#b"), &cursor()));
        assert!(is_refused(&List { filters: "closed".to_owned(), ..list("TENANT#a") }, &cursor()));
    }

    #[test]
    fn a_cursor_that_was_computed_elsewhere_is_refused_unless_it_leads_into_the_list() {
        let list = list("TENANT#a");
        let long = format!("CONVERSATION#{}", "1".repeat(LONGEST_KEY));
        for (sk, number) in [("", Some(1)), ("ACCOUNT#1", Some(1)), (long.as_str(), Some(1)), ("CONVERSATION#1", None)]
        {
            assert!(is_refused(&list, &list.cursor(sk, number).expect("a cursor")), "{sk:.20} {number:?}");
        }
    }

    #[test]
    fn no_changed_cursor_is_accepted() {
        let cursor = cursor();
        for place in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(is_refused(&list("TENANT#a"), &changed), "{place}");
        }
    }
}
