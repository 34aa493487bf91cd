//! Joins a handler to the Lambda runtime.

use std::convert::Infallible;
use std::future::Future;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_http::{Body, Error, Request, RequestExt, Response, service_fn};
use lambda_runtime::LambdaEvent;
use serde::{Deserialize, Serialize};
use tracing::{Instrument, Span, info_span};

use crate::http::request_id;

/// Serves the requests of API Gateway, one after another, until Lambda stops the process.
///
/// Every log line of a request carries API Gateway's id, which the caller also gets, and Lambda's.
///
/// # Errors
///
/// When the Lambda Runtime API breaks off.
pub async fn run_http<F, Fut>(handler: F) -> Result<(), Error>
where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Result<Response<Body>, Infallible>> + Send,
{
    let traced = |request: Request| {
        let span = request_span(&request);
        span.in_scope(|| handler(request)).instrument(span)
    };
    lambda_http::run(service_fn(traced)).await
}

/// Serves batches of a queue; the answer names the records to deliver again (`ReportBatchItemFailures`).
///
/// # Errors
///
/// When the Lambda Runtime API breaks off.
pub async fn run_sqs<F, Fut>(handler: F) -> Result<(), Error>
where
    F: Fn(LambdaEvent<SqsEvent>) -> Fut,
    Fut: Future<Output = Result<SqsBatchResponse, Infallible>>,
{
    run_event(handler).await
}

/// Serves events of any other shape, as schedules.
///
/// # Errors
///
/// When the Lambda Runtime API breaks off.
pub async fn run_event<E, A, F, Fut>(handler: F) -> Result<(), Error>
where
    E: for<'de> Deserialize<'de>,
    A: Serialize,
    F: Fn(LambdaEvent<E>) -> Fut,
    Fut: Future<Output = Result<A, Infallible>>,
{
    lambda_runtime::run(service_fn(handler)).await
}

/// The span that ties a request's log lines together. Has no path and no query: both carry ids, one carries codes.
fn request_span(request: &Request) -> Span {
    let lambda = request.lambda_context_ref().map(|context| context.request_id.as_str());
    info_span!("request", request_id = request_id(request), lambda_request_id = lambda)
}
