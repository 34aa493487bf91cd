//! The HTTP API of the template: routes, authorizers, limits and errors as API Gateway's.

mod authorizer;
mod cors;
pub(crate) mod live;
mod payload;
mod route;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};
use tracing::{Instrument, debug, info_span, warn};
use uuid::Uuid;

use self::{
    authorizer::{Authorizer, Refusal},
    payload::Circumstances,
    route::{Matched, Routes},
};
use crate::{
    clock::StackClock,
    invoke::{InvokeError, SharedInvoker},
    template::HttpApi,
};

/// The most that a request's body may have.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// How long the gateway waits for a function, whatever the function's own timeout is. Same source.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// What the gateway is made of.
pub(crate) struct Settings {
    pub(crate) api: HttpApi,
    pub(crate) invoker: SharedInvoker,
    pub(crate) clock: StackClock,
    pub(crate) stack: u64,
}

struct Gateway {
    settings: Settings,
    routes: Routes,
    authorizers: BTreeMap<String, Authorizer>,
}

/// The service behind the API's port.
pub(crate) fn router(settings: Settings) -> Router {
    let http = reqwest::Client::new();
    let authorizers = settings.api.authorizers.iter().map(|(name, authorizer)| {
        (name.clone(), Authorizer::new(authorizer.clone(), settings.clock.clone(), http.clone()))
    });
    let gateway =
        Gateway { authorizers: authorizers.collect(), routes: Routes::new(settings.invoker.functions()), settings };
    Router::new().fallback(handle).with_state(Arc::new(gateway))
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let request_id = Uuid::new_v4().simple().to_string();
    let span = info_span!("request", stack = gateway.settings.stack);
    let (method, path, headers) =
        (request.method().clone(), request.uri().path().to_owned(), request.headers().clone());
    let mut response = gateway.answer(request, peer, &request_id).instrument(span.clone()).await;
    if let Some(cors) = &gateway.settings.api.cors {
        cors::decorate(cors, &headers, response.headers_mut());
    }
    if let Ok(id) = HeaderValue::try_from(&request_id) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    span.in_scope(|| debug!(status = response.status().as_u16(), "{method} {path}"));
    response
}

impl Gateway {
    async fn answer(&self, request: Request, peer: SocketAddr, request_id: &str) -> Response<Body> {
        let (parts, body) = request.into_parts();
        if let Some(cors) = &self.settings.api.cors
            && cors::is_preflight(&parts.method, &parts.headers)
        {
            return cors::preflight(cors, &parts.headers);
        }
        let Some(matched) = self.routes.find(parts.method.as_str(), parts.uri.path()) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let claims = match self.admit(&matched, &parts.headers).await {
            Ok(claims) => claims,
            Err(refusal) => return refused(refusal),
        };
        let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let source_ip = peer.ip().to_string();
        let now_ms = self.settings.clock.now_ms();
        let around = Circumstances { request_id, source_ip: &source_ip, now_ms, claims };
        let event = payload::event(&parts, &body, &matched, around);
        self.integrate(&matched, Bytes::from(event.to_string())).await
    }

    /// The token's claims; `None` where the route asks for no token.
    async fn admit(&self, matched: &Matched<'_>, headers: &HeaderMap) -> Result<Option<Map<String, Json>>, Refusal> {
        let Some(name) = &matched.route.authorizer else { return Ok(None) };
        let authorizer = self.authorizers.get(name).ok_or(Refusal::NoKeys)?;
        authorizer.admit(headers, &matched.route.scopes).await.map(Some)
    }

    async fn integrate(&self, matched: &Matched<'_>, event: Bytes) -> Response<Body> {
        let (invoker, function) = (Arc::clone(&self.settings.invoker), matched.function.to_owned());
        // A task of its own: a function goes on when the caller goes away or the gateway stops waiting.
        let work = tokio::spawn(async move { invoker.invoke(&function, event).await }.in_current_span());
        match tokio::time::timeout(INTEGRATION_TIMEOUT, work).await.map(|task| task.unwrap_or(Err(InvokeError::Killed)))
        {
            Ok(Ok(answer)) => payload::response(&answer).unwrap_or_else(|| {
                warn!(route = matched.key(), "The function's answer is not in format 2.0");
                internal_error()
            }),
            Ok(Err(InvokeError::TooLarge)) => message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Ok(Err(_)) => internal_error(),
            Err(_) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}

fn refused(refusal: Refusal) -> Response<Body> {
    if refusal == Refusal::Scope {
        return message(StatusCode::FORBIDDEN, "Forbidden");
    }
    let mut response = message(StatusCode::UNAUTHORIZED, "Unauthorized");
    let challenge = match refusal {
        Refusal::NoToken => "Bearer".to_owned(),
        _ => format!("Bearer scope=\"\" error=\"invalid_token\" error_description=\"{refusal}\""),
    };
    if let Ok(challenge) = HeaderValue::try_from(challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn internal_error() -> Response<Body> {
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(json!({ "message": text }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
