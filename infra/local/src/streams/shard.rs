//! The shards of a stream: each hands its records to the function in order, one batch at a time.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_sqs::Client;
use edge::telemetry::Chain;
use local_aws::{StreamRecord, sequence_number, stream_arn};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::sleep,
};
use tracing::{Instrument, Span, warn};

use super::{Progress, StreamSource};
use crate::{
    clock::{StackClock, milliseconds},
    invoke::SharedInvoker,
    template::StreamMapping,
};

/// Partition keys fall into so many places.
const PLACES: u32 = 256;
/// So many shards a stream begins with.
const SHARDS: u32 = 4;
/// After so many records a shard splits.
const SPLIT_AFTER: usize = 200;
/// Waits after failures in a row begin with this and double up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Where a stream's records go.
pub(super) struct Destination {
    mapping: StreamMapping,
    table: String,
    function: String,
    on_failure: Option<(Client, String)>,
    invoker: SharedInvoker,
    clock: StackClock,
    retry_delay: Option<Duration>,
    repeats: u32,
    seed: AtomicU64,
    progress: Arc<Progress>,
}

impl Destination {
    pub(super) fn new(source: StreamSource, progress: Arc<Progress>) -> Arc<Self> {
        let StreamSource { mapping, table, function, on_failure, invoker, clock, retry_delay, repeats, seed } = source;
        let seed = AtomicU64::new(seed);
        Arc::new(Self { mapping, table, function, on_failure, invoker, clock, retry_delay, repeats, seed, progress })
    }
}

/// The open shards of a stream.
pub(super) struct Shards {
    destination: Arc<Destination>,
    open: Vec<Shard>,
    /// How many there have been.
    count: u32,
}

struct Shard {
    places: Range<u32>,
    taken: usize,
    records: mpsc::UnboundedSender<Arc<StreamRecord>>,
    /// Ends with the worker.
    alive: watch::Receiver<()>,
}

impl Shards {
    pub(super) const fn new(destination: Arc<Destination>) -> Self {
        Self { destination, open: Vec::new(), count: 0 }
    }

    /// Puts a record into the shard of its partition key.
    pub(super) fn push(&mut self, record: Arc<StreamRecord>, workers: &mut JoinSet<()>) {
        if self.open.is_empty() {
            let width = PLACES / SHARDS;
            for shard in 0..SHARDS {
                self.open(shard * width..(shard + 1) * width, None, workers);
            }
        }
        let place = place(&record.event["dynamodb"]["Keys"]["pk"]);
        let index = self.open.iter().position(|shard| shard.places.contains(&place)).unwrap_or_default();
        if self.open[index].taken >= SPLIT_AFTER && self.open[index].places.len() > 1 {
            let Shard { places, alive, .. } = self.open.swap_remove(index);
            let middle = places.start + (places.end - places.start) / 2;
            self.open(places.start..middle, Some(alive.clone()), workers);
            self.open(middle..places.end, Some(alive), workers);
            return self.push(record, workers);
        }
        let shard = &mut self.open[index];
        shard.taken += 1;
        // The worker ends after its sender only.
        let _ = shard.records.send(record);
    }

    fn open(&mut self, places: Range<u32>, after: Option<watch::Receiver<()>>, workers: &mut JoinSet<()>) {
        let (records, taken) = mpsc::unbounded_channel();
        let (living, alive) = watch::channel(());
        self.count += 1;
        let worker = Worker {
            destination: Arc::clone(&self.destination),
            id: format!("shardId-{:020}-{:08x}", self.count, places.start),
            random: StdRng::seed_from_u64(self.destination.seed.fetch_add(1, Ordering::Relaxed)),
            taken,
        };
        let work = async move {
            if let Some(mut parent) = after {
                let _ = parent.changed().await; // an error is its end, which is what is waited for
            }
            worker.run().await;
            drop(living);
        };
        workers.spawn(work.instrument(Span::current()));
        self.open.push(Shard { places, taken: 0, records, alive });
    }
}

fn place(key: &Json) -> u32 {
    key.to_string().bytes().fold(0, |place: u32, byte| place.wrapping_mul(31).wrapping_add(u32::from(byte))) % PLACES
}

struct Worker {
    destination: Arc<Destination>,
    id: String,
    random: StdRng,
    taken: mpsc::UnboundedReceiver<Arc<StreamRecord>>,
}

/// Records that are tried together.
struct Batch {
    records: Vec<Arc<StreamRecord>>,
    /// How often they were tried and failed.
    failures: u32,
}

impl Worker {
    async fn run(mut self) {
        while let Some(first) = self.taken.recv().await {
            let mut records = vec![first];
            self.collect(&mut records).await;
            self.work(records).await;
        }
    }

    /// What is there, or comes within the window.
    async fn collect(&mut self, records: &mut Vec<Arc<StreamRecord>>) {
        let mapping = &self.destination.mapping;
        let (size, window) = (mapping.batch_size, mapping.window);
        if window.is_zero() {
            while records.len() < size
                && let Ok(record) = self.taken.try_recv()
            {
                records.push(record);
            }
            return;
        }
        let fill = async {
            while records.len() < size {
                match self.taken.recv().await {
                    Some(record) => records.push(record),
                    None => return,
                }
            }
        };
        let _ = tokio::time::timeout(window, fill).await; // a window that is over is as good as a full batch
    }

    /// Tries until everything is done or given up.
    async fn work(&mut self, records: Vec<Arc<StreamRecord>>) {
        let mut left = vec![Batch { records, failures: 0 }];
        while let Some(batch) = left.pop() {
            let Outcome { done, again, passes } = self.attempt(&batch.records).await;
            self.finish(done);
            if again.is_empty() {
                continue;
            }
            let failures = batch.failures + u32::from(!passes);
            let was_split = done_some(&batch, &again);
            if self.is_given_up(&again, failures) {
                self.give_up(&again, failures).await;
                self.finish(again);
                continue;
            }
            sleep(self.destination.retry_delay.unwrap_or_else(|| wait(failures))).await;
            if self.destination.mapping.bisects && !was_split && !passes && again.len() > 1 {
                let (front, back) = again.split_at(again.len() / 2);
                left.push(Batch { records: back.to_vec(), failures: 0 });
                left.push(Batch { records: front.to_vec(), failures: 0 });
            } else {
                left.push(Batch { records: again, failures });
            }
        }
    }

    async fn attempt(&mut self, records: &[Arc<StreamRecord>]) -> Outcome {
        let outcome = self.invoke(records).await;
        let is_done = outcome.again.is_empty();
        if is_done && self.random.random_range(0..100) < self.destination.repeats {
            return self.invoke(records).await; // at least once is all that is promised
        }
        outcome
    }

    async fn invoke(&self, records: &[Arc<StreamRecord>]) -> Outcome {
        let Destination { invoker, function, mapping, .. } = &*self.destination;
        let events: Vec<&Json> = records.iter().map(|record| &record.event).collect();
        let answer = invoker.invoke(function, json!({ "Records": events }).to_string()).await;
        let first_failed = match &answer {
            Err(error) => {
                let passes = !matches!(error, crate::invoke::InvokeError::Failed { .. });
                return Outcome { done: Vec::new(), again: records.to_vec(), passes };
            }
            Ok(answer) if mapping.reports_failures => first_failed(answer, records),
            Ok(_) => None,
        };
        let (done, again) = records.split_at(first_failed.unwrap_or(records.len()));
        Outcome { done: done.to_vec(), again: again.to_vec(), passes: false }
    }

    fn finish(&self, records: Vec<Arc<StreamRecord>>) {
        for record in records {
            self.destination.progress.done(record.position);
        }
    }

    fn is_given_up(&self, records: &[Arc<StreamRecord>], failures: u32) -> bool {
        let Destination { mapping, clock, .. } = &*self.destination;
        let age = clock.now_ms() - records.first().map_or(0, |record| record.written_ms);
        mapping.max_retries.is_some_and(|most| failures > most)
            || mapping.max_age.is_some_and(|most| age > milliseconds(most))
    }

    /// Tells where in the stream is what was given up, as AWS does: without the records.
    async fn give_up(&self, records: &[Arc<StreamRecord>], failures: u32) {
        let Destination { table, function, on_failure, .. } = &*self.destination;
        warn!(function, records = records.len(), "Records of a stream were given up");
        let Some((sqs, queue)) = on_failure else { return };
        let at = |record: Option<&Arc<StreamRecord>>| {
            record.map(|record| record.event["dynamodb"]["ApproximateCreationDateTime"].clone())
        };
        let number = |record: Option<&Arc<StreamRecord>>| record.map(|record| sequence_number(record.position));
        let told = json!({
            "requestContext": {
                "requestId": uuid::Uuid::new_v4(),
                "functionArn": function,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": failures,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "DDBStreamBatchInfo": {
                "shardId": self.id,
                "startSequenceNumber": number(records.first()),
                "endSequenceNumber": number(records.last()),
                "approximateArrivalOfFirstRecord": at(records.first()),
                "approximateArrivalOfLastRecord": at(records.last()),
                "batchSize": records.len(),
                "streamArn": stream_arn(table),
            },
        });
        if let Err(error) = sqs.send_message().queue_url(queue).message_body(told.to_string()).send().await {
            warn!(error = %Chain(&error), "Nobody was told of records that were given up");
        }
    }
}

/// What an invocation came to.
struct Outcome {
    done: Vec<Arc<StreamRecord>>,
    again: Vec<Arc<StreamRecord>>,
    /// Whether what stood against it uses up no try: the function was not reached, or its environment died.
    passes: bool,
}

/// A batch of which the function has named what failed is split there already.
fn done_some(batch: &Batch, again: &[Arc<StreamRecord>]) -> bool {
    again.len() < batch.records.len()
}

fn wait(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failures.min(10))).min(LONGEST_WAIT)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    batch_item_failures: Option<Vec<Failure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    #[serde(default)]
    item_identifier: Option<String>,
}

/// The first record that is to come again. The lowest that is named counts; an answer that names what is not there, or cannot be read,
/// fails all of them.
fn first_failed(answer: &[u8], records: &[Arc<StreamRecord>]) -> Option<usize> {
    let Ok(answer) = serde_json::from_slice::<Option<Answer>>(answer) else { return Some(0) };
    let failures = answer.unwrap_or_default().batch_item_failures.unwrap_or_default();
    let place = |failure: &Failure| {
        let named = failure.item_identifier.as_deref().unwrap_or_default();
        records.iter().position(|record| sequence_number(record.position) == named)
    };
    failures.iter().map(|failure| place(failure).unwrap_or(0)).min()
}
