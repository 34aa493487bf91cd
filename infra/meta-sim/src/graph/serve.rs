//! What happens to every call of an API host: version, failure on demand, the call itself, headers, log.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tracing::debug;

use super::{
    Answer,
    call::{GraphCall, Host},
    endpoint, facebook, instagram,
};
use crate::{
    calls::Call,
    channel::Channel,
    errors::GraphError,
    faults::{Failure, Fault, Target},
    ids, oauth,
    server::CutConnection,
    sim::{Effect, Moment, Sim},
    world::World,
};

/// A call of one of the API hosts.
pub(crate) async fn serve(host: Host, State(sim): State<Arc<Sim>>, request: Request) -> Response {
    let call = GraphCall::read(host, request).await;
    let (endpoint, app_id, channel, account) = {
        let world = sim.world();
        let names = endpoint::account_names(&call, &world);
        (endpoint::name(&call, &world), endpoint::app_of(&call, &world), endpoint::channel(&call, &world), names)
    };
    let method = call.method.as_str();
    let target = Target { endpoint, method, app_id: app_id.as_deref(), channel, account: &account };
    let fault = sim.faults.take(&target);
    let number = sim.calls.begin(Call {
        at_ms: sim.clock.now_ms(),
        method: call.method.to_string(),
        host: host.name(),
        path: call.path.clone(),
        endpoint,
        app_id: app_id.clone(),
        status: 0,
    });
    let resting = is_of_messages(endpoint).then(|| sim.faults.minutes_to_rest(&account, sim.clock.now_ms())).flatten();
    let mut response = match fault {
        _ if resting.is_some() => {
            limited(&call, channel, 80_006, None, StatusCode::BAD_REQUEST, resting.unwrap_or_default())
        }
        None => {
            let (response, effects) = answer(&sim, &call);
            sim.cause(effects).await;
            response
        }
        Some(fault) => fail(&sim, &call, channel, &account, &fault).await,
    };
    add_usage(&mut response, &sim, &account, channel);
    let cut = response.extensions().get::<CutConnection>().is_some();
    let status = if cut { 0 } else { response.status().as_u16() };
    debug!(host = host.name(), method = %call.method, endpoint, status, "graph call");
    sim.calls.finish(number, status);
    response
}

/// Whether a limit of the messaging API covers the endpoint.
fn is_of_messages(endpoint: &str) -> bool {
    matches!(endpoint, "messages" | "conversations" | "conversation" | "message")
}

/// The refusal of a caller who has reached a limit, with the usage headers.
fn limited(
    call: &GraphCall,
    channel: Channel,
    code: i64,
    subcode: Option<u32>,
    status: StatusCode,
    minutes: u32,
) -> Response {
    let message = format!("(#{code}) Application request limit reached");
    let mut error = GraphError::new(code, message).status(status).transient();
    if let Some(subcode) = subcode {
        error = error.subcode(subcode);
    }
    let error = if call.host == Host::FacebookGraph { error } else { error.on_instagram() };
    let mut response = json_response(error.status, &error.body());
    insert_usage(response.headers_mut(), &call.segments, channel, 100, minutes);
    response
}

/// Carries a call out; the answer and what follows from it.
fn answer(sim: &Sim, call: &GraphCall) -> (Response, Vec<Effect>) {
    let version = match call.served_version() {
        Ok(version) => version,
        Err(refusal) => return (refuse(call.host, refusal), vec![]),
    };
    let outcome = route(&mut sim.world_mut(), call, sim.moment());
    let (mut response, effects) = match outcome {
        Ok(Answer { body, effects }) => (json_response(StatusCode::OK, &body), effects),
        Err(Refusal::Graph(error)) => (refuse(call.host, error), vec![]),
        Err(Refusal::Platform(body)) => (json_response(StatusCode::BAD_REQUEST, &body), vec![]),
    };
    if let Ok(version) = HeaderValue::try_from(version) {
        response.headers_mut().insert("facebook-api-version", version);
    }
    (response, effects)
}

/// An error, named as its host names it.
fn refuse(host: Host, error: GraphError) -> Response {
    let error = if host == Host::FacebookGraph { error } else { error.on_instagram() };
    json_response(error.status, &error.body())
}

/// The two shapes of errors: the Graph API's, and that of Instagram's code exchange.
#[derive(Debug)]
pub(crate) enum Refusal {
    Graph(GraphError),
    Platform(Value),
}

impl From<GraphError> for Refusal {
    fn from(error: GraphError) -> Self {
        Self::Graph(error)
    }
}

fn route(world: &mut World, call: &GraphCall, moment: Moment<'_>) -> Result<Answer, Refusal> {
    match call.host {
        Host::InstagramApi => oauth::exchange::instagram(world, call, moment.now_ms),
        Host::InstagramGraph => Ok(instagram::route(world, call, moment)?),
        Host::FacebookGraph => Ok(facebook::route(world, call, moment)?),
    }
}

/// Fails a call in the ordered way. An accepted call takes effect before it fails.
async fn fail(sim: &Arc<Sim>, call: &GraphCall, channel: Channel, account: &[String], fault: &Fault) -> Response {
    let takes_effect = fault.accept || matches!(fault.action, Failure::SentButError);
    if takes_effect {
        let (_, effects) = answer(sim, call);
        let effects = sim.delay_media(effects);
        sim.cause(effects).await;
    }
    let refuse = |error: GraphError| refuse(call.host, error);
    match &fault.action {
        Failure::Hang { ms } => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            CutConnection::response()
        }
        Failure::Cut => CutConnection::response(),
        Failure::Html { status } => {
            let page =
                "<!DOCTYPE html><html lang=\"en\"><title>Error</title><h1>Sorry, something went wrong.</h1></html>";
            (status_code(*status), [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
        }
        Failure::Error { status, error, headers } => {
            let mut response = json_response(status_code(*status), &json!({ "error": with_trace(error) }));
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
        Failure::RateLimit { code, subcode, status, minutes } => {
            limited(call, channel, *code, *subcode, status_code(*status), *minutes)
        }
        Failure::Rest { minutes } => {
            if let Some(name) = account.last() {
                sim.faults.rest(name, *minutes, sim.clock.now_ms());
            }
            limited(call, channel, 80_006, None, StatusCode::BAD_REQUEST, *minutes)
        }
        Failure::Token { subcode: None } => refuse(GraphError::token("Invalid OAuth access token.")),
        Failure::Token { subcode: Some(subcode) } => refuse(GraphError::dead_token(*subcode, None)),
        Failure::SentButError => refuse(GraphError::new(1, "(#1) Received invalid JSON reply").subcode(1_357_046)),
        Failure::Unsupported => refuse(GraphError::unsupported_method(&call.method)),
        Failure::Late { ms } => {
            take_effect_late(sim, call.clone(), Duration::from_millis(*ms)).await;
            CutConnection::response()
        }
        Failure::Slow { ms } => {
            let (response, effects) = answer(sim, call);
            sim.cause(effects).await;
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            response
        }
    }
}

/// On its own: a caller who gives up takes what waits for it along.
async fn take_effect_late(sim: &Arc<Sim>, call: GraphCall, lateness: Duration) {
    let (done, is_done) = oneshot::channel();
    sim.faults.late.fetch_add(1, Ordering::SeqCst);
    let late_sim = Arc::clone(sim);
    sim.spawn(async move {
        tokio::time::sleep(lateness).await;
        let (_, effects) = answer(&late_sim, &call);
        late_sim.cause(effects).await;
        late_sim.faults.late.fetch_sub(1, Ordering::SeqCst);
        let _ = done.send(()); // nobody listens where the caller has gone
    });
    let _ = is_done.await; // an error is the end of the simulation
}

fn with_trace(error: &Value) -> Value {
    let mut error = error.clone();
    if error.is_object() && error.get("fbtrace_id").is_none() {
        error["fbtrace_id"] = ids::trace().into();
    }
    error
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=UTF-8"),
        (header::CACHE_CONTROL, "private, no-cache, no-store, must-revalidate"),
    ];
    (status, headers, Body::from(body.to_string())).into_response()
}

/// Every answer tells how much of the limits is used, in percent.
fn add_usage(response: &mut Response, sim: &Sim, account: &[String], channel: Channel) {
    if response.headers().contains_key("x-app-usage") {
        return;
    }
    let calls = sim.calls.counts().values().sum::<u64>();
    let percent = u32::try_from((calls / 50).min(60)).unwrap_or_default();
    insert_usage(response.headers_mut(), account, channel, percent, 0);
}

/// Source: <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
fn insert_usage(headers: &mut HeaderMap, account: &[String], channel: Channel, percent: u32, minutes: u32) {
    let id = account.iter().find(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    let app = json!({ "call_count": percent, "total_time": percent, "total_cputime": percent });
    let mut usage = json!([{
        "type": channel.as_str(),
        "call_count": percent,
        "total_cputime": percent,
        "total_time": percent,
        "estimated_time_to_regain_access": minutes,
    }]);
    if let Some(id) = id {
        usage = json!({ id: usage });
    } else {
        usage = json!({ "0": usage });
    }
    let mut insert = |name: &'static str, value: &Value| {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            headers.insert(name, value);
        }
    };
    insert("x-app-usage", &app);
    insert("x-business-use-case-usage", &usage);
}
