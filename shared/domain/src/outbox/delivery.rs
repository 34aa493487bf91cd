//! What the `deliveries` queue carries: events on their way to one endpoint.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EventId, EventType, OutboxEvent};
use crate::id::{ConversationId, TenantId};
use crate::time::UnixMillis;

/// How many events one message of the queue carries at most.
pub const EVENTS: usize = 10;

/// In how many lanes events go to one endpoint: so many of the deliverer's places it takes at most. Those of one conversation are in
/// one lane, and in order.
pub const LANES: u8 = 4;

/// Which endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EndpointKey {
    /// Whose; `None`: the operator's, which is told of all tenants.
    pub tenant: Option<TenantId>,
    /// Which of theirs.
    pub id: String,
}

impl fmt::Display for EndpointKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.id)
    }
}

/// An event for one endpoint, with the body that it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryEvent {
    /// Which event.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When.
    pub at: UnixMillis,
    /// Whose data is in it.
    pub tenant: TenantId,
    /// The conversation that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// What is posted, byte for byte.
    pub body: String,
}

impl DeliveryEvent {
    /// The event as an endpoint gets it.
    #[must_use]
    pub fn new(event: &OutboxEvent, with_content: bool) -> Self {
        Self {
            id: event.id.clone(),
            kind: event.kind,
            at: event.at,
            tenant: event.tenant.clone(),
            conversation: event.conversation().cloned(),
            body: event.body(with_content),
        }
    }

    /// The lane in which it goes to its endpoint. A conversation's id is a digest, so they fill evenly.
    #[must_use]
    pub fn lane(&self) -> u8 {
        let digits = self.conversation.as_ref().and_then(|id| id.as_str().get(..2)).unwrap_or_default();
        u8::from_str_radix(digits, 16).unwrap_or_default() % LANES
    }
}

/// Work for the deliverer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Delivery {
    /// Events that are told for the first time, in order: at most [`EVENTS`] of one lane.
    First {
        /// To whom.
        endpoint: EndpointKey,
        /// What.
        events: Vec<DeliveryEvent>,
    },
    /// What was not delivered is due to be tried again.
    Backlog {
        /// To whom.
        endpoint: EndpointKey,
    },
}

impl Delivery {
    /// To whom.
    #[must_use]
    pub const fn endpoint(&self) -> &EndpointKey {
        match self {
            Self::First { endpoint, .. } | Self::Backlog { endpoint } => endpoint,
        }
    }

    /// The FIFO group.
    #[must_use]
    pub fn group_id(&self) -> String {
        match self {
            Self::First { endpoint, events } => {
                format!("{endpoint}:{}", events.first().map(DeliveryEvent::lane).unwrap_or_default())
            }
            Self::Backlog { endpoint } => format!("{endpoint}:backlog"),
        }
    }
}
