//! The queues by name, and what involves more than one of them: dead letters and their way back.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use super::errors;
use super::message::{Message, Wanted};
use super::queue::{Counts, Duplicate, Queue};
use super::settings::{Attributes, Settings};
use crate::clock::Moment;
use crate::error::{Answer, ServiceError};
use crate::store::{Change, Kind, Store, StoreError};
use crate::{ACCOUNT, REGION};

/// A queue as a person who debugs sees it.
#[derive(Clone, Debug, Serialize)]
pub struct QueueView {
    /// The queue's name.
    pub name: String,
    /// How many messages there are, by state.
    pub counts: Counts,
    /// Whether another queue's dead letters come here.
    pub is_dead_letter_queue: bool,
    /// The messages in order.
    pub messages: Vec<MessageView>,
}

/// A message as a person who debugs sees it.
#[derive(Clone, Debug, Serialize)]
pub struct MessageView {
    /// The message's id, which it keeps as a dead letter.
    pub id: String,
    /// The body as it was sent.
    pub body: String,
    /// The message group, on FIFO queues.
    pub group: Option<String>,
    /// The X-Ray header that it was sent with.
    pub trace_header: Option<String>,
    /// How often it was received.
    pub receive_count: u32,
    /// Whether a receiver has it now.
    pub in_flight: bool,
}

/// A queue with what SQS knows of it beside the messages.
#[derive(Debug)]
pub(super) struct Entry {
    pub name: String,
    pub queue: Queue,
    pub tags: BTreeMap<String, String>,
    pub arrivals: Arc<Notify>,
    created_ms: i64,
    modified_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct QueueDocument {
    name: String,
    settings: Settings,
    tags: BTreeMap<String, String>,
    created_ms: i64,
    modified_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct OfQueue<T> {
    queue: String,
    #[serde(flatten)]
    content: T,
}

#[derive(Debug)]
pub(super) struct Registry {
    url: String,
    entries: BTreeMap<String, Entry>,
    /// Finished move tasks by the source's name, the latest first.
    moves: BTreeMap<String, Vec<Value>>,
    changes: Vec<Change>,
}

impl Registry {
    pub(super) fn load(store: &Store, url: &str, now: Moment) -> Result<Self, StoreError> {
        let mut registry =
            Self { url: url.to_owned(), entries: BTreeMap::new(), moves: BTreeMap::new(), changes: Vec::new() };
        let mut messages = by_queue::<Message>(store, Kind::Message)?;
        let mut duplicates = by_queue::<Duplicate>(store, Kind::Deduplication)?;
        for document in store.load::<QueueDocument>(Kind::Queue)? {
            let mut queue = Queue::new(document.settings, first_sequence(now));
            queue.restore(
                messages.remove(&document.name).unwrap_or_default(),
                duplicates.remove(&document.name).unwrap_or_default(),
            );
            let entry = Entry {
                name: document.name.clone(),
                queue,
                tags: document.tags,
                arrivals: Arc::default(),
                created_ms: document.created_ms,
                modified_ms: document.modified_ms,
            };
            registry.entries.insert(document.name, entry);
        }
        Ok(registry)
    }

    /// The queue of a URL.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(super) fn find(&mut self, url: &str) -> Result<&mut Entry, ServiceError> {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.entries.get_mut(name).ok_or_else(errors::no_such_queue)
    }

    pub(super) fn create(
        &mut self,
        name: &str,
        attributes: &Attributes,
        tags: BTreeMap<String, String>,
        now: Moment,
    ) -> Answer {
        let stem = name.strip_suffix(".fifo").unwrap_or(name);
        let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        if stem.is_empty() || name.len() > 80 || !stem.chars().all(allowed) {
            let rule = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
            return Err(errors::invalid_parameter(rule));
        }
        if let Some(existing) = self.entries.get(name) {
            let conflict = existing.queue.settings().conflict(attributes);
            return conflict.map_or_else(|| self.url_of(name), |attribute| Err(errors::queue_exists(attribute)));
        }
        let settings = Settings::new(name, attributes)?;
        self.check_redrive(&settings)?;
        let entry = Entry {
            name: name.to_owned(),
            queue: Queue::new(settings, first_sequence(now)),
            tags,
            arrivals: Arc::default(),
            created_ms: now.clock_ms,
            modified_ms: now.clock_ms,
        };
        self.changes.push(entry.document()?);
        self.entries.insert(name.to_owned(), entry);
        self.url_of(name)
    }

    pub(super) fn url_of(&self, name: &str) -> Answer {
        let name = self.entries.get(name).map(|entry| &entry.name).ok_or_else(errors::no_such_queue)?;
        Ok(json!({ "QueueUrl": self.url(name) }))
    }

    pub(super) fn list(&self, prefix: &str) -> Value {
        let names = self.entries.keys().filter(|name| name.starts_with(prefix));
        json!({ "QueueUrls": names.map(|name| self.url(name)).collect::<Vec<_>>() })
    }

    pub(super) fn delete(&mut self, url: &str) -> Answer {
        let entry = self.find(url)?;
        entry.queue.dissolve();
        let (name, changes) = (entry.name.clone(), entry.changes()?);
        self.entries.remove(&name);
        self.changes.extend(changes);
        self.changes.push(Change::delete(Kind::Queue, name));
        Ok(json!({}))
    }

    pub(super) fn attributes(&mut self, url: &str, names: &[String]) -> Answer {
        let entry = self.find(url)?;
        let all = entry.attributes();
        let attributes: Attributes =
            all.into_iter().filter(|(name, _)| names.iter().any(|wanted| wanted == "All" || wanted == name)).collect();
        Ok(if attributes.is_empty() { json!({}) } else { json!({ "Attributes": attributes }) })
    }

    pub(super) fn set_attributes(&mut self, url: &str, attributes: &Attributes, now: Moment) -> Answer {
        let mut settings = self.find(url)?.queue.settings().clone();
        settings.update(attributes)?;
        self.check_redrive(&settings)?;
        let entry = self.find(url)?;
        entry.queue.change_settings(settings);
        entry.modified_ms = now.clock_ms;
        let document = entry.document()?;
        self.changes.push(document);
        Ok(json!({}))
    }

    pub(super) fn tag(&mut self, url: &str, change: impl FnOnce(&mut BTreeMap<String, String>)) -> Answer {
        let entry = self.find(url)?;
        change(&mut entry.tags);
        let document = entry.document()?;
        self.changes.push(document);
        Ok(json!({}))
    }

    /// Takes messages for a receiver; what was received too often moves to the dead-letter queue and keeps its id.
    pub(super) fn receive(
        &mut self,
        url: &str,
        max: usize,
        visibility: Option<i64>,
        wanted: &Wanted,
        now: Moment,
    ) -> Result<Vec<Value>, ServiceError> {
        let redrive = self.find(url)?.queue.settings().redrive();
        let redrive = redrive.filter(|redrive| self.entries.contains_key(name_of(&redrive.dead_letter_queue)));
        let entry = self.find(url)?;
        let visibility = visibility.unwrap_or_else(|| entry.queue.settings().seconds("VisibilityTimeout"));
        let max_receive_count = redrive.as_ref().map(|redrive| redrive.max_receive_count);
        let received = entry.queue.receive(max, max_receive_count, visibility, now);
        let name = entry.name.clone();
        if let Some(target) = redrive.and_then(|redrive| self.entries.get_mut(name_of(&redrive.dead_letter_queue))) {
            for dead in received.dead {
                target.bury(dead, &name, now);
            }
        }
        let deliveries = received.delivered.iter();
        Ok(deliveries.map(|(message, handle)| message.delivery(&handle.encode(&name), wanted)).collect())
    }

    pub(super) fn dead_letter_sources(&mut self, url: &str) -> Answer {
        let name = self.find(url)?.name.clone();
        let urls: Vec<_> = self.sources(&name).map(|source| self.url(source)).collect();
        Ok(json!({ "queueUrls": urls }))
    }

    /// Moves dead letters back to where they came from, or to another queue, at once.
    ///
    /// They are new messages then: new id, new retention, never received.
    pub(super) fn start_move(&mut self, source_arn: &str, destination: Option<&str>, now: Moment) -> Answer {
        let source = name_of(source_arn).to_owned();
        if !self.entries.contains_key(&source) {
            return Err(ServiceError::legacy(
                "ResourceNotFoundException",
                "ResourceNotFoundException",
                "The resource that you specified for the SourceArn parameter doesn't exist.",
            ));
        }
        if self.sources(&source).next().is_none() {
            return Err(errors::invalid_parameter("Source queue must be configured as a Dead Letter Queue."));
        }
        let letters = self.entries.get_mut(&source).map(|entry| entry.queue.take_visible()).unwrap_or_default();
        let (count, mut moved) = (letters.len(), 0);
        for letter in letters {
            let target = destination.or(letter.dead_letter_source.as_deref()).map(|arn| name_of(arn).to_owned());
            match target.and_then(|name| self.entries.get_mut(&name)) {
                Some(entry) => {
                    entry.queue.accept(revived(letter, now));
                    moved += 1;
                }
                None => self.put_back(&source, letter),
            }
        }
        let handle = Uuid::new_v4().to_string();
        let mut task = json!({
            "TaskHandle": handle,
            "Status": if moved == count { "COMPLETED" } else { "FAILED" },
            "SourceArn": source_arn,
            "ApproximateNumberOfMessagesMoved": moved,
            "ApproximateNumberOfMessagesToMove": count,
            "StartedTimestamp": now.clock_ms,
        });
        if moved < count {
            task["FailureReason"] = "CouldNotDetermineMessageSource".into();
        }
        if let Some(arn) = destination {
            task["DestinationArn"] = arn.into();
        }
        self.moves.entry(source).or_default().insert(0, task);
        Ok(json!({ "TaskHandle": handle }))
    }

    pub(super) fn moves(&self, source_arn: &str) -> Value {
        json!({ "Results": self.moves.get(name_of(source_arn)).cloned().unwrap_or_default() })
    }

    pub(super) fn settle(&mut self, now: Moment) {
        for entry in self.entries.values_mut() {
            entry.queue.settle(now);
        }
    }

    /// What is to be written down; wakes the receivers of the queues that changed.
    pub(super) fn take_changes(&mut self) -> Result<Vec<Change>, StoreError> {
        let mut changes = std::mem::take(&mut self.changes);
        for entry in self.entries.values_mut() {
            changes.extend(entry.changes()?);
        }
        Ok(changes)
    }

    pub(super) fn views(&self) -> Vec<QueueView> {
        let view = |entry: &Entry| QueueView {
            name: entry.name.clone(),
            counts: entry.queue.counts(),
            is_dead_letter_queue: self.sources(&entry.name).next().is_some(),
            messages: entry.queue.messages().map(MessageView::from).collect(),
        };
        self.entries.values().map(view).collect()
    }

    fn url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.url)
    }

    /// The queues whose dead letters go to `name`.
    fn sources(&self, name: &str) -> impl Iterator<Item = &str> {
        let has_target = move |entry: &&Entry| {
            let redrive = entry.queue.settings().redrive();
            redrive.is_some_and(|redrive| name_of(&redrive.dead_letter_queue) == name)
        };
        self.entries.values().filter(has_target).map(|entry| entry.name.as_str())
    }

    /// A dead-letter queue has to exist and to be of the same kind as its source.
    fn check_redrive(&self, settings: &Settings) -> Result<(), ServiceError> {
        let Some(redrive) = settings.redrive() else { return Ok(()) };
        let target = self.entries.get(name_of(&redrive.dead_letter_queue));
        let is_fit = target.is_some_and(|target| target.queue.settings().is_fifo() == settings.is_fifo());
        is_fit.then_some(()).ok_or_else(|| {
            errors::invalid_parameter(format!(
                "Value for parameter RedrivePolicy is invalid. Reason: Dead letter target {} does not exist or is of \
                 another type.",
                redrive.dead_letter_queue
            ))
        })
    }

    fn put_back(&mut self, name: &str, letter: Message) {
        if let Some(entry) = self.entries.get_mut(name) {
            entry.queue.accept(letter);
        }
    }
}

impl Entry {
    fn document(&self) -> Result<Change, StoreError> {
        let document = QueueDocument {
            name: self.name.clone(),
            settings: self.queue.settings().clone(),
            tags: self.tags.clone(),
            created_ms: self.created_ms,
            modified_ms: self.modified_ms,
        };
        Change::put(Kind::Queue, self.name.clone(), &document)
    }

    fn attributes(&self) -> Attributes {
        let counts = self.queue.counts();
        let computed = [
            ("QueueArn", arn(&self.name)),
            ("ApproximateNumberOfMessages", counts.visible.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
            ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
            ("CreatedTimestamp", (self.created_ms / 1000).to_string()),
            ("LastModifiedTimestamp", (self.modified_ms / 1000).to_string()),
        ];
        let mut attributes = self.queue.settings().all().clone();
        attributes.extend(computed.map(|(name, value)| (name.to_owned(), value)));
        attributes
    }

    /// Takes a dead letter. On a FIFO queue its retention starts anew, on a standard queue it goes on.
    fn bury(&mut self, dead: Message, source: &str, now: Moment) {
        let enqueued_ms = if self.queue.settings().is_fifo() { now.clock_ms } else { dead.enqueued_ms };
        let source = Some(arn(source));
        self.queue.accept(Message {
            enqueued_ms,
            dead_letter_source: source,
            hidden_until_ms: None,
            receipt: None,
            ..dead
        });
    }

    fn changes(&mut self) -> Result<Vec<Change>, StoreError> {
        let touched = self.queue.take_touched();
        if !touched.messages.is_empty() {
            self.arrivals.notify_waiters();
        }
        let name = &self.name;
        let messages = touched.messages.iter().map(|&sequence| {
            let document = self.queue.message_at(sequence).map(|content| OfQueue { queue: name.clone(), content });
            document_change(Kind::Message, format!("{name} {sequence:020}"), document)
        });
        let duplicates = touched.duplicates.iter().map(|key| {
            let document = self.queue.duplicate(key).map(|content| OfQueue { queue: name.clone(), content });
            document_change(Kind::Deduplication, format!("{name} {key}"), document)
        });
        messages.chain(duplicates).collect()
    }
}

impl From<&Message> for MessageView {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id.clone(),
            body: message.body.clone(),
            group: message.group.clone(),
            trace_header: message.trace_header.clone(),
            receive_count: message.receive_count,
            in_flight: message.is_in_flight(),
        }
    }
}

fn revived(letter: Message, now: Moment) -> Message {
    Message {
        id: Uuid::new_v4().to_string(),
        enqueued_ms: now.clock_ms,
        receive_count: 0,
        first_received_ms: None,
        received_real_ms: None,
        dead_letter_source: None,
        hidden_until_ms: None,
        receipt: None,
        ..letter
    }
}

fn document_change<T: Serialize>(kind: Kind, id: String, document: Option<T>) -> Result<Change, StoreError> {
    match document {
        Some(document) => Change::put(kind, id, &document),
        None => Ok(Change::delete(kind, id)),
    }
}

fn by_queue<T: serde::de::DeserializeOwned>(store: &Store, kind: Kind) -> Result<BTreeMap<String, Vec<T>>, StoreError> {
    let mut grouped: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for document in store.load::<OfQueue<T>>(kind)? {
        grouped.entry(document.queue).or_default().push(document.content);
    }
    Ok(grouped)
}

/// Sequence numbers start at the microsecond of the start, so that no number and no receipt handle is ever used twice.
fn first_sequence(now: Moment) -> u64 {
    u64::try_from(now.real_ms).unwrap_or_default() * 1000
}

fn arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

fn name_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}
