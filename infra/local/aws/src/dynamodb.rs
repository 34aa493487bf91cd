//! `DynamoDB`: dynoxide on a loopback port of its own, with its own threads, because its handlers block.
//!
//! It is called over HTTP and not by its Rust methods, because only its server checks requests as `DynamoDB` does.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::http::HeaderValue;
use dynoxide::Database;
use dynoxide::storage::Storage;
use dynoxide::storage_backend::Clock as _;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::describe::Call;
use crate::error::{Answer, ServiceError};
use crate::follower::Follower;
use crate::transcript::Transcript;
use crate::underway::Underway;

/// How often is looked for what is to be deleted.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// How long after its expiry an item is deleted. Until then it is read, queried and counted, and conditions hold on it.
///
/// The real one promises no more than "within a few days".
///
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>
pub const EXPIRY_DELAY: Duration = Duration::from_hours(3 * 24);
const WORKERS: usize = 2;
const FORWARDED_HEADERS: [&str; 4] = ["content-type", "x-amz-target", "authorization", "x-amz-date"];

/// dynoxide numbers stream records by the highest number so far and has no index to find it: each write to a table with
/// a stream would take longer than the one before. It is gone with nothing lost but speed if the table is renamed.
const STREAM_INDEX: &str =
    "CREATE INDEX IF NOT EXISTS local_stream_order ON _stream_records(table_name, CAST(sequence_number AS INTEGER));";

/// Why the database did not start.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file is not usable.
    #[error("the database file did not open: {0}")]
    Open(String),
    /// The follower, which stale reads are answered from, did not open.
    #[error("the follower of the database did not open: {0}")]
    Follow(String),
    /// The index of stream records was not made.
    #[error("the database file has another shape than expected")]
    Shape(#[source] rusqlite::Error),
    /// No port or no thread.
    #[error("the database server did not start")]
    Start(#[from] io::Error),
    /// The client for the loopback port was not made.
    #[error("the client of the database server was not made")]
    Client(#[source] reqwest::Error),
}

/// How a call is carried out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// How long a transaction is between its preparation and its commit.
    pub(crate) transaction: Duration,
    /// Whether this read, if it is an eventually consistent one, sees the state before the last write.
    pub(crate) stale: bool,
    /// Whether any read may.
    pub(crate) some_reads_are_stale: bool,
}

/// The running database.
#[derive(Debug)]
pub(crate) struct DynamoDb {
    client: reqwest::Client,
    url: String,
    sweeps: mpsc::Sender<oneshot::Sender<()>>,
    follower: Follower,
    underway: Underway,
    transcript: Arc<Transcript>,
}

/// The database's thread; it ends when the handle is stopped or dropped.
#[derive(Debug)]
pub(crate) struct DatabaseThread {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl DynamoDb {
    pub(crate) fn start(
        file: &Path,
        clock: Clock,
        transcript: Arc<Transcript>,
    ) -> Result<(Self, DatabaseThread), DatabaseError> {
        let database = open(file)?;
        let follower = Follower::open(file).map_err(DatabaseError::Follow)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        // No proxy and no certificates: it only ever talks to its own port.
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().map_err(DatabaseError::Client)?;
        let (stop, stopped) = oneshot::channel();
        let (sweeps, asked) = mpsc::channel(1);
        let sweeper = Sweeper { file: file.to_owned(), clock, transcript: Arc::clone(&transcript), asked };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("dynamodb")
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new().name("dynamodb-main".into()).spawn(move || {
            runtime.block_on(serve(listener, database, sweeper, stopped));
            runtime.shutdown_timeout(Duration::from_secs(1));
        })?;
        let database = Self { client, url, sweeps, follower, underway: Underway::default(), transcript };
        Ok((database, DatabaseThread { stop, thread }))
    }

    /// Carries a call out as `DynamoDB` does: transactions take a moment between their preparation and their commit, and
    /// others run into them meanwhile; a stale read is answered as before the last write.
    pub(crate) async fn perform(&self, call: &Call, body: Vec<u8>, manner: Manner) -> Answer {
        for table in self.underway.unknown_tables(call) {
            let description = self.describe(call, &table).await?;
            self.underway.learn(table, &description);
        }
        match (call.writes_items(), manner.some_reads_are_stale) {
            (true, true) => self.follower.catch_up(),
            (true, false) => self.follower.rest(),
            (false, _) => {}
        }
        if call.operation == "TransactWriteItems" {
            let _held = self.underway.prepare(call)?;
            tokio::time::sleep(manner.transaction).await;
            return self.call(call, body).await;
        }
        self.underway.admit(call)?;
        let answer = self.call(call, body).await?;
        if manner.stale && call.is_eventual_read() {
            return Ok(self.follower.read(&call.operation, call.input.clone()).await.unwrap_or(answer));
        }
        Ok(answer)
    }

    /// The places of a batch's entries that run into a transaction.
    pub(crate) fn entries_to_hand_back(&self, call: &Call) -> Vec<usize> {
        self.underway.entries_to_hand_back(call)
    }

    /// From now on no read is behind what is written by now.
    pub(crate) fn catch_up(&self) {
        self.follower.rest();
    }

    /// A table's description, asked for with the headers of a caller.
    async fn describe(&self, caller: &Call, table: &str) -> Answer {
        let mut call = caller.clone();
        call.headers.insert("x-amz-target", HeaderValue::from_static("DynamoDB_20120810.DescribeTable"));
        self.call(&call, json!({ "TableName": table }).to_string().into_bytes()).await
    }

    /// Passes a call on and returns the answer as JSON; where there is a transcript, one call after the other.
    async fn call(&self, call: &Call, body: Vec<u8>) -> Answer {
        let headers = FORWARDED_HEADERS.into_iter().filter_map(|name| Some((name, call.headers.get(name)?)));
        let request = headers.fold(self.client.post(&self.url), |request, (name, value)| request.header(name, value));
        let asked = ask(request.body(body.clone()));
        let Some(mut pen) = self.transcript.turn().await else { return asked.await };
        // A caller that is gone before the answer takes its request with it, but not what was done by then.
        let call = call.clone();
        let written = tokio::spawn(async move {
            let answer = asked.await;
            pen.write(&call, &body, &answer);
            answer
        });
        written.await.unwrap_or_else(|_| Err(silence()))
    }

    /// Deletes the items whose expiry is [`EXPIRY_DELAY`] ago by the simulated clock, now.
    pub(crate) async fn sweep(&self) {
        let (done, is_done) = oneshot::channel();
        if self.sweeps.send(done).await.is_ok() {
            // A sweep that ended without a word has already logged why.
            let _ = is_done.await;
        }
    }
}

impl DatabaseThread {
    /// Ends the open requests and closes the file.
    pub(crate) async fn stop(self) {
        let Self { stop, thread } = self;
        drop(stop);
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("The database thread panicked");
        }
    }
}

fn open(file: &Path) -> Result<Database, DatabaseError> {
    let path = file.to_str().ok_or_else(|| DatabaseError::Open("its path is not UTF-8".into()))?;
    let database = Database::new(path).map_err(|error| DatabaseError::Open(error.to_string()))?;
    // Commits go to the operating system without waiting for the disk: safe against a killed process, not a power cut.
    database.enable_bulk_loading().map_err(|error| DatabaseError::Open(error.to_string()))?;
    Connection::open(file).and_then(|file| file.execute_batch(STREAM_INDEX)).map_err(DatabaseError::Shape)?;
    Ok(database)
}

async fn serve(listener: TcpListener, database: Database, sweeper: Sweeper, stopped: oneshot::Receiver<()>) {
    let sweeping = tokio::spawn(sweeper.run());
    let served = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => {
            let stopped = async {
                let _ = stopped.await; // an error is the dropped handle, which means the same
            };
            dynoxide::server::serve_with_shutdown(listener, database, stopped).await
        }
        Err(error) => Err(error.to_string()),
    };
    sweeping.abort();
    if let Err(error) = served {
        tracing::error!(error, "The database server ended");
    }
}

/// Deletes items that expired long enough ago, every few seconds and when asked.
struct Sweeper {
    file: PathBuf,
    clock: Clock,
    transcript: Arc<Transcript>,
    asked: mpsc::Receiver<oneshot::Sender<()>>,
}

impl Sweeper {
    async fn run(mut self) {
        let mut interval = tokio::time::interval(SWEEP_INTERVAL);
        loop {
            let done = tokio::select! {
                _ = interval.tick() => None,
                asked = self.asked.recv() => match asked {
                    Some(done) => Some(done),
                    None => return,
                },
            };
            let (file, clock, transcript) = (self.file.clone(), self.clock.clone(), Arc::clone(&self.transcript));
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || sweep(&file, &clock, &transcript)).await {
                tracing::warn!(error, "Expired items were not deleted");
            }
            if let Some(done) = done {
                let _ = done.send(()); // who asked may have gone
            }
        }
    }
}

/// Sweeps over a connection of its own: that of the server knows the system's time only.
fn sweep(file: &Path, clock: &Clock, transcript: &Transcript) -> Result<(), String> {
    let storage = Storage::new(&file.to_string_lossy()).map_err(|error| error.to_string())?;
    let pen = transcript.blocking_turn();
    let clock = clock.before(EXPIRY_DELAY);
    let storage = storage.with_clock(Arc::new(clock));
    let swept = futures::executor::block_on(dynoxide::ttl::sweep_expired_items(&storage));
    let deleted = swept.map_err(|error| error.to_string())?;
    if let Some(mut pen) = pen.filter(|_| deleted > 0) {
        pen.write_expiry(clock.now_unix_secs(), deleted);
    }
    Ok(())
}

/// Keeps the answer as it is and reads the exception's name from it.
fn refusal(status: u16, body: Value) -> ServiceError {
    let name = body["__type"].as_str().unwrap_or("InternalServerError");
    let code = name.rsplit('#').next().unwrap_or(name).to_owned();
    ServiceError { status, code, query_code: None, body }
}

/// The answer to a request, as JSON.
async fn ask(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.map_err(|error| unavailable(&error))?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(|error| unavailable(&error))?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_else(|_| json!({}));
    if status == 200 { Ok(body) } else { Err(refusal(status, body)) }
}

fn unavailable(error: &reqwest::Error) -> ServiceError {
    tracing::error!(%error, "The database server did not answer");
    silence()
}

fn silence() -> ServiceError {
    ServiceError::with_details(500, "InternalServerError", "the database did not answer", serde_json::Map::new())
}
