//! One event for one endpoint: what was posted, and what came of it.

use serde::{Deserialize, Serialize};

use crate::outbox::{DeliveryEvent, EndpointKey};
use crate::time::UnixMillis;
use crate::word::{Word, shown};

/// How long the log of deliveries goes back.
pub const LOG_DAYS: i64 = 30;

/// So old is an event when nobody tries to deliver it any more.
pub const GIVEN_UP_AFTER_MS: i64 = 3 * 24 * 60 * 60 * 1000;

/// How long after each failed try the next one is due, in seconds; the last holds for all further ones.
const LADDER_SECONDS: [i64; 6] = [5, 5 * 60, 30 * 60, 2 * 60 * 60, 5 * 60 * 60, 10 * 60 * 60];

/// One try to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// When it began.
    pub at: UnixMillis,
    /// The answer's status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long it took.
    pub duration_ms: u32,
    /// Why it failed; `None` where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TryError>,
}

/// Why a try failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TryError {
    /// The status is not 2xx. Redirects are not followed.
    Status,
    /// No answer within ten seconds.
    Timeout,
    /// No connection, or no TLS.
    Connection,
    /// The host's name was not found.
    Name,
    /// The address, or what the name leads to, is not public.
    Address,
    /// What came back is no answer.
    Answer,
    /// The secret could not be opened.
    Unsigned,
    /// A newer version wrote this word.
    #[serde(untagged)]
    Other(Word),
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// The endpoint has it.
    Delivered,
    /// The endpoint is gone; it is not tried again.
    Failed,
    /// It is tried again.
    Waiting,
    /// It was tried for three days.
    GivenUp,
    /// A newer version wrote this word.
    #[serde(untagged)]
    Other(Word),
}

shown!(DeliveryState, TryError);

/// An event for an endpoint, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// To whom.
    pub endpoint: EndpointKey,
    /// What, byte for byte.
    pub event: DeliveryEvent,
    /// How far it is.
    pub state: DeliveryState,
    /// What was tried, oldest first.
    pub tries: Vec<Try>,
    /// When it is to be tried next.
    pub due_at: Option<UnixMillis>,
    /// When it was first tried, or would have been.
    pub logged_at: UnixMillis,
}

impl Try {
    /// Whether the endpoint has the event.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.error.is_none()
    }

    /// Whether the endpoint says that it is gone for good.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.status == Some(410)
    }
}

impl Delivered {
    /// An event that was not tried, because the endpoint rests: due as soon as that is over.
    #[must_use]
    pub const fn waiting(endpoint: EndpointKey, event: DeliveryEvent, now: UnixMillis) -> Self {
        Self { endpoint, event, state: DeliveryState::Waiting, tries: Vec::new(), due_at: Some(now), logged_at: now }
    }

    /// The same after a further try. `jitter` is a random number.
    #[must_use]
    pub fn after(mut self, tried: Try, jitter: u64) -> Self {
        let (state, due_at) = if tried.is_success() {
            (DeliveryState::Delivered, None)
        } else if tried.is_gone() {
            (DeliveryState::Failed, None)
        } else if self.logged_at.plus(GIVEN_UP_AFTER_MS) <= tried.at {
            (DeliveryState::GivenUp, None)
        } else {
            (DeliveryState::Waiting, Some(next_try(self.tries.len(), tried.at, jitter)))
        };
        self.tries.push(tried);
        Self { state, due_at, ..self }
    }
}

/// When a delivery is due again that has failed so many times before and now at `at`: up to a fifth later than the ladder says, so
/// that not all come back at once.
#[must_use]
pub fn next_try(failed_before: usize, at: UnixMillis, jitter: u64) -> UnixMillis {
    let wait_ms = LADDER_SECONDS[failed_before.min(LADDER_SECONDS.len() - 1)] * 1000;
    let more = i64::try_from(jitter % 1000).unwrap_or_default() * wait_ms / 5000;
    at.plus(wait_ms + more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{EventId, EventType};

    const AT: UnixMillis = UnixMillis::new(1_795_000_000_000);

    fn delivery() -> Delivered {
        let tenant = crate::TenantId::try_from("acme").expect("a tenant");
        let event = DeliveryEvent {
            id: EventId::derive(EventType::Test, &["acme", "1"]),
            kind: EventType::Test,
            at: AT,
            tenant: tenant.clone(),
            conversation: None,
            body: "{}".to_owned(),
        };
        Delivered::waiting(EndpointKey { tenant: Some(tenant), id: "ep_1".to_owned() }, event, AT)
    }

    fn tried(at: UnixMillis, status: Option<u16>) -> Try {
        let error = (!status.is_some_and(|status| (200..300).contains(&status))).then_some(TryError::Status);
        Try { at, status, duration_ms: 7, error }
    }

    #[test]
    fn tries_grow_rarer_and_never_come_early() {
        let waits =
            |jitter| (0..8).map(|failed| (next_try(failed, AT, jitter).get() - AT.get()) / 1000).collect::<Vec<_>>();
        assert_eq!(waits(0), [5, 300, 1800, 7200, 18_000, 36_000, 36_000, 36_000]);
        assert_eq!(waits(999), [5, 359, 2159, 8638, 21_596, 43_192, 43_192, 43_192]);
    }

    #[test]
    fn a_try_settles_a_delivery_or_has_it_wait() {
        let after = |status| {
            let after = delivery().after(tried(AT, status), 0);
            (after.state, after.due_at.is_some(), after.tries.len())
        };
        assert_eq!(after(Some(204)), (DeliveryState::Delivered, false, 1));
        assert_eq!(after(Some(410)), (DeliveryState::Failed, false, 1));
        assert_eq!(after(Some(302)), (DeliveryState::Waiting, true, 1));
        assert_eq!(after(None), (DeliveryState::Waiting, true, 1));
        let late = delivery().after(tried(AT.plus(GIVEN_UP_AFTER_MS), None), 0);
        assert_eq!((late.state, late.due_at), (DeliveryState::GivenUp, None));
    }
}
