//! Endpoints, made known, changed and deleted.

use aws_lc_rs::rand;
use delivery::new_secret;
use domain::endpoint::{Endpoint, Health, ROTATION_MS};
use domain::outbox::EndpointKey;
use domain::secret::WebhookSecret;
use domain::{AuditEvent, AuditKind, SealedToken, TenantId};
use edge::http::{self, StatusCode};
use lambda_http::{Body, Response};
use vault::TokenContext;

use crate::body::{ChangedEndpoint, MAX_BODY_BYTES, NewEndpoint};
use crate::error::EndpointError;
use crate::handler::Asked;
use crate::view::{EndpointView, EndpointsView};

/// More endpoints than this nobody has: each is a message of a queue for every event.
const MOST: u32 = 20;

/// `GET …/webhooks`.
pub(crate) async fn list(asked: &Asked<'_>) -> Result<Response<Body>, EndpointError> {
    let now = asked.app.clock.now_ms();
    let found = asked.app.endpoints.list(asked.owner.as_ref()).await?;
    let webhooks = found.iter().map(|endpoint| EndpointView::new(endpoint, now)).collect();
    Ok(http::json_with_etag(asked.request, &EndpointsView { webhooks }))
}

/// `GET …/webhooks/{endpointId}`.
pub(crate) async fn show(asked: &Asked<'_>) -> Result<Response<Body>, EndpointError> {
    let endpoint = asked.endpoint().await?;
    Ok(http::json_with_etag(asked.request, &EndpointView::new(&endpoint, asked.app.clock.now_ms())))
}

/// `POST …/webhooks`: the only answer with the secret.
pub(crate) async fn create(asked: &Asked<'_>) -> Result<Response<Body>, EndpointError> {
    let Asked { app, request, caller, owner } = asked;
    let wanted: NewEndpoint = http::body_json(request, MAX_BODY_BYTES)?;
    let (url, description, types) = wanted.checked(app)?;
    let now = app.clock.now_ms();
    let key = EndpointKey { tenant: owner.clone(), id: EndpointKey::new_id(now, random()?) };
    let (secret, sealed) = sealed_secret(asked, &key).await?;
    let endpoint = Endpoint {
        key,
        url,
        description,
        types,
        with_content: wanted.with_content,
        disabled_at: None,
        disabled_reason: None,
        secret: sealed,
        former: None,
        created_at: now,
        created_by: caller.user.clone(),
        health: Health::default(),
    };
    insert(asked, &endpoint).await?;
    note(asked, AuditKind::EndpointAdded, &endpoint.key).await;
    Ok(http::json(StatusCode::CREATED, &EndpointView::new(&endpoint, now).with_secret(&secret)))
}

/// Stores it if the plan has room for it.
async fn insert(asked: &Asked<'_>, endpoint: &Endpoint) -> Result<(), EndpointError> {
    let Asked { app, caller, owner, .. } = asked;
    if owner.is_none() {
        return if app.endpoints.insert(endpoint, MOST).await? { Ok(()) } else { Err(EndpointError::TooMany) };
    }
    let now = app.clock.now_ms();
    let profile = app.plans.profile_of(caller, now).await?;
    let plan = app.plans.plan(&profile);
    let limit = plan.limits.endpoints.unwrap_or(MOST).min(MOST);
    if app.endpoints.insert(endpoint, limit).await? {
        return Ok(());
    }
    if limit >= MOST {
        return Err(EndpointError::TooMany);
    }
    let refusal = plan.no_endpoint_left();
    app.plans.note_refusal(&caller.tenant, &caller.user, &refusal, now).await;
    Err(EndpointError::Plan(refusal))
}

/// `PATCH …/webhooks/{endpointId}`.
pub(crate) async fn change(asked: &Asked<'_>) -> Result<Response<Body>, EndpointError> {
    let change: ChangedEndpoint = http::body_json(asked.request, MAX_BODY_BYTES)?;
    let change = change.checked(asked.app)?;
    let (key, now) = (asked.key()?, asked.app.clock.now_ms());
    let endpoint = asked.app.endpoints.change(&key, &change, now).await?.ok_or(EndpointError::NotFound)?;
    note(asked, AuditKind::EndpointChanged, &key).await;
    Ok(http::json(StatusCode::OK, &EndpointView::new(&endpoint, now)))
}

/// `DELETE …/webhooks/{endpointId}`. What it was told is kept until its 30 days are over, and shown to nobody.
pub(crate) async fn delete(asked: &Asked<'_>) -> Result<Response<Body>, EndpointError> {
    let endpoint = asked.endpoint().await?;
    if !asked.app.endpoints.delete(&endpoint.key).await? {
        return Err(EndpointError::NotFound);
    }
    note(asked, AuditKind::EndpointDeleted, &endpoint.key).await;
    Ok(http::json(StatusCode::OK, &EndpointView::new(&endpoint, asked.app.clock.now_ms())))
}

/// `POST …/webhooks/{endpointId}/rotate`: the other answer with a secret.
pub(crate) async fn rotate(asked: &Asked<'_>) -> Result<Response<Body>, EndpointError> {
    let (endpoint, now) = (asked.endpoint().await?, asked.app.clock.now_ms());
    let (secret, sealed) = sealed_secret(asked, &endpoint.key).await?;
    let rotated = asked.app.endpoints.rotate(&endpoint, &sealed, now.plus(ROTATION_MS)).await?;
    let rotated = rotated.ok_or(EndpointError::Conflict)?;
    note(asked, AuditKind::EndpointChanged, &endpoint.key).await;
    Ok(http::json(StatusCode::OK, &EndpointView::new(&rotated, now).with_secret(&secret)))
}

async fn sealed_secret(asked: &Asked<'_>, key: &EndpointKey) -> Result<(WebhookSecret, SealedToken), EndpointError> {
    let secret = new_secret(&random()?);
    let context = TokenContext::webhook_secret(key);
    let sealed = asked.app.vault.seal_webhook_secret(&context, &secret, asked.app.clock.now()).await?;
    Ok((secret, sealed))
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], EndpointError> {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes).map_err(|_| EndpointError::Random)?;
    Ok(bytes)
}

async fn note(asked: &Asked<'_>, kind: AuditKind, key: &EndpointKey) {
    let owner = asked.owner.clone().unwrap_or_else(TenantId::operator);
    let event = AuditEvent::new(owner, kind, asked.app.clock.now_ms())
        .by(asked.caller.user.clone())
        .with("endpoint_id", key.id.as_str());
    asked.app.audit.record(event).await;
}
