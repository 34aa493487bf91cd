//! Events that are told for the first time.

use domain::endpoint::{Delivered, DeliveryState};
use domain::outbox::{DeliveryEvent, EndpointKey};
use edge::telemetry::metric;
use store::DeliveryPlace;

use crate::app::App;
use crate::endpoint::Open;
use crate::handler::OrderError;

/// Posts events in their order, each once. `again`: the order was delivered before, and what is kept was told then.
pub(crate) async fn tell(
    app: &App,
    key: &EndpointKey,
    mut events: Vec<DeliveryEvent>,
    again: bool,
) -> Result<(), OrderError> {
    let Some(endpoint) = Open::find(app, key).await? else { return Ok(()) };
    if again {
        let places: Vec<_> = events.iter().map(|event| DeliveryPlace::of(key, event)).collect();
        let known = app.deliveries.known(&places).await?;
        events.retain(|event| !known.contains(&event.id));
    }
    let mut open = Open::new(app, endpoint).await?;
    let mut is_called = !open.rests();
    let mut waiting = 0;
    for event in events {
        let delivered = Delivered::waiting(key.clone(), event, app.clock.now_ms());
        if open.endpoint.disabled_at.is_some() {
            break;
        }
        if !is_called {
            app.deliveries.put(&delivered).await?;
            waiting += 1;
            continue;
        }
        let delivered = open.post(delivered).await;
        app.deliveries.put(&delivered).await?;
        if delivered.state == DeliveryState::Delivered {
            open.took().await?;
        } else {
            is_called = open.refused(&delivered).await?;
        }
    }
    if waiting > 0 {
        metric("webhook_waiting", waiting, &[]);
        let now = app.clock.now_ms();
        let due_at = open.endpoint.health.rests_until.unwrap_or(now);
        app.endpoints.note_waiting(&open.endpoint, due_at, now).await?;
    }
    Ok(())
}
