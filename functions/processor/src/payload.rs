//! What an event is called in metrics and in the audit log.

use domain::{AuditEvent, AuditKind, Direction, Event, Payload, TenantId};
use edge::telemetry::metric;
use serde_json::json;
use store::{Outcome, Received};

/// Counts an event by kind and outcome.
pub(crate) fn count(event: &Event, received: &Received) {
    let kind = kind(&event.payload);
    metric("events", 1, &[("kind", kind), ("outcome", outcome(&received.outcome))]);
    if event.reduced {
        metric("events_reduced", 1, &[("kind", kind)]);
    }
}

/// A few stable words: Meta's own word of an account notice stands in the audit log, not in a metric's dimension.
const fn kind(payload: &Payload) -> &'static str {
    match payload {
        Payload::Message { message, .. } => match message.direction {
            Direction::Inbound => "message",
            Direction::Outbound | Direction::Other(_) => "echo",
        },
        Payload::Change { .. } => "change",
        Payload::Read { .. } => "read",
        Payload::Delivered { .. } => "delivered",
        Payload::Test => "test",
        Payload::Enforced { .. } | Payload::AccountNotice { .. } => "account_notice",
        Payload::Nothing { kind } => kind,
    }
}

const fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Stored { .. } => "stored",
        Outcome::Duplicate => "duplicate",
        Outcome::Merged => "merged",
        Outcome::Applied => "applied",
        Outcome::Parked => "parked",
        Outcome::Unplaced => "unplaced",
        Outcome::Expired => "expired",
        Outcome::Erased => "erased",
        Outcome::NoRoute => "no_route",
        Outcome::Paused => "paused",
        Outcome::NotForInbox => "acknowledged",
    }
}

/// What the tenant can read later about an event that no conversation shows.
///
/// Its time is the event's, which is the delivery's where the event has none.
pub(crate) fn audit_event(event: &Event, tenant: &TenantId) -> Option<AuditEvent> {
    let audited = |kind| AuditEvent::new(tenant.clone(), kind, event.at).about(&event.account);
    match &event.payload {
        Payload::Test => Some(audited(AuditKind::TestReceived)),
        Payload::AccountNotice { kind, details } => {
            Some(audited(AuditKind::AccountNotice).with("kind", kind.as_str()).with("details", details.clone()))
        }
        Payload::Enforced { action, reason } => {
            let details = json!({ "action": action.as_str(), "reason": reason });
            Some(audited(AuditKind::AccountNotice).with("kind", "policy_enforcement").with("details", details))
        }
        Payload::Message { .. }
        | Payload::Change { .. }
        | Payload::Read { .. }
        | Payload::Delivered { .. }
        | Payload::Nothing { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::{Account, UnixMillis};
    use serde_json::Map;

    use super::*;

    fn audited(payload: Payload) -> Option<AuditEvent> {
        let account = Account::instagram("17841".try_into().expect("an account"));
        let at = UnixMillis::new(1_795_164_300_447);
        let event = Event { account, at, untimed: None, received_at: at, payload, reduced: false };
        audit_event(&event, &TenantId::try_from("acme").expect("a tenant"))
    }

    #[test]
    fn a_notice_is_kept_with_metas_word_for_it_and_its_own_time() {
        let details = Map::from_iter([("media_id".to_owned(), json!("1"))]);
        let notice = audited(Payload::AccountNotice { kind: "mentions".to_owned(), details }).expect("an event");
        assert_eq!(notice.kind, AuditKind::AccountNotice);
        assert_eq!(notice.at, UnixMillis::new(1_795_164_300_447));
        assert_eq!(notice.details["kind"], "mentions");
        assert_eq!(notice.details["details"]["media_id"], "1");
    }

    #[test]
    fn a_test_is_shown_and_what_says_nothing_is_not() {
        assert_eq!(audited(Payload::Test).map(|event| event.kind), Some(AuditKind::TestReceived));
        assert_eq!(audited(Payload::Nothing { kind: "own_comment" }), None);
    }
}
