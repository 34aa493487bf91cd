//! Packs events into as few calls as the queue allows without mixing up the order of a conversation.

use std::collections::HashMap;

use meta::QueuedEvent;

/// How many messages one call takes.
pub(crate) const MAX_ENTRIES: usize = 10;

/// How many bytes of bodies one message, and all messages of one call together, may have.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub(crate) const MAX_BYTES: usize = 1024 * 1024;

/// One message for the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The conversation: messages of one group stay in order.
    pub(crate) group: String,
    /// The same for the same event in another delivery.
    pub(crate) deduplication: String,
    /// A [`QueuedEvent`] as JSON.
    pub(crate) body: String,
}

impl TryFrom<&QueuedEvent> for Entry {
    type Error = serde_json::Error;

    fn try_from(event: &QueuedEvent) -> Result<Self, Self::Error> {
        let body = serde_json::to_string(event)?;
        Ok(Self { group: event.group_id(), deduplication: event.deduplication_id(), body })
    }
}

/// What one call takes.
pub(crate) type Batch = Vec<Entry>;

/// Batches that must be sent one after the other, because a conversation reaches from each into the next.
pub(crate) type Chain = Vec<Batch>;

/// Packs entries densely, the events of one conversation side by side and in their order.
///
/// No two chains share a conversation, so chains may be sent at the same time. Every entry must fit in [`MAX_BYTES`].
pub(crate) fn pack(mut entries: Vec<Entry>) -> Vec<Chain> {
    bring_groups_together(&mut entries);
    let mut chains: Vec<Chain> = Vec::new();
    for batch in cut(entries) {
        match chains.last_mut() {
            Some(chain) if continues(chain, &batch) => chain.push(batch),
            _ => chains.push(vec![batch]),
        }
    }
    chains
}

/// Sorts by first appearance of the group; the sort is stable, so the order within a group stays.
fn bring_groups_together(entries: &mut [Entry]) {
    let mut first_seen = HashMap::new();
    for (position, entry) in entries.iter().enumerate() {
        first_seen.entry(entry.group.clone()).or_insert(position);
    }
    entries.sort_by_key(|entry| first_seen[&entry.group]);
}

fn cut(entries: Vec<Entry>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let size = entry.body.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_ENTRIES && bytes + size <= MAX_BYTES => {
                bytes += size;
                batch.push(entry);
            }
            _ => {
                bytes = size;
                batches.push(vec![entry]);
            }
        }
    }
    batches
}

/// Whether the batch begins with the conversation that the chain ends with.
fn continues(chain: &Chain, batch: &Batch) -> bool {
    let last = chain.last().and_then(|batch| batch.last());
    last.zip(batch.first()).is_some_and(|(last, first)| last.group == first.group)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(group: usize, number: usize, bytes: usize) -> Entry {
        Entry { group: format!("g{group}"), deduplication: number.to_string(), body: "x".repeat(bytes) }
    }

    fn numbers_of(group: &str, entries: &[Entry]) -> Vec<String> {
        entries.iter().filter(|entry| entry.group == group).map(|entry| entry.deduplication.clone()).collect()
    }

    proptest! {
        #[test]
        fn every_entry_is_packed_once_within_the_limits_and_in_the_order_of_its_group(
            shapes in prop::collection::vec((0..12_usize, prop_oneof![Just(300), Just(200_000), Just(MAX_BYTES)]), 0..60)
        ) {
            let entries: Vec<Entry> =
                shapes.iter().enumerate().map(|(number, &(group, bytes))| entry(group, number, bytes)).collect();

            let chains = pack(entries.clone());

            for batch in chains.iter().flatten() {
                prop_assert!((1..=MAX_ENTRIES).contains(&batch.len()));
                prop_assert!(batch.iter().map(|entry| entry.body.len()).sum::<usize>() <= MAX_BYTES);
            }
            let packed: Vec<Entry> = chains.iter().flatten().flatten().cloned().collect();
            prop_assert_eq!(packed.len(), entries.len());
            for group in (0..12).map(|group| format!("g{group}")) {
                prop_assert_eq!(numbers_of(&group, &packed), numbers_of(&group, &entries));
                let chains_with_it =
                    chains.iter().filter(|chain| chain.iter().flatten().any(|entry| entry.group == group)).count();
                prop_assert!(chains_with_it <= 1, "{} is in {} chains", group, chains_with_it);
            }
        }
    }

    #[test]
    fn small_events_need_one_call_for_each_ten() {
        let entries = (0..101).map(|number| entry(number % 7, number, 300)).collect();
        assert_eq!(pack(entries).iter().flatten().count(), 11);
    }

    #[test]
    fn conversations_that_share_no_batch_do_not_wait_for_each_other() {
        let entries = (0..40).map(|number| entry(number / 10, number, 300)).collect();
        assert_eq!(pack(entries).len(), 4);
    }
}
