//! One delivery: the message is taken, sent, and settled by what Meta answers.

use std::time::Duration;

use domain::breaker::Seen;
use domain::message::SendFailure;
use domain::{AuditEvent, AuditKind, Connection, Dispatch, Message, Status, TraceId, UnixMillis};
use edge::telemetry::{Chain, metric};
use meta::graph::{AccountProblem, Content, OutboundAttachment, OutboundMessage, Sent};
use meta::{FailureClass, GraphError};
use store::{Begun, StoreError};
use tracing::{Instrument as _, error, info, info_span, warn};

use crate::access::{Access, AccessError};
use crate::handler::{App, Delivery, Verdict};
use crate::{backoff, blame, failures, reconcile};

/// How long an answer may wait. Later it would surprise the contact, and no window is open that long for sure.
const LONGEST_WAIT_MS: i64 = 24 * 60 * 60 * 1000;

/// Above this share of a limit, in percent, Meta advises to slow down.
const NEAR_LIMIT_PERCENT: u32 = 80;

/// Takes a message and does what its status asks for.
pub(crate) async fn deliver(app: &App, delivery: &Delivery) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, message, .. } = &delivery.dispatch;
    match Box::pin(app.outbound.begin(tenant, conversation, message)).await? {
        Begun::Started(message) => {
            let span = info_span!("message", trace_id = message.trace_id.as_ref().map(TraceId::as_str));
            attempt(app, delivery, &message).instrument(span).await
        }
        // Whoever began it is dead (see the crate's first lines): the call to Meta may have been made. The queue's visibility
        // timeout has passed since, so what Meta took can be seen by now.
        Begun::Running(_) => match doubt(app, delivery, &failures::delivery_unknown()).await? {
            Some(message) => reconcile::settle(app, delivery, &message).await,
            None => Ok(Verdict::Done),
        },
        Begun::Settled(message) if message.status == Status::Uncertain => {
            reconcile::settle(app, delivery, &message).await
        }
        Begun::Settled(_) | Begun::Gone => Ok(Verdict::Done),
    }
}

/// Sends a message that is ours to send, once.
pub(crate) async fn attempt(app: &App, delivery: &Delivery, message: &Message) -> Result<Verdict, StoreError> {
    let now = app.clock.now_ms();
    if message.created_at.plus(LONGEST_WAIT_MS) <= now {
        return fail(app, delivery, message, failures::not_sent_in_time()).await;
    }
    let Dispatch { tenant, account, .. } = &delivery.dispatch;
    match app.accounts.open(&app.connector, tenant, account, now.seconds()).await {
        Ok(access) => match post(&access, delivery, message).await {
            Ok(sent) => {
                let settled = settle_sent(app, delivery, &sent).await;
                app.watch.works(access.connection.login, now).await;
                settled
            }
            Err(refusal) => settle_refusal(app, delivery, message, &access, &refusal).await,
        },
        Err(AccessError::Unusable(failure)) => fail(app, delivery, message, failure).await,
        Err(failure) => {
            error!(%account, error = %Chain(&failure), "Meta could not be called");
            metric("sends", 1, &[("outcome", "not_tried")]);
            let wait = backoff::after(delivery.tries, &message.id);
            again(app, delivery, message, wait, failures::unavailable()).await
        }
    }
}

async fn post(access: &Access<'_>, delivery: &Delivery, message: &Message) -> Result<Sent, GraphError> {
    let attachments: Vec<OutboundAttachment<'_>> = message
        .attachments
        .iter()
        .filter_map(|attachment| Some(OutboundAttachment { kind: &attachment.kind, url: attachment.url.as_deref()? }))
        .collect();
    let content = match message.text.as_deref() {
        Some(text) => Content::Text(text),
        None => Content::Attachments(&attachments),
    };
    let outbound = OutboundMessage {
        recipient: &delivery.dispatch.contact,
        content,
        reply_to: message.reply_to.as_ref().and_then(reply_target),
        human_agent: message.tag.is_some(),
    };
    access.graph().send(access.account(), outbound).await
}

const fn reply_target(reply_to: &domain::message::ReplyTo) -> Option<&domain::Mid> {
    match reply_to {
        domain::message::ReplyTo::Message { mid } => Some(mid),
        domain::message::ReplyTo::Story { .. } | domain::message::ReplyTo::Other(_) => None,
    }
}

async fn settle_sent(app: &App, delivery: &Delivery, sent: &Sent) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, message, account, .. } = &delivery.dispatch;
    // On the heap: the future of a step that may have to correct an echo is large.
    Box::pin(app.outbound.settle_sent(tenant, conversation, message, &sent.mid, app.clock.now_ms())).await?;
    metric("sends", 1, &[("outcome", "sent")]);
    if sent.usage.percent >= NEAR_LIMIT_PERCENT {
        warn!(%account, percent = sent.usage.percent, "An account is near a limit of Meta's");
        metric("sends_near_limit", 1, &[]);
    }
    info!(message_id = %message, "Sent a message");
    Ok(Verdict::Done)
}

/// The table of outcomes. Has no `_` arm: a new class does not compile until someone chose what happens.
async fn settle_refusal(
    app: &App,
    delivery: &Delivery,
    message: &Message,
    access: &Access<'_>,
    refusal: &GraphError,
) -> Result<Verdict, StoreError> {
    let explained = refusal.explain();
    let own_wait = backoff::after(delivery.tries, &message.id);
    info!(message_id = %message.id, reason = explained.reason, error = %Chain(refusal), "Meta did not take a message");
    match refusal.class() {
        FailureClass::Account(_) => match blame::connection_problem(access, refusal).await {
            Some(problem) => break_connection(app, delivery, message, access, problem, explained).await,
            None => fail(app, delivery, message, blame::of_the_message(refusal)).await,
        },
        FailureClass::Permanent | FailureClass::InvalidGrant => fail(app, delivery, message, explained).await,
        FailureClass::RetryAtMost(more) if message.attempts > more => fail(app, delivery, message, explained).await,
        FailureClass::RetryAtMost(_) | FailureClass::Retry => again(app, delivery, message, own_wait, explained).await,
        FailureClass::RetryLater { after } => {
            let asked = Duration::from_secs(after.unwrap_or_default().into());
            let wait = backoff::at_least(asked, delivery.tries, &message.id);
            again(app, delivery, message, wait, explained).await
        }
        FailureClass::AppLevel => {
            // Every account fails alike: an operator has to look, and no tenant has to reconnect.
            error!(error = %Chain(refusal), "The Meta app has lost its access");
            tell_operator(app, message, access).await;
            again(app, delivery, message, backoff::for_app(delivery.tries, &message.id), explained).await
        }
        FailureClass::Uncertain => match doubt(app, delivery, &explained).await? {
            Some(message) => reconcile::later(app, delivery, &message).await,
            None => Ok(Verdict::Done),
        },
    }
}

/// Tells the app's breaker. Further tries of the same message are no further evidence: they would open the breaker again
/// each time that a probe has closed it, where it is not the app after all.
async fn tell_operator(app: &App, message: &Message, access: &Access<'_>) {
    let Connection { login, tenant, .. } = &access.connection;
    if message.attempts > 1 {
        metric("app_level_failures", 1, &[("login", login.as_str())]);
        return;
    }
    if let Err(failure) = app.watch.refused(*login, tenant, Seen::InSending, app.clock.now_ms()).await {
        warn!(error = %Chain(&failure), "A refusal of the app was not noted");
    }
}

/// Meta refuses the token. Where the connection is another one by now (somebody reconnected, or another message found out
/// first), the next try goes by that.
async fn break_connection(
    app: &App,
    delivery: &Delivery,
    message: &Message,
    access: &Access<'_>,
    problem: AccountProblem,
    explained: SendFailure,
) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, account, .. } = &delivery.dispatch;
    app.accounts.forget(tenant, account);
    if app.connector.mark_broken(&access.connection, problem, app.clock.now_ms()).await? {
        warn!(%tenant, %account, reason = problem.as_str(), "A connection does not work any more");
        metric("connections_broken", 1, &[("reason", problem.as_str())]);
        return fail(app, delivery, message, explained).await;
    }
    again(app, delivery, message, backoff::after(1, &message.id), explained).await
}

/// Ends a message that will not be sent, and writes it into the audit trail.
async fn fail(app: &App, delivery: &Delivery, message: &Message, failure: SendFailure) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
    let settled = app.outbound.settle_failed(tenant, conversation, &message.id, &failure).await?;
    if settled.is_some_and(|message| message.status == Status::Failed) {
        metric("sends", 1, &[("outcome", "failed")]);
        info!(message_id = %message.id, reason = failure.reason, "A message failed");
        app.connector.trail().note(line(&delivery.dispatch, message, &failure, app.clock.now_ms())).await;
    }
    Ok(Verdict::Done)
}

fn line(dispatch: &Dispatch, message: &Message, failure: &SendFailure, now: UnixMillis) -> AuditEvent {
    let line = AuditEvent::new(dispatch.tenant.clone(), AuditKind::SendFailed, now)
        .with("message_id", message.id.as_str())
        .with("conversation_id", dispatch.conversation.as_str())
        .with("ig_user_id", dispatch.account.as_str())
        .with("reason", failure.reason.as_str())
        .with("code", failure.code)
        .with("subcode", failure.subcode);
    match &message.sent_by {
        Some(user) => line.by(user.clone()),
        None => line,
    }
}

/// Puts a message that certainly did not go out back to `queued`. With the queue's last delivery it fails instead.
async fn again(
    app: &App,
    delivery: &Delivery,
    message: &Message,
    wait: Duration,
    failure: SendFailure,
) -> Result<Verdict, StoreError> {
    if delivery.is_last() {
        return fail(app, delivery, message, failure).await;
    }
    let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
    let due_at = app.clock.now_ms().plus(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    let requeued = app.outbound.requeue(tenant, conversation, &message.id, due_at).await?;
    metric("sends", 1, &[("outcome", "queued_again")]);
    let waits = requeued.is_some_and(|message| message.status == Status::Queued);
    Ok(if waits { Verdict::Again(wait) } else { Verdict::Done })
}

/// Notes that nobody knows; `None` where an echo has shown meanwhile that the message was sent.
async fn doubt(app: &App, delivery: &Delivery, failure: &SendFailure) -> Result<Option<Message>, StoreError> {
    let Dispatch { tenant, conversation, message, .. } = &delivery.dispatch;
    let settled = app.outbound.settle_uncertain(tenant, conversation, message, failure).await?;
    metric("sends", 1, &[("outcome", "uncertain")]);
    Ok(settled.filter(|message| message.status == Status::Uncertain))
}
