use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

/// An API Gateway request (payload 2.0) with these members on top of the usual ones.
pub(crate) fn request(members: &Value) -> Request {
    let mut event = json!({
        "version": "2.0",
        "routeKey": "POST /api/things/{id}",
        "rawPath": "/api/things/a b",
        "rawQueryString": "",
        "headers": { "host": "api.example.com" },
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "api.example.com", "domainPrefix": "api",
            "http": { "method": "POST", "path": "/api/things/a b", "protocol": "HTTP/1.1",
                      "sourceIp": "192.0.2.7", "userAgent": "curl/8" },
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": "POST /api/things/{id}", "stage": "$default",
            "time": "20/Nov/2026:07:00:00 +0000", "timeEpoch": 1_795_158_000_000_i64
        },
        "isBase64Encoded": false
    });
    merge(&mut event, members);
    lambda_http::request::from_str(&event.to_string()).expect("a payload 2.0 event")
}

fn merge(target: &mut Value, members: &Value) {
    match (target, members) {
        (Value::Object(target), Value::Object(members)) => {
            for (name, value) in members {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, value) => *target = value.clone(),
    }
}

fn with_body(text: &str) -> Request {
    request(&json!({ "body": text }))
}

fn with_if_none_match(text: &str) -> Request {
    request(&json!({ "headers": { "if-none-match": text } }))
}

#[derive(Debug, PartialEq, Deserialize)]
struct Thing {
    name: String,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Part {
    size: u32,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Options {
    login: Option<String>,
}

#[test]
fn a_request_tells_its_id_its_caller_and_its_parameters() {
    let request = request(&json!({
        "rawQueryString": "state=a%2Bb&state=second&empty=",
        "pathParameters": { "id": "a b" },
        "cookies": ["theme=dark", "browser=abc=="],
        "headers": { "user-agent": "curl/8" },
    }));

    assert_eq!(request_id(&request), "JKJaXmPLvHcESHA=");
    assert_eq!(source_ip(&request), Some("192.0.2.7"));
    assert_eq!(header(&request, "user-agent"), Some("curl/8"));
    assert_eq!(path(&request, "id"), Some("a b"));
    assert_eq!(path(&request, "tenantId"), None);
    assert_eq!(query(&request, "state"), Some("a+b"));
    assert_eq!(query(&request, "empty"), Some(""));
    assert_eq!(query(&request, "code"), None);
    assert_eq!(cookie(&request, "browser"), Some("abc=="));
    assert_eq!(cookie(&request, "brows"), None);
}

#[test]
fn a_body_is_read_whatever_it_is_called_and_more_than_asked_for_is_no_harm() {
    let request = request(&json!({
        "headers": { "content-type": "text/plain" },
        "body": "eyJuYW1lIjoiYm94IiwiY29sb3VyIjoicmVkIn0=",
        "isBase64Encoded": true,
    }));
    assert_eq!(body_json(&request, 100), Ok(Thing { name: "box".to_owned(), parts: vec![] }));
}

#[test]
fn an_empty_body_is_an_empty_object() {
    assert_eq!(body_json(&request(&json!({})), 100), Ok(Options { login: None }));
    assert_eq!(body_json(&with_body(""), 100), Ok(Options { login: None }));
}

#[test]
fn a_body_over_the_limit_is_413_and_one_at_the_limit_is_read() {
    let request = with_body(r#"{"login":"facebook"}"#);
    assert!(body_json::<Options>(&request, 20).is_ok());
    let refusal = body_json::<Options>(&request, 19).expect_err("one byte too many");
    assert_eq!((refusal.status(), refusal.kind()), (413, "body-too-large"));
}

#[test]
fn malformed_json_is_400_with_the_place_and_without_the_text() {
    for body in ["{\"name\":\n \"hidden", "{\"name\":\"hidden\"} x", "hidden", "\u{7f}"] {
        let refusal = body_json::<Thing>(&with_body(body), 100).expect_err("no JSON");
        assert_eq!((refusal.status(), refusal.kind()), (400, "malformed-json"), "{body}");
        assert!(!format!("{refusal:?}").contains("hidden"), "{refusal:?}");
    }
    let refusal = body_json::<Thing>(&with_body("{\"name\":\n x"), 100).expect_err("no JSON");
    assert!(refusal == refusal.clone() && format!("{refusal:?}").contains("(\"line\", Number(2))"), "{refusal:?}");
}

#[test]
fn a_field_that_does_not_fit_is_named_and_its_value_is_not() {
    for (body, field) in [
        (r#"{"name":"box","parts":[{"size":1},{"size":"hidden"}]}"#, "parts[1].size"),
        (r#"{"name":["hidden"]}"#, "name"),
        (r#"{"parts":[]}"#, "name"),
        (r#""hidden""#, "."),
    ] {
        let refusal = body_json::<Thing>(&with_body(body), 100).expect_err("another shape");
        assert_eq!((refusal.status(), refusal.kind()), (400, "invalid-body"), "{body}");
        let shown = format!("{refusal:?}");
        assert!(shown.contains(&format!("(\"field\", String(\"{field}\"))")), "{shown}");
        assert!(!shown.contains("hidden"), "{shown}");
    }
}

#[test]
fn an_answer_is_not_cached_and_carries_the_request_id() {
    let response = answer::<Problem>("req-1", Ok(json(StatusCode::ACCEPTED, &json!({ "id": 1 }))));
    assert_eq!(response.status(), 202);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-request-id"], "req-1");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.body().as_ref(), br#"{"id":1}"#);
}

#[test]
fn a_redirect_is_302_and_not_cached() {
    let response = found("/settings/integrations?instagram=connected");
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], "/settings/integrations?instagram=connected");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(found("/a\r\nset-cookie: x=y").status(), 500);
}

#[test]
fn who_has_the_answer_already_gets_304_without_a_body() {
    let first = json_with_etag(&request(&json!({})), &json!({ "items": [] }));
    let etag = first.headers()["etag"].to_str().expect("ASCII").to_owned();
    assert_eq!(first.status(), 200);
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");

    for held in [etag.clone(), format!("W/{etag}"), format!("\"other\" , {etag}"), "*".to_owned()] {
        let again = json_with_etag(&with_if_none_match(&held), &json!({ "items": [] }));
        assert_eq!(again.status(), 304, "{held}");
        assert_eq!(again.headers()["etag"], etag.as_str());
        assert_eq!(again.headers()["cache-control"], "private, no-cache");
        assert!(again.body().is_empty());
    }
}

#[test]
fn who_has_another_answer_gets_this_one() {
    let first = json_with_etag(&request(&json!({})), &json!({ "items": [] }));
    let etag = first.headers()["etag"].to_str().expect("ASCII").to_owned();
    let changed = json_with_etag(&with_if_none_match(&etag), &json!({ "items": [1] }));
    assert_eq!(changed.status(), 200);
    assert_ne!(changed.headers()["etag"], etag.as_str());
}

proptest! {
    #[test]
    fn no_body_makes_the_reader_panic_or_quote_it(text in "[a-z{}\\[\\]:,\"0-9 ]{0,60}") {
        if let Err(refusal) = body_json::<Thing>(&with_body(&text), 50) {
            prop_assert!(matches!(refusal.status(), 400 | 413));
        }
    }

    #[test]
    fn no_if_none_match_makes_the_reader_panic(text in "[ -~]{0,40}") {
        let status = json_with_etag(&with_if_none_match(&text), &json!({})).status().as_u16();
        prop_assert!(matches!(status, 200 | 304));
    }
}

#[test]
fn the_channel_is_the_routes_and_not_that_of_a_tenant_who_is_called_like_one() {
    let of = |key: &str| {
        channel(&request(&json!({
            "routeKey": key, "rawPath": "/api/tenants/messenger/instagram/messages/send",
            "requestContext": { "routeKey": key }
        })))
    };
    assert_eq!(of("POST /api/tenants/{tenantId}/instagram/messages/send").ok(), Some(Channel::Instagram));
    assert_eq!(of("GET /webhooks/meta/messenger").ok(), Some(Channel::Messenger));
    assert_eq!(of("GET /api/tenants/{tenantId}/conversations").map_err(|problem| problem.status()), Err(404));
}
