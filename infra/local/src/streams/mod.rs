//! Hands records of tables' streams to functions as Lambda's event source mapping does.
//!
//! A stream has several shards, and a shard splits now and then: then what is in it is done before what comes after it. A shard's
//! records are handed over in order, one batch at a time; what failed comes again with everything that follows it. Records may come
//! again that were done: after a restart, and by the [`Weather`](local_aws::Weather).
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html>

mod filter;
mod position;
mod shard;

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::Client;
use edge::telemetry::Chain;
use local_aws::StreamRecord;
use tokio::task::JoinSet;
use tracing::{Instrument, info_span, warn};

use self::{
    position::Position,
    shard::{Destination, Shards},
};
use crate::{clock::StackClock, invoke::SharedInvoker, template::StreamMapping};

pub use self::filter::PatternError;
pub(crate) use self::{filter::Filter, position::Progress};

/// So many records are read at once.
///
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html>
const READ: u32 = 1000;

/// What joins streams to functions.
pub(crate) struct StreamSources {
    pub(crate) streams: local_aws::Streams,
    pub(crate) sources: Vec<StreamSource>,
    pub(crate) progress: Arc<Progress>,
    /// How often is looked for records. Lambda looks four times a second.
    pub(crate) poll: Duration,
    pub(crate) stack: u64,
}

/// A stream joined to a function.
pub(crate) struct StreamSource {
    pub(crate) mapping: StreamMapping,
    /// The table whose stream it is.
    pub(crate) table: String,
    /// The function's name in the template.
    pub(crate) function: String,
    /// Where is told of what was given up.
    pub(crate) on_failure: Option<(Client, String)>,
    pub(crate) invoker: SharedInvoker,
    pub(crate) clock: StackClock,
    /// Instead of a wait that grows.
    pub(crate) retry_delay: Option<Duration>,
    /// Of a hundred batches so many come again after they were done.
    pub(crate) repeats: u32,
    pub(crate) seed: u64,
}

impl StreamSources {
    /// Reads until the task is aborted.
    pub(crate) async fn run(self) {
        let span = info_span!("event_source", stack = self.stack);
        self.read().instrument(span).await;
    }

    async fn read(self) {
        let Self { streams, sources, progress, poll, .. } = self;
        let mut workers = JoinSet::new();
        let mut joined: Vec<(String, Filter, Shards)> = sources
            .into_iter()
            .map(|source| {
                let (table, filter) = (source.table.clone(), source.mapping.filter.clone());
                (table, filter, Shards::new(Destination::new(source, Arc::clone(&progress))))
            })
            .collect();
        let mut position = progress.position();
        loop {
            let records = match streams.after(position, READ) {
                Ok(records) => records,
                Err(error) => {
                    warn!(error = %Chain(&error), "The streams could not be read");
                    Vec::new()
                }
            };
            let Some(newest) = records.last().map(|record| record.position) else {
                tokio::time::sleep(poll).await;
                continue;
            };
            for record in records.into_iter().filter(is_change).map(Arc::new) {
                for (_, _, shards) in joined
                    .iter_mut()
                    .filter(|(table, filter, _)| *table == record.table && filter.passes(&record.event))
                {
                    progress.begin(record.position);
                    shards.push(Arc::clone(&record), &mut workers);
                }
            }
            position = newest;
            progress.read_until(newest);
            while workers.try_join_next().is_some() {}
        }
    }
}

/// A write that changes nothing makes no record in AWS.
fn is_change(record: &StreamRecord) -> bool {
    let images = &record.event["dynamodb"];
    images.get("OldImage").is_none() || images.get("OldImage") != images.get("NewImage")
}

impl Position {
    /// Whether everything that was written is done.
    fn is_at(self, newest: i64) -> bool {
        self.read >= newest && self.outstanding == 0
    }
}

impl Progress {
    /// How many records are read or to be read, and not done.
    pub(crate) fn behind(&self, streams: &local_aws::Streams) -> usize {
        let newest = streams.newest().unwrap_or_default();
        let now = self.now();
        if now.is_at(newest) {
            return 0;
        }
        let unread = usize::try_from(newest.saturating_sub(now.read)).unwrap_or_default();
        (unread + now.outstanding).max(1)
    }
}
