//! One delivery of the `outbound` queue, and how it ends.

use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;
use domain::Dispatch;

/// How often the queue delivers a message before it sets it aside (`maxReceiveCount` in the template): more often than it is
/// worth trying within a day, however short the waits. With the last delivery a message is settled one way or the other.
pub(crate) const LAST_DELIVERY: u32 = 200;

/// One delivery of the order to send a message.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// The order.
    pub(crate) dispatch: Dispatch,
    /// How often the queue has delivered it, this time included.
    pub(crate) tries: u32,
}

impl Delivery {
    pub(crate) fn read(message: &SqsMessage) -> Result<Self, serde_json::Error> {
        let dispatch = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
        let tries = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
        Ok(Self { dispatch, tries: tries.unwrap_or(1) })
    }

    /// Whether the queue will not deliver it again.
    pub(crate) const fn is_last(&self) -> bool {
        self.tries >= LAST_DELIVERY
    }
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is nothing left to do.
    Done,
    /// To be delivered again after so long.
    Again(Duration),
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::sqs::SqsEvent;

    use super::*;

    #[test]
    fn the_sample_deliveries_are_read_with_their_count() {
        let samples =
            [include_str!("../../../events/sender.json"), include_str!("../../../events/sender-messenger.json")];
        for sample in samples {
            let sample: SqsEvent = serde_json::from_str(sample).expect("a batch");
            let mut message = sample.records.into_iter().next().expect("a record");
            let delivery = Delivery::read(&message).expect("an order to send");
            assert_eq!((delivery.tries, delivery.is_last()), (1, false));
            assert_eq!(Some(&delivery.dispatch.group_id()), message.attributes.get("MessageGroupId"));

            message.attributes.insert("ApproximateReceiveCount".to_owned(), LAST_DELIVERY.to_string());
            assert!(Delivery::read(&message).expect("an order to send").is_last());
        }
    }
}
