//! Requests read, answers made: the shapes that all HTTP functions share.

use domain::Channel;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::http::{HeaderValue, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use sha2::{Digest, Sha256};
use tracing::error;

pub use lambda_http::http::StatusCode;

use crate::problem::Problem;
use crate::stamp::stamp;
use crate::telemetry::Chain;

/// API Gateway's id of the request: what every answer and every log line carries. `unknown` outside of API Gateway.
#[must_use]
pub fn request_id(request: &Request) -> &str {
    context(request)
        .and_then(|context| context.request_id.as_deref())
        .or_else(|| request.lambda_context_ref().map(|context| context.request_id.as_str()))
        .unwrap_or("unknown")
}

/// The trace header under which Lambda runs the request, as `Root=1-…;Parent=…;Sampled=1`.
#[must_use]
pub fn trace_header(request: &Request) -> Option<&str> {
    request.lambda_context_ref()?.xray_trace_id.as_deref()
}

/// The route that API Gateway has matched, as the template names it: `GET /api/tenants/{tenantId}/events`, `$default`.
#[must_use]
pub fn route_key(request: &Request) -> &str {
    context(request).and_then(|context| context.route_key.as_deref()).unwrap_or_default()
}

/// The channel that a route names, as in `POST /api/integrations/meta/{channel}/start`.
///
/// It is read from the route and not from the path, in which a tenant may be called like a channel.
///
/// # Errors
///
/// 404 for a route that names none.
pub fn channel(request: &Request) -> Result<Channel, Problem> {
    route_key(request).split('/').find_map(|segment| segment.parse().ok()).ok_or(Problem::NOT_FOUND)
}

/// The word of [`channel`], for metrics; `none` for a route that names none.
#[must_use]
pub fn channel_word(request: &Request) -> &'static str {
    channel(request).map_or("none", Channel::as_str)
}

/// The address of the caller, as API Gateway saw it.
#[must_use]
pub fn source_ip(request: &Request) -> Option<&str> {
    context(request)?.http.source_ip.as_deref()
}

/// A header's text; `None` when it is absent or not visible ASCII.
#[must_use]
pub fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// A parameter of the route, as `tenantId` of `/api/tenants/{tenantId}/…`.
#[must_use]
pub fn path<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.path_parameters_ref()?.first(name)
}

/// The first parameter of this name in the query string, decoded.
#[must_use]
pub fn query<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.query_string_parameters_ref()?.first(name)
}

/// A cookie's value, as it stands (RFC 6265 section 5.4).
#[must_use]
pub fn cookie<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request
        .headers()
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// Reads a JSON body of at most `max` bytes, whatever content type it claims. An empty body counts as `{}`.
///
/// # Errors
///
/// * 413 `body-too-large`.
/// * 400 `malformed-json`: no JSON; tells line and column.
/// * 400 `invalid-body`: JSON of another shape; tells the field.
///
/// No problem quotes the body.
pub fn body_json<T: DeserializeOwned>(request: &Request, max: usize) -> Result<T, Problem> {
    let body: &[u8] = request.body();
    if body.len() > max {
        return Err(Problem::new(413, "body-too-large", "The request is too large").with("max_bytes", max));
    }
    let json = if body.is_empty() { b"{}" } else { body };
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| unreadable(error.inner(), Some(error.path().to_string())))?;
    reader.end().map_err(|error| unreadable(&error, None))?;
    Ok(value)
}

fn unreadable(error: &serde_json::Error, path: Option<String>) -> Problem {
    match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => {
            Problem::new(400, "malformed-json", "The request is not valid JSON")
                .with("line", error.line())
                .with("column", error.column())
        }
        Category::Data => {
            let problem = Problem::new(400, "invalid-body", "The request does not have the expected form");
            match missing_field(error) {
                Some(field) => problem.detail("A field is missing").with("field", field),
                None => problem
                    .detail("A field does not have the expected type or form")
                    .with("field", path.unwrap_or_default()),
            }
        }
    }
}

/// The name in serde's "missing field `name`", the one of its messages that never quotes a value.
fn missing_field(error: &serde_json::Error) -> Option<String> {
    let text = error.to_string();
    text.strip_prefix("missing field `")?.split_once('`').map(|(name, _)| name.to_owned())
}

/// A JSON answer that is not cached.
pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Response<Body> {
    match serde_json::to_string(value) {
        Ok(text) => json_text(status, text, "no-store"),
        Err(failure) => unwritable(&failure),
    }
}

/// A redirect (302) that is not cached.
#[must_use]
pub fn found(url: &str) -> Response<Body> {
    let location = match HeaderValue::from_str(url) {
        Ok(location) => location,
        Err(failure) => return unwritable(&failure),
    };
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A JSON answer with its `ETag`; 304 without a body when the caller already has it.
///
/// A browser may keep the answer but asks each time whether it still holds, so that polling costs no bytes.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2>
pub fn json_with_etag<T: Serialize>(request: &Request, value: &T) -> Response<Body> {
    let text = match serde_json::to_string(value) {
        Ok(text) => text,
        Err(failure) => return unwritable(&failure),
    };
    let etag = etag(text.as_bytes());
    let mut response = if holds(request, &etag) {
        let mut unchanged = Response::new(Body::Empty);
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        unchanged
    } else {
        json_text(StatusCode::OK, text, "private, no-cache")
    };
    response.headers_mut().insert(header::ETAG, etag);
    response
}

/// A strong validator: other bytes have another.
fn etag(body: &[u8]) -> HeaderValue {
    let quoted = format!("\"{}\"", hex::encode(&Sha256::digest(body)[..16]));
    HeaderValue::try_from(quoted).expect("hexadecimal digits in quotes are a header value")
}

/// Whether `If-None-Match` names this validator, in the weak comparison that the RFC prescribes for it.
fn holds(request: &Request, etag: &HeaderValue) -> bool {
    request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == etag)
}

/// Ends a handler: a problem becomes its document, and every answer gets what every answer has.
pub fn answer<P: Into<Problem>>(request_id: &str, outcome: Result<Response<Body>, P>) -> Response<Body> {
    match outcome {
        Ok(response) => stamp(response, request_id),
        Err(problem) => problem.into().into_response(request_id),
    }
}

fn context(request: &Request) -> Option<&ApiGatewayV2httpRequestContext> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => Some(context),
        _ => None,
    }
}

fn json_text(status: StatusCode, text: String, caching: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::Text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

/// An answer that could not be written is our fault; [`answer`] puts its request id into the header.
fn unwritable(failure: &(dyn std::error::Error + 'static)) -> Response<Body> {
    error!(error = %Chain(failure), "An answer could not be written");
    Problem::INTERNAL.into_response("unknown")
}

#[cfg(test)]
pub(crate) mod tests;
