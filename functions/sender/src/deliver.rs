//! One delivery: the message is taken, sent, and settled by what Meta answers.

use std::time::Duration;

use accounts::OpenAccount;
use domain::breaker::Seen;
use domain::message::SendFailure;
use domain::{AuditEvent, AuditKind, Connection, Dispatch, Message, Status, TraceId, UnixMillis};
use edge::telemetry::{Chain, metric};
use meta::graph::{AccountProblem, Content, OutboundAttachment, OutboundMessage, Sent};
use meta::{FailureClass, GraphError};
use store::{Begun, StoreError};
use tracing::{Instrument as _, error, info, info_span, warn};

use crate::access::AccessError;
use crate::app::App;
use crate::delivery::{Delivery, Verdict};
use crate::{backoff, blame, failures, reconcile, window};

/// How long an answer may wait. Later it would surprise the contact, and no window is open that long for sure.
const LONGEST_WAIT_MS: i64 = 24 * 60 * 60 * 1000;

/// Later than the end of a limit, so as not to call early by a clock that differs.
const A_SECOND: Duration = Duration::from_secs(1);

/// Above this share of a limit, in percent, Meta advises to slow down.
const NEAR_LIMIT_PERCENT: u32 = 80;

/// Takes the message whose turn it is, unless Meta wants the account to be left alone.
///
/// Where that is not the delivered one but one that waits before it (the queue did not get it, or has it later), the delivery
/// comes again at once.
pub(crate) async fn deliver(app: &App, delivery: &Delivery) -> Result<Verdict, StoreError> {
    if let Some(wait) = rest(app, delivery).await? {
        metric("sends", 1, &[("outcome", "not_yet")]);
        return Ok(Verdict::Again(wait));
    }
    let Dispatch { tenant, conversation, after, .. } = &delivery.dispatch;
    let before = match after {
        Some(after) => app.outbound.first_waiting(tenant, conversation, after).await?,
        None => None,
    };
    let Some(before) = before else { return take(app, delivery).await };
    info!(message_id = %delivery.dispatch.message, before = %before, "An earlier answer goes first");
    let dispatch = Dispatch { message: before, after: None, ..delivery.dispatch.clone() };
    let verdict = take(app, &Delivery { dispatch, ..delivery.clone() }).await?;
    Ok(if verdict == Verdict::Done { Verdict::Again(Duration::ZERO) } else { verdict })
}

/// How long Meta wants the account to be left alone; `None`: not any more, or there is no time left to wait.
async fn rest(app: &App, delivery: &Delivery) -> Result<Option<Duration>, StoreError> {
    let Dispatch { tenant, account, message, .. } = &delivery.dispatch;
    let now = app.clock.now_ms();
    if delivery.is_last() || message.at().plus(LONGEST_WAIT_MS) <= now {
        return Ok(None);
    }
    let until = app.accounts.throttled_until(&app.connector, tenant, account, now.seconds()).await?;
    let left = until.map_or(0, |until| until.get() - now.get());
    Ok(u64::try_from(left).ok().filter(|left| *left > 0).map(|left| Duration::from_millis(left) + A_SECOND))
}

/// Takes a message and does what its status asks for.
async fn take(app: &App, delivery: &Delivery) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, message, .. } = &delivery.dispatch;
    match Box::pin(app.outbound.begin(tenant, conversation, message, app.clock.now_ms())).await? {
        Begun::Started(message) => {
            let span = info_span!("message", trace_id = message.trace_id.as_ref().map(TraceId::as_str));
            attempt(app, delivery, &message).instrument(span).await
        }
        // Whoever began it is dead (see the crate's first lines): the call to Meta may have been made.
        Begun::Running(_) => doubt(app, delivery, &failures::delivery_unknown()).await,
        Begun::Uncertain(message, doubt) => reconcile::settle(app, delivery, &message, doubt).await,
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
    let opened = match app.accounts.open(&app.connector, tenant, account, now.seconds()).await {
        Ok(access) => match window::tagged(app, delivery, message, &access).await {
            Ok(message) => Ok((access, message)),
            Err(failure) => Err(failure.into()),
        },
        Err(failure) => Err(failure),
    };
    match opened {
        Ok((access, message)) => match post(&access, delivery, &message).await {
            Ok(sent) => {
                let settled = settle_sent(app, delivery, &access, &sent).await;
                app.watch.works(access.connection.login, now).await;
                settled
            }
            Err(refusal) => settle_refusal(app, delivery, &message, &access, &refusal, now).await,
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

async fn post(access: &OpenAccount<'_>, delivery: &Delivery, message: &Message) -> Result<Sent, GraphError> {
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
    access.graph().send(access.access(), outbound).await
}

const fn reply_target(reply_to: &domain::message::ReplyTo) -> Option<&domain::Mid> {
    match reply_to {
        domain::message::ReplyTo::Message { mid } => Some(mid),
        domain::message::ReplyTo::Story { .. } | domain::message::ReplyTo::Other(_) => None,
    }
}

async fn settle_sent(
    app: &App,
    delivery: &Delivery,
    access: &OpenAccount<'_>,
    sent: &Sent,
) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, message, account, .. } = &delivery.dispatch;
    // On the heap: the future of a step that may have to correct an echo is large.
    Box::pin(app.outbound.settle_sent(tenant, conversation, message, &sent.mid, app.clock.now_ms())).await?;
    metric("sends", 1, &[("outcome", "sent")]);
    if sent.usage.percent >= NEAR_LIMIT_PERCENT {
        warn!(%account, percent = sent.usage.percent, "An account is near a limit of Meta's");
        metric("sends_near_limit", 1, &[]);
    }
    info!(message_id = %message, "Sent a message");
    leave_alone(app, access, sent.usage.regain_seconds).await;
    Ok(Verdict::Done)
}

/// The table of outcomes. Has no `_` arm: a new class does not compile until someone chose what happens.
async fn settle_refusal(
    app: &App,
    delivery: &Delivery,
    message: &Message,
    access: &OpenAccount<'_>,
    refusal: &GraphError,
    tried_at: UnixMillis,
) -> Result<Verdict, StoreError> {
    let explained = refusal.explain();
    let own_wait = backoff::after(delivery.tries, &message.id);
    info!(message_id = %message.id, reason = explained.reason, error = %Chain(refusal), "Meta did not take a message");
    leave_alone(app, access, refusal.regain_seconds()).await;
    match refusal.class() {
        FailureClass::Permanent if refusal.says_window_closed() => {
            if window::closed(app, delivery, message, access, tried_at).await? {
                return again(app, delivery, message, own_wait, explained).await;
            }
            fail(app, delivery, message, explained).await
        }
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
        FailureClass::Uncertain => doubt(app, delivery, &explained).await,
    }
}

/// Notes how long Meta wants no calls for the account, for every lane of it.
pub(crate) async fn leave_alone(app: &App, access: &OpenAccount<'_>, seconds: Option<u32>) {
    if seconds.is_some() {
        app.accounts.forget(&access.connection.tenant, &access.connection.ig_user_id);
    }
    app.connector.leave_alone(&access.connection, seconds, app.clock.now_ms()).await;
}

/// Tells the app's breaker. Further tries of the same message are no further evidence: they would open the breaker again
/// each time that a probe has closed it, where it is not the app after all.
async fn tell_operator(app: &App, message: &Message, access: &OpenAccount<'_>) {
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
    access: &OpenAccount<'_>,
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

/// Ends a message that will not be sent, and writes it into the audit log.
async fn fail(app: &App, delivery: &Delivery, message: &Message, failure: SendFailure) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
    let settled = app.outbound.settle_failed(tenant, conversation, &message.id, &failure).await?;
    if settled.is_some_and(|message| message.status == Status::Failed) {
        metric("sends", 1, &[("outcome", "failed")]);
        info!(message_id = %message.id, reason = failure.reason, "A message failed");
        app.connector.audit.record(failed(&delivery.dispatch, message, &failure, app.clock.now_ms())).await;
    }
    Ok(Verdict::Done)
}

fn failed(dispatch: &Dispatch, message: &Message, failure: &SendFailure, now: UnixMillis) -> AuditEvent {
    let event = AuditEvent::new(dispatch.tenant.clone(), AuditKind::SendFailed, now)
        .with("message_id", message.id.as_str())
        .with("conversation_id", dispatch.conversation.as_str())
        .with("ig_user_id", dispatch.account.as_str())
        .with("reason", failure.reason.as_str())
        .with("code", failure.code)
        .with("subcode", failure.subcode);
    match &message.sent_by {
        Some(user) => event.by(user.clone()),
        None => event,
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

/// Notes that nobody knows. Where an echo has shown meanwhile that the message was sent, there is nothing left to do.
async fn doubt(app: &App, delivery: &Delivery, failure: &SendFailure) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, message, .. } = &delivery.dispatch;
    let settled = app.outbound.settle_uncertain(tenant, conversation, message, failure).await?;
    metric("sends", 1, &[("outcome", "uncertain")]);
    let in_doubt = settled.is_some_and(|message| message.status == Status::Uncertain);
    Ok(if in_doubt { Verdict::Again(backoff::FIRST) } else { Verdict::Done })
}
