//! What waits for one endpoint, worked off in parts.

use domain::endpoint::{Delivered, DeliveryState};
use domain::outbox::{Delivery, EndpointKey, LANES};
use futures::StreamExt as _;
use futures::stream;

use crate::app::App;
use crate::endpoint::Open;
use crate::handler::OrderError;
use crate::schedule::TAKEN_UP_MS;

/// Events of one part: with all of them slow, and as many at once as first tries are, it ends in time.
const PART: i32 = 24;

/// For so long the index of what waits may be behind what is stored.
const INDEX_LAGS_MS: i64 = 5 * 60 * 1000;

/// Tries an endpoint that has rested, then works off a part of what is due, then orders the next part or says when to look again.
pub(crate) async fn work_off(app: &App, key: &EndpointKey) -> Result<(), OrderError> {
    let Some(endpoint) = Open::find(app, key).await? else { return Ok(()) };
    let read = endpoint.clone();
    let mut open = Open::new(app, endpoint).await?;
    if let Some(until) = open.endpoint.health.rests_until {
        if open.rests() {
            app.endpoints.look_again(key, until).await?;
            return Ok(());
        }
        if !probe(&mut open).await? {
            return Ok(());
        }
    }
    let due = app.deliveries.due(key, Some(app.clock.now_ms()), PART).await?;
    let is_part = due.len() >= usize::try_from(PART).unwrap_or_default();
    if !retry(&mut open, due).await? {
        return Ok(());
    }
    let now = app.clock.now_ms();
    if is_part {
        app.endpoints.look_again(key, now.plus(TAKEN_UP_MS)).await?;
        app.queue.enqueue(&[Delivery::Backlog { endpoint: key.clone() }], now.seconds()).await?;
        return Ok(());
    }
    // What began to wait a moment ago may not be in the index yet.
    let lagging = read.health.waited_at.map(|at| at.plus(INDEX_LAGS_MS)).filter(|look_again| now < *look_again);
    let next_at = app.deliveries.next_due(key).await?.or(lagging);
    let known = domain::endpoint::Endpoint { health: open.endpoint.health.clone(), ..read };
    if !app.endpoints.schedule(&known, next_at).await? {
        app.endpoints.look_again(key, now).await?;
    }
    Ok(())
}

/// Tries an endpoint that has rested with the event that waits the longest. Tells whether it takes events again.
async fn probe(open: &mut Open<'_>) -> Result<bool, OrderError> {
    if let Some(oldest) = open.app.deliveries.due(&open.endpoint.key, None, 1).await?.pop() {
        return retry(open, vec![oldest]).await;
    }
    open.took().await?; // nothing to try it with: the next event does
    Ok(true)
}

/// Tries these once more, a few at a time. Tells whether the endpoint is still to be called.
async fn retry(open: &mut Open<'_>, due: Vec<Delivered>) -> Result<bool, OrderError> {
    let mut parts = due.into_iter().peekable();
    while parts.peek().is_some() {
        let part: Vec<Delivered> = parts.by_ref().take(usize::from(LANES)).collect();
        let calls = stream::iter(part).map(|delivered| open.post(delivered)).buffered(usize::from(LANES));
        let settled: Vec<Delivered> = calls.collect().await;
        for delivered in settled {
            open.app.deliveries.settle(&delivered).await?;
            let goes_on = if delivered.state == DeliveryState::Delivered {
                open.took().await?;
                true
            } else {
                open.refused(&delivered).await?
            };
            if !goes_on {
                parts = Vec::new().into_iter().peekable();
            }
        }
        if open.rests() || open.endpoint.disabled_at.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
