//! How an attempt ends that did not send the message.

use std::time::Duration;

use domain::message::SendFailure;
use domain::{AuditEvent, AuditKind, Dispatch, Message, Status, UnixMillis};
use edge::telemetry::metric;
use store::StoreError;
use tracing::info;

use crate::app::App;
use crate::attempt::Attempt;
use crate::backoff;
use crate::delivery::{Delivery, Verdict};

impl Attempt<'_> {
    /// Ends a message that will not be sent, and records it in the audit log.
    pub(crate) async fn fail(self, failure: SendFailure) -> Result<Verdict, StoreError> {
        let Self { app, delivery, message } = self;
        let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
        let settled = app.outbound.settle_failed(tenant, conversation, &message.id, &failure).await?;
        if settled.is_some_and(|message| message.status == Status::Failed) {
            metric("sends", 1, &[("outcome", "failed")]);
            info!(message_id = %message.id, reason = failure.reason, "A message failed");
            app.audit.record(failed(&delivery.dispatch, message, &failure, app.clock.now_ms())).await;
        }
        Ok(Verdict::Done)
    }

    /// Puts a message that certainly did not go out back to `queued`. With the queue's last delivery it fails instead.
    pub(crate) async fn again(self, wait: Duration, failure: SendFailure) -> Result<Verdict, StoreError> {
        let Self { app, delivery, message } = self;
        if delivery.is_last() {
            return self.fail(failure).await;
        }
        let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
        let due_at = app.clock.now_ms().plus(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        let requeued = app.outbound.requeue(tenant, conversation, &message.id, due_at).await?;
        metric("sends", 1, &[("outcome", "queued_again")]);
        let waits = requeued.is_some_and(|message| message.status == Status::Queued);
        Ok(if waits { Verdict::Again(wait) } else { Verdict::Done })
    }
}

impl Delivery {
    /// Notes that nobody knows whether the message went out. Where an echo has shown meanwhile that it did, there is nothing
    /// left to do.
    pub(crate) async fn doubt(&self, app: &App, failure: &SendFailure) -> Result<Verdict, StoreError> {
        let Dispatch { tenant, conversation, message, .. } = &self.dispatch;
        let settled = app.outbound.settle_uncertain(tenant, conversation, message, failure).await?;
        metric("sends", 1, &[("outcome", "uncertain")]);
        let in_doubt = settled.is_some_and(|message| message.status == Status::Uncertain);
        Ok(if in_doubt { Verdict::Again(backoff::FIRST) } else { Verdict::Done })
    }
}

fn failed(dispatch: &Dispatch, message: &Message, failure: &SendFailure, now: UnixMillis) -> AuditEvent {
    let event = AuditEvent::new(dispatch.tenant.clone(), AuditKind::SendFailed, now)
        .with("message_id", message.id.as_str())
        .with("conversation_id", dispatch.conversation.as_str())
        .about(&dispatch.account)
        .with("reason", failure.reason.as_str())
        .with("code", failure.code)
        .with("subcode", failure.subcode);
    match &message.sent_by {
        Some(user) => event.by(user.clone()),
        None => event,
    }
}
