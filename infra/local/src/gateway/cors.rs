//! Answers to browsers of other origins, which an HTTP API gives itself.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
};

use crate::template::Cors;

/// Whether the request is a browser's question before the real one.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight; one without headers refuses.
pub(super) fn preflight(cors: &Cors, headers: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let Some(origin) = allowed_origin(cors, headers) else { return response };
    let answer = response.headers_mut();
    allow(cors, origin, answer);
    set(answer, header::ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods.join(","));
    set(answer, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers.join(","));
    if let Some(seconds) = cors.max_age {
        set(answer, header::ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
    }
    response
}

/// Adds to an answer what lets the asking page read it.
pub(super) fn decorate(cors: &Cors, request: &HeaderMap, response: &mut HeaderMap) {
    if let Some(origin) = allowed_origin(cors, request) {
        allow(cors, origin, response);
        set(response, header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers.join(","));
    }
}

fn allow(cors: &Cors, origin: HeaderValue, response: &mut HeaderMap) {
    response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    response.insert(header::VARY, HeaderValue::from_static("Origin"));
    if cors.allow_credentials {
        response.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

fn allowed_origin(cors: &Cors, request: &HeaderMap) -> Option<HeaderValue> {
    let origin = request.get(header::ORIGIN)?;
    let known = cors.allow_origins.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes());
    known.then(|| origin.clone())
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let (false, Ok(value)) = (value.is_empty(), HeaderValue::try_from(value)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors() -> Cors {
        Cors {
            allow_origins: vec!["http://app.example".to_owned()],
            allow_methods: vec!["GET".to_owned(), "POST".to_owned()],
            allow_credentials: true,
            ..Cors::default()
        }
    }

    fn from(origin: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))])
    }

    #[test]
    fn a_known_origin_is_told_what_it_may_do() {
        let answer = preflight(&cors(), &from("http://app.example"));
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(answer.headers()["access-control-allow-origin"], "http://app.example");
        assert_eq!(answer.headers()["access-control-allow-methods"], "GET,POST");
        assert_eq!(answer.headers()["access-control-allow-credentials"], "true");
    }

    #[test]
    fn an_unknown_origin_is_told_nothing() {
        assert!(preflight(&cors(), &from("http://evil.example")).headers().is_empty());
        let mut headers = HeaderMap::new();
        decorate(&cors(), &from("http://evil.example"), &mut headers);
        assert!(headers.is_empty());
    }
}
