//! Who waits for whom where many answers are slow: an emulated FIFO queue, the places of the function behind it, and a clock that
//! is moved to whatever happens next.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use domain::{Account, ContactId, ConversationId, TenantId, lane};

use crate::World;
use crate::queue::{Queue, mapping};

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
        let mut places = mapping(world, "sender").max_concurrency;
        let mut waits = Waits::default();
        let mut under_way: BTreeMap<String, usize> = BTreeMap::new();
        let mut ends = BinaryHeap::new();
        let mut now_ms = 0;
        loop {
            while places > 0
                && let Some((account, receipt)) = queue.receive(1).await.pop()
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
            queue.delete(vec![receipt]).await;
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
        let account = Account::instagram(format!("178414057266{tenant:05}").try_into().expect("digits"));
        let contact = ContactId::try_from(format!("43091541{contact:07}")).expect("digits");
        let tenant = TenantId::try_from(format!("tenant-{tenant}")).expect("a name");
        lane(&account, &ConversationId::derive(&tenant, &account, &contact), self.lanes)
    }
}
