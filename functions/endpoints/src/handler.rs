//! Finds what a route asks for.

use std::convert::Infallible;

use domain::TenantId;
use domain::endpoint::Endpoint;
use domain::outbox::EndpointKey;
use edge::telemetry::Chain;
use edge::{Caller, Problem, http};
use lambda_http::{Body, Request, Response};
use tracing::{error, info};

use crate::app::App;
use crate::error::EndpointError;
use crate::{deliveries, manage};

/// Where the operator's endpoints are.
const OPERATORS: &str = "/api/admin/webhooks";
const TENANTS: &str = "/api/tenants/{tenantId}/webhooks";

/// A request, and whose endpoints it is about.
pub(crate) struct Asked<'a> {
    pub(crate) app: &'a App,
    pub(crate) request: &'a Request,
    pub(crate) caller: Caller,
    /// `None`: the operator's.
    pub(crate) owner: Option<TenantId>,
}

/// Answers JSON or a problem document.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let outcome = respond(app, &request).await.map_err(|failure| refuse(&failure));
    Ok(http::answer(http::request_id(&request), outcome))
}

async fn respond(app: &App, request: &Request) -> Result<Response<Body>, EndpointError> {
    let caller = Caller::admit(request, &app.claims)?;
    let (method, path) = http::route_key(request).split_once(' ').unwrap_or_default();
    let (owner, rest) = if let Some(rest) = path.strip_prefix(OPERATORS) {
        (None, rest)
    } else {
        caller.owns(http::path(request, "tenantId").unwrap_or_default())?;
        (Some(caller.tenant.clone()), path.strip_prefix(TENANTS).unwrap_or_default())
    };
    let asked = Asked { app, request, caller, owner };
    match (method, rest) {
        ("GET", "") => manage::list(&asked).await,
        ("POST", "") => manage::create(&asked).await,
        ("GET", "/{endpointId}") => manage::show(&asked).await,
        ("PATCH", "/{endpointId}") => manage::change(&asked).await,
        ("DELETE", "/{endpointId}") => manage::delete(&asked).await,
        ("POST", "/{endpointId}/rotate") => manage::rotate(&asked).await,
        ("POST", "/{endpointId}/test") => deliveries::test(&asked).await,
        ("GET", "/{endpointId}/deliveries") => deliveries::list(&asked).await,
        ("POST", "/{endpointId}/deliveries/{deliveryId}/redeliver") => deliveries::redeliver(&asked).await,
        _ => Err(EndpointError::NotFound),
    }
}

impl Asked<'_> {
    /// The endpoint that the path names.
    pub(crate) fn key(&self) -> Result<EndpointKey, EndpointError> {
        let id = http::path(self.request, "endpointId").filter(|id| EndpointKey::is_id(id));
        let id = id.ok_or(EndpointError::NotFound)?.to_owned();
        Ok(EndpointKey { tenant: self.owner.clone(), id })
    }

    pub(crate) async fn endpoint(&self) -> Result<Endpoint, EndpointError> {
        self.app.endpoints.find(&self.key()?).await?.ok_or(EndpointError::NotFound)
    }

    /// The endpoint that the path names, which is told something.
    pub(crate) async fn told_endpoint(&self) -> Result<Endpoint, EndpointError> {
        let endpoint = self.endpoint().await?;
        if endpoint.disabled_at.is_some() { Err(EndpointError::Off) } else { Ok(endpoint) }
    }
}

fn refuse(failure: &EndpointError) -> Problem {
    let problem = Problem::from(failure);
    if problem.status() >= 500 {
        error!(error = %Chain(failure), "A request about endpoints failed");
    } else {
        info!(kind = problem.kind(), "Refused a request about endpoints: {failure}");
    }
    problem
}
