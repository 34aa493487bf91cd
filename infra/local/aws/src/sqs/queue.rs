//! One queue: which messages may be received, by whom, in which order. Pure: time is an argument.
//!
//! Every message is in a lane. A FIFO queue has a lane for each message group, locked while one of its messages is in
//! flight; a standard queue has a lane for each message, so that nothing waits for anything else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::errors;
use super::lane::{LaneId, Lanes};
use super::message::{Draft, Message, ReceiptHandle};
use super::settings::Settings;
use crate::clock::Moment;
use crate::error::ServiceError;

/// How long a FIFO queue remembers a deduplication id, also when its message is long deleted.
const DEDUPLICATION_MS: i64 = 5 * 60 * 1000;

/// The longest time that a message is hidden in all, counted from its receipt.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html>
const LONGEST_VISIBILITY_SECONDS: i64 = 43_200;

/// A deduplication id that was used, and what its message was called.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Duplicate {
    pub key: String,
    pub message_id: String,
    pub sequence: u64,
    pub until_ms: i64,
}

/// What a sender is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub message_id: String,
    pub sequence: u64,
}

/// What one receive takes from a queue.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub delivered: Vec<(Message, ReceiptHandle)>,
    /// Messages that were received too often: they belong into the dead-letter queue.
    pub dead: Vec<Message>,
}

/// How many messages there are, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Messages that a receive would return.
    pub visible: usize,
    /// Messages that were received and neither deleted nor made visible again.
    pub in_flight: usize,
    /// Messages that wait for the end of their delay.
    pub delayed: usize,
}

/// What is to be written down after an operation.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub messages: BTreeSet<u64>,
    pub duplicates: BTreeSet<String>,
}

/// The messages of a queue and their order.
#[derive(Debug)]
pub(super) struct Queue {
    settings: Settings,
    messages: BTreeMap<u64, Message>,
    lanes: Lanes,
    /// By the real time at which they come into view.
    hidden: BTreeSet<(i64, u64)>,
    by_age: BTreeSet<(i64, u64)>,
    duplicates: HashMap<String, Duplicate>,
    duplicates_by_end: BTreeSet<(i64, String)>,
    next_sequence: u64,
    touched: Touched,
}

impl Queue {
    /// An empty queue whose sequence numbers start at `first_sequence`.
    pub(super) fn new(settings: Settings, first_sequence: u64) -> Self {
        Self {
            settings,
            messages: BTreeMap::new(),
            lanes: Lanes::default(),
            hidden: BTreeSet::new(),
            by_age: BTreeSet::new(),
            duplicates: HashMap::new(),
            duplicates_by_end: BTreeSet::new(),
            next_sequence: first_sequence,
            touched: Touched::default(),
        }
    }

    /// Puts back what was written down before a restart.
    pub(super) fn restore(&mut self, messages: Vec<Message>, duplicates: Vec<Duplicate>) {
        for message in messages {
            self.next_sequence = self.next_sequence.max(message.sequence + 1);
            self.place(message);
        }
        for duplicate in duplicates {
            self.duplicates_by_end.insert((duplicate.until_ms, duplicate.key.clone()));
            self.duplicates.insert(duplicate.key.clone(), duplicate);
        }
        self.touched = Touched::default();
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn change_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Lets time pass: forgets what is past its time, shows messages whose hiding is over.
    pub(super) fn settle(&mut self, now: Moment) {
        self.forget_duplicates(now);
        let oldest_kept = now.clock_ms - self.settings.seconds("MessageRetentionPeriod") * 1000;
        while let Some(&(_, sequence)) = self.by_age.first().filter(|(enqueued_ms, _)| *enqueued_ms <= oldest_kept) {
            self.remove(sequence);
        }
        while let Some(&(_, sequence)) = self.hidden.first().filter(|(until_ms, _)| *until_ms <= now.real_ms) {
            self.show(sequence);
        }
    }

    /// Stores a message, or recognises it as a duplicate.
    ///
    /// # Errors
    ///
    /// The refusal of a message that does not go with this kind of queue.
    pub(super) fn send(&mut self, draft: Draft, now: Moment) -> Result<Sent, ServiceError> {
        draft.check()?;
        if draft.bytes() > self.settings.max_bytes() {
            return Err(errors::invalid_parameter("One or more parameters are invalid. Reason: Message is too long."));
        }
        let deduplication_id = self.deduplication_id(&draft)?;
        let duplicate_key =
            deduplication_id.as_ref().map(|id| self.duplicate_key(id, draft.message_group_id.as_deref()));
        if let Some(earlier) = duplicate_key.as_ref().and_then(|key| self.duplicates.get(key)) {
            return Ok(Sent { message_id: earlier.message_id.clone(), sequence: earlier.sequence });
        }
        let sent = self.accept(self.message(draft, deduplication_id, now)?);
        if let Some(key) = duplicate_key {
            self.remember(key, &sent, now);
        }
        Ok(sent)
    }

    fn message(&self, draft: Draft, deduplication_id: Option<String>, now: Moment) -> Result<Message, ServiceError> {
        let delay_seconds = match draft.delay_seconds {
            Some(_) if self.settings.is_fifo() => {
                let rule = "Value for parameter DelaySeconds is invalid. Reason: The request include parameter that is \
                            not valid for this queue type.";
                return Err(errors::invalid_parameter(rule));
            }
            Some(seconds) if !(0..=900).contains(&seconds) => {
                return Err(errors::invalid_parameter(
                    "Value for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
                ));
            }
            given => given.unwrap_or_else(|| self.settings.seconds("DelaySeconds")),
        };
        let trace_header = draft.message_system_attributes.get("AWSTraceHeader");
        Ok(Message {
            sequence: 0,
            id: Uuid::new_v4().to_string(),
            body: draft.message_body,
            attributes: draft.message_attributes,
            trace_header: trace_header.and_then(|attribute| attribute.string_value.clone()),
            group: draft.message_group_id,
            deduplication_id,
            enqueued_ms: now.clock_ms,
            receive_count: 0,
            first_received_ms: None,
            received_real_ms: None,
            dead_letter_source: None,
            hidden_until_ms: (delay_seconds > 0).then_some(now.real_ms + delay_seconds * 1000),
            receipt: None,
        })
    }

    /// Adds a message at the end, with a new sequence number.
    pub(super) fn accept(&mut self, message: Message) -> Sent {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let sent = Sent { message_id: message.id.clone(), sequence };
        self.place(Message { sequence, ..message });
        sent
    }

    /// Takes up to `max` messages and hides them; the oldest lane that is not locked comes first.
    ///
    /// Messages that were already received `max_receive_count` times are taken out as dead.
    pub(super) fn receive(
        &mut self,
        max: usize,
        max_receive_count: Option<u32>,
        visibility_seconds: i64,
        now: Moment,
    ) -> Received {
        let mut received = Received::default();
        while received.delivered.len() < max
            && let Some(sequences) = self.lanes.first_ready(max - received.delivered.len())
        {
            for sequence in sequences {
                let is_dead = |message: &Message| max_receive_count.is_some_and(|max| message.receive_count >= max);
                if self.messages.get(&sequence).is_some_and(is_dead) {
                    received.dead.extend(self.remove(sequence));
                } else {
                    received.delivered.extend(self.deliver(sequence, visibility_seconds, now));
                }
            }
        }
        received
    }

    fn deliver(&mut self, sequence: u64, visibility_seconds: i64, now: Moment) -> Option<(Message, ReceiptHandle)> {
        let message = self.messages.get_mut(&sequence)?;
        let until_ms = now.real_ms + visibility_seconds * 1000;
        let receipt = Uuid::new_v4().simple().to_string();
        message.receive_count += 1;
        message.first_received_ms.get_or_insert(now.clock_ms);
        message.received_real_ms = Some(now.real_ms);
        message.hidden_until_ms = Some(until_ms);
        message.receipt = Some(receipt.clone());
        self.hidden.insert((until_ms, sequence));
        self.touched.messages.insert(sequence);
        self.lanes.take(&LaneId::of(message, self.settings.is_fifo()), sequence);
        Some((message.clone(), ReceiptHandle { sequence, receipt }))
    }

    /// Deletes the message of a delivery. A message that is gone, or was delivered again since, is left as it is.
    ///
    /// # Errors
    ///
    /// On a FIFO queue, when the visibility timeout of the delivery is over.
    pub(super) fn delete(&mut self, handle: &ReceiptHandle) -> Result<(), ServiceError> {
        let Some(message) = self.messages.get(&handle.sequence) else { return Ok(()) };
        let is_latest = message.receipt.as_ref() == Some(&handle.receipt);
        if self.settings.is_fifo() && !(is_latest && message.is_in_flight()) {
            return Err(errors::expired_handle());
        }
        if is_latest {
            self.remove(handle.sequence);
        }
        Ok(())
    }

    /// Hides a message of which a delivery is in flight for another time from now, or shows it at once.
    ///
    /// # Errors
    ///
    /// When the message is gone, is not in flight by this delivery, or would be hidden for more than twelve hours since it was
    /// received.
    pub(super) fn change_visibility(
        &mut self,
        handle: &ReceiptHandle,
        seconds: i64,
        now: Moment,
    ) -> Result<(), ServiceError> {
        if !(0..=LONGEST_VISIBILITY_SECONDS).contains(&seconds) {
            return Err(errors::invalid_parameter(
                "Value for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.",
            ));
        }
        let Some(message) = self.messages.get_mut(&handle.sequence) else {
            let rule = "Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not \
                        available for visibility timeout change.";
            return Err(errors::invalid_parameter(rule));
        };
        let Some(hidden_ms) = message.hidden_until_ms.filter(|_| message.receipt.as_ref() == Some(&handle.receipt))
        else {
            return Err(errors::not_in_flight());
        };
        let until_ms = now.real_ms + seconds * 1000;
        let received_ms = message.received_real_ms.unwrap_or(now.real_ms);
        if until_ms > received_ms + LONGEST_VISIBILITY_SECONDS * 1000 {
            return Err(errors::hidden_too_long(seconds));
        }
        message.hidden_until_ms = Some(until_ms);
        self.hidden.remove(&(hidden_ms, handle.sequence));
        self.hidden.insert((until_ms, handle.sequence));
        self.touched.messages.insert(handle.sequence);
        self.settle(now);
        Ok(())
    }

    /// Takes every message away that is not in flight, oldest first.
    pub(super) fn take_visible(&mut self) -> Vec<Message> {
        let sequences: Vec<u64> =
            self.messages.values().filter(|message| !message.is_in_flight()).map(|message| message.sequence).collect();
        sequences.into_iter().filter_map(|sequence| self.remove(sequence)).collect()
    }

    /// Deletes every message.
    pub(super) fn purge(&mut self) {
        let sequences: Vec<u64> = self.messages.keys().copied().collect();
        for sequence in sequences {
            self.remove(sequence);
        }
    }

    /// Deletes every message and forgets which ids were used: the queue goes away.
    pub(super) fn dissolve(&mut self) {
        self.purge();
        self.duplicates_by_end.clear();
        let keys = self.duplicates.drain().map(|(key, _)| key);
        self.touched.duplicates.extend(keys);
    }

    pub(super) fn counts(&self) -> Counts {
        let hidden = self.hidden.iter().filter_map(|(_, sequence)| self.messages.get(sequence));
        let in_flight = hidden.filter(|message| message.is_in_flight()).count();
        let delayed = self.hidden.len() - in_flight;
        Counts { visible: self.messages.len() - self.hidden.len(), in_flight, delayed }
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    pub(super) fn message_at(&self, sequence: u64) -> Option<&Message> {
        self.messages.get(&sequence)
    }

    pub(super) fn duplicate(&self, key: &str) -> Option<&Duplicate> {
        self.duplicates.get(key)
    }

    /// The real time at which the next hidden message comes into view.
    pub(super) fn next_in_view_ms(&self) -> Option<i64> {
        self.hidden.first().map(|(until_ms, _)| *until_ms)
    }

    /// What changed since the last call.
    pub(super) fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }

    /// FIFO messages need a group and a deduplication id; standard ones have no such id.
    fn deduplication_id(&self, draft: &Draft) -> Result<Option<String>, ServiceError> {
        let given = draft.message_deduplication_id.clone();
        if !self.settings.is_fifo() {
            let refusal = "The request include parameter MessageDeduplicationId that is not valid for this queue type.";
            return given.map_or(Ok(None), |_| Err(errors::invalid_parameter(refusal)));
        }
        if draft.message_group_id.is_none() {
            return Err(errors::missing_parameter("The request must contain the parameter MessageGroupId."));
        }
        match given {
            Some(id) => Ok(Some(id)),
            None if self.settings.is_content_based() => Ok(Some(content_hash(&draft.message_body))),
            None => {
                let rule = "The queue should either have ContentBasedDeduplication enabled or \
                            MessageDeduplicationId provided explicitly";
                Err(errors::invalid_parameter(rule))
            }
        }
    }

    fn duplicate_key(&self, deduplication_id: &str, group: Option<&str>) -> String {
        match group.filter(|_| self.settings.deduplicates_by_group()) {
            Some(group) => format!("{} {group} {deduplication_id}", group.len()),
            None => deduplication_id.to_owned(),
        }
    }

    fn remember(&mut self, key: String, sent: &Sent, now: Moment) {
        let until_ms = now.clock_ms + DEDUPLICATION_MS;
        self.touched.duplicates.insert(key.clone());
        self.duplicates_by_end.insert((until_ms, key.clone()));
        let (message_id, sequence) = (sent.message_id.clone(), sent.sequence);
        self.duplicates.insert(key.clone(), Duplicate { key, message_id, sequence, until_ms });
    }

    fn forget_duplicates(&mut self, now: Moment) {
        while self.duplicates_by_end.first().is_some_and(|(until_ms, _)| *until_ms <= now.clock_ms) {
            let Some((_, key)) = self.duplicates_by_end.pop_first() else { return };
            self.duplicates.remove(&key);
            self.touched.duplicates.insert(key);
        }
    }

    fn place(&mut self, message: Message) {
        let lane = LaneId::of(&message, self.settings.is_fifo());
        match message.hidden_until_ms {
            Some(until_ms) => {
                self.hidden.insert((until_ms, message.sequence));
                if message.is_in_flight() {
                    self.lanes.lock(&lane);
                }
            }
            None => self.lanes.add(&lane, message.sequence),
        }
        self.by_age.insert((message.enqueued_ms, message.sequence));
        self.touched.messages.insert(message.sequence);
        self.messages.insert(message.sequence, message);
    }

    fn show(&mut self, sequence: u64) {
        let Some(message) = self.messages.get_mut(&sequence) else { return };
        let was_in_flight = message.is_in_flight();
        if let Some(until_ms) = message.hidden_until_ms.take() {
            self.hidden.remove(&(until_ms, sequence));
        }
        let lane = LaneId::of(message, self.settings.is_fifo());
        if was_in_flight {
            self.lanes.unlock(&lane);
        }
        self.lanes.add(&lane, sequence);
    }

    fn remove(&mut self, sequence: u64) -> Option<Message> {
        let message = self.messages.remove(&sequence)?;
        let lane = LaneId::of(&message, self.settings.is_fifo());
        if let Some(until_ms) = message.hidden_until_ms {
            self.hidden.remove(&(until_ms, sequence));
        }
        if message.is_in_flight() {
            self.lanes.unlock(&lane);
        }
        self.lanes.remove(&lane, sequence);
        self.by_age.remove(&(message.enqueued_ms, sequence));
        self.touched.messages.insert(sequence);
        Some(message)
    }
}

/// The deduplication id of a message that came without one: the SHA-256 of its body.
fn content_hash(body: &str) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(body.as_bytes()))
}
