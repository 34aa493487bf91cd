//! An emulated AWS in one process, for the local stack and the tests: `DynamoDB` with its streams, SQS, KMS, Secrets Manager,
//! `EventBridge` and the connections of API Gateway behind
//! one loopback port, reached by the AWS SDKs over HTTP.
//!
//! What it is **not**:
//!
//! - no security: it accepts every signature (no `SigV4`), so callers are who they say they are; it binds to 127.0.0.1;
//! - no measure of speed: one lock for all of SQS and one for all of `DynamoDB`, no wait for the disk;
//! - not `DynamoDB`'s distribution: one shard. What passes in the real one (throttles, failures, reads that are behind)
//!   happens here by the [`Weather`], which is fine unless somebody changes it, or by injected [`Faults`]; transactions
//!   conflict where they meet;
//! - not complete: it has the operations that this project calls, and those that its conformance check needs.
//!
//! Every call is in the [`CallLog`] with its caller, its IAM actions and its capacity units. The same log, the faults
//! and the queues are at `/_local/calls`, `/_local/faults` and `/_local/queues` of the port.

mod calls;
mod clock;
mod control;
mod describe;
mod dynamodb;
mod error;
mod event_buses;
mod faults;
mod follower;
mod front;
mod iam;
mod kms;
mod partial;
mod secrets;
mod sockets;
mod sqs;
mod store;
mod streams;
mod transcript;
mod underway;
mod units;
mod weather;

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use calls::{CallLog, CallRecord, Filter, Outcome, Service, Total, TotalKey, Units};
pub use clock::Clock;
pub use dynamodb::{DatabaseError, EXPIRY_DELAY};
pub use event_buses::{EventBuses, PutEvent};
pub use faults::{Effect, FaultId, FaultRule, Faults};
pub use iam::{Permissions, Policy};
pub use sockets::{Order, Peer, Sockets};
pub use sqs::{Counts, MessageView, QueueView};
pub use store::StoreError;
pub use streams::{StreamRecord, Streams, sequence_number, stream_arn};
pub use weather::Weather;

use dynamodb::{DatabaseThread, DynamoDb};
use front::Front;
use kms::Kms;
use secrets::Secrets;
use sqs::Sqs;
use store::Store;
use transcript::Transcript;
use weather::Sky;

/// The region in every ARN.
pub const REGION: &str = "us-east-1";
/// The account in every ARN and queue URL.
pub const ACCOUNT: &str = "000000000000";

/// How long [`LocalAws::stop`] waits for open requests.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// How to start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The folder for the data, made if it is not there. It outlives the process, also a killed one.
    pub data_dir: PathBuf,
    /// The time that the services believe it is.
    pub clock: Clock,
    /// A file to which every call is added with its answer, for checks by others. It has the secrets that it is about.
    pub transcript: Option<PathBuf>,
}

/// Why the emulated AWS did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder was not made.
    #[error("the data folder was not made")]
    DataDir(#[source] io::Error),
    /// The file for the transcript was not opened.
    #[error("the transcript was not opened")]
    Transcript(#[source] io::Error),
    /// The port is taken.
    #[error("the port was not opened")]
    Port(#[source] io::Error),
    /// The state of SQS, KMS and Secrets Manager was not opened: another process has it, or another version wrote it.
    #[error("the state of an earlier run was not opened")]
    Store(#[from] StoreError),
    /// The database did not start.
    #[error("the database did not start")]
    Database(#[from] DatabaseError),
}

/// A running emulated AWS. Dropping it stops it as well, without waiting.
#[derive(Debug)]
pub struct LocalAws {
    url: String,
    front: Arc<Front>,
    streams: Streams,
    closing: watch::Sender<bool>,
    server: JoinHandle<()>,
    database: DatabaseThread,
}

impl LocalAws {
    /// Opens the data and the port.
    ///
    /// # Errors
    ///
    /// When the port is taken, or the data is in use or unreadable.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let Settings { port, data_dir, clock, transcript } = settings;
        std::fs::create_dir_all(&data_dir).map_err(StartError::DataDir)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(StartError::Port)?;
        let url = format!("http://{}", listener.local_addr().map_err(StartError::Port)?);
        let (closing, closed) = watch::channel(false);
        let store = Arc::new(Store::open(&data_dir.join("services.sqlite"))?);
        let transcript = Transcript::open(transcript.as_deref(), &clock).map_err(StartError::Transcript)?;
        let transcript = Arc::new(transcript);
        let file = data_dir.join("dynamodb.sqlite");
        let (dynamodb, database) = DynamoDb::start(&file, clock.clone(), Arc::clone(&transcript))?;
        let streams = Streams::new(&file, clock.clone());
        let front = Arc::new(Front {
            dynamodb,
            sqs: Sqs::open(Arc::clone(&store), clock.clone(), &url, closed.clone())?,
            kms: Kms::open(Arc::clone(&store), clock.clone())?,
            secrets: Secrets::open(store, clock.clone())?,
            sockets: Sockets::default(),
            buses: EventBuses::default(),
            calls: CallLog::default(),
            faults: Faults::default(),
            permissions: Permissions::default(),
            sky: Sky::default(),
            transcript,
            clock,
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&front), closed));
        Ok(Self { url, front, streams, closing, server, database })
    }

    /// Where the SDKs find it: `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The log of calls.
    #[must_use]
    pub fn calls(&self) -> CallLog {
        self.front.calls.clone()
    }

    /// The fault rules.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.front.faults.clone()
    }

    /// Who may call what. Until somebody is given a role, everybody may call everything.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.front.permissions.clone()
    }

    /// Every queue with its counts and messages. It is not a receive: nothing changes.
    #[must_use]
    pub fn queues(&self) -> Vec<QueueView> {
        self.front.sqs.views()
    }

    /// The open WebSocket connections, which whoever holds them tells of here.
    #[must_use]
    pub fn sockets(&self) -> Sockets {
        self.front.sockets.clone()
    }

    /// What was put on event buses.
    #[must_use]
    pub fn event_buses(&self) -> EventBuses {
        self.front.buses.clone()
    }

    /// What was written to tables that have a stream.
    #[must_use]
    pub fn streams(&self) -> Streams {
        self.streams.clone()
    }

    /// Changes how hard the database is to its callers; it starts with [`Weather::fine`].
    pub fn set_weather(&self, weather: Weather) {
        self.front.sky.change(weather);
    }

    /// Lets eventually consistent reads see everything that is written by now, as they do after a moment.
    pub fn catch_up(&self) {
        self.front.dynamodb.catch_up();
    }

    /// Deletes the items whose expiry is [`EXPIRY_DELAY`] ago by the simulated clock, now instead of within seconds.
    pub async fn sweep_expired_items(&self) {
        self.front.dynamodb.sweep().await;
    }

    /// Ends the long polls, finishes the other open requests, and closes the files.
    pub async fn stop(self) {
        let Self { front, closing, server, database, .. } = self;
        closing.send_replace(true);
        if tokio::time::timeout(STOP_TIMEOUT, server).await.is_err() {
            tracing::warn!("Some requests were still open after {STOP_TIMEOUT:?}");
        }
        drop(front);
        database.stop().await;
    }
}

async fn serve(listener: TcpListener, front: Arc<Front>, mut closed: watch::Receiver<bool>) {
    let shutdown = async move {
        let _ = closed.wait_for(|closed| *closed).await; // an error is the dropped handle, which means the same
    };
    if let Err(error) = axum::serve(listener, front::router(front)).with_graceful_shutdown(shutdown).await {
        tracing::error!(%error, "The emulated AWS ended");
    }
}
