//! Finds what a route asks for.

use std::convert::Infallible;

use edge::telemetry::Chain;
use edge::{Problem, http};
use lambda_http::{Body, Request, Response};
use tracing::{error, info};

use crate::app::App;
use crate::error::AdminError;
use crate::{audit, connections, erasures, manual, queues, tenants};

/// Answers JSON, CSV or a problem document.
///
/// # Errors
///
/// Never: every failure has its answer.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let outcome = respond(app, &request).await.map_err(|failure| refuse(&failure));
    Ok(http::answer(http::request_id(&request), outcome))
}

async fn respond(app: &App, request: &Request) -> Result<Response<Body>, AdminError> {
    let caller = manual::admit(app, request).await?;
    match http::route_key(request) {
        "GET /api/admin/tenants" => tenants::list(app, request).await,
        "GET /api/admin/tenants/{tenantId}" => tenants::show(app, request, &caller).await,
        "PUT /api/admin/tenants/{tenantId}" => tenants::set(app, request, &caller).await,
        "DELETE /api/admin/tenants/{tenantId}" => tenants::erase(app, request, &caller).await,
        "GET /api/admin/tenants/{tenantId}/events" => audit::events(app, request, &caller).await,
        "GET /api/admin/connections" => connections::list(app, request).await,
        "POST /api/admin/connections" => manual::connect(app, request, &caller).await,
        "POST /api/admin/connections/{accountId}/refresh" => connections::refresh(app, request, &caller).await,
        "POST /api/admin/connections/{accountId}/resubscribe" => connections::resubscribe(app, request, &caller).await,
        "POST /api/admin/erasures" => erasures::take(app, request, &caller).await,
        "POST /api/admin/queues/{name}/replay" => queues::replay(app, request, &caller).await,
        _ => Err(AdminError::NotFound),
    }
}

fn refuse(failure: &AdminError) -> Problem {
    let problem = Problem::from(failure);
    if problem.status() >= 500 {
        error!(error = %Chain(failure), "A request to administer failed");
    } else {
        info!(kind = problem.kind(), "Refused a request to administer: {failure}");
    }
    problem
}
