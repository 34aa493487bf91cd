//! Items: the serde shape of an entity beside its key, and the difference between two of them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{UnixMillis, UnixSeconds};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::aws_sdk_dynamodb_1 as serde_aws;

use crate::error::StoreError;
use crate::key::Key;
use crate::metrics;

/// Attributes by name, as the SDK has them.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// An entity on its way into a table: key, expiry and index attributes stand beside its own fields.
#[derive(Serialize)]
pub(crate) struct Keyed<'a, T> {
    pk: &'a str,
    sk: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<UnixSeconds>,
    #[serde(flatten)]
    index: BTreeMap<&'static str, IndexValue>,
    #[serde(flatten)]
    entity: &'a T,
}

/// A value that exists for an index only.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum IndexValue {
    Text(String),
    Number(i64),
}

impl<'a, T: Serialize> Keyed<'a, T> {
    pub(crate) const fn new(key: &'a Key, entity: &'a T) -> Self {
        Self { pk: key.pk.as_str(), sk: key.sk.as_str(), ttl: None, index: BTreeMap::new(), entity }
    }

    /// `DynamoDB` deletes the item some time after this.
    pub(crate) const fn expiring(mut self, at: UnixSeconds) -> Self {
        self.ttl = Some(at);
        self
    }

    /// As [`Self::expiring`], if it is to be deleted at all.
    pub(crate) const fn expiring_at(mut self, at: Option<UnixSeconds>) -> Self {
        self.ttl = at;
        self
    }

    /// Adds an attribute that places the item in a sparse index.
    pub(crate) fn indexed(mut self, name: &'static str, value: IndexValue) -> Self {
        self.index.insert(name, value);
        self
    }

    /// The item to put.
    pub(crate) fn item(&self) -> Result<Item, StoreError> {
        to_item(self)
    }
}

/// The attributes of anything that serialises as a map.
pub(crate) fn to_item<T: Serialize>(entity: &T) -> Result<Item, StoreError> {
    serde_aws::to_item(entity).map_err(|_| StoreError::Shape { entity: "value" })
}

/// One attribute's value.
pub(crate) fn to_value<T: Serialize>(value: &T) -> Result<AttributeValue, StoreError> {
    serde_aws::to_attribute_value(value).map_err(|_| StoreError::Shape { entity: "value" })
}

/// Reads an entity; the cause of a failure is dropped, since it quotes what was read.
pub(crate) fn from_item<T: DeserializeOwned>(entity: &'static str, item: Item) -> Result<T, StoreError> {
    serde_aws::from_item(item).map_err(|_| StoreError::Shape { entity })
}

/// A time that stands beside an entity.
pub(crate) fn time(item: &Item, name: &str) -> Option<UnixMillis> {
    item.get(name)?.as_n().ok()?.parse().ok().map(UnixMillis::new)
}

/// Reads one entity of many: one that cannot be read is logged by its key, counted and left out, so that it stands in
/// nobody's way.
pub(crate) fn readable<T: DeserializeOwned>(entity: &'static str, item: Item) -> Option<T> {
    readable_as(entity, item, |item| from_item(entity, item))
}

/// As [`readable`], of something that is read in a way of its own.
pub(crate) fn readable_as<T>(
    entity: &'static str,
    item: Item,
    read: impl FnOnce(Item) -> Result<T, StoreError>,
) -> Option<T> {
    let key = Key::of(&item);
    let read = read(item).ok();
    if read.is_none() {
        let (pk, sk) = key.map(|key| (key.pk, key.sk)).unwrap_or_default();
        tracing::error!(entity, pk, sk, "A stored item cannot be read and is left out");
        metrics::unreadable();
    }
    read
}

/// A text value.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number value.
pub(crate) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// An update that turns one item into another and touches nothing that is the same in both.
///
/// What somebody else changed meanwhile in other attributes stays, and an index whose attributes are not named is
/// not written.
#[derive(Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) expression: String,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Difference {
    /// `None` when there is none.
    pub(crate) fn between(before: &Item, after: &Item) -> Option<Self> {
        let mut changed: Vec<_> = after.iter().filter(|(name, value)| before.get(*name) != Some(*value)).collect();
        let mut gone: Vec<_> = before.keys().filter(|name| !after.contains_key(*name)).collect();
        if changed.is_empty() && gone.is_empty() {
            return None;
        }
        changed.sort_by_key(|(name, _)| *name);
        gone.sort();
        let mut difference = Self { expression: String::new(), names: HashMap::new(), values: HashMap::new() };
        let set: Vec<_> = changed.iter().map(|(name, value)| difference.assignment(name, value)).collect();
        let remove: Vec<_> = gone.iter().map(|name| difference.name(name)).collect();
        difference.expression = [("SET", set), ("REMOVE", remove)]
            .iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(verb, parts)| format!("{verb} {}", parts.join(", ")))
            .collect::<Vec<_>>()
            .join(" ");
        Some(difference)
    }

    fn assignment(&mut self, name: &str, value: &AttributeValue) -> String {
        let placeholder = format!(":d{}", self.values.len());
        self.values.insert(placeholder.clone(), value.clone());
        format!("{} = {placeholder}", self.name(name))
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#d{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }
}

/// How a conditional write ended.
#[derive(Debug)]
pub(crate) enum Written {
    /// It was written; the item as it is now, where the call asked for it.
    Done(Option<Item>),
    /// The condition did not hold; the item that is there, if there is one and the call asked for it.
    Refused(Option<Item>),
}

/// An error that may be a condition's refusal.
pub(crate) trait Refusal: Sized {
    /// The item that is there, or the error given back.
    fn refusal(self) -> Result<Option<Item>, Self>;
}

impl Refusal for PutItemError {
    fn refusal(self) -> Result<Option<Item>, Self> {
        match self {
            Self::ConditionalCheckFailedException(refused) => Ok(refused.item),
            other => Err(other),
        }
    }
}

impl Refusal for DeleteItemError {
    fn refusal(self) -> Result<Option<Item>, Self> {
        match self {
            Self::ConditionalCheckFailedException(refused) => Ok(refused.item),
            other => Err(other),
        }
    }
}

impl Refusal for UpdateItemError {
    fn refusal(self) -> Result<Option<Item>, Self> {
        match self {
            Self::ConditionalCheckFailedException(refused) => Ok(refused.item),
            other => Err(other),
        }
    }
}

/// Tells a condition's refusal from a failure.
pub(crate) fn written<T, E, R>(
    outcome: Result<T, SdkError<E, R>>,
    attributes: impl FnOnce(T) -> Option<Item>,
) -> Result<Written, StoreError>
where
    E: Refusal + aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match outcome {
        Ok(output) => Ok(Written::Done(attributes(output))),
        Err(SdkError::ServiceError(answer)) => {
            let refused = StoreError::refused(answer.err().code().unwrap_or("unknown code"));
            answer.into_err().refusal().map(Written::Refused).map_err(|_| refused)
        }
        Err(other) => Err(other.into()),
    }
}
