//! Events on their way out: to endpoints through the queue, and to the bus.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::endpoint::Endpoint;
use domain::outbox::{Delivery, DeliveryEvent, EVENTS, OutboxEvent};
use domain::{Conversation, ConversationId, TenantId};
use edge::telemetry::{Chain, metric};
use store::{News, NewsItem};
use tracing::error;

use crate::app::App;
use crate::batch::Entry;
use crate::listeners::Listeners;
use crate::turns::Turns;

/// The most bytes of bodies in one message of the queue: their JSON is quoted once more there, and ten of them are one call of
/// at most a MiB.
const BYTES: usize = 40 * 1024;

/// An event, and which record told it.
struct Told<'e> {
    record: usize,
    event: &'e OutboxEvent,
}

/// Tells what the entries have to tell; names the records that are to come again.
pub(crate) async fn tell(app: &App, entries: &[Entry], listeners: &Listeners) -> BTreeSet<String> {
    let mut again = BTreeSet::new();
    let mut wanted = Vec::new();
    for (record, Entry { id, news }) in entries.iter().enumerate() {
        match listeners.endpoints(&news.tenant) {
            None => {
                again.insert(id.clone());
            }
            Some(mut endpoints) => {
                if app.bus.is_some() || endpoints.next().is_some() {
                    wanted.push(record);
                }
            }
        }
    }
    let conversations = match conversations(app, wanted.iter().map(|record| &entries[*record].news)).await {
        Ok(conversations) => conversations,
        Err(failure) => {
            error!(error = %Chain(&failure), "Conversations of messages to tell of could not be read");
            again.extend(wanted.iter().map(|record| entries[*record].id.clone()));
            return again;
        }
    };
    let events: Vec<(usize, OutboxEvent)> = wanted
        .into_iter()
        .flat_map(|record| {
            let news = &entries[record].news;
            let place = news.conversation().map(|id| (news.tenant.clone(), id.clone()));
            let conversation = place.and_then(|place| conversations.get(&place));
            news.events(conversation).into_iter().map(move |event| (record, event))
        })
        .collect();
    let told: Vec<Told> = events.iter().map(|(record, event)| Told { record: *record, event }).collect();
    let (unqueued, unput) = futures::join!(queue(app, &told, listeners), put(app, &told));
    again.extend(unqueued.into_iter().chain(unput).map(|record| entries[record].id.clone()));
    again
}

/// The conversations in which the messages stand that are told of as events.
async fn conversations(
    app: &App,
    news: impl Iterator<Item = &News>,
) -> Result<HashMap<(TenantId, ConversationId), Conversation>, store::StoreError> {
    let places: BTreeSet<_> = news
        .filter_map(|news| match &news.item {
            NewsItem::Message(message) if news.is_event() => Some((news.tenant.clone(), message.conversation.clone())),
            _ => None,
        })
        .collect();
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    app.outbox.conversations(&Vec::from_iter(places)).await
}

/// Hands events to the endpoints that want them; answers the records of those that the queue did not take.
async fn queue(app: &App, told: &[Told<'_>], listeners: &Listeners) -> BTreeSet<usize> {
    let mut orders: Vec<(Delivery, Vec<usize>)> = Vec::new();
    // The order of each lane that takes further events.
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for Told { record, event } in told {
        for endpoint in listeners.endpoints(&event.tenant).into_iter().flatten().filter(|one| one.wants(event)) {
            let first = first(endpoint, event);
            let group = first.group_id();
            match open.get(&group).map(|place| &mut orders[*place]) {
                Some((order, records)) if has_room(order, &first) => {
                    join(order, first);
                    records.push(*record);
                }
                _ => {
                    open.insert(group, orders.len());
                    orders.push((first, vec![*record]));
                }
            }
        }
    }
    let now = app.clock.now();
    let mut turns = Turns::new(orders.iter().map(|(order, _)| Some(order.group_id())).collect(), outbox::BATCH);
    while let Some(places) = turns.next() {
        let deliveries: Vec<Delivery> = places.iter().map(|place| orders[*place].0.clone()).collect();
        turns.refuse(match app.deliveries.enqueue(&deliveries, now).await {
            Ok(refused) => refused.into_iter().map(|entry| places[entry]).collect(),
            Err(failure) => {
                error!(error = %Chain(&failure), "Events were not handed to the queue");
                places
            }
        });
    }
    metric("events_out", u64::try_from(told.len()).unwrap_or(u64::MAX), &[]);
    turns.refused().into_iter().flat_map(|place| orders[place].1.iter().copied()).collect()
}

fn first(endpoint: &Endpoint, event: &OutboxEvent) -> Delivery {
    let event = DeliveryEvent::new(event, endpoint.with_content);
    Delivery::First { endpoint: endpoint.key.clone(), events: vec![event] }
}

fn has_room(order: &Delivery, next: &Delivery) -> bool {
    let bytes = |order: &Delivery| match order {
        Delivery::First { events, .. } => events.iter().map(|event| event.body.len()).sum(),
        Delivery::Backlog { .. } => 0_usize,
    };
    let is_full = matches!(order, Delivery::First { events, .. } if events.len() >= EVENTS);
    !is_full && bytes(order) + bytes(next) <= BYTES
}

fn join(order: &mut Delivery, next: Delivery) {
    if let (Delivery::First { events, .. }, Delivery::First { events: more, .. }) = (order, next) {
        events.extend(more);
    }
}

/// Puts events on the bus; answers the records of those that it did not take.
async fn put(app: &App, told: &[Told<'_>]) -> BTreeSet<usize> {
    let Some(bus) = &app.bus else { return BTreeSet::new() };
    let events: Vec<&OutboxEvent> = told.iter().map(|told| told.event).collect();
    bus.put(&events).await.into_iter().map(|place| told[place].record).collect()
}
