//! Who waits for whom where many answers are slow: an emulated FIFO queue, the places of the function behind it, and a clock that
//! is moved to whatever happens next.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use domain::{ConversationId, IgId, Igsid, TenantId, lane};

use crate::World;

/// Tenants that answer many contacts at once, each from one account, just before somebody else's answer.
#[derive(Clone, Copy, Debug)]
pub struct Rush {
    /// So many tenants.
    pub tenants: u32,
    /// So many contacts each.
    pub answers: u32,
    /// So long Meta takes with each of these answers, in milliseconds.
    pub slow_ms: u64,
    /// In so many lanes an account's answers go out.
    pub lanes: u8,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// The most calls that were under way for one account.
    pub calls_at_once: usize,
    /// How long the other tenant's answer waited, in milliseconds.
    pub other_waited_ms: u64,
    /// How long it took until all the slow answers were out, in milliseconds.
    pub rush_took_ms: u64,
}

/// How long Meta takes with the other tenant's answer.
const USUAL_MS: u64 = 500;
/// What one call of SQS takes, in messages.
const BATCH: usize = 10;
/// Tells the other tenant's account from those of the rush, which are numbered.
const OTHER: &str = "other";

impl Rush {
    /// Plays it, on a queue of its own. A world sees each rush once.
    ///
    /// # Panics
    ///
    /// When the emulated queue refuses what SQS takes.
    pub async fn play(self, world: &World) -> Waits {
        let queue = Queue::new(world, &format!("rush-{}-{}.fifo", self.tenants, self.lanes)).await;
        queue.fill(self.messages()).await;
        let mut places = places(world);
        let mut waits = Waits::default();
        let mut under_way: BTreeMap<String, usize> = BTreeMap::new();
        let mut ends = BinaryHeap::new();
        let mut now_ms = 0;
        loop {
            while places > 0
                && let Some((account, receipt)) = queue.receive().await
            {
                places -= 1;
                let takes_ms = if account == OTHER { USUAL_MS } else { self.slow_ms };
                if account == OTHER {
                    waits.other_waited_ms = now_ms;
                } else {
                    let calls = under_way.entry(account.clone()).or_default();
                    *calls += 1;
                    waits.calls_at_once = waits.calls_at_once.max(*calls);
                }
                ends.push(Reverse((now_ms + takes_ms, account, receipt)));
            }
            let Some(Reverse((end_ms, account, receipt))) = ends.pop() else { return waits };
            now_ms = end_ms;
            places += 1;
            queue.delete(&receipt).await;
            if account != OTHER {
                waits.rush_took_ms = now_ms;
                under_way.entry(account).and_modify(|calls| *calls -= 1);
            }
        }
    }

    /// Account and group of each answer, in their order.
    fn messages(self) -> Vec<(String, String)> {
        let of_tenant =
            |tenant: u32| (0..self.answers).map(move |contact| (tenant.to_string(), self.group(tenant, contact)));
        let mut messages: Vec<_> = (1..=self.tenants).flat_map(of_tenant).collect();
        messages.push((OTHER.to_owned(), self.group(0, 0)));
        messages
    }

    fn group(self, tenant: u32, contact: u32) -> String {
        let account = IgId::try_from(format!("178414057266{tenant:05}")).expect("digits");
        let contact = Igsid::try_from(format!("43091541{contact:07}")).expect("digits");
        let tenant = TenantId::try_from(format!("tenant-{tenant}")).expect("a name");
        lane(&account, &ConversationId::derive(&tenant, &account, &contact), self.lanes)
    }
}

/// So many of the sender's invocations run at once.
fn places(world: &World) -> usize {
    let sender = world.stack.functions().find(|function| function.binary == "sender");
    sender.and_then(|sender| sender.mappings.first()).expect("the sender reads a queue").max_concurrency
}

/// A queue as the outbound one.
struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    async fn new(world: &World, name: &str) -> Self {
        let client = Client::new(&world.stack.aws_config("story"));
        let create = client.create_queue().queue_name(name).attributes(QueueAttributeName::FifoQueue, "true");
        let url = create.send().await.expect("a queue").queue_url.expect("a queue has an address");
        Self { client, url }
    }

    async fn fill(&self, messages: Vec<(String, String)>) {
        for (batch, messages) in messages.chunks(BATCH).enumerate() {
            let entries = messages.iter().enumerate().map(|(place, (account, group))| {
                SendMessageBatchRequestEntry::builder()
                    .id(place.to_string())
                    .message_body(account)
                    .message_group_id(group)
                    .message_deduplication_id(format!("{batch}-{place}"))
                    .build()
                    .expect("has an id and a body")
            });
            let call = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
            let sent = call.send().await.expect("is sent");
            assert!(sent.failed().is_empty(), "{:?}", sent.failed());
        }
    }

    /// The next message that may be received; its body and receipt.
    async fn receive(&self) -> Option<(String, String)> {
        let receive = self.client.receive_message().queue_url(&self.url).max_number_of_messages(1).wait_time_seconds(0);
        let message = receive.send().await.expect("can be received").messages?.pop()?;
        Some((message.body?, message.receipt_handle?))
    }

    async fn delete(&self, receipt: &str) {
        let delete = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt);
        delete.send().await.expect("can be deleted");
    }
}
