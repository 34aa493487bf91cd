//! AWS and Meta behind one port: recorded once from the local stack, then answered from memory and counted.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Failure;
use crate::queue::{self, Queued};

/// More than any request of a function.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// What a function asked of the outside.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Calls {
    /// Calls by AWS's name of the operation; `Graph` is a call to Meta.
    pub(crate) by_name: BTreeMap<String, u64>,
    /// Read request units.
    pub(crate) read_units: f64,
    /// Write request units.
    pub(crate) write_units: f64,
}

/// One recorded answer.
#[derive(Clone, Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    read_units: f64,
    write_units: f64,
}

/// What was asked: times and random ids differ from one time to the next, so there are grades of likeness.
struct Question {
    /// For the counts.
    name: String,
    /// From the very same down to the operation and its table, or the method and path.
    grades: [String; 3],
}

#[derive(Default)]
struct Memory {
    answers: HashMap<String, Answer>,
    calls: Calls,
    queued: Vec<Queued>,
}

struct Desk {
    aws_url: String,
    meta_url: String,
    http: reqwest::Client,
    recording: AtomicBool,
    memory: Mutex<Memory>,
}

/// The server. Dropping it closes its port.
pub(crate) struct Canned {
    url: String,
    desk: Arc<Desk>,
    server: JoinHandle<()>,
}

impl Canned {
    /// Starts in the state of recording: whatever it is asked, it asks these.
    pub(crate) async fn start(aws_url: &str, meta_url: &str) -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let desk = Arc::new(Desk {
            aws_url: aws_url.to_owned(),
            meta_url: meta_url.to_owned(),
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
            recording: AtomicBool::new(true),
            memory: Mutex::default(),
        });
        let router = Router::new().fallback(handle).with_state(Arc::clone(&desk));
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await; // ends with the process only
        });
        Ok(Self { url, desk, server })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From here on nobody else is asked.
    pub(crate) fn stop_recording(&self) {
        self.desk.recording.store(false, Ordering::SeqCst);
        self.take_calls();
    }

    /// What was asked since the last time.
    pub(crate) fn take_calls(&self) -> Calls {
        std::mem::take(&mut self.desk.memory().calls)
    }

    /// What was sent to queues since the last time. It is delivered nowhere.
    pub(crate) fn take_queued(&self) -> Vec<Queued> {
        std::mem::take(&mut self.desk.memory().queued)
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Desk {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The recorded answer to the question that is most like this one.
    fn recall(&self, question: &Question) -> Option<Answer> {
        let mut known = self.memory();
        let found = question.grades.iter().find_map(|grade| known.answers.get(grade)).cloned();
        if let Some(answer) = &found {
            known.calls.read_units += answer.read_units;
            known.calls.write_units += answer.write_units;
        }
        found
    }

    /// Asks the local stack and keeps the answer.
    async fn record(&self, question: Question, request: Asked) -> Result<Answer, Failure> {
        let upstream = if request.target.is_some() { &self.aws_url } else { &self.meta_url };
        let mut headers = request.headers;
        headers.remove(header::HOST);
        headers.remove(header::CONTENT_LENGTH);
        let body = if question.is_database() { with_consumption(&request.body)? } else { request.body };
        let url = format!("{upstream}{}", request.path_and_query);
        let asked = self.http.request(request.method, url).headers(headers).body(body);
        let answered = asked.send().await?;
        let (status, mut headers) = (answered.status(), answered.headers().clone());
        headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::TRANSFER_ENCODING);
        let mut answer = Answer { status, headers, body: answered.bytes().await?, read_units: 0.0, write_units: 0.0 };
        if question.is_database() {
            answer.take_consumption(&question.name)?;
        }
        let mut known = self.memory();
        for grade in question.grades {
            known.answers.entry(grade).or_insert_with(|| answer.clone());
        }
        Ok(answer)
    }
}

/// A request, read to its end.
struct Asked {
    method: axum::http::Method,
    path_and_query: String,
    headers: HeaderMap,
    /// `x-amz-target`, which only calls to AWS have.
    target: Option<String>,
    body: Bytes,
}

async fn handle(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    match answer(&desk, request).await {
        Ok(response) => response,
        Err(failure) => (StatusCode::NOT_IMPLEMENTED, format!("nothing was recorded: {failure}")).into_response(),
    }
}

async fn answer(desk: &Desk, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path_and_query = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let body = to_bytes(body, MAX_BODY_BYTES).await?;
    let asked = Asked { method: parts.method, path_and_query, headers: parts.headers, target, body };

    let question = Question::of(&asked);
    *desk.memory().calls.by_name.entry(question.name.clone()).or_default() += 1;
    if let Some(sent) = queue::accept(&question.name, &asked.body)? {
        if desk.recording.load(Ordering::SeqCst) {
            desk.memory().queued.extend(sent.entries);
        }
        return Ok(([(header::CONTENT_TYPE, "application/x-amz-json-1.0")], sent.answer).into_response());
    }
    let recalled = if desk.recording.load(Ordering::SeqCst) { None } else { desk.recall(&question) };
    let answer = match recalled {
        Some(answer) => answer,
        None if desk.recording.load(Ordering::SeqCst) => desk.record(question, asked).await?,
        None => return Err(question.grades.join(" or ").into()),
    };
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

impl Question {
    fn of(asked: &Asked) -> Self {
        let Some(target) = &asked.target else {
            let path = asked.path_and_query.split('?').next().unwrap_or_default();
            let like = format!("{} {path}", asked.method);
            let same = format!("{} {} {}", asked.method, asked.path_and_query, String::from_utf8_lossy(&asked.body));
            return Self { name: "Graph".to_owned(), grades: [same, like.clone(), like] };
        };
        // A JSON object has no order; reading and writing it gives one.
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let tables =
            body["RequestItems"].as_object().map(|tables| tables.keys().cloned().collect::<Vec<_>>().join(","));
        let table = tables.or_else(|| body["TableName"].as_str().map(str::to_owned)).unwrap_or_default();
        let expressions =
            ["Key", "UpdateExpression", "KeyConditionExpression", "IndexName"].map(|part| body[part].to_string());
        Self {
            name: target.rsplit('.').next().unwrap_or_default().to_owned(),
            grades: [
                format!("{target} {body}"),
                format!("{target} {table} {}", expressions.join(" ")),
                format!("{target} {table}"),
            ],
        }
    }

    fn is_database(&self) -> bool {
        self.grades[0].starts_with("DynamoDB_")
    }
}

fn with_consumption(body: &Bytes) -> Result<Bytes, Failure> {
    let mut request: Value = serde_json::from_slice(body)?;
    request["ReturnConsumedCapacity"] = json!("TOTAL");
    Ok(serde_json::to_vec(&request)?.into())
}

impl Answer {
    /// The function asked for no consumption, so it shall see none.
    fn take_consumption(&mut self, operation: &str) -> Result<(), Failure> {
        let mut body: Value = serde_json::from_slice(&self.body)?;
        let Some(consumed) = body.as_object_mut().and_then(|members| members.remove("ConsumedCapacity")) else {
            return Ok(());
        };
        let tables = consumed.as_array().map_or(std::slice::from_ref(&consumed), Vec::as_slice);
        let units = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        match operation {
            "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems" => self.read_units = units,
            _ => self.write_units = units,
        }
        self.body = serde_json::to_vec(&body)?.into();
        self.headers.remove("x-amz-crc32"); // it was of the other body
        Ok(())
    }
}
