//! What an endpoint was told, a test, and the same once more.

use domain::outbox::{Delivery, DeliveryEvent, EventId, EventType};
use domain::{ConversationId, TenantId};
use edge::PageQuery;
use edge::http::{self, StatusCode};
use lambda_http::{Body, Response};
use serde_json::json;
use store::{Again, DeliveryPlace};

use crate::error::EndpointError;
use crate::handler::Asked;
use crate::view::{DeliveriesView, DeliveryView};

/// `POST …/webhooks/{endpointId}/test`.
pub(crate) async fn test(asked: &Asked<'_>) -> Result<Response<Body>, EndpointError> {
    let endpoint = asked.told_endpoint().await?;
    let now = asked.app.clock.now_ms();
    let id = EventId::derive(EventType::Test, &[&endpoint.key.id, http::request_id(asked.request)]);
    let tenant = asked.owner.clone().unwrap_or_else(TenantId::operator);
    let data = json!({ "tenant_id": tenant, "webhook_id": endpoint.key.id });
    let body = json!({ "type": EventType::Test, "timestamp": now.rfc3339(), "data": data }).to_string();
    let event = DeliveryEvent { id: id.clone(), kind: EventType::Test, at: now, tenant, conversation: None, body };
    order(asked, Delivery::First { endpoint: endpoint.key, events: vec![event] }).await?;
    Ok(http::json(StatusCode::ACCEPTED, &json!({ "event_id": id })))
}

/// `GET …/webhooks/{endpointId}/deliveries`, newest first.
pub(crate) async fn list(asked: &Asked<'_>) -> Result<Response<Body>, EndpointError> {
    let endpoint = asked.endpoint().await?;
    let page = PageQuery::of(asked.request)?;
    let found = asked.app.deliveries.log(&endpoint.key, page.cursor, page.limit).await?;
    let deliveries = found.items.iter().map(DeliveryView::from).collect();
    Ok(http::json_with_etag(asked.request, &DeliveriesView { deliveries, next_cursor: found.cursor }))
}

/// `POST …/webhooks/{endpointId}/deliveries/{deliveryId}/redeliver`: byte for byte, under the same id.
pub(crate) async fn redeliver(asked: &Asked<'_>) -> Result<Response<Body>, EndpointError> {
    let endpoint = asked.told_endpoint().await?;
    let (app, now) = (asked.app, asked.app.clock.now_ms());
    let id = http::path(asked.request, "deliveryId").unwrap_or_default();
    let (event, conversation, tenant) = parse(id).ok_or(EndpointError::NotFound)?;
    if asked.owner.as_ref().is_some_and(|owner| *owner != tenant) {
        return Err(EndpointError::NotFound);
    }
    let place = DeliveryPlace { endpoint: endpoint.key.clone(), tenant, conversation, event: event.clone() };
    match app.deliveries.again(&place, now).await? {
        Again::Gone => return Err(EndpointError::Gone),
        Again::Due | Again::Waits => {}
    }
    app.endpoints.note_waiting(&endpoint, now, now).await?;
    order(asked, Delivery::Backlog { endpoint: endpoint.key }).await?;
    Ok(http::json(StatusCode::ACCEPTED, &json!({ "event_id": event })))
}

/// The inverse of [`crate::view::delivery_id`].
fn parse(id: &str) -> Option<(EventId, Option<ConversationId>, TenantId)> {
    let mut parts = id.splitn(3, '.');
    let event = EventId::try_from(parts.next()?).ok()?;
    let conversation = match parts.next()? {
        "-" => None,
        conversation => Some(ConversationId::try_from(conversation).ok()?),
    };
    Some((event, conversation, TenantId::try_from(parts.next()?).ok()?))
}

async fn order(asked: &Asked<'_>, order: Delivery) -> Result<(), EndpointError> {
    let refused = asked.app.queue.enqueue(&[order], asked.app.clock.now()).await?;
    if refused.is_empty() { Ok(()) } else { Err(EndpointError::NotQueued) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_found_by_its_id_again() {
        let event = EventId::derive(EventType::Test, &["1"]);
        let conversation = "0".repeat(32);
        let (read, place, tenant) = parse(&format!("{event}.{conversation}.acme.example")).expect("an id");
        assert_eq!(
            (read, place.map(|id| id.to_string()), tenant.as_str()),
            (event.clone(), Some(conversation), "acme.example")
        );
        assert!(parse(&format!("{event}.-.acme")).is_some());
        for id in ["", "evt_1.-.acme", &format!("{event}"), &format!("{event}.-"), &format!("{event}.x.acme")] {
            assert!(parse(id).is_none(), "{id}");
        }
    }
}
