//! Who waits for whom where many contacts write at once: an emulated FIFO queue, the places of the function behind it, and a clock
//! that is moved to whatever happens next.

use std::collections::VecDeque;

use crate::World;
use crate::queue::{Queue, mapping};

/// Contacts who write to one account at once, just before somebody writes to another.
#[derive(Clone, Copy, Debug)]
pub struct Surge {
    /// So many contacts, a message each.
    pub contacts: u32,
    /// So long the processor takes with a batch, in milliseconds.
    pub batch_ms: u64,
}

/// Tells the other account from that of the surge.
const OTHER: &str = "other";

impl Surge {
    /// Plays it, on a queue of its own, and tells how long the other account's message waited, in milliseconds. A world sees each
    /// surge once.
    ///
    /// # Panics
    ///
    /// When the emulated queue refuses what SQS takes, or loses the message.
    pub async fn play(self, world: &World) -> u64 {
        let queue = Queue::new(world, &format!("surge-{}-{}.fifo", self.contacts, self.batch_ms)).await;
        let of_contact = |contact: u32| ("17841405726600001".to_owned(), format!("17841405726600001:{contact}"));
        let other = (OTHER.to_owned(), "17841405726600002:1".to_owned());
        queue.fill((0..self.contacts).map(of_contact).chain([other]).collect()).await;
        let mapping = mapping(world, "processor");
        let mut under_way = VecDeque::new();
        let mut now_ms = 0;
        loop {
            while under_way.len() < mapping.max_concurrency {
                let batch = queue.receive(mapping.batch_size).await;
                if batch.iter().any(|(account, _)| account == OTHER) {
                    return now_ms;
                }
                if batch.is_empty() {
                    break;
                }
                under_way.push_back((now_ms + self.batch_ms, batch.into_iter().map(|(_, receipt)| receipt).collect()));
            }
            let (end_ms, receipts) = under_way.pop_front().expect("the other message is received at last");
            now_ms = end_ms;
            queue.delete(receipts).await;
        }
    }
}
