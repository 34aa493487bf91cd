//! Events and answers in API Gateway's payload format 2.0.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header, request::Parts},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use url::form_urlencoded;

use super::route::Matched;
use crate::template::ACCOUNT;

/// What the gateway knows about a request beside the request itself.
#[derive(Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) request_id: &'a str,
    pub(super) source_ip: &'a str,
    pub(super) now_ms: i64,
    /// The claims of an accepted token; `None` on a route without authorizer.
    pub(super) claims: Option<Map<String, Json>>,
}

/// The event of a request.
pub(super) fn event(parts: &Parts, body: &Bytes, matched: &Matched<'_>, around: Circumstances<'_>) -> Json {
    let Parts { method, uri, headers, .. } = parts;
    let key = matched.key();
    let mut event = json!({
        "version": "2.0",
        "routeKey": key,
        "rawPath": uri.path(),
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": joined_headers(headers, around.source_ip),
        "requestContext": context(method, uri, headers, &key, matched, around),
        "isBase64Encoded": false,
    });
    let cookies = cookies(headers);
    let query = query(uri);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = json!(query);
    }
    if !matched.parameters.is_empty() {
        event["pathParameters"] = json!(matched.parameters);
    }
    if !body.is_empty() {
        let (text, encoded) = body_text(headers, body);
        event["body"] = Json::String(text);
        event["isBase64Encoded"] = Json::Bool(encoded);
    }
    event
}

fn context(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    route_key: &str,
    matched: &Matched<'_>,
    around: Circumstances<'_>,
) -> Json {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let domain = text(header::HOST);
    let time = Timestamp::from_millisecond(around.now_ms).unwrap_or_default();
    let mut context = json!({
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": domain,
        "domainPrefix": domain.split(['.', ':']).next(),
        "http": {
            "method": method.as_str(),
            "path": uri.path(),
            "protocol": "HTTP/1.1",
            "sourceIp": around.source_ip,
            "userAgent": text(header::USER_AGENT),
        },
        "requestId": around.request_id,
        "routeKey": route_key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        "timeEpoch": around.now_ms,
    });
    if let Some(claims) = around.claims {
        let scopes = &matched.route.scopes;
        let scopes = if scopes.is_empty() { Json::Null } else { json!(scopes) };
        context["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": scopes } });
    }
    context
}

/// Lower-case names; several values of one name are joined by commas. Cookies have a place of their own. The gateway adds
/// from where the request came.
fn joined_headers<'a>(headers: &'a HeaderMap, source_ip: &str) -> BTreeMap<&'a str, String> {
    let names = headers.keys().filter(|name| *name != header::COOKIE);
    let join = |name: &HeaderName| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        values.collect::<Vec<_>>().join(",")
    };
    let mut joined: BTreeMap<&str, String> = names.map(|name| (name.as_str(), join(name))).collect();
    let proxies = joined.remove("x-forwarded-for").map(|proxies| format!("{proxies}, ")).unwrap_or_default();
    joined.insert("x-forwarded-for", format!("{proxies}{source_ip}"));
    joined.entry("x-forwarded-proto").or_insert_with(|| "http".to_owned());
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split("; "))
        .map(|cookie| cookie.trim().to_owned())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

fn query(uri: &Uri) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        parameters
            .entry(name.into_owned())
            .and_modify(|values| *values = format!("{values},{value}"))
            .or_insert_with(|| value.into_owned());
    }
    parameters
}

/// The body as it stands in the event, and whether that is base64.
fn body_text(headers: &HeaderMap, body: &Bytes) -> (String, bool) {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/plain");
    match std::str::from_utf8(body) {
        Ok(text) if is_text(content_type) => (text.to_owned(), false),
        _ => (BASE64_STANDARD.encode(body), true),
    }
}

/// Forms are not among the types that API Gateway hands on as text.
fn is_text(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&kind.as_str())
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
}

/// A function's answer in format 2.0.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Json>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The answer over HTTP; `None` when the function's answer is none, which is a 500.
pub(super) fn response(answer: &[u8]) -> Option<Response<Body>> {
    let json: Json = serde_json::from_slice(answer).ok()?;
    if json.get("statusCode").is_none() {
        return inferred(&json);
    }
    let answer: Answer = serde_json::from_value(json).ok()?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { BASE64_STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code).ok()?;
    let headers = response.headers_mut();
    for (name, value) in answer.headers.unwrap_or_default() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(text).ok()?);
    }
    for cookie in answer.cookies.unwrap_or_default() {
        headers.append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    }
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain;charset=UTF-8"));
    Some(response)
}

/// JSON without a status code is taken for the body of a 200.
fn inferred(json: &Json) -> Option<Response<Body>> {
    let body = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    Response::builder().header(header::CONTENT_TYPE, "application/json").body(Body::from(body)).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;
    use crate::template::Route;

    fn route() -> Route {
        Route { method: "POST".to_owned(), path: "/t/{tenant}".to_owned(), authorizer: None, scopes: Vec::new() }
    }

    fn made(request: axum::http::request::Builder, body: &'static [u8]) -> Json {
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let route = route();
        let parameters = BTreeMap::from([("tenant".to_owned(), "luna".to_owned())]);
        let matched = Matched { route: &route, function: "F", parameters };
        let claims = Some(Map::from_iter([("sub".to_owned(), json!("ana"))]));
        let around = Circumstances { request_id: "r-1", source_ip: "127.0.0.1", now_ms: 1_790_848_800_123, claims };
        event(&parts, &Bytes::from_static(body), &matched, around)
    }

    #[test]
    fn a_request_becomes_an_event_that_lambda_http_reads() {
        let request = Request::post("/t/luna?a=1&a=2&b=%20")
            .header("content-type", "application/json")
            .header("x-two", "1")
            .header("x-two", "2")
            .header("cookie", "one=1; two=2");
        let event = made(request, b"{}");
        assert_eq!(event["routeKey"], "POST /t/{tenant}");
        assert_eq!(event["rawQueryString"], "a=1&a=2&b=%20");
        assert_eq!(event["queryStringParameters"], json!({"a": "1,2", "b": " "}));
        assert_eq!(event["headers"]["x-two"], "1,2");
        assert_eq!(event["headers"]["x-forwarded-for"], "127.0.0.1");
        assert!(event["headers"]["cookie"].is_null(), "cookies stand in their own list");
        assert_eq!(event["cookies"], json!(["one=1", "two=2"]));
        assert_eq!(event["pathParameters"], json!({"tenant": "luna"}));
        assert_eq!(event["requestContext"]["time"], "01/Oct/2026:10:00:00 +0000");
        assert_eq!(event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"], "ana");
        assert_eq!((event["body"].as_str(), event["isBase64Encoded"].as_bool()), (Some("{}"), Some(false)));
        let read: Result<lambda_http::request::LambdaRequest, _> = serde_json::from_str(&event.to_string());
        assert!(matches!(read, Ok(lambda_http::request::LambdaRequest::ApiGatewayV2(_))), "{read:?}");
    }

    #[test]
    fn a_form_and_binary_data_travel_as_base64() {
        let form = made(Request::post("/t/luna").header("content-type", "application/x-www-form-urlencoded"), b"a=1");
        assert_eq!((form["body"].as_str(), form["isBase64Encoded"].as_bool()), (Some("YT0x"), Some(true)));
        let binary = made(Request::post("/t/luna").header("content-type", "application/json"), b"\xff");
        assert_eq!(binary["isBase64Encoded"], true);
    }

    #[test]
    fn an_answer_keeps_its_status_headers_cookies_and_decoded_body() {
        let answer = br#"{"statusCode":302,"headers":{"location":"/x"},"cookies":["a=1","b=2"],"body":"aGk=","isBase64Encoded":true}"#;
        let response = response(answer).expect("a response");
        assert_eq!(response.status(), 302);
        assert_eq!(response.headers()["location"], "/x");
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    }

    #[test]
    fn json_without_a_status_code_is_a_body_and_no_json_is_no_answer() {
        let plain = response(br#"{"ok":true}"#).expect("a response");
        assert_eq!(
            (plain.status(), &plain.headers()["content-type"]),
            (StatusCode::OK, &HeaderValue::from_static("application/json"))
        );
        assert!(response(b"oops").is_none());
        assert!(response(br#"{"statusCode":200,"body":"%%","isBase64Encoded":true}"#).is_none());
    }
}
