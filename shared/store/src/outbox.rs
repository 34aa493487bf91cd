//! What a table's stream tells: an item as it was and as it is.

use aws_sdk_dynamodb::Client;
use domain::outbox::{
    EventId, EventType, LastChange, OutboxEvent, Subject, of_connection, of_conversation, of_message,
};
use domain::{Connection, Conversation, ConversationId, Message, TenantId, UnixMillis};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_dynamo::{AttributeValue, Item};
use std::collections::HashMap;

use crate::batch;
use crate::error::StoreError;
use crate::item::readable_as;
use crate::key::{ACCOUNT, CONVERSATION, Key, MESSAGE, place_of_messages};
use crate::tables::Tables;
use crate::threads::Stored;

/// A record of a table's stream, as Lambda hands it over.
///
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html>
#[derive(Clone, Debug, Deserialize)]
pub struct StreamRecord {
    dynamodb: Images,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Images {
    keys: Item,
    #[serde(default)]
    old_image: Option<Item>,
    #[serde(default)]
    new_image: Option<Item>,
    #[serde(default)]
    approximate_creation_date_time: f64,
    #[serde(default)]
    sequence_number: String,
}

/// Something that was stored, and may be told.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// Whose.
    pub tenant: TenantId,
    /// When it was stored, to the second: the same each time the record is read.
    pub at: UnixMillis,
    /// What is different, the most telling first.
    pub changes: Vec<LastChange>,
    /// What it is about.
    pub item: NewsItem,
}

/// What was stored.
#[derive(Clone, Debug, PartialEq)]
pub enum NewsItem {
    /// A message.
    Message(Box<Message>),
    /// A conversation.
    Conversation(Box<Conversation>),
    /// A tombstone in the place of a conversation that could be read by nobody, or of one that was.
    Erased(ConversationId, u64),
    /// A connection.
    Connection(Box<Connection>),
}

impl StreamRecord {
    /// Where the record stands in its shard: what a failed batch names.
    #[must_use]
    pub fn sequence_number(&self) -> &str {
        &self.dynamodb.sequence_number
    }

    /// What the record tells; `None` where nobody wants to know: the item is of another kind, expired, or only kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Shape`] where the item cannot be read.
    pub fn news(&self) -> Result<Option<News>, StoreError> {
        let Images { keys, old_image, new_image, .. } = &self.dynamodb;
        let (Some(pk), Some(sk), Some(new)) = (text(keys, "pk"), text(keys, "sk"), new_image.as_ref()) else {
            return Ok(None);
        };
        let told = if sk.starts_with(MESSAGE) {
            let place = place_of_messages(pk).ok_or(StoreError::Shape { entity: "message" })?;
            let message: Message = read("message", new)?;
            let before: Option<Message> = before("message", old_image.as_ref());
            let changes = of_message(before.as_ref(), &message);
            Some((place.0, changes, NewsItem::Message(Box::new(message))))
        } else if let Some(id) = sk.strip_prefix(CONVERSATION) {
            let id = ConversationId::try_from(id).map_err(|_| StoreError::Shape { entity: "conversation" })?;
            let (changes, item) = conversation(id, old_image.as_ref(), new)?;
            Some((tenant_of(pk)?, changes, item))
        } else if sk.starts_with(ACCOUNT) {
            let connection: Connection = read("connection", new)?;
            let changes = of_connection(before("connection", old_image.as_ref()).as_ref(), &connection);
            Some((tenant_of(pk)?, changes, NewsItem::Connection(Box::new(connection))))
        } else {
            None
        };
        Ok(told.filter(|(_, changes, _)| !changes.is_empty()).map(|(tenant, changes, item)| News {
            tenant,
            at: self.at(),
            changes,
            item,
        }))
    }

    /// What the writer has said that the write was.
    #[must_use]
    pub fn last_change(&self) -> Option<&str> {
        text(self.dynamodb.new_image.as_ref()?, crate::told::LAST_CHANGE)
    }

    #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 are far from the limit")]
    fn at(&self) -> UnixMillis {
        UnixMillis::new(self.dynamodb.approximate_creation_date_time as i64 * 1000)
    }
}

impl News {
    /// The events that it is told as, without the conversation in which a message stands: see [`OutboxReader::conversations`].
    #[must_use]
    pub fn events(&self, conversation: Option<&Conversation>) -> Vec<OutboxEvent> {
        let tenant = self.tenant.as_str();
        let event = |kind: EventType, parts: &[&str], version: u64, subject: Subject| OutboxEvent {
            id: EventId::derive(kind, &[&[tenant], parts, &[version.to_string().as_str()]].concat()),
            kind,
            at: self.at,
            tenant: self.tenant.clone(),
            version,
            subject,
        };
        let changes = self.changes.iter();
        match &self.item {
            NewsItem::Message(message) => {
                // Of what was deleted since nothing is told.
                let is_erased = |of: &&Conversation| of.erased_before.is_some_and(|until| self.at <= until);
                let Some(conversation) = conversation.filter(|of| !is_erased(of)) else { return Vec::new() };
                let parts = [message.conversation.as_str(), message.id.as_str()];
                changes
                    .filter_map(|change| change.event_of_message(message.kind))
                    .map(|kind| {
                        let subject = Subject::Message(message.clone(), Box::new(conversation.clone()));
                        event(kind, &parts, u64::from(message.version), subject)
                    })
                    .collect()
            }
            NewsItem::Conversation(conversation) => changes
                .filter_map(|change| change.event_of_conversation())
                .map(|kind| {
                    let subject = match kind {
                        EventType::ContactErased => Subject::ErasedConversation(conversation.id.clone()),
                        _ => Subject::Conversation(conversation.clone()),
                    };
                    event(kind, &[conversation.id.as_str()], conversation.version, subject)
                })
                .collect(),
            NewsItem::Erased(id, version) => {
                let subject = Subject::ErasedConversation(id.clone());
                vec![event(EventType::ContactErased, &[id.as_str()], *version, subject)]
            }
            NewsItem::Connection(connection) => changes
                .filter_map(|change| change.event_of_connection())
                .map(|kind| {
                    let subject = Subject::Connection(connection.clone());
                    event(kind, &[&connection.account.to_string()], connection.version, subject)
                })
                .collect(),
        }
    }

    /// Whether anything of it is told as an event, and not only hinted at.
    #[must_use]
    pub fn is_event(&self) -> bool {
        self.changes.iter().any(|change| match &self.item {
            NewsItem::Message(message) => change.event_of_message(message.kind).is_some(),
            NewsItem::Conversation(_) | NewsItem::Erased(..) => change.event_of_conversation().is_some(),
            NewsItem::Connection(_) => change.event_of_connection().is_some(),
        })
    }

    /// The conversation that it is about.
    #[must_use]
    pub fn conversation(&self) -> Option<&ConversationId> {
        match &self.item {
            NewsItem::Message(message) => Some(&message.conversation),
            NewsItem::Conversation(conversation) => Some(&conversation.id),
            NewsItem::Erased(id, _) => Some(id),
            NewsItem::Connection(_) => None,
        }
    }
}

/// A conversation or a tombstone takes the place of either.
fn conversation(id: ConversationId, old: Option<&Item>, new: &Item) -> Result<(Vec<LastChange>, NewsItem), StoreError> {
    let was_conversation = old.is_some_and(|old| old.inner().contains_key("id"));
    let before: Option<Conversation> = if was_conversation { before("conversation", old) } else { None };
    if new.inner().contains_key("id") {
        let conversation: Conversation = read("conversation", new)?;
        let changes = of_conversation(before.as_ref(), &conversation);
        return Ok((changes, NewsItem::Conversation(Box::new(conversation))));
    }
    // The first look has told of it, where it could read what was there.
    let is_news = was_conversation && before.is_none_or(|before| before.last_message.is_some());
    let changes = if is_news { vec![LastChange::Erased] } else { Vec::new() };
    let version = new.inner().get("version").and_then(number).unwrap_or_default();
    Ok((changes, NewsItem::Erased(id, version)))
}

/// What was there before; what cannot be read was nothing that anybody was told of.
fn before<T: DeserializeOwned>(entity: &'static str, old: Option<&Item>) -> Option<T> {
    read(entity, old?).ok()
}

fn read<T: DeserializeOwned>(entity: &'static str, item: &Item) -> Result<T, StoreError> {
    serde_dynamo::from_item(item.clone()).map_err(|_| StoreError::Shape { entity })
}

fn text<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    match item.inner().get(name)? {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

fn number(value: &AttributeValue) -> Option<u64> {
    match value {
        AttributeValue::N(number) => number.parse().ok(),
        _ => None,
    }
}

fn tenant_of(pk: &str) -> Result<TenantId, StoreError> {
    let tenant = pk.strip_prefix("TENANT#").and_then(|tenant| TenantId::try_from(tenant).ok());
    tenant.ok_or(StoreError::Shape { entity: "tenant" })
}

/// What telling needs beyond the records.
#[derive(Clone, Debug)]
pub struct OutboxReader {
    client: Client,
    conversations: String,
}

impl OutboxReader {
    /// A reader of the table of conversations. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, conversations: tables.conversations.clone() }
    }

    /// These conversations as they are now, as far as they are there and can be read: one call for each hundred.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn conversations(
        &self,
        wanted: &[(TenantId, ConversationId)],
    ) -> Result<HashMap<(TenantId, ConversationId), Conversation>, StoreError> {
        let keys: Vec<_> =
            wanted.iter().map(|(tenant, id)| (self.conversations.as_str(), Key::conversation(tenant, id))).collect();
        let found = batch::get(&self.client, &keys).await?;
        let read = |place: &(TenantId, ConversationId)| {
            let item = found.get(&Key::conversation(&place.0, &place.1))?.clone();
            let conversation = readable_as("conversation", item, Stored::read)?.conversation()?;
            Some((place.clone(), conversation))
        };
        Ok(wanted.iter().filter_map(read).collect())
    }
}
