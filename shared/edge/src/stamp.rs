//! What every answer has.

use lambda_http::http::{HeaderValue, header};
use lambda_http::{Body, Response};

/// Puts the headers that every answer has: `x-request-id` and `x-content-type-options`.
#[must_use]
pub fn stamp(mut response: Response<Body>, request_id: &str) -> Response<Body> {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
