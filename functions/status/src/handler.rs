//! What the card shows, for one channel or for all of them.

use std::convert::Infallible;

use domain::view::InstagramStatus;
use edge::telemetry::Chain;
use edge::{Caller, ClaimNames, ConfigError, Problem, Setup, http};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use store::{ConnectionStore, Tables};
use tracing::error;

use crate::error::StatusError;

/// The end of the path that asks for all channels; the other one's is `/instagram/status`.
const ALL_CHANNELS: &str = "/integrations/status";

/// What the function needs.
pub struct App {
    claims: ClaimNames,
    connections: ConnectionStore,
}

impl App {
    /// Reads the configuration; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a variable is missing.
    #[expect(clippy::unused_async, reason = "every function is made the same way")]
    pub async fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let tables = Tables::from_variables(|name| setup.env.optional(name));
        Ok(Self {
            claims: ClaimNames::from(&setup.env),
            connections: ConnectionStore::new(aws_sdk_dynamodb::Client::new(&setup.aws), &tables),
        })
    }
}

/// Every channel by its name.
#[derive(Serialize)]
struct Channels {
    instagram: InstagramStatus,
}

/// Answers the status with its `ETag`, or a problem document. Any role may ask.
///
/// # Errors
///
/// Never: every failure has its answer.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let answer = match instagram(app, &request).await {
        Ok(instagram) if asks_for_all(&request) => Ok(http::json_with_etag(&request, &Channels { instagram })),
        Ok(instagram) => Ok(http::json_with_etag(&request, &instagram)),
        Err(failure) => Err(refuse(&failure)),
    };
    Ok(http::answer(http::request_id(&request), answer))
}

async fn instagram(app: &App, request: &Request) -> Result<InstagramStatus, StatusError> {
    let caller = Caller::of(request, &app.claims)?;
    Ok(InstagramStatus::of(app.connections.list(&caller.tenant).await?))
}

fn asks_for_all(request: &Request) -> bool {
    request.uri().path().ends_with(ALL_CHANNELS)
}

fn refuse(failure: &StatusError) -> Problem {
    let problem = Problem::from(failure);
    if problem.status() >= 500 {
        error!(error = %Chain(failure), "The status could not be told");
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> Request {
        let mut request = Request::default();
        *request.uri_mut() = path.parse().expect("a path is a URI");
        request
    }

    #[test]
    fn the_two_paths_are_told_apart() {
        assert!(asks_for_all(&request("/api/integrations/status")));
        assert!(asks_for_all(&request("/prod/api/integrations/status")));
        assert!(!asks_for_all(&request("/api/integrations/meta/instagram/status")));
    }
}
