//! The log of calls to the API hosts, for tests that count.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

/// So many calls are remembered one by one; all are counted.
const LOG_LENGTH: usize = 5_000;

/// One call. The query is left out: tokens and secrets stand there.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Call {
    pub(crate) at_ms: i64,
    pub(crate) method: String,
    pub(crate) host: &'static str,
    pub(crate) path: String,
    /// What the call is for, see the control API's list of endpoints.
    pub(crate) endpoint: &'static str,
    pub(crate) app_id: Option<String>,
    /// 0: no answer, or none yet.
    pub(crate) status: u16,
}

#[derive(Debug, Default)]
pub(crate) struct CallLog {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: VecDeque<Call>,
    counts: BTreeMap<&'static str, u64>,
    noted: u64,
}

impl CallLog {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call when it comes in, so that one whose caller gave up is counted as well; its number.
    pub(crate) fn begin(&self, call: Call) -> u64 {
        let mut state = self.state();
        *state.counts.entry(call.endpoint).or_default() += 1;
        if state.calls.len() == LOG_LENGTH {
            state.calls.pop_front();
        }
        state.calls.push_back(call);
        state.noted += 1;
        state.noted
    }

    /// Notes how a call was answered.
    pub(crate) fn finish(&self, number: u64, status: u16) {
        let mut state = self.state();
        let age = usize::try_from(state.noted.saturating_sub(number)).unwrap_or(usize::MAX);
        let index = state.calls.len().checked_sub(age.saturating_add(1));
        if let Some(call) = index.and_then(|index| state.calls.get_mut(index)) {
            call.status = status;
        }
    }

    /// Counts by endpoint since the last clearing.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.state().counts.clone()
    }

    /// The remembered calls, oldest first.
    pub(crate) fn list(&self, endpoint: Option<&str>) -> Vec<Call> {
        let state = self.state();
        state.calls.iter().filter(|call| endpoint.is_none_or(|wanted| wanted == call.endpoint)).cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.calls.clear();
        state.counts.clear();
    }
}
