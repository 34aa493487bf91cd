//! The Lambda Runtime API for one process: what a `bootstrap` asks for events.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::invoke::{Call, InvokeError, MAX_PAYLOAD_BYTES};

/// What a process answers to an event, or why it has none.
type Answer = Result<Vec<u8>, InvokeError>;

/// One process's Runtime API on a port of its own. Dropping it closes the port.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    events: mpsc::Sender<Pending>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Pending {
    invocation: Call,
    answer: oneshot::Sender<Answer>,
}

struct Desk {
    events: tokio::sync::Mutex<mpsc::Receiver<Pending>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
}

impl Desk {
    fn waiting(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an answer over; false when nobody waits for it.
    fn settle(&self, request_id: &str, answer: Answer) -> bool {
        self.waiting().remove(request_id).is_some_and(|waiting| waiting.send(answer).is_ok())
    }
}

/// Lambda's error object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error_message: String,
}

impl From<Failure> for InvokeError {
    fn from(failure: Failure) -> Self {
        Self::Failed { error_type: failure.error_type, message: failure.error_message }
    }
}

impl RuntimeApi {
    /// Opens a port on loopback.
    ///
    /// # Errors
    ///
    /// When the system gives no port.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, receiver) = mpsc::channel(1);
        let desk = Arc::new(Desk { events: tokio::sync::Mutex::new(receiver), waiting: Mutex::default() });
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router(desk)).await {
                tracing::error!(%error, "A Runtime API ended");
            }
        });
        Ok(Self { address, events, server })
    }

    /// For `AWS_LAMBDA_RUNTIME_API`: host and port.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until the process takes the event and answers it.
    ///
    /// # Errors
    ///
    /// [`InvokeError::Failed`] when the process says so; [`InvokeError::Killed`] when the port closed.
    pub async fn invoke(&self, invocation: Call) -> Result<Vec<u8>, InvokeError> {
        let (answer, heard) = oneshot::channel();
        self.events.send(Pending { invocation, answer }).await.map_err(|_| InvokeError::Killed)?;
        heard.await.unwrap_or(Err(InvokeError::Killed))
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn router(desk: Arc<Desk>) -> Router {
    let runtime = Router::new()
        .route("/invocation/next", get(next))
        .route("/invocation/{request_id}/response", post(response))
        .route("/invocation/{request_id}/error", post(error))
        .route("/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(2 * MAX_PAYLOAD_BYTES))
        .with_state(desk);
    Router::new().nest("/2018-06-01/runtime", runtime)
}

/// Waits for the next event; a process that asks has nothing else to do.
async fn next(State(desk): State<Arc<Desk>>) -> Response {
    let Some(Pending { invocation, answer }) = desk.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", invocation.request_id.clone()),
        ("lambda-runtime-deadline-ms", invocation.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", invocation.function_arn),
        ("lambda-runtime-trace-id", invocation.trace_id),
    ];
    desk.waiting().insert(invocation.request_id, answer);
    (headers, Body::from(invocation.payload)).into_response()
}

async fn response(State(desk): State<Arc<Desk>>, Path(request_id): Path<String>, body: Bytes) -> Response {
    accepted(desk.settle(&request_id, Ok(body.to_vec())))
}

async fn error(
    State(desk): State<Arc<Desk>>,
    Path(request_id): Path<String>,
    Json(failure): Json<Failure>,
) -> Response {
    accepted(desk.settle(&request_id, Err(failure.into())))
}

/// The process could not start: whoever waits for it learns why.
async fn init_error(State(desk): State<Arc<Desk>>, Json(failure): Json<Failure>) -> Response {
    if let Some(Pending { answer, .. }) = desk.events.lock().await.recv().await {
        let _ = answer.send(Err(failure.into())); // nobody may wait any more
    }
    accepted(true)
}

fn accepted(known: bool) -> Response {
    if known {
        (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
    } else {
        let refusal = json!({ "errorType": "InvalidRequestID", "errorMessage": "Invalid request ID" });
        (StatusCode::BAD_REQUEST, Json(refusal)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a runtime client does for one event.
    async fn answer_one(address: String, answer: &'static str, path: &'static str) -> reqwest::Response {
        let http = reqwest::Client::new();
        let base = format!("http://{address}/2018-06-01/runtime/invocation");
        let event = http.get(format!("{base}/next")).send().await.expect("an event");
        let id = event.headers()["lambda-runtime-aws-request-id"].to_str().expect("text").to_owned();
        assert_eq!(event.text().await.expect("a body"), r#"{"hello":"world"}"#);
        http.post(format!("{base}/{id}/{path}"))
            .body(answer)
            .header("content-type", "application/json")
            .send()
            .await
            .expect("taken")
    }

    fn event() -> Call {
        Call::new("arn:aws:lambda:us-east-1:000000000000:function:f", r#"{"hello":"world"}"#, 0)
    }

    #[tokio::test]
    async fn an_event_reaches_the_process_and_its_answer_comes_back() {
        let api = RuntimeApi::start().await.expect("a port");
        let process = answer_one(api.address(), "[1]", "response");
        let (answer, taken) = tokio::join!(api.invoke(event()), process);
        assert_eq!(answer.expect("an answer"), b"[1]");
        assert_eq!(taken.status(), 202);
    }

    #[tokio::test]
    async fn a_function_error_comes_back_with_its_type() {
        let api = RuntimeApi::start().await.expect("a port");
        let process = answer_one(api.address(), r#"{"errorType":"Oops","errorMessage":"no"}"#, "error");
        let (answer, _) = tokio::join!(api.invoke(event()), process);
        assert!(matches!(answer, Err(InvokeError::Failed { error_type, .. }) if error_type == "Oops"));
    }

    #[tokio::test]
    async fn an_answer_to_an_unknown_request_is_refused() {
        let api = RuntimeApi::start().await.expect("a port");
        let url = format!("http://{}/2018-06-01/runtime/invocation/none/response", api.address());
        let refusal = reqwest::Client::new().post(url).body("1").send().await.expect("an answer");
        assert_eq!(refusal.status(), 400);
    }
}
