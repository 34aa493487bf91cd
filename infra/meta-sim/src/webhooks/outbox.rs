//! Events on their way: collected, batched, delivered in order for each app, retried, logged.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rand::seq::SliceRandom;
use serde::Serialize;
use tokio::sync::Notify;

use super::{
    event::{Event, envelope},
    options::Options,
};
use crate::signing::escaped_json;

/// So many deliveries are remembered.
const LOG_LENGTH: usize = 2_000;

/// A body for one app, ready to be signed.
#[derive(Clone)]
pub(crate) struct Parcel {
    pub(crate) delivery: u64,
    pub(crate) app_id: String,
    pub(crate) body: String,
    /// 0 for the first attempt.
    pub(crate) attempt: usize,
}

/// A delivery as the log shows it.
#[derive(Clone, Serialize)]
pub(crate) struct Delivery {
    pub(crate) id: u64,
    pub(crate) app_id: String,
    pub(crate) events: usize,
    pub(crate) state: DeliveryState,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) body: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DeliveryState {
    Pending,
    Retrying,
    Delivered,
    /// Every attempt failed.
    Dropped,
}

/// One attempt of a delivery.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attempt {
    /// Simulated time.
    pub(crate) at_ms: i64,
    /// Real time the receiver took.
    pub(crate) took_ms: u64,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<&'static str>,
}

/// Everything on its way. The dispatcher waits for `wake`; who waits for silence asks [`Outbox::is_idle`].
#[derive(Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    pub(crate) wake: Notify,
}

#[derive(Default)]
struct State {
    options: Options,
    pending: BTreeMap<String, Vec<Event>>,
    ready: Vec<Parcel>,
    log: VecDeque<Delivery>,
    next_id: u64,
    unfinished: usize,
    /// Events that are certain to come, echoes above all.
    coming: usize,
}

impl Outbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn options(&self) -> Options {
        self.state().options.clone()
    }

    pub(crate) fn set_options(&self, options: Options) {
        self.state().options = options;
        self.wake.notify_one();
    }

    /// Takes an event for an app.
    pub(crate) fn push(&self, app_id: &str, event: Event) {
        self.state().pending.entry(app_id.to_owned()).or_default().push(event);
        self.wake.notify_one();
    }

    /// An event will come in a moment: until [`Outbox::arrived`] this is not idle.
    pub(crate) fn announce(&self) {
        self.state().coming += 1;
    }

    /// An announced event was taken, or concerns nobody.
    pub(crate) fn arrived(&self) {
        let mut state = self.state();
        state.coming = state.coming.saturating_sub(1);
    }

    /// Takes a finished body for an app, past batching; the id in the log.
    pub(crate) fn push_body(&self, app_id: &str, events: usize, body: String) -> u64 {
        let mut state = self.state();
        let id = state.record(app_id, events, &body);
        state.ready.push(Parcel { delivery: id, app_id: app_id.to_owned(), body, attempt: 0 });
        drop(state);
        self.wake.notify_one();
        id
    }

    /// Whether events are held or wait to be collected.
    pub(crate) fn holds(&self) -> bool {
        self.state().options.hold
    }

    /// Everything that is to go out now, batched.
    pub(crate) fn collect(&self, release: bool) -> Vec<Parcel> {
        let mut state = self.state();
        let mut parcels = std::mem::take(&mut state.ready);
        if state.options.hold && !release {
            return parcels;
        }
        let options = state.options.clone();
        for (app_id, mut events) in std::mem::take(&mut state.pending) {
            if options.shuffle {
                events.shuffle(&mut rand::rng());
            }
            // A body is about one object: what happened over different channels does not share one. The sort is stable.
            events.sort_by_key(|event| event.channel);
            let by_channel = events.chunk_by(|one, next| one.channel == next.channel);
            for batch in by_channel.flat_map(|events| events.chunks(options.batch_max.max(1))) {
                let body = escaped_json(&envelope(batch));
                for _ in 0..=options.duplicates {
                    let id = state.record(&app_id, batch.len(), &body);
                    let parcel = Parcel { delivery: id, app_id: app_id.clone(), body: body.clone(), attempt: 0 };
                    parcels.push(parcel);
                }
            }
        }
        if options.shuffle {
            parcels.shuffle(&mut rand::rng());
        }
        parcels
    }

    /// Lets everything go that is held.
    pub(crate) fn release(&self) {
        let parcels = self.collect(true);
        self.state().ready.extend(parcels);
        self.wake.notify_one();
    }

    /// Notes how an attempt went. `Some` delay: try again then.
    pub(crate) fn settle(&self, parcel: &Parcel, attempt: Attempt) -> Option<u64> {
        let mut state = self.state();
        let delivered = attempt.status == Some(200);
        let retry = if delivered { None } else { state.options.retry_delays_ms.get(parcel.attempt).copied() };
        if retry.is_none() {
            state.unfinished = state.unfinished.saturating_sub(1);
        }
        if let Some(delivery) = state.log.iter_mut().rev().find(|delivery| delivery.id == parcel.delivery) {
            delivery.attempts.push(attempt);
            delivery.state = match (delivered, retry) {
                (true, _) => DeliveryState::Delivered,
                (false, Some(_)) => DeliveryState::Retrying,
                (false, None) => DeliveryState::Dropped,
            };
        }
        retry
    }

    /// Whether nothing is on its way, held events apart.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.state();
        state.unfinished == 0
            && state.coming == 0
            && state.ready.is_empty()
            && (state.options.hold || state.pending.is_empty())
    }

    pub(crate) fn held(&self) -> usize {
        self.state().pending.values().map(Vec::len).sum()
    }

    pub(crate) fn log(&self) -> Vec<Delivery> {
        self.state().log.iter().cloned().collect()
    }

    pub(crate) fn clear_log(&self) {
        self.state().log.clear();
    }

    /// Forgets held and collected events, the log and the options. What is under way ends as it would have.
    pub(crate) fn reset(&self) {
        let mut state = self.state();
        state.options = Options::default();
        state.pending.clear();
        state.log.clear();
    }
}

impl State {
    fn record(&mut self, app_id: &str, events: usize, body: &str) -> u64 {
        self.next_id += 1;
        self.unfinished += 1;
        if self.log.len() == LOG_LENGTH {
            self.log.pop_front();
        }
        self.log.push_back(Delivery {
            id: self.next_id,
            app_id: app_id.to_owned(),
            events,
            state: DeliveryState::Pending,
            attempts: vec![],
            body: body.to_owned(),
        });
        self.next_id
    }
}
