//! A batch of the queue, read: which records belong together, and which can never be read.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::SqsMessage;
use domain::{Account, ContactId, ProfileRequest, TraceId};
use edge::telemetry::metric;
use meta::QueuedEvent;
use tracing::error;

/// A record whose body is one of ours.
#[derive(Debug)]
pub(crate) struct Record {
    /// Names the record towards the queue.
    pub(crate) id: String,
    /// What it carries.
    pub(crate) queued: QueuedEvent,
    /// Under which trace its webhook came.
    pub(crate) trace_id: Option<TraceId>,
}

/// A batch, by conversation.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Records of one FIFO group, in the queue's order.
    pub(crate) groups: BTreeMap<String, Vec<Record>>,
    /// Conversations that somebody opened, whose contacts' profiles are old. Never tried again: they are asked for when the
    /// conversation is opened the next time.
    pub(crate) opened: Vec<ProfileRequest>,
    /// Ids of records that no retry can help. They do not hold up the conversation they came in.
    pub(crate) poison: Vec<String>,
}

impl Batch {
    pub(crate) fn read(messages: Vec<SqsMessage>) -> Self {
        let mut batch = Self::default();
        for message in messages {
            batch.add(message);
        }
        batch
    }

    fn add(&mut self, message: SqsMessage) {
        // Lambda always sets it; without it nothing could be reported, and Lambda would retry the whole batch.
        let id = message.message_id.unwrap_or_default();
        let body = message.body.as_deref().unwrap_or_default();
        if let Ok(request) = serde_json::from_str::<ProfileRequest>(body) {
            self.opened.push(request);
            return;
        }
        match serde_json::from_str::<QueuedEvent>(body) {
            Ok(queued) => {
                let attribute = message.attributes.get("MessageGroupId").cloned();
                let group = attribute.unwrap_or_else(|| queued.group_id());
                let header = message.attributes.get("AWSTraceHeader");
                let trace_id = header.and_then(|header| TraceId::from_header(header));
                self.groups.entry(group).or_default().push(Record { id, queued, trace_id });
            }
            Err(failure) => {
                // Place and category only: the parser's own words may quote the message.
                let (line, column) = (failure.line(), failure.column());
                error!(record = id, line, column, "A record of the queue is not an event");
                metric("events_poison", 1, &[]);
                self.poison.push(id);
            }
        }
    }
}

/// Whose conversations the records are about.
pub(crate) fn parties<'r>(records: impl IntoIterator<Item = &'r Record>) -> Vec<(Account, Option<ContactId>)> {
    let records = records.into_iter();
    records.map(|record| (record.queued.account.clone(), record.queued.contact.clone())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_lambda_events::sqs::SqsEvent;

    use super::*;

    fn message(id: &str, group: &str, body: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.message_id = Some(id.to_owned());
        message.body = Some(body.to_owned());
        message.attributes = HashMap::from([("MessageGroupId".to_owned(), group.to_owned())]);
        message
    }

    fn event(contact: &str) -> String {
        format!(
            r#"{{"v":1,"account":"meta_instagram#17841","contact":"{contact}","login":"instagram","list":"messaging",
                "received_at_ms":1795164301539,"event":{{}}}}"#
        )
    }

    #[test]
    fn records_of_a_conversation_stay_together_and_in_order() {
        let batch = Batch::read(vec![
            message("a", "17841:1", &event("1")),
            message("b", "17841:2", &event("2")),
            message("c", "17841:1", &event("1")),
        ]);
        let ids = |group: &str| batch.groups[group].iter().map(|record| record.id.as_str()).collect::<Vec<_>>();
        assert_eq!((ids("17841:1"), ids("17841:2")), (vec!["a", "c"], vec!["b"]));
        assert_eq!(parties(batch.groups.values().flatten()).len(), 3);
    }

    #[test]
    fn the_sample_batch_is_one_conversation() {
        let sample: SqsEvent = serde_json::from_str(include_str!("../../../events/processor.json")).expect("a batch");
        let batch = Batch::read(sample.records);
        assert_eq!(batch.groups.values().map(Vec::len).collect::<Vec<_>>(), [2]);
        assert!(batch.poison.is_empty());
    }

    #[test]
    fn a_conversation_that_was_opened_is_no_event() {
        let conversation = "0".repeat(32);
        let body = format!(
            r#"{{"v":1,"tenant":"acme","account":"meta_instagram#17841","conversation":"{conversation}","occasion":"opened"}}"#
        );
        let batch = Batch::read(vec![message("a", "g", &body), message("b", "17841:1", &event("1"))]);
        assert_eq!((batch.opened.len(), batch.groups.len(), batch.poison.len()), (1, 1, 0));
        assert_eq!(batch.opened[0].occasion, domain::contact::Occasion::Opened);
    }

    #[test]
    fn a_record_that_cannot_be_read_is_set_apart() {
        let batch = Batch::read(vec![message("a", "g", "{"), message("b", "g", &event("1")), message("c", "g", "[]")]);
        assert_eq!(batch.poison, ["a", "c"]);
        assert_eq!(batch.groups["g"].len(), 1);
    }
}
