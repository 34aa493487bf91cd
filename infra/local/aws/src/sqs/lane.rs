//! Who is next: lanes of messages, each locked while one of its messages is in flight.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::message::Message;

/// What messages share when they have to be handled one after another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum LaneId {
    /// A message group of a FIFO queue.
    Group(String),
    /// One message of a standard queue.
    Single(u64),
}

impl LaneId {
    pub(super) fn of(message: &Message, is_fifo: bool) -> Self {
        match &message.group {
            Some(group) if is_fifo => Self::Group(group.clone()),
            _ => Self::Single(message.sequence),
        }
    }
}

#[derive(Debug, Default)]
struct Lane {
    ready: BTreeSet<u64>,
    in_flight: usize,
    /// Its entry in [`Lanes::open`].
    head: Option<u64>,
}

/// All lanes of a queue.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<LaneId, Lane>,
    /// The lanes that are not locked and have something ready, by their first message.
    open: BTreeMap<u64, LaneId>,
}

impl Lanes {
    /// The first ready messages, at most `max`, of the lane whose first message is the oldest.
    pub(super) fn first_ready(&self, max: usize) -> Option<Vec<u64>> {
        let (_, id) = self.open.first_key_value()?;
        Some(self.lanes.get(id)?.ready.iter().take(max).copied().collect())
    }

    /// Makes a message ready.
    pub(super) fn add(&mut self, id: &LaneId, sequence: u64) {
        self.lanes.entry(id.clone()).or_default().ready.insert(sequence);
        self.refresh(id);
    }

    /// Moves a ready message into flight.
    pub(super) fn take(&mut self, id: &LaneId, sequence: u64) {
        if let Some(lane) = self.lanes.get_mut(id) {
            lane.ready.remove(&sequence);
            lane.in_flight += 1;
        }
        self.refresh(id);
    }

    /// Notes one more message in flight that was not ready before.
    pub(super) fn lock(&mut self, id: &LaneId) {
        self.lanes.entry(id.clone()).or_default().in_flight += 1;
        self.refresh(id);
    }

    /// Notes that a message is no longer in flight.
    pub(super) fn unlock(&mut self, id: &LaneId) {
        if let Some(lane) = self.lanes.get_mut(id) {
            lane.in_flight -= 1;
        }
        self.refresh(id);
    }

    /// Forgets a ready message, if it was ready.
    pub(super) fn remove(&mut self, id: &LaneId, sequence: u64) {
        if let Some(lane) = self.lanes.get_mut(id) {
            lane.ready.remove(&sequence);
        }
        self.refresh(id);
    }

    fn refresh(&mut self, id: &LaneId) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        let head = lane.ready.first().copied().filter(|_| lane.in_flight == 0);
        if head != lane.head {
            if let Some(previous) = lane.head.take() {
                self.open.remove(&previous);
            }
            if let Some(first) = head {
                self.open.insert(first, id.clone());
            }
            lane.head = head;
        }
        if lane.ready.is_empty() && lane.in_flight == 0 {
            self.lanes.remove(id);
        }
    }
}
