//! Audit events about connections.

use domain::connection::Notice;
use domain::{AuditEvent, AuditKind, Connection, PlanRefusal, UnixMillis, UserId};

use crate::choice::Choice;
use crate::error::Refusal;

/// The account was connected, though perhaps not subscribed yet.
pub(crate) fn connected(connection: &Connection, now: UnixMillis) -> AuditEvent {
    about(AuditKind::Connected, connection, &connection.connected_by, now)
}

/// The account was disconnected.
pub(crate) fn disconnected(connection: &Connection, user: &UserId, now: UnixMillis) -> AuditEvent {
    about(AuditKind::Disconnected, connection, user, now)
}

/// The account was given up, and its place in the plan with it: Meta never began to deliver.
pub(crate) fn released(connection: &Connection, now: UnixMillis) -> AuditEvent {
    unasked(AuditKind::Disconnected, connection, now).with("reason", Refusal::SUBSCRIPTION_FAILED.reason)
}

/// Meta did not confirm that it will deliver webhooks.
pub(crate) fn not_subscribed(connection: &Connection, now: UnixMillis) -> AuditEvent {
    about(AuditKind::ConnectionError, connection, &connection.connected_by, now)
        .with("reason", Refusal::SUBSCRIPTION_FAILED.reason)
}

/// Meta had dropped the subscription, and has it again.
pub(crate) fn resubscribed(connection: &Connection, now: UnixMillis) -> AuditEvent {
    unasked(AuditKind::Resubscribed, connection, now)
}

/// Meta accepts the connection again, without anybody having connected it again.
pub(crate) fn recovered(connection: &Connection, now: UnixMillis) -> AuditEvent {
    unasked(AuditKind::Recovered, connection, now)
}

/// The connection will stop working unless somebody connects again.
pub(crate) fn noticed(connection: &Connection, notice: &Notice, now: UnixMillis) -> AuditEvent {
    unasked(AuditKind::ConnectionNotice, connection, now)
        .with("reason", notice.reason.as_str())
        .with("until", notice.until.rfc3339())
}

/// The account is another tenant's. The event does not say whose: this audit log is read by the one who was refused.
pub(crate) fn refused(choice: &Choice<'_>, now: UnixMillis) -> AuditEvent {
    AuditEvent::new(choice.tenant.clone(), AuditKind::Refused, now)
        .by(choice.user.clone())
        .with("reason", Refusal::ACCOUNT_TAKEN.reason)
        .with("login", choice.login.as_str())
        .about(&choice.candidate.account)
        .with("account_name", choice.candidate.name.as_str())
}

/// The plan does not allow this account.
pub(crate) fn refused_by_plan(choice: &Choice<'_>, refusal: &PlanRefusal, now: UnixMillis) -> AuditEvent {
    plans::refused(choice.tenant, choice.user, refusal, now)
        .with("login", choice.login.as_str())
        .about(&choice.candidate.account)
        .with("account_name", choice.candidate.name.as_str())
}

fn about(kind: AuditKind, connection: &Connection, user: &UserId, now: UnixMillis) -> AuditEvent {
    unasked(kind, connection, now).by(user.clone())
}

/// What no person of the tenant's did.
pub(crate) fn unasked(kind: AuditKind, connection: &Connection, now: UnixMillis) -> AuditEvent {
    AuditEvent::new(connection.tenant.clone(), kind, now)
        .with("login", connection.login.as_str())
        .about(&connection.account)
        .with("account_name", connection.name.as_str())
}
