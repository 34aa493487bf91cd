//! Takes deliveries one after the other, and the schedule's task.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use accounts::{AppWatch, Connector};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsMessage};
use domain::Dispatch;
use edge::telemetry::{Chain, metric};
use edge::{Clock, ConfigError, Setup};
use lambda_runtime::LambdaEvent;
use outbound::OutboundQueue;
use store::{InboxStore, OutboundStore, Tables};
use tracing::{error, info};

use crate::access::Accounts;
use crate::deliver::deliver;
use crate::trigger::{Task, Trigger};
use crate::{backoff, sweep};

/// How often the queue delivers a message before it sets it aside (`maxReceiveCount` in the template): more often than it is
/// worth trying within a day, however short the waits. With the last delivery a message is settled one way or the other.
pub(crate) const LAST_DELIVERY: u32 = 200;

/// How long a record waits that nobody can read: it is set aside after an hour and a half.
const POISON_WAIT: Duration = Duration::from_secs(30);

/// The function, warm.
pub struct App {
    pub(crate) outbound: OutboundStore,
    pub(crate) inbox: InboxStore,
    pub(crate) connector: Connector,
    pub(crate) watch: AppWatch,
    pub(crate) accounts: Accounts,
    pub(crate) queue: OutboundQueue,
    pub(crate) clock: Clock,
}

impl App {
    /// Makes the clients; calls nothing.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the environment is incomplete.
    #[expect(clippy::unused_async, reason = "every function is made the same way")]
    pub async fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let dynamodb = store::client(&setup.aws);
        let tables = Tables::from_variables(|name| setup.env.optional(name));
        let url = setup.env.required("OUTBOUND_QUEUE_URL")?;
        Ok(Self {
            outbound: OutboundStore::new(dynamodb.clone(), &tables),
            inbox: InboxStore::new(dynamodb, &tables),
            connector: Connector::new(setup)?,
            watch: AppWatch::new(setup),
            accounts: Accounts::default(),
            queue: OutboundQueue::new(aws_sdk_sqs::Client::new(&setup.aws), url),
            clock: setup.clock.clone(),
        })
    }
}

/// One delivery of the order to send a message.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// The order.
    pub(crate) dispatch: Dispatch,
    /// How often the queue has delivered it, this time included.
    pub(crate) tries: u32,
}

impl Delivery {
    fn read(message: &SqsMessage) -> Result<Self, serde_json::Error> {
        let dispatch = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
        let tries = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
        Ok(Self { dispatch, tries: tries.unwrap_or(1) })
    }

    /// Whether the queue will not deliver it again.
    pub(crate) const fn is_last(&self) -> bool {
        self.tries >= LAST_DELIVERY
    }
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is nothing left to do.
    Done,
    /// To be delivered again after so long.
    Again(Duration),
}

/// Works on deliveries, or sweeps. Names the deliveries to make again.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, event: LambdaEvent<Trigger>) -> Result<SqsBatchResponse, Infallible> {
    match event.payload {
        Trigger::Batch(batch) => Ok(response(work(app, batch.records).await)),
        Trigger::Scheduled { task: Task::Sweep } => {
            match sweep::sweep(app).await {
                Ok(found) => info!(found, "Swept up unsettled messages"),
                Err(failure) => error!(error = %Chain(&failure), "The sweep did not end"),
            }
            Ok(response(Vec::new()))
        }
    }
}

/// Deliveries of one lane wait for the one before them; those of others do not.
async fn work(app: &App, messages: Vec<SqsMessage>) -> Vec<String> {
    let mut held = HashSet::new();
    let mut again = Vec::new();
    for message in messages {
        let id = message.message_id.clone().unwrap_or_default();
        let group = message.attributes.get("MessageGroupId").cloned();
        if held.contains(&group) {
            again.push(id);
            continue;
        }
        match Delivery::read(&message) {
            Ok(delivery) => {
                if let Verdict::Again(wait) = verdict(app, &delivery).await {
                    app.queue.hide(message.receipt_handle.as_deref().unwrap_or_default(), wait).await;
                    held.insert(group);
                    again.push(id);
                }
            }
            Err(failure) => {
                // Place only: the parser's own words may quote the body.
                let (line, column) = (failure.line(), failure.column());
                error!(record = id, line, column, "A record of the queue is not an order to send");
                metric("sends", 1, &[("outcome", "poison")]);
                app.queue.hide(message.receipt_handle.as_deref().unwrap_or_default(), POISON_WAIT).await;
                again.push(id);
            }
        }
    }
    again
}

async fn verdict(app: &App, delivery: &Delivery) -> Verdict {
    let message = &delivery.dispatch.message;
    // On the heap: a delivery nests so deep that the compiler gives up on its layout otherwise.
    Box::pin(deliver(app, delivery)).await.unwrap_or_else(|failure| {
        error!(message_id = %message, error = %Chain(&failure), "A message could not be settled");
        metric("sends", 1, &[("outcome", "store_failed")]);
        // The call to Meta may have been made before: the next delivery finds that out.
        Verdict::Again(backoff::after(delivery.tries, message))
    })
}

fn response(again: Vec<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = again
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    response
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::sqs::SqsEvent;

    use super::*;

    #[test]
    fn the_sample_delivery_is_read_with_its_count() {
        let sample: SqsEvent = serde_json::from_str(include_str!("../../../events/sender.json")).expect("a batch");
        let mut message = sample.records.into_iter().next().expect("a record");
        let delivery = Delivery::read(&message).expect("an order to send");
        assert_eq!((delivery.tries, delivery.is_last()), (1, false));
        assert_eq!(Some(&delivery.dispatch.group_id()), message.attributes.get("MessageGroupId"));

        message.attributes.insert("ApproximateReceiveCount".to_owned(), LAST_DELIVERY.to_string());
        assert!(Delivery::read(&message).expect("an order to send").is_last());
    }
}
