//! Finds what a route asks for.

use std::convert::Infallible;

use accounts::Connector;
use domain::TenantId;
use edge::telemetry::Chain;
use edge::{Caller, ClaimNames, Clock, ConfigError, Problem, Role, Setup, http};
use erasure::Erasures;
use lambda_http::{Body, Request, Response};
use store::{AuditStore, Tables};
use tracing::{error, info};

use crate::error::AdminError;
use crate::queues::DeadLetters;
use crate::{connections, erasures, manual, tenants, trail};

/// The function, warm.
pub struct App {
    pub(crate) clock: Clock,
    pub(crate) claims: ClaimNames,
    pub(crate) connector: Connector,
    pub(crate) erasures: Erasures,
    pub(crate) trail: AuditStore,
    pub(crate) dead_letters: DeadLetters,
}

impl App {
    /// Makes the clients; calls nothing.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the environment is incomplete.
    #[expect(clippy::unused_async, reason = "every function is made the same way")]
    pub async fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let tables = Tables::from_variables(|name| setup.env.optional(name));
        Ok(Self {
            clock: setup.clock.clone(),
            claims: ClaimNames::new(&setup.env)?,
            connector: Connector::new(setup)?,
            erasures: Erasures::new(setup)?,
            trail: AuditStore::new(store::client(&setup.aws), &tables),
            dead_letters: DeadLetters::new(setup),
        })
    }
}

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
        "GET /api/admin/tenants/{tenantId}/events" => trail::events(app, request, &caller).await,
        "GET /api/admin/connections" => connections::list(app, request).await,
        "POST /api/admin/connections" => manual::connect(app, request, &caller).await,
        "POST /api/admin/connections/{igUserId}/refresh" => connections::refresh(app, request, &caller).await,
        "POST /api/admin/connections/{igUserId}/resubscribe" => connections::resubscribe(app, request, &caller).await,
        "POST /api/admin/erasures" => erasures::take(app, request, &caller).await,
        "POST /api/admin/queues/{name}/replay" => app.dead_letters.replay(app, request, &caller).await,
        _ => Err(AdminError::NotFound),
    }
}

/// The tenant in the path: any for an operator, for everybody else their own.
pub(crate) fn tenant_in_path(request: &Request, caller: &Caller) -> Result<TenantId, AdminError> {
    let named = http::path(request, "tenantId").unwrap_or_default();
    if caller.role != Role::Operator {
        caller.owns(named)?;
    }
    TenantId::try_from(named).map_err(|_| AdminError::NotFound)
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
