//! The integrator's event bus, where there is one.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use domain::outbox::OutboxEvent;
use edge::Setup;
use edge::telemetry::Chain;
use tracing::error;

use crate::turns::Turns;

/// The most that one call takes.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
const BATCH: usize = 10;

/// How often an entry is handed over that the bus takes while it refuses others.
const ROUNDS: usize = 3;

/// Who says so.
const SOURCE: &str = "buzon";

/// The bus.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    client: Client,
    name: String,
}

impl Bus {
    /// The bus that `EVENT_BUS_NAME` names; `None` where it is not set.
    pub(crate) fn new(setup: &Setup) -> Option<Self> {
        Some(Self { client: Client::new(&setup.aws), name: setup.env.optional("EVENT_BUS_NAME")? })
    }

    /// Puts events, thin; answers the places of those that the bus did not take. Those of one conversation are put in order, one with
    /// each call, since any entry may be refused alone: after one that was refused the conversation's next are not put.
    pub(crate) async fn put(&self, events: &[&OutboxEvent]) -> Vec<usize> {
        let mut turns = Turns::new(events.iter().map(|event| event.conversation().cloned()).collect(), BATCH);
        while let Some(mut left) = turns.next() {
            for _ in 0..ROUNDS {
                if !left.is_empty() {
                    left = self.put_some(events, left).await;
                }
            }
            turns.refuse(left);
        }
        turns.refused()
    }

    async fn put_some(&self, events: &[&OutboxEvent], places: Vec<usize>) -> Vec<usize> {
        let entry = |event: &OutboxEvent| {
            PutEventsRequestEntry::builder()
                .event_bus_name(&self.name)
                .source(SOURCE)
                .detail_type(event.kind.as_str())
                .detail(detail(event))
                .build()
        };
        let entries = places.iter().map(|place| entry(events[*place])).collect();
        match self.client.put_events().set_entries(Some(entries)).send().await {
            Ok(answer) => {
                let refused = answer.entries().iter().map(|entry| entry.error_code().is_some());
                places.into_iter().zip(refused).filter_map(|(place, refused)| refused.then_some(place)).collect()
            }
            Err(failure) => {
                error!(error = %Chain(&failure), "The event bus did not take events");
                places
            }
        }
    }
}

/// The event's body with its id, by which a receiver recognises what it has had.
fn detail(event: &OutboxEvent) -> String {
    let mut detail: serde_json::Value = serde_json::from_str(&event.body(false)).unwrap_or_default();
    detail["id"] = serde_json::json!(event.id);
    detail.to_string()
}
