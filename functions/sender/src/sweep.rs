//! Finds messages that were stored and then left: by a crash before the queue had them, by a queue that was away or gave up.

use std::time::Duration;

use domain::{Dispatch, Message, Status, UnixMillis};
use edge::telemetry::{Chain, metric};
use futures::future::try_join_all;
use outbound::{BATCH, Order};
use store::{SHARDS, StoreError, Unsettled};
use tokio::time::Instant;
use tracing::warn;

use crate::app::App;

/// How long a message may be unsettled before that is suspicious: longer than a try with its first waits.
const SUSPICIOUS_MS: i64 = 5 * 60 * 1000;

/// How long a message is left alone once it was handed over again.
const PAUSE_MS: i64 = 15 * 60 * 1000;

/// A sweep begins no further page after so long: what is left is the next one's. Far below the function's timeout.
const PATIENCE: Duration = Duration::from_secs(20);

/// How old an uncertain message is once the queue has certainly given it up. Until then somebody is asking already.
const UNCERTAIN_MS: i64 = 60 * 60 * 1000;

/// Hands all unsettled messages to the queue again; tells how many. To hand over one that is under way is no harm: whoever
/// comes second finds it settled. Nor is the order in which they are handed over: a message knows which one waits before it.
pub(crate) async fn sweep(app: &App) -> Result<usize, StoreError> {
    let until = Instant::now() + PATIENCE;
    let swept: usize = try_join_all((0..SHARDS).map(|shard| sweep_shard(app, shard, until))).await?.into_iter().sum();
    metric("swept", u64::try_from(swept).unwrap_or(u64::MAX), &[]);
    Ok(swept)
}

async fn sweep_shard(app: &App, shard: u8, until: Instant) -> Result<usize, StoreError> {
    let before = app.clock.now_ms().plus(-SUSPICIOUS_MS);
    let mut swept = 0;
    let mut from = None;
    loop {
        let page = app.outbound.stuck(shard, before, from).await?;
        let lost: Vec<_> = page.found.into_iter().filter(|found| is_lost(&found.message, app.clock.now_ms())).collect();
        let handed_over = hand_over(app, &lost).await;
        let queue_is_away = handed_over.is_empty() && !lost.is_empty();
        let postponed = handed_over.iter().map(|unsettled| postpone(app, unsettled));
        try_join_all(postponed).await?;
        swept += handed_over.len();
        from = page.next;
        if from.is_none() || queue_is_away || Instant::now() >= until {
            return Ok(swept);
        }
    }
}

fn is_lost(message: &Message, now: UnixMillis) -> bool {
    message.status != Status::Uncertain || message.created_at.plus(UNCERTAIN_MS) <= now
}

/// What the queue took, batch after batch so that a conversation's answers stand in it as they were accepted. The rest is found
/// by the next sweep.
async fn hand_over<'a>(app: &App, lost: &'a [Unsettled]) -> Vec<&'a Unsettled> {
    let mut taken = Vec::new();
    for batch in lost.chunks(BATCH) {
        let orders: Vec<Order> = batch.iter().map(order).collect();
        match app.queue.enqueue_again(&orders, app.clock.now()).await {
            Ok(refused) => {
                let of_batch = batch.iter().enumerate().filter(|(place, _)| !refused.contains(place));
                taken.extend(of_batch.map(|(_, unsettled)| unsettled));
            }
            Err(failure) => {
                warn!(error = %Chain(&failure), "Messages could not be handed over again");
                break;
            }
        }
    }
    taken
}

fn order(unsettled: &Unsettled) -> Order {
    let Unsettled { tenant, conversation, message } = unsettled;
    Order { dispatch: Dispatch::new(tenant.clone(), conversation, message), trace: message.trace_id.clone() }
}

async fn postpone(app: &App, unsettled: &Unsettled) -> Result<(), StoreError> {
    let Unsettled { tenant, message, .. } = unsettled;
    let until = app.clock.now_ms().plus(PAUSE_MS);
    app.outbound.postpone(tenant, &message.conversation, &message.id, until).await
}
