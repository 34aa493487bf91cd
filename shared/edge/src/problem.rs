//! Refusals as problem documents (RFC 9457).

use std::borrow::Cow;

use domain::PlanRefusal;
use domain::entitlement::Need;
use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde_json::{Map, Value};

use crate::stamp::stamp;

/// When a 503 may be tried again, in seconds: what passes within a moment was waited out already.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// What a caller reads when a request is refused: a stable kind for programs, a title for people, no internals.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: u16,
    kind: &'static str,
    title: Cow<'static, str>,
    detail: Option<Cow<'static, str>>,
    members: Vec<(&'static str, Value)>,
}

impl Problem {
    /// Our fault. The cause is in the log, under the request id.
    pub const INTERNAL: Self = Self::constant(500, "internal", "Something went wrong on our side");

    /// What we depend on, as the database, does not do its part. The same request may well work in a moment.
    pub const UNAVAILABLE: Self = Self::constant(503, "unavailable", "This does not work at the moment");

    /// Whoever runs this has not filled in the secret with the Meta apps yet.
    pub const NOT_SET_UP: Self = Self::constant(503, "not-set-up", "No Meta app is registered here yet");

    /// The same text whether the thing does not exist or is another tenant's, so that it answers neither question.
    pub const NOT_FOUND: Self = Self::constant(404, "not-found", "Not found");

    /// A login is named that leads to accounts of other channels than the request is about.
    pub const LOGIN_OF_ANOTHER_CHANNEL: Self =
        Self::constant(400, "login-of-another-channel", "This login does not lead to accounts of this channel");

    const fn constant(status: u16, kind: &'static str, title: &'static str) -> Self {
        Self { status, kind, title: Cow::Borrowed(title), detail: None, members: Vec::new() }
    }

    /// A refusal with an HTTP status, a kind (`unknown-state` becomes the type `/problems/unknown-state`) and a title.
    ///
    /// A kind always has the same title, save where the title is a person's sentence about this very case.
    pub fn new(status: u16, kind: &'static str, title: impl Into<Cow<'static, str>>) -> Self {
        Self { status, kind, title: title.into(), detail: None, members: Vec::new() }
    }

    /// What failed is none of the caller's: [`Problem::UNAVAILABLE`] where it may well pass, else [`Problem::INTERNAL`].
    #[must_use]
    pub const fn failure(passes: bool) -> Self {
        if passes { Self::UNAVAILABLE } else { Self::INTERNAL }
    }

    /// [`Problem::NOT_FOUND`].
    #[must_use]
    pub const fn not_found() -> Self {
        Self::NOT_FOUND
    }

    /// What is particular to this case, for a person.
    #[must_use]
    pub fn detail(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// A further member, for programs. The standard members cannot be replaced.
    #[must_use]
    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((field, value.into()));
        self
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The stable kind, for log lines and metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// The answer: `application/problem+json`, never cached, with the request id in body and header.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response<Body> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::new(Body::from(self.document(status, request_id).to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        stamp(response, request_id)
    }

    fn document(self, status: StatusCode, request_id: &str) -> Value {
        let mut document: Map<String, Value> =
            self.members.into_iter().map(|(field, value)| (field.to_owned(), value)).collect();
        document.insert("type".to_owned(), format!("/problems/{}", self.kind).into());
        document.insert("title".to_owned(), self.title.into());
        document.insert("status".to_owned(), status.as_u16().into());
        if let Some(detail) = self.detail {
            document.insert("detail".to_owned(), detail.into());
        }
        document.insert("request_id".to_owned(), request_id.into());
        Value::Object(document)
    }
}

impl From<&PlanRefusal> for Problem {
    /// Names the plan, the limit and what would allow it.
    fn from(refusal: &PlanRefusal) -> Self {
        let kind = match refusal.need {
            Need::Channel(_) | Need::Automation => "plan-required",
            Need::Connection | Need::Endpoint => "plan-limit",
            Need::Message => "quota-exceeded",
        };
        Self::new(403, kind, refusal.title())
            .detail(refusal.detail())
            .with("plan", refusal.plan.as_str())
            .with("limit", refusal.limit)
            .with("required_plan", refusal.required.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(response: &Response<Body>) -> Value {
        serde_json::from_slice(response.body()).expect("a problem is JSON")
    }

    #[test]
    fn a_problem_document_has_the_members_of_rfc_9457_and_its_own() {
        let problem = Problem::new(422, "window-closed", "The contact has to write first")
            .detail("The last message came 25 hours ago")
            .with("reply_until", "2026-11-20T07:00:00Z");

        let response = problem.into_response("req-1");

        assert_eq!(response.status(), 422);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-request-id"], "req-1");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(
            body(&response),
            serde_json::json!({
                "type": "/problems/window-closed",
                "title": "The contact has to write first",
                "status": 422,
                "detail": "The last message came 25 hours ago",
                "reply_until": "2026-11-20T07:00:00Z",
                "request_id": "req-1",
            })
        );
    }

    #[test]
    fn a_further_member_cannot_replace_a_standard_one() {
        let response = Problem::INTERNAL.with("status", 200).with("request_id", "forged").into_response("req-1");
        assert_eq!(body(&response)["status"], 500);
        assert_eq!(body(&response)["request_id"], "req-1");
    }

    #[test]
    fn a_401_says_how_to_authenticate() {
        let response = Problem::new(401, "unauthenticated", "Sign in").into_response("req-1");
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
    }

    #[test]
    fn a_503_says_when_to_try_again_and_no_other_failure_does() {
        let unavailable = Problem::failure(true).into_response("req-1");
        assert_eq!((unavailable.status().as_u16(), &unavailable.headers()["retry-after"]), (503, &RETRY_AFTER));
        let internal = Problem::failure(false).into_response("req-1");
        assert_eq!((internal.status().as_u16(), internal.headers().get("retry-after")), (500, None));
    }

    #[test]
    fn a_status_that_http_does_not_know_is_our_fault() {
        assert_eq!(Problem::new(99, "odd", "Odd").into_response("req-1").status(), 500);
    }
}
