//! SQS: standard and FIFO queues, over the JSON protocol.

mod api;
mod errors;
mod lane;
mod md5;
mod message;
#[cfg(test)]
mod model_test;
mod queue;
mod registry;
mod settings;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

pub use self::queue::Counts;
pub use self::registry::{MessageView, QueueView};

use self::api::{
    Batch, ChangeVisibility, CreateQueue, DeleteMessage, GetQueueAttributes, GetQueueUrl, Handle, ListMoveTasks,
    ListQueues, OfQueue, ReceiveMessage, SendMessage, SetQueueAttributes, StartMoveTask, TagQueue, UntagQueue,
    Visibility,
};
use self::message::{Draft, MAX_BYTES, ReceiptHandle};
use self::registry::Registry;
use crate::clock::{Clock, Moment, Timeline};
use crate::error::{Answer, ServiceError, input};
use crate::store::{Store, StoreError};

/// All queues. Every operation holds the lock for its whole work in memory and on disk, and none while it waits.
#[derive(Debug)]
pub(crate) struct Sqs {
    registry: Mutex<Registry>,
    store: Arc<Store>,
    timeline: Timeline,
    closing: watch::Receiver<bool>,
}

impl Sqs {
    /// Finds the queues of earlier runs. `closing` ends the long polls.
    pub(crate) fn open(
        store: Arc<Store>,
        clock: Clock,
        url: &str,
        closing: watch::Receiver<bool>,
    ) -> Result<Self, StoreError> {
        let timeline = Timeline::new(clock);
        let registry = Mutex::new(Registry::load(&store, url, timeline.now())?);
        Ok(Self { registry, store, timeline, closing })
    }

    /// Every queue with its counts and, for a person who debugs, its messages.
    pub(crate) fn views(&self) -> Vec<QueueView> {
        let mut registry = self.lock();
        registry.settle(self.timeline.now());
        registry.views()
    }

    pub(crate) async fn call(&self, operation: &str, body: Value) -> Answer {
        if operation == "ReceiveMessage" {
            return self.receive(&input(body)?).await;
        }
        self.write(|registry, now| match operation {
            "CreateQueue" => {
                let CreateQueue { queue_name, attributes, tags } = input(body)?;
                registry.create(&queue_name, &attributes, tags, now)
            }
            "GetQueueUrl" => registry.url_of(&input::<GetQueueUrl>(body)?.queue_name),
            "ListQueues" => Ok(registry.list(&input::<ListQueues>(body)?.queue_name_prefix)),
            "DeleteQueue" => registry.delete(&input::<OfQueue>(body)?.queue_url),
            "PurgeQueue" => {
                registry.find(&input::<OfQueue>(body)?.queue_url)?.queue.purge();
                Ok(json!({}))
            }
            "GetQueueAttributes" => {
                let GetQueueAttributes { queue_url, attribute_names } = input(body)?;
                registry.attributes(&queue_url, &attribute_names)
            }
            "SetQueueAttributes" => {
                let SetQueueAttributes { queue_url, attributes } = input(body)?;
                registry.set_attributes(&queue_url, &attributes, now)
            }
            "ListQueueTags" => Ok(json!({ "Tags": registry.find(&input::<OfQueue>(body)?.queue_url)?.tags })),
            "TagQueue" => {
                let TagQueue { queue_url, tags } = input(body)?;
                registry.tag(&queue_url, |existing| existing.extend(tags))
            }
            "UntagQueue" => {
                let UntagQueue { queue_url, tag_keys } = input(body)?;
                registry.tag(&queue_url, |existing| existing.retain(|key, _| !tag_keys.contains(key)))
            }
            "ListDeadLetterSourceQueues" => registry.dead_letter_sources(&input::<OfQueue>(body)?.queue_url),
            "StartMessageMoveTask" => {
                let StartMoveTask { source_arn, destination_arn } = input(body)?;
                registry.start_move(&source_arn, destination_arn.as_deref(), now)
            }
            "ListMessageMoveTasks" => Ok(registry.moves(&input::<ListMoveTasks>(body)?.source_arn)),
            _ => message_operation(registry, operation, body, now),
        })
    }

    /// Waits for messages as long as the receiver, or else the queue, says.
    async fn receive(&self, request: &ReceiveMessage) -> Answer {
        let max = request.max_messages()?;
        let wanted = request.wanted();
        let mut closing = self.closing.clone();
        let (arrivals, wait) = self.write(|registry, _| {
            let entry = registry.find(&request.queue_url)?;
            let of_queue = entry.queue.settings().seconds("ReceiveMessageWaitTimeSeconds");
            Ok((Arc::clone(&entry.arrivals), request.wait_time_seconds.unwrap_or(of_queue)))
        })?;
        let deadline = Instant::now() + Duration::from_secs(u64::try_from(wait).unwrap_or_default());
        loop {
            // Listens before it looks: what arrives in between is noticed.
            let arrival = arrivals.notified();
            tokio::pin!(arrival);
            arrival.as_mut().enable();
            let (messages, in_view) = self.write(|registry, now| {
                let messages = registry.receive(&request.queue_url, max, request.visibility_timeout, &wanted, now)?;
                let queue = &registry.find(&request.queue_url)?.queue;
                Ok((messages, queue.next_in_view_ms().map(|at_ms| at_ms - now.real_ms)))
            })?;
            if !messages.is_empty() || Instant::now() >= deadline || *closing.borrow() {
                return Ok(json!({ "Messages": messages }));
            }
            let in_view =
                in_view.and_then(|ms| u64::try_from(ms).ok()).map(|ms| Instant::now() + Duration::from_millis(ms));
            tokio::select! {
                () = arrival => {}
                () = sleep_until(in_view.unwrap_or(deadline).min(deadline)) => {}
                _ = closing.changed() => {}
            }
        }
    }

    /// Works under the lock, writes what changed to disk, and wakes the receivers of changed queues.
    fn write<T>(&self, work: impl FnOnce(&mut Registry, Moment) -> Result<T, ServiceError>) -> Result<T, ServiceError> {
        let mut registry = self.lock();
        let now = self.timeline.now();
        registry.settle(now);
        let outcome = work(&mut registry, now);
        self.store.apply(&registry.take_changes()?)?;
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn message_operation(registry: &mut Registry, operation: &str, body: Value, now: Moment) -> Answer {
    match operation {
        "SendMessage" => {
            let SendMessage { queue_url, draft } = input(body)?;
            send(registry, &queue_url, draft, now)
        }
        "SendMessageBatch" => {
            let batch: Batch<Draft> = input(body)?;
            let url = batch.queue_url.clone();
            registry.find(&url)?;
            batch.check()?;
            let bytes = batch.contents().map(Draft::bytes).sum();
            if bytes > MAX_BYTES {
                return Err(errors::batch_too_long(bytes));
            }
            Ok(batch.each(|draft| send(registry, &url, draft, now)))
        }
        "DeleteMessage" => {
            let DeleteMessage { queue_url, handle } = input(body)?;
            delete(registry, &queue_url, &handle)
        }
        "DeleteMessageBatch" => {
            let batch: Batch<Handle> = input(body)?;
            let url = batch.queue_url.clone();
            registry.find(&url)?;
            batch.check()?;
            Ok(batch.each(|handle| delete(registry, &url, &handle)))
        }
        "ChangeMessageVisibility" => {
            let ChangeVisibility { queue_url, visibility } = input(body)?;
            change_visibility(registry, &queue_url, &visibility, now)
        }
        "ChangeMessageVisibilityBatch" => {
            let batch: Batch<Visibility> = input(body)?;
            let url = batch.queue_url.clone();
            registry.find(&url)?;
            batch.check()?;
            Ok(batch.each(|visibility| change_visibility(registry, &url, &visibility, now)))
        }
        _ => Err(ServiceError::unknown_operation()),
    }
}

fn send(registry: &mut Registry, url: &str, draft: Draft, now: Moment) -> Answer {
    let queue = &mut registry.find(url)?.queue;
    let mut answer = json!({ "MD5OfMessageBody": md5::of_body(&draft.message_body) });
    if let Some(checksum) = md5::of_attributes(&draft.message_attributes) {
        answer["MD5OfMessageAttributes"] = checksum.into();
    }
    if let Some(checksum) = md5::of_attributes(&draft.message_system_attributes) {
        answer["MD5OfMessageSystemAttributes"] = checksum.into();
    }
    let sent = queue.send(draft, now)?;
    answer["MessageId"] = sent.message_id.into();
    if queue.settings().is_fifo() {
        answer["SequenceNumber"] = message::sequence_number(sent.sequence).into();
    }
    Ok(answer)
}

fn delete(registry: &mut Registry, url: &str, handle: &Handle) -> Answer {
    let entry = registry.find(url)?;
    entry.queue.delete(&ReceiptHandle::decode(&entry.name, &handle.receipt_handle)?)?;
    Ok(json!({}))
}

fn change_visibility(registry: &mut Registry, url: &str, visibility: &Visibility, now: Moment) -> Answer {
    let entry = registry.find(url)?;
    let handle = ReceiptHandle::decode(&entry.name, &visibility.receipt_handle)?;
    entry.queue.change_visibility(&handle, visibility.visibility_timeout, now)?;
    Ok(json!({}))
}
