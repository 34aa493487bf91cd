//! An emulated FIFO queue of its own, as those that the functions read.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, QueueAttributeName, SendMessageBatchRequestEntry};
use local::template::Mapping;

use crate::World;

/// What one call of SQS takes, in messages.
const BATCH: usize = 10;

/// How the template lets a function read its queue.
///
/// # Panics
///
/// When it reads none.
pub(crate) fn mapping(world: &World, function: &str) -> Mapping {
    let found = world.stack.functions().find(|known| known.binary == function);
    found.and_then(|function| function.mappings.first()).expect("the function reads a queue").clone()
}

pub(crate) struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    pub(crate) async fn new(world: &World, name: &str) -> Self {
        let client = Client::new(&world.stack.aws_config("story"));
        let create = client.create_queue().queue_name(name).attributes(QueueAttributeName::FifoQueue, "true");
        let url = create.send().await.expect("a queue").queue_url.expect("a queue has an address");
        Self { client, url }
    }

    /// Sends bodies, each with its group.
    pub(crate) async fn fill(&self, messages: Vec<(String, String)>) {
        for (batch, messages) in messages.chunks(BATCH).enumerate() {
            let entries = messages.iter().enumerate().map(|(place, (body, group))| {
                SendMessageBatchRequestEntry::builder()
                    .id(place.to_string())
                    .message_body(body)
                    .message_group_id(group)
                    .message_deduplication_id(format!("{batch}-{place}"))
                    .build()
                    .expect("has an id and a body")
            });
            let request = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
            let sent = request.send().await.expect("is sent");
            assert!(sent.failed().is_empty(), "{:?}", sent.failed());
        }
    }

    /// The next messages that may be received, at most so many; bodies and receipts.
    pub(crate) async fn receive(&self, at_most: usize) -> Vec<(String, String)> {
        let at_most = i32::try_from(at_most).expect("a small number");
        let receive = self.client.receive_message().queue_url(&self.url).max_number_of_messages(at_most);
        let received = receive.wait_time_seconds(0).send().await.expect("can be received").messages.unwrap_or_default();
        received.into_iter().filter_map(|message| Some((message.body?, message.receipt_handle?))).collect()
    }

    pub(crate) async fn delete(&self, receipts: Vec<String>) {
        let entries = receipts.into_iter().enumerate().map(|(place, receipt)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(place.to_string()).receipt_handle(receipt);
            entry.build().expect("has an id and a receipt")
        });
        let delete = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
        delete.send().await.expect("can be deleted");
    }
}
