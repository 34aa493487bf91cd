//! The one port: every call of every service is described, hit by its faults, carried out, and logged.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::Value;
use tokio::time::sleep;
use uuid::Uuid;

use crate::calls::{CallLog, CallRecord, Outcome, Service, Units};
use crate::clock::Clock;
use crate::control;
use crate::describe::Call;
use crate::dynamodb::{DynamoDb, Manner};
use crate::error::{Answer, ServiceError};
use crate::event_buses::EventBuses;
use crate::faults::{Effect, Faults, injected};
use crate::iam::Permissions;
use crate::kms::Kms;
use crate::partial::{self, TakenOut};
use crate::secrets::Secrets;
use crate::sockets::Sockets;
use crate::sqs::Sqs;
use crate::transcript::Transcript;
use crate::units;
use crate::weather::Sky;

/// What `DynamoDB` accepts; the other services' limits are lower and their own.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The services behind the port, and the handles on it.
#[derive(Debug)]
pub(crate) struct Front {
    pub dynamodb: DynamoDb,
    pub sqs: Sqs,
    pub kms: Kms,
    pub secrets: Secrets,
    pub sockets: Sockets,
    pub buses: EventBuses,
    pub calls: CallLog,
    pub faults: Faults,
    pub permissions: Permissions,
    pub sky: Sky,
    pub transcript: Arc<Transcript>,
    pub clock: Clock,
}

/// What is sent back.
enum Reply {
    Answer(Answer),
    Cut,
}

pub(crate) fn router(front: Arc<Front>) -> Router {
    Router::new()
        .route("/_local/calls", get(control::calls).delete(control::clear_calls))
        .route("/_local/faults", post(control::inject_fault).delete(control::clear_faults))
        .route("/_local/queues", get(control::queues))
        .fallback(handle)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(front)
}

async fn handle(
    State(front): State<Arc<Front>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(mut call) = Call::parse(&method, uri.path(), headers, body) else {
        return respond(Reply::Answer(Err(ServiceError::unknown_operation())));
    };
    let record = describe(&call, front.clock.now_ms());
    let mut effects = front.faults.effects_on(&call);
    effects.extend(front.sky.effects_on(&call));
    let lateness = effects.iter().find_map(|effect| match effect {
        Effect::Late(ms) => Some(Duration::from_millis(*ms)),
        _ => None,
    });
    let Some(lateness) = lateness else {
        let (reply, units) = front.answer(&mut call, &effects).await;
        front.calls.add(settle(record, &reply, units));
        return respond(reply);
    };
    // On its own: a caller who gives up takes what waits for it along.
    let late = front.faults.begin_late_call();
    let done = tokio::spawn(async move {
        sleep(lateness).await;
        let (_, units) = front.answer(&mut call, &effects).await;
        front.calls.add(settle(record, &Reply::Cut, units));
        drop(late);
    });
    let _ = done.await; // a task that panicked is cut as well
    respond(Reply::Cut)
}

impl Front {
    /// Carries a call out, with the effects of its faults in the order of time.
    async fn answer(&self, call: &mut Call, effects: &[Effect]) -> (Reply, Units) {
        for effect in effects {
            match effect {
                Effect::DelayBefore(ms) => sleep(Duration::from_millis(*ms)).await,
                Effect::CutBefore => return (Reply::Cut, Units::default()),
                Effect::Error { code, message, status, reasons } => {
                    let error = injected(code, message, *status, reasons);
                    return (Reply::Answer(Err(error)), Units::default());
                }
                Effect::Late(_) | Effect::DelayAfter(_) | Effect::CutAfter | Effect::Partial { .. } | Effect::Stale => {
                }
            }
        }
        if let Err(denied) = self.permissions.check(call, |call| self.arn(call)) {
            return (Reply::Answer(Err(denied)), Units::default());
        }
        let mut taken_out: Vec<TakenOut> = effects.iter().filter_map(|effect| take_out(call, effect)).collect();
        if let entries @ [_, ..] = self.dynamodb.entries_to_hand_back(call).as_slice() {
            taken_out.extend(partial::take_out(&call.operation, &mut call.input, entries, ""));
        }
        let (answer, units) = match taken_out.first().filter(|_| partial::is_empty(&call.input)) {
            Some(taken_out) => (Ok(partial::empty_answer(taken_out)), Units::default()),
            None => self.perform(call, !taken_out.is_empty(), effects.contains(&Effect::Stale)).await,
        };
        let answer = taken_out.into_iter().fold(answer, |answer, taken_out| partial::report(taken_out, answer));
        for effect in effects {
            match effect {
                Effect::DelayAfter(ms) => sleep(Duration::from_millis(*ms)).await,
                Effect::CutAfter => return (Reply::Cut, units),
                _ => {}
            }
        }
        (Reply::Answer(answer), units)
    }

    /// The key or the secret that a call means, however it names it.
    fn arn(&self, call: &Call) -> Option<String> {
        match call.service {
            Service::Kms => self.kms.arn(&call.input),
            Service::SecretsManager => self.secrets.arn(call.resources().first()?),
            Service::DynamoDb | Service::Sqs | Service::ApiGateway | Service::EventBridge => None,
        }
    }

    async fn perform(&self, call: &mut Call, was_changed: bool, stale: bool) -> (Answer, Units) {
        let operation = call.operation.clone();
        if call.service == Service::DynamoDb {
            let detail = units::ask(&operation, &mut call.input);
            let is_original = detail.is_none() && !was_changed;
            let body = if is_original { call.body.to_vec() } else { call.input.to_string().into_bytes() };
            let some_reads_are_stale = self.sky.has_stale_reads() || self.faults.cause(&Effect::Stale);
            let manner = Manner { transaction: self.sky.transaction(), stale, some_reads_are_stale };
            let mut answer = self.dynamodb.perform(call, body, manner).await;
            let units = units::count(&operation, detail, call.entries(), &mut answer);
            return (answer, units);
        }
        let input = call.input.take();
        let answer = match call.service {
            Service::Sqs => self.sqs.call(&operation, input).await,
            Service::Kms => self.kms.call(&operation, input),
            Service::ApiGateway => self.sockets.call(&operation, &input, &call.body, self.sky.loses_a_post()),
            Service::EventBridge => self.buses.call(&operation, input, || self.sky.refuses_an_entry()),
            Service::SecretsManager | Service::DynamoDb => self.secrets.call(&operation, input),
        };
        if let Some(mut pen) = self.transcript.turn().await {
            pen.write(call, &call.body, &answer);
        }
        (answer, Units::default())
    }
}

fn take_out(call: &mut Call, effect: &Effect) -> Option<TakenOut> {
    match effect {
        Effect::Partial { entries, code } => partial::take_out(&call.operation, &mut call.input, entries, code),
        _ => None,
    }
}

fn describe(call: &Call, at_ms: i64) -> CallRecord {
    CallRecord {
        seq: 0,
        at_ms,
        function: call.function.clone(),
        service: call.service,
        operation: call.operation.clone(),
        actions: call.actions(),
        needs: call.needs(),
        resources: call.resources(),
        index: call.index(),
        entries: call.entries(),
        request_bytes: call.body.len(),
        outcome: Outcome::Ok,
        units: Units::default(),
    }
}

fn settle(mut record: CallRecord, reply: &Reply, units: Units) -> CallRecord {
    record.units = units;
    match reply {
        Reply::Answer(Ok(answer)) => {
            if record.operation == "ReceiveMessage" {
                record.entries = answer["Messages"].as_array().map_or(0, Vec::len);
            }
            if record.service == Service::Kms && record.resources.is_empty() {
                record.resources.extend(answer["KeyId"].as_str().map(str::to_owned));
            }
        }
        Reply::Answer(Err(error)) => record.outcome = Outcome::Error(error.code.clone()),
        Reply::Cut => record.outcome = Outcome::Cut,
    }
    record
}

fn respond(reply: Reply) -> Response {
    match reply {
        Reply::Answer(Ok(answer)) => json(StatusCode::OK, &answer, None),
        Reply::Answer(Err(error)) => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let fault = if error.status < 500 { "Sender" } else { "Receiver" };
            json(status, &error.body, error.query_code.map(|code| format!("{code};{fault}")))
        }
        Reply::Cut => cut(),
    }
}

fn json(status: StatusCode, body: &Value, query_error: Option<String>) -> Response {
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-requestid", Uuid::new_v4().to_string());
    if let Some(query_error) = query_error {
        response = response.header("x-amzn-query-error", query_error);
    }
    response.body(Body::from(body.to_string())).expect("constant header names and printable values make a response")
}

/// Promises a body and breaks off, so that the server closes the connection.
fn cut() -> Response {
    let broken = futures::stream::once(async { Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset)) });
    Response::new(Body::from_stream(broken))
}
