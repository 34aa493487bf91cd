//! How far the streams are worked off, kept over a restart.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use tracing::warn;

/// How far the streams are worked off.
pub(crate) struct Progress {
    file: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    read: i64,
    /// Records that are read and not done, with the number of functions that are still to do them.
    outstanding: BTreeMap<i64, usize>,
    kept: i64,
}

/// How far it is at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) read: i64,
    pub(super) outstanding: usize,
}

/// What is on disk. Everything up to the position is done; what follows may be done as well, and comes again.
#[derive(Serialize, Deserialize)]
struct Kept {
    position: i64,
}

impl Progress {
    /// Goes on where an earlier run has ended.
    pub(crate) fn open(file: PathBuf) -> Self {
        let kept = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Kept>(&text).ok());
        let read = kept.map_or(0, |kept| kept.position);
        Self { file, state: Mutex::new(State { read, kept: read, outstanding: BTreeMap::new() }) }
    }

    pub(super) fn position(&self) -> i64 {
        self.with(|state| state.read)
    }

    pub(super) fn now(&self) -> Position {
        self.with(|state| Position { read: state.read, outstanding: state.outstanding.values().sum() })
    }

    /// A function is to do a record.
    pub(super) fn begin(&self, position: i64) {
        self.with(|state| *state.outstanding.entry(position).or_default() += 1);
    }

    /// A function has done a record, or it was given up.
    pub(super) fn done(&self, position: i64) {
        self.with(|state| {
            if let Some(left) = state.outstanding.get_mut(&position) {
                *left -= 1;
                if *left == 0 {
                    state.outstanding.remove(&position);
                }
            }
            self.keep(state);
        });
    }

    pub(super) fn read_until(&self, position: i64) {
        self.with(|state| {
            state.read = position;
            self.keep(state);
        });
    }

    fn keep(&self, state: &mut State) {
        let done = state.outstanding.keys().next().map_or(state.read, |first| first - 1);
        if done == state.kept {
            return;
        }
        state.kept = done;
        let written = serde_json::to_vec(&Kept { position: done }).map_err(std::io::Error::other);
        if let Err(error) = written.and_then(|text| std::fs::write(&self.file, text)) {
            warn!(%error, "The position in the streams was not kept");
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
