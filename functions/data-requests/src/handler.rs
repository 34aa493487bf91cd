//! Tells the four demands apart.

use std::convert::Infallible;

use audit::Trail;
use edge::http::StatusCode;
use edge::telemetry::{Chain, metric};
use edge::{ClaimNames, Clock, ConfigError, Problem, Setup, http};
use erasure::Erasures;
use lambda_http::{Body, Request, Response};
use plans::Plans;
use serde::Serialize;
use store::{ConnectionStore, EraseStore, Tables};
use tracing::{error, info};
use vault::AppSecrets;

use crate::error::DataRequestError;
use crate::{callback, contact, page};

/// The function, warm.
pub struct App {
    pub(crate) secrets: AppSecrets,
    pub(crate) connections: ConnectionStore,
    pub(crate) conversations: EraseStore,
    pub(crate) erasures: Erasures,
    pub(crate) plans: Plans,
    pub(crate) trail: Trail,
    pub(crate) claims: ClaimNames,
    pub(crate) clock: Clock,
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
        let secrets = aws_sdk_secretsmanager::Client::new(&setup.aws);
        let dynamodb = store::client(&setup.aws);
        Ok(Self {
            secrets: AppSecrets::new(secrets, setup.env.required("META_APPS_SECRET_ID")?),
            connections: ConnectionStore::new(dynamodb.clone(), &tables),
            conversations: EraseStore::new(dynamodb, &tables),
            erasures: Erasures::new(setup)?,
            plans: Plans::new(setup)?,
            trail: Trail::new(setup),
            claims: ClaimNames::new(&setup.env)?,
            clock: setup.clock.clone(),
        })
    }
}

/// What a demand for deletion is answered with, in Meta's words.
#[derive(Debug, Serialize)]
pub(crate) struct Confirmation {
    pub(crate) url: String,
    pub(crate) confirmation_code: domain::ErasureCode,
}

/// Answers Meta in its words, a person with a page, a tenant with JSON; else a problem document.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let answer = dispatch(app, &request).await.map_err(|failure| refuse(&failure));
    Ok(http::answer(http::request_id(&request), answer))
}

async fn dispatch(app: &App, request: &Request) -> Result<Response<Body>, DataRequestError> {
    match http::route_key(request) {
        "POST /webhooks/meta/deauthorize" => {
            let ended = callback::deauthorize(app, request).await?;
            metric("deauthorized", ended, &[]);
            Ok(http::json(StatusCode::OK, &serde_json::json!({ "success": true })))
        }
        "POST /webhooks/meta/data-deletion" => {
            Ok(http::json(StatusCode::OK, &callback::delete_data(app, request).await?))
        }
        "GET /data-deletion/{code}" => page::answer(app, request).await,
        "DELETE /api/tenants/{tenantId}/conversations/{conversationId}" => {
            Ok(http::json(StatusCode::ACCEPTED, &contact::erase(app, request).await?))
        }
        _ => Err(Problem::NOT_FOUND.into()),
    }
}

fn refuse(failure: &DataRequestError) -> Problem {
    let problem = Problem::from(failure);
    if problem.status() >= 500 {
        error!(error = %Chain(failure), "A demand about data was not met");
    } else {
        info!(kind = problem.kind(), reason = %Chain(failure), "Refused a demand about data");
    }
    if problem.kind() == "wrong-signature" {
        metric("signed_request_refused", 1, &[]);
    }
    problem
}
