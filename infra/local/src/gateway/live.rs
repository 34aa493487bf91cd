//! The WebSocket API of the template: who is let in, what goes in and out, and when it ends, as API Gateway's.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html>

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{
        ConnectInfo, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    http::{HeaderMap, Response, StatusCode, Uri, header},
    response::IntoResponse,
    routing::get,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use local_aws::{Order, Peer, Sockets};
use rand::RngExt as _;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tracing::{Instrument, Span, debug, info_span};
use url::form_urlencoded;
use uuid::Uuid;

use crate::{clock::StackClock, invoke::SharedInvoker, template::WebSocketApi};

/// Where the sockets are here: the stage's name is the path.
pub(crate) const AWS_ADDRESS: &str = "local.execute-api.us-east-1.amazonaws.com";

/// What is longer closes the connection.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
const MAX_FRAME_BYTES: usize = 32 * 1024;
/// Of a connection on which nothing moves.
const LONGEST_IDLE_MS: i64 = 10 * 60 * 1000;
/// Of any connection.
const LONGEST_MS: i64 = 2 * 60 * 60 * 1000;
/// How often is looked whether a connection's time is over.
const TICK: Duration = Duration::from_millis(100);

const CONNECT: &str = "$connect";
const DISCONNECT: &str = "$disconnect";
const DEFAULT: &str = "$default";

/// What the API is made of.
pub(crate) struct Settings {
    pub(crate) api: WebSocketApi,
    pub(crate) invoker: SharedInvoker,
    pub(crate) sockets: Sockets,
    pub(crate) clock: StackClock,
    pub(crate) stack: u64,
    /// Of a thousand connections that end so many are not told of.
    pub(crate) lost_goodbyes: u32,
}

/// The service of the stage's path.
pub(crate) fn router(settings: Settings) -> Router {
    let path = format!("/{}", settings.api.stage);
    Router::new().route(&path, get(connect)).with_state(Arc::new(settings))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    status_code: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
}

async fn connect(
    State(settings): State<Arc<Settings>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    upgrade: WebSocketUpgrade,
    headers: HeaderMap,
    uri: Uri,
) -> Response<Body> {
    let span = info_span!("socket", stack = settings.stack);
    let mut id = [0_u8; 10];
    rand::rng().fill(&mut id);
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let peer = Peer {
        source_ip: peer.ip().to_string(),
        user_agent: text(header::USER_AGENT),
        connected_ms: settings.clock.now_ms(),
    };
    let domain = text(header::HOST).unwrap_or_else(|| AWS_ADDRESS.to_owned());
    let connection = Connection { id: BASE64_STANDARD.encode(id), peer, domain, settings };
    let event = connection.connecting(&headers, &uri);
    let (status, protocol) = match connection.tell(CONNECT, event).instrument(span.clone()).await {
        None => (StatusCode::OK, None), // the API has no such route, which lets everybody in
        Some(Ok(answer)) => {
            let answer: Option<Answer> = serde_json::from_slice(&answer).ok();
            let status = answer.as_ref().and_then(|answer| StatusCode::from_u16(answer.status_code?).ok());
            let named = answer.and_then(|answer| {
                let mut headers = answer.headers.into_iter();
                headers.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol")).map(|(_, value)| value)
            });
            (status.unwrap_or(StatusCode::BAD_GATEWAY), named)
        }
        Some(Err(_)) => (StatusCode::INTERNAL_SERVER_ERROR, None),
    };
    if !status.is_success() {
        return status.into_response();
    }
    let upgrade = match protocol {
        Some(protocol) => upgrade.protocols([protocol]),
        None => upgrade,
    };
    upgrade.max_message_size(usize::MAX >> 1).on_upgrade(|socket| connection.hold(socket).instrument(span))
}

struct Connection {
    settings: Arc<Settings>,
    id: String,
    peer: Peer,
    /// The host that the client asked.
    domain: String,
}

/// What comes of something that the client has sent.
enum Taken {
    Nothing,
    Answer(String),
    End(End),
}

/// Why a connection ends.
enum End {
    /// The line is cut.
    Gone,
    /// By the client, with what it gave as the reason.
    Left(Option<CloseFrame>),
    /// From this side.
    Closed(u16, &'static str),
}

impl End {
    /// What `$disconnect` is told: a code of RFC 6455 and the reason.
    fn told(&self) -> (u16, &str) {
        match self {
            Self::Gone => (close_code::ABNORMAL, ""),
            Self::Left(None) => (close_code::STATUS, ""),
            Self::Left(Some(frame)) => (frame.code, frame.reason.as_str()),
            Self::Closed(code, reason) => (*code, reason),
        }
    }
}

impl Connection {
    /// Passes on what comes and goes until one side ends it.
    async fn hold(self, mut socket: WebSocket) {
        let mut orders = self.settings.sockets.open(&self.id, self.peer.clone());
        let mut moved_ms = self.moved();
        let mut tick = tokio::time::interval(TICK);
        let end = loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Send(body)) => {
                        let text = String::from_utf8_lossy(&body).into_owned();
                        if socket.send(Message::Text(text.into())).await.is_err() {
                            break End::Gone;
                        }
                        moved_ms = self.moved();
                    }
                    Some(Order::Close) | None => break End::Closed(close_code::NORMAL, ""),
                },
                message = socket.recv() => match message {
                    Some(Ok(message)) => {
                        moved_ms = self.moved();
                        match self.take(message).await {
                            Taken::Nothing => {}
                            Taken::Answer(text) => {
                                if socket.send(Message::Text(text.into())).await.is_err() {
                                    break End::Gone;
                                }
                            }
                            Taken::End(end) => break end,
                        }
                    }
                    Some(Err(_)) | None => break End::Gone,
                },
                _ = tick.tick() => {
                    let now_ms = self.settings.clock.now_ms();
                    if now_ms - moved_ms > LONGEST_IDLE_MS || now_ms - self.peer.connected_ms > LONGEST_MS {
                        break End::Closed(close_code::AWAY, "Going away");
                    }
                }
            }
        };
        self.settings.sockets.forget(&self.id);
        if let End::Closed(code, reason) = &end {
            let frame = CloseFrame { code: *code, reason: (*reason).into() };
            let _ = socket.send(Message::Close(Some(frame))).await; // it may be gone
        }
        // Told at best.
        if rand::rng().random_range(0..1000) >= self.settings.lost_goodbyes {
            let _ = self.tell(DISCONNECT, self.disconnecting(&end)).await;
        }
    }

    /// Something has come or gone now.
    fn moved(&self) -> i64 {
        let now_ms = self.settings.clock.now_ms();
        self.settings.sockets.moved(&self.id, now_ms);
        now_ms
    }

    async fn take(&self, message: Message) -> Taken {
        match message {
            Message::Text(text) if text.len() > MAX_FRAME_BYTES => Taken::End(End::Closed(close_code::SIZE, "")),
            Message::Text(text) => self.route(&text).await.map_or(Taken::Nothing, Taken::Answer),
            Message::Binary(_) => Taken::End(End::Closed(close_code::UNSUPPORTED, "")),
            Message::Close(frame) => Taken::End(End::Left(frame)),
            Message::Ping(_) | Message::Pong(_) => Taken::Nothing,
        }
    }

    /// Hands a message to the route that it names; what comes back, where that route answers.
    async fn route(&self, text: &str) -> Option<String> {
        let api = &self.settings.api;
        let body = serde_json::from_str::<Json>(text).ok();
        let named = body.as_ref().and_then(|body| body[&api.selected_by].as_str()).unwrap_or_default();
        let route = if api.routes.contains_key(named) { named } else { DEFAULT };
        let mut event = self.event("MESSAGE", route);
        event["body"] = json!(text);
        event["requestContext"]["messageId"] = json!(Uuid::new_v4().simple().to_string());
        match self.tell(route, event).await {
            None => Some(self.refusal("Forbidden")),
            Some(Err(_)) => Some(self.refusal("Internal server error")),
            Some(Ok(answer)) => {
                let answer: Answer = serde_json::from_slice(&answer).ok()?;
                answer.body.filter(|body| !body.is_empty() && api.answering.contains(route))
            }
        }
    }

    /// What API Gateway says itself to a client whose message no function has taken, whether the route answers or not.
    fn refusal(&self, message: &str) -> String {
        let request = Uuid::new_v4().simple().to_string();
        json!({"message": message, "connectionId": self.id, "requestId": request}).to_string()
    }

    /// Calls the function of a route, if there is one.
    async fn tell(&self, route: &str, event: Json) -> Option<Result<Vec<u8>, crate::invoke::InvokeError>> {
        let function = self.settings.api.routes.get(route)?.clone();
        let invoker = Arc::clone(&self.settings.invoker);
        let work = tokio::spawn(async move { invoker.invoke(&function, event.to_string()).await }.in_current_span());
        let answer = work.await.unwrap_or(Err(crate::invoke::InvokeError::Killed));
        Span::current().in_scope(|| debug!(answered = answer.is_ok(), "{route}"));
        Some(answer)
    }

    fn connecting(&self, headers: &HeaderMap, uri: &Uri) -> Json {
        let mut event = self.event("CONNECT", CONNECT);
        let mut one = BTreeMap::new();
        let mut many: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            one.insert(name.as_str(), value.clone());
            many.entry(name.as_str()).or_default().push(value);
        }
        event["headers"] = json!(one);
        event["multiValueHeaders"] = json!(many);
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned();
        let (mut one, mut many) = (BTreeMap::new(), BTreeMap::<String, Vec<String>>::new());
        for (name, value) in query {
            one.insert(name.clone(), value.clone());
            many.entry(name).or_default().push(value);
        }
        if !one.is_empty() {
            event["queryStringParameters"] = json!(one);
            event["multiValueQueryStringParameters"] = json!(many);
        }
        event
    }

    fn disconnecting(&self, end: &End) -> Json {
        let (code, reason) = end.told();
        let mut event = self.event("DISCONNECT", DISCONNECT);
        event["requestContext"]["disconnectStatusCode"] = json!(code);
        event["requestContext"]["disconnectReason"] = json!(reason);
        let headers = [
            ("Host", self.domain.as_str()),
            ("x-api-key", ""),
            ("X-Forwarded-For", self.peer.source_ip.as_str()),
            ("x-restapi", ""),
        ];
        event["headers"] = json!(BTreeMap::from(headers));
        event["multiValueHeaders"] = json!(BTreeMap::from(headers.map(|(name, value)| (name, [value]))));
        event
    }

    fn event(&self, kind: &str, route: &str) -> Json {
        let now_ms = self.settings.clock.now_ms();
        let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
        let id = Uuid::new_v4().simple().to_string();
        let mut identity = json!({"sourceIp": self.peer.source_ip});
        if let Some(user_agent) = &self.peer.user_agent {
            identity["userAgent"] = json!(user_agent);
        }
        json!({
            "requestContext": {
                "routeKey": route,
                "eventType": kind,
                "extendedRequestId": id,
                "requestId": id,
                "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
                "requestTimeEpoch": now_ms,
                "messageDirection": "IN",
                "stage": self.settings.api.stage,
                "connectedAt": self.peer.connected_ms,
                "identity": identity,
                "domainName": self.domain,
                "connectionId": self.id,
                "apiId": "local",
            },
            "isBase64Encoded": false,
        })
    }
}

#[cfg(test)]
mod tests;
