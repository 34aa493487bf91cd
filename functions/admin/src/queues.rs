//! What could not be handled is delivered again.

use domain::{AuditEvent, AuditKind, TenantId};
use edge::Caller;
use edge::http::{self, StatusCode};
use lambda_http::{Body, Request, Response};
use serde_json::json;

use crate::app::App;
use crate::error::AdminError;

/// `POST /api/admin/queues/{name}/replay`. Consumers of a queue store and send nothing twice.
pub(crate) async fn replay(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, AdminError> {
    let name = http::path(request, "name").unwrap_or_default();
    let task = app.dead_letters.replay(name).await?;
    let event = AuditEvent::new(TenantId::operator(), AuditKind::QueueReplayed, app.clock.now_ms())
        .by(caller.user.clone())
        .with("queue", name);
    app.connector.audit.record(event).await;
    Ok(http::json(StatusCode::ACCEPTED, &json!({ "queue": name, "task": task })))
}
