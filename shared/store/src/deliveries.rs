//! What endpoints were told, or wait to be.

use std::collections::HashSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::endpoint::{Delivered, DeliveryState, LOG_DAYS, Try};
use domain::outbox::{DeliveryEvent, EndpointKey, EventId, EventType};
use domain::{ConversationId, TenantId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::batch;
use crate::cursor::{List, Page};
use crate::error::StoreError;
use crate::expiry::{self, Conditional as _};
use crate::item::{IndexValue, Item, Keyed, Written, number, readable, text, time, to_value, written};
use crate::key::Key;
use crate::tables::Tables;

/// The index of what an endpoint was told, by time; it holds what the log shows.
const BY_ENDPOINT: &str = "by-endpoint";

/// The sparse index of what waits for an endpoint; it holds keys only.
const BY_DUE: &str = "by-due";

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// Separates the two halves of a key in a position: no key holds a space.
const BETWEEN: char = ' ';

/// Where a delivery is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryPlace {
    /// To which endpoint.
    pub endpoint: EndpointKey,
    /// Whose data is in it.
    pub tenant: TenantId,
    /// The conversation that it is about.
    pub conversation: Option<ConversationId>,
    /// Which event.
    pub event: EventId,
}

/// What became of the wish to deliver something again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It is due now.
    Due,
    /// It waits already.
    Waits,
    /// It is not kept any more.
    Gone,
}

/// Deliveries to all endpoints.
#[derive(Clone, Debug)]
pub struct DeliveryStore {
    client: Client,
    table: String,
}

/// A delivery as it is stored.
#[derive(Serialize, Deserialize)]
struct Row {
    endpoint: String,
    event_id: EventId,
    event_type: EventType,
    tenant: TenantId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationId>,
    at: UnixMillis,
    /// Not in the index.
    #[serde(default)]
    body: String,
    state: DeliveryState,
    attempts: Vec<Try>,
    logged_at: UnixMillis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<UnixMillis>,
}

impl Row {
    fn delivered(self, owner: Option<&TenantId>) -> Delivered {
        Delivered {
            endpoint: EndpointKey { tenant: owner.cloned(), id: self.endpoint },
            event: DeliveryEvent {
                id: self.event_id,
                kind: self.event_type,
                at: self.at,
                tenant: self.tenant,
                conversation: self.conversation,
                body: self.body,
            },
            state: self.state,
            tries: self.attempts,
            due_at: self.due_at,
            logged_at: self.logged_at,
        }
    }
}

impl From<&Delivered> for Row {
    fn from(delivered: &Delivered) -> Self {
        let event = delivered.event.clone();
        Self {
            endpoint: delivered.endpoint.id.clone(),
            event_id: event.id,
            event_type: event.kind,
            tenant: event.tenant,
            conversation: event.conversation,
            at: event.at,
            body: event.body,
            state: delivered.state,
            attempts: delivered.tries.clone(),
            logged_at: delivered.logged_at,
            due_at: delivered.due_at,
        }
    }
}

impl DeliveryPlace {
    /// Where a delivery of this event is kept.
    #[must_use]
    pub fn of(endpoint: &EndpointKey, event: &DeliveryEvent) -> Self {
        Self {
            endpoint: endpoint.clone(),
            tenant: event.tenant.clone(),
            conversation: event.conversation.clone(),
            event: event.id.clone(),
        }
    }

    fn key(&self) -> Key {
        Key::delivery(&self.endpoint.id, &self.tenant, self.conversation.as_ref(), &self.event)
    }
}

impl DeliveryStore {
    /// A store on the table of deliveries. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, table: tables.deliveries.clone() }
    }

    /// Keeps a delivery that was tried for the first time, or waits for that. Repeating it changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn put(&self, delivered: &Delivered) -> Result<(), StoreError> {
        let key = DeliveryPlace::of(&delivered.endpoint, &delivered.event).key();
        let row = Row::from(delivered);
        let expires = delivered.logged_at.seconds().plus(LOG_DAYS * SECONDS_PER_DAY);
        let keyed = Keyed::new(&key, &row).expiring(expires);
        let keyed = match delivered.due_at {
            Some(_) => keyed.indexed("due_endpoint", IndexValue::Text(row.endpoint.clone())),
            None => keyed,
        };
        self.client.put_item().table_name(&self.table).set_item(Some(keyed.item()?)).send().await?;
        Ok(())
    }

    /// Which of these deliveries are kept already.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn known(&self, places: &[DeliveryPlace]) -> Result<HashSet<EventId>, StoreError> {
        let wanted: Vec<_> = places.iter().map(|place| (self.table.as_str(), place.key())).collect();
        let found = batch::get(&self.client, &wanted).await?;
        let known = places.iter().filter(|place| found.contains_key(&place.key()));
        Ok(known.map(|place| place.event.clone()).collect())
    }

    /// What waits for an endpoint and is due by `until` (`None`: whenever it is due), the earliest first.
    ///
    /// The index may be behind: what it lacks is found the next time, and what it still has is read again here.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn due(
        &self,
        endpoint: &EndpointKey,
        until: Option<UnixMillis>,
        limit: i32,
    ) -> Result<Vec<Delivered>, StoreError> {
        let query = self.waiting(endpoint).limit(limit);
        let query = match until {
            Some(until) => query
                .key_condition_expression("due_endpoint = :endpoint AND due_at <= :until")
                .expression_attribute_values(":until", number(until.get())),
            None => query,
        };
        let keys: Vec<Key> = query.send().await?.items.unwrap_or_default().iter().filter_map(Key::of).collect();
        let wanted: Vec<_> = keys.iter().map(|key| (self.table.as_str(), key.clone())).collect();
        let mut found = batch::get(&self.client, &wanted).await?;
        let rows = keys.iter().filter_map(|key| readable::<Row>("delivery", found.remove(key)?));
        let is_due = |row: &Row| until.is_none_or(|until| row.due_at.is_some_and(|due| due <= until));
        let still = rows.filter(|row| row.state == DeliveryState::Waiting && is_due(row));
        Ok(still.map(|row| row.delivered(endpoint.tenant.as_ref())).collect())
    }

    /// When something of an endpoint's is due next, as far as the index knows.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn next_due(&self, endpoint: &EndpointKey) -> Result<Option<UnixMillis>, StoreError> {
        let found = self.waiting(endpoint).limit(1).send().await?.items.unwrap_or_default();
        Ok(found.first().and_then(|item| time(item, "due_at")))
    }

    fn waiting(&self, endpoint: &EndpointKey) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(BY_DUE)
            .key_condition_expression("due_endpoint = :endpoint")
            .expression_attribute_values(":endpoint", text(&endpoint.id))
    }

    /// Notes what came of a further try. What was deleted meanwhile stays so.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn settle(&self, delivered: &Delivered) -> Result<(), StoreError> {
        let place = DeliveryPlace::of(&delivered.endpoint, &delivered.event);
        let (due, values) = due_by(delivered.due_at, &delivered.endpoint.id);
        let outcome = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(place.key().attributes()))
            .update_expression(format!("SET #state = :state, attempts = :attempts{due}"))
            .if_living("attribute_exists(sk)", expiry::now(&self.client))
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", to_value(&delivered.state)?)
            .expression_attribute_values(":attempts", to_value(&delivered.tries)?);
        let outcome =
            values.into_iter().fold(outcome, |update, (name, value)| update.expression_attribute_values(name, value));
        let (Written::Done(_) | Written::Refused(_)) = written(outcome.send().await, |_| None)?;
        Ok(())
    }

    /// Has a delivery made once more, whatever became of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn again(&self, place: &DeliveryPlace, now: UnixMillis) -> Result<Again, StoreError> {
        let outcome = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(place.key().attributes()))
            .update_expression("SET #state = :waiting, due_endpoint = :endpoint, due_at = :now")
            .if_living("#state <> :waiting", expiry::now(&self.client))
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":waiting", to_value(&DeliveryState::Waiting)?)
            .expression_attribute_values(":endpoint", text(&place.endpoint.id))
            .expression_attribute_values(":now", number(now.get()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        Ok(match written(outcome, |_| None)? {
            Written::Done(_) => Again::Due,
            Written::Refused(Some(item)) if expiry::living(&item, expiry::now(&self.client)) => Again::Waits,
            Written::Refused(_) => Again::Gone,
        })
    }

    /// What an endpoint was told, newest first, `limit` at a time; without bodies. The newest may be missing for a moment.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadCursor`], [`StoreError::Unavailable`].
    pub async fn log(
        &self,
        endpoint: &EndpointKey,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Delivered>, StoreError> {
        let list = List {
            partition: &endpoint.id,
            bounds: (String::new(), char::MAX.to_string()),
            index: Some("logged_at"),
            filters: String::new(),
        };
        let start = cursor.map(|cursor| start(&list, cursor)).transpose()?;
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_ENDPOINT)
            .key_condition_expression("endpoint = :endpoint")
            .expression_attribute_values(":endpoint", text(&endpoint.id))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await?;
        let now = expiry::now(&self.client);
        let living = output.items.unwrap_or_default().into_iter().filter(|item| expiry::living(item, now));
        let rows = living.filter_map(|item| readable::<Row>("delivery", item));
        let items = rows.map(|row| row.delivered(endpoint.tenant.as_ref())).collect();
        let cursor = output.last_evaluated_key.map(|item| end(&list, &item)).transpose()?;
        Ok(Page { items, cursor })
    }
}

fn due_by(due_at: Option<UnixMillis>, endpoint: &str) -> (&'static str, Vec<(&'static str, AttributeValue)>) {
    match due_at {
        Some(at) => (
            ", due_endpoint = :endpoint, due_at = :due",
            vec![(":endpoint", text(endpoint)), (":due", number(at.get()))],
        ),
        None => (" REMOVE due_endpoint, due_at", Vec::new()),
    }
}

fn start(list: &List<'_>, cursor: &str) -> Result<Item, StoreError> {
    let position = list.position(cursor)?;
    let (pk, sk) = position.sk.split_once(BETWEEN).ok_or(StoreError::BadCursor)?;
    let mut start = Key { pk: pk.to_owned(), sk: sk.to_owned() }.attributes();
    start.insert("endpoint".to_owned(), text(list.partition));
    start.insert("logged_at".to_owned(), number(position.number.unwrap_or_default()));
    Ok(start)
}

fn end(list: &List<'_>, item: &Item) -> Result<String, StoreError> {
    let shape = || StoreError::Shape { entity: "key" };
    let Key { pk, sk } = Key::of(item).ok_or_else(shape)?;
    let logged_at = time(item, "logged_at").ok_or_else(shape)?;
    list.cursor(&format!("{pk}{BETWEEN}{sk}"), Some(logged_at.get()))
}
