//! Tells the four demands apart.

use std::convert::Infallible;

use edge::http::StatusCode;
use edge::telemetry::{Chain, metric};
use edge::{Problem, http};
use lambda_http::{Body, Request, Response};
use tracing::{error, info};

use crate::app::App;
use crate::error::DataRequestError;
use crate::{callback, contact, page};

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
            callback::deauthorize(app, request).await?;
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
