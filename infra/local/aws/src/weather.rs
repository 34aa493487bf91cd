//! What `DynamoDB` does by itself: refusals that pass, eventually consistent reads that are behind, transactions that
//! take a moment. Random, from a seed; the effects are those of a fault rule.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::calls::Service;
use crate::describe::Call;
use crate::faults::Effect;

/// How hard the database is to its callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weather {
    /// Where the random numbers begin.
    pub seed: u64,
    /// Of a thousand calls so many are refused once for a reason that passes: a throttle, a failure of the service.
    pub refusals: u32,
    /// Of a thousand eventually consistent reads so many see the state before the last write.
    pub stale_reads: u32,
    /// The longest time between the preparation of a transaction and its commit.
    pub transaction: Duration,
    /// Of a thousand posts to open connections so many are lost without a word.
    pub lost_posts: u32,
    /// Of a thousand events that are put so many are refused though the call is answered.
    pub refused_entries: u32,
    /// Of a hundred batches of a stream so many are handed over again after they were done.
    pub repeated_batches: u32,
    /// Callers to whom the weather is always fine, by their application names: tools that look on.
    pub spared: Vec<String>,
}

impl Weather {
    /// Nothing happens by itself, as for a person who tries the stack or a test that counts calls. Transactions conflict
    /// all the same, where they meet.
    #[must_use]
    pub const fn fine() -> Self {
        Self {
            seed: 0,
            refusals: 0,
            stale_reads: 0,
            transaction: Duration::ZERO,
            lost_posts: 0,
            refused_entries: 0,
            repeated_batches: 0,
            spared: Vec::new(),
        }
    }

    /// More happens than in a bad week of the real one.
    #[must_use]
    pub const fn harsh(seed: u64) -> Self {
        Self {
            seed,
            refusals: 10,
            stale_reads: 500,
            transaction: Duration::from_millis(8),
            lost_posts: 50,
            refused_entries: 100,
            repeated_batches: 15,
            spared: Vec::new(),
        }
    }
}

#[derive(Debug)]
struct Now {
    weather: Weather,
    random: StdRng,
}

/// A handle to the weather; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Sky(Arc<Mutex<Now>>);

impl Default for Sky {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Now { weather: Weather::fine(), random: StdRng::seed_from_u64(0) })))
    }
}

impl Sky {
    /// Changes the weather, from its seed on.
    pub(crate) fn change(&self, weather: Weather) {
        self.with(|now| *now = Now { random: StdRng::seed_from_u64(weather.seed), weather });
    }

    /// What the weather does to a call.
    pub(crate) fn effects_on(&self, call: &Call) -> Vec<Effect> {
        if call.service != Service::DynamoDb {
            return Vec::new();
        }
        self.with(|now| {
            let mut effects = Vec::new();
            if now.weather.spared.contains(&call.function) {
                return effects;
            }
            if call.is_eventual_read() && now.happens(now.weather.stale_reads) {
                effects.push(Effect::Stale);
            }
            if call.touches_items() && now.happens(now.weather.refusals) {
                effects.push(now.refusal(call));
            }
            effects
        })
    }

    /// Whether this post to a connection is lost.
    pub(crate) fn loses_a_post(&self) -> bool {
        self.with(|now| now.happens(now.weather.lost_posts))
    }

    /// Whether this event that is put is refused.
    pub(crate) fn refuses_an_entry(&self) -> bool {
        self.with(|now| now.happens(now.weather.refused_entries))
    }

    /// Whether some reads are stale by themselves.
    pub(crate) fn has_stale_reads(&self) -> bool {
        self.with(|now| now.weather.stale_reads > 0)
    }

    /// How long a transaction is between its preparation and its commit.
    pub(crate) fn transaction(&self) -> Duration {
        self.with(|now| now.weather.transaction.mul_f64(now.random.random()))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Now) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Now {
    fn happens(&mut self, of_a_thousand: u32) -> bool {
        of_a_thousand > 0 && self.random.random_range(0..1000) < of_a_thousand
    }

    /// A batch may be done in part, a transaction is cancelled as a whole.
    fn refusal(&mut self, call: &Call) -> Effect {
        let entries = call.entries().max(1);
        let place = self.random.random_range(0..entries);
        match (call.operation.as_str(), self.random.random_range(0..4_usize)) {
            ("BatchGetItem" | "BatchWriteItem", 0 | 1) => Effect::partial([place]),
            ("TransactWriteItems" | "TransactGetItems", choice @ 0..=2) => {
                let code = ["ThrottlingError", "ProvisionedThroughputExceeded", "TransactionConflict"][choice];
                Effect::transaction_cancelled((0..entries).map(|other| if other == place { code } else { "None" }))
            }
            (_, 0) => Effect::throughput_exceeded(),
            (_, 1) => Effect::error("ThrottlingException"),
            (_, 2) => Effect::error("RequestLimitExceeded"),
            _ => Effect::server_error("InternalServerError"),
        }
    }
}
