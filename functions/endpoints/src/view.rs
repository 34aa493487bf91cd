//! What callers see.

use domain::endpoint::{Delivered, DeliveryState, Endpoint, OffReason, TryError};
use domain::outbox::EventType;
use domain::secret::WebhookSecret;
use domain::{ConversationId, TenantId, UnixMillis};
use serde::Serialize;

/// An endpoint.
#[derive(Serialize)]
pub(crate) struct EndpointView {
    id: String,
    url: String,
    description: Option<String>,
    types: Vec<EventType>,
    with_content: bool,
    /// `on`, `resting` (it fails, and is tried again), `off`.
    status: &'static str,
    disabled_at: Option<String>,
    disabled_reason: Option<OffReason>,
    failing_since: Option<String>,
    rests_until: Option<String>,
    /// Until when the secret before the last rotation signs as well.
    former_secret_until: Option<String>,
    created_at: String,
    /// Shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl EndpointView {
    pub(crate) fn new(endpoint: &Endpoint, now: UnixMillis) -> Self {
        let health = &endpoint.health;
        let rests = health.rests(now);
        Self {
            id: endpoint.key.id.clone(),
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            types: endpoint.types.iter().copied().collect(),
            with_content: endpoint.with_content,
            status: match endpoint.disabled_at {
                Some(_) => "off",
                None if rests => "resting",
                None => "on",
            },
            disabled_at: endpoint.disabled_at.map(UnixMillis::rfc3339),
            disabled_reason: endpoint.disabled_reason,
            failing_since: health.failing_since.map(UnixMillis::rfc3339),
            rests_until: health.rests_until.filter(|_| rests).map(UnixMillis::rfc3339),
            former_secret_until: endpoint
                .former
                .as_ref()
                .map(|former| former.until)
                .filter(|until| now < *until)
                .map(UnixMillis::rfc3339),
            created_at: endpoint.created_at.rfc3339(),
            secret: None,
        }
    }

    pub(crate) fn with_secret(self, secret: &WebhookSecret) -> Self {
        Self { secret: Some(secret.expose().to_owned()), ..self }
    }
}

/// Somebody's endpoints.
#[derive(Serialize)]
pub(crate) struct EndpointsView {
    pub(crate) webhooks: Vec<EndpointView>,
}

/// A page of what an endpoint was told.
#[derive(Serialize)]
pub(crate) struct DeliveriesView {
    pub(crate) deliveries: Vec<DeliveryView>,
    /// `null` on the last page.
    pub(crate) next_cursor: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct DeliveryView {
    id: String,
    event_id: String,
    #[serde(rename = "type")]
    kind: EventType,
    tenant_id: TenantId,
    conversation_id: Option<ConversationId>,
    state: DeliveryState,
    at: String,
    due_at: Option<String>,
    attempts: Vec<AttemptView>,
}

#[derive(Serialize)]
struct AttemptView {
    at: String,
    status: Option<u16>,
    duration_ms: u32,
    error: Option<TryError>,
}

/// Which delivery, in one word: the event, the conversation, the tenant.
pub(crate) fn delivery_id(delivered: &Delivered) -> String {
    let event = &delivered.event;
    let conversation = event.conversation.as_ref().map_or("-", ConversationId::as_str);
    format!("{}.{conversation}.{}", event.id, event.tenant)
}

impl From<&Delivered> for DeliveryView {
    fn from(delivered: &Delivered) -> Self {
        Self {
            id: delivery_id(delivered),
            event_id: delivered.event.id.to_string(),
            kind: delivered.event.kind,
            tenant_id: delivered.event.tenant.clone(),
            conversation_id: delivered.event.conversation.clone(),
            state: delivered.state.shown(),
            at: delivered.event.at.rfc3339(),
            due_at: delivered.due_at.map(UnixMillis::rfc3339),
            attempts: delivered
                .tries
                .iter()
                .map(|tried| AttemptView {
                    at: tried.at.rfc3339(),
                    status: tried.status,
                    duration_ms: tried.duration_ms,
                    error: tried.error.map(TryError::shown),
                })
                .collect(),
        }
    }
}
