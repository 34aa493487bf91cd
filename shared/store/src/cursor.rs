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

/// Where a page ended: what `DynamoDB` needs to go on, without the partition, which the caller has to bring.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The last entry's sort key.
    #[serde(rename = "s")]
    pub(crate) sk: String,
    /// The last entry's place in an index that sorts by a number.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<i64>,
    /// Ties the position to its list: a cursor of another tenant or conversation, or a changed one, is refused.
    #[serde(rename = "c")]
    check: String,
}

impl Position {
    pub(crate) fn new(key: &Key, number: Option<i64>) -> Self {
        Self { sk: key.sk.clone(), number, check: check(&key.pk, &key.sk, number) }
    }

    pub(crate) fn encode(&self) -> Result<String, StoreError> {
        let json = serde_json::to_vec(self).map_err(|_| StoreError::Shape { entity: "cursor" })?;
        Ok(URL_SAFE_NO_PAD.encode(json))
    }

    /// Reads a cursor of the list in partition `pk`.
    pub(crate) fn decode(pk: &str, cursor: &str) -> Result<Self, StoreError> {
        let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| StoreError::BadCursor)?;
        let position: Self = serde_json::from_slice(&json).map_err(|_| StoreError::BadCursor)?;
        let expected = check(pk, &position.sk, position.number);
        if position.check == expected { Ok(position) } else { Err(StoreError::BadCursor) }
    }

    /// The key to start after; `index` names the number's attribute.
    pub(crate) fn start(&self, pk: &str, index: Option<&str>) -> Item {
        let mut start = Key { pk: pk.to_owned(), sk: self.sk.clone() }.attributes();
        if let (Some(name), Some(value)) = (index, self.number) {
            start.insert(name.to_owned(), number(value));
        }
        start
    }
}

/// A page to fill: where it begins, and how much it holds.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    pub(crate) partition: &'a str,
    /// The number attribute that the index sorts by, when it is an index that is listed.
    pub(crate) index: Option<&'a str>,
    /// Whether the query leaves items out, so that many may have to be looked at.
    pub(crate) filtered: bool,
    pub(crate) limit: u32,
    pub(crate) start: Option<Position>,
    /// What has expired by then is left out.
    pub(crate) now: UnixSeconds,
}

/// Items that one query of a filtered list looks at.
const FILTERED_PER_QUERY: i32 = 250;

/// Queries that one page may cost when a filter leaves much out; then it ends early, with a cursor.
const QUERIES_PER_PAGE: u32 = 20;

impl Listing<'_> {
    /// Runs the query until the page is full or the list ends. One entry more than asked is looked for, so that the
    /// last page has no cursor to an empty one.
    pub(crate) async fn page<T>(
        self,
        query: QueryFluentBuilder,
        read: impl Fn(Item) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let limit = usize::try_from(self.limit.max(1)).unwrap_or(usize::MAX);
        let mut start = self.start.as_ref().map(|position| position.start(self.partition, self.index));
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
        let cursor = end.map(|item| self.position(item)?.encode()).transpose()?;
        Ok(Page { items: items.into_iter().map(read).collect::<Result<_, _>>()?, cursor })
    }

    /// Items looked at by one query.
    fn evaluated(&self) -> i32 {
        let wanted = i32::try_from(self.limit.max(1)).unwrap_or(i32::MAX).saturating_add(1);
        if self.filtered { wanted.max(FILTERED_PER_QUERY) } else { wanted }
    }

    fn position(&self, item: &Item) -> Result<Position, StoreError> {
        let shape = || StoreError::Shape { entity: "key" };
        let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).ok_or_else(shape)?;
        let number = match self.index {
            None => None,
            Some(name) => {
                let value = item.get(name).and_then(|value| value.as_n().ok()).ok_or_else(shape)?;
                Some(value.parse().map_err(|_| shape())?)
            }
        };
        Ok(Position::new(&Key { pk: self.partition.to_owned(), sk: sk.clone() }, number))
    }
}

fn check(pk: &str, sk: &str, number: Option<i64>) -> String {
    let digest = Sha256::digest(format!("{pk}\n{sk}\n{number:?}"));
    hex::encode(&digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> String {
        let key = Key { pk: "TENANT#a".to_owned(), sk: "CONVERSATION#1".to_owned() };
        Position::new(&key, Some(5)).encode().expect("a cursor")
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let position = Position::decode("TENANT#a", &cursor()).expect("its own cursor");
        assert_eq!((position.sk.as_str(), position.number), ("CONVERSATION#1", Some(5)));
    }

    #[test]
    fn a_cursor_of_another_tenant_is_refused() {
        assert!(matches!(Position::decode("TENANT#b", &cursor()), Err(StoreError::BadCursor)));
    }

    #[test]
    fn no_changed_cursor_is_accepted() {
        let cursor = cursor();
        for place in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(matches!(Position::decode("TENANT#a", &changed), Err(StoreError::BadCursor)), "{place}");
        }
    }
}
