//! One delivery: the message whose turn it is is taken, and sent or asked about.

use std::time::Duration;

use domain::{Dispatch, Message, TraceId};
use edge::telemetry::metric;
use store::{Begun, StoreError};
use tracing::{Instrument as _, info, info_span};

use crate::app::App;
use crate::attempt::{Attempt, LONGEST_WAIT_MS};
use crate::delivery::{Delivery, Verdict};
use crate::failures;
use crate::reconcile::{Search, Searched};

/// Later than the end of a limit, so as not to call early by a clock that differs.
const A_SECOND: Duration = Duration::from_secs(1);

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
    let until = app.accounts.throttled_until(tenant, account, now.seconds()).await?;
    let left = until.map_or(0, |until| until.get() - now.get());
    Ok(u64::try_from(left).ok().filter(|left| *left > 0).map(|left| Duration::from_millis(left) + A_SECOND))
}

/// Takes a message and does what its status asks for.
async fn take(app: &App, delivery: &Delivery) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, message, .. } = &delivery.dispatch;
    match Box::pin(app.outbound.begin(tenant, conversation, message, app.clock.now_ms())).await? {
        Begun::Started(message) => {
            let span = info_span!("message", trace_id = message.trace_id.as_ref().map(TraceId::as_str));
            Attempt { app, delivery, message: &message }.run().instrument(span).await
        }
        // Whoever began it is dead (see the crate's first lines): the call to Meta may have been made.
        Begun::Running(_) => delivery.doubt(app, &failures::delivery_unknown(delivery.dispatch.account.channel)).await,
        Begun::Uncertain(message, doubt) => match (Search { app, delivery, message: &message, doubt }).run().await? {
            Searched::Ended(verdict) => Ok(verdict),
            Searched::Absent => send_again(app, delivery, &message).await,
        },
        Begun::Settled(_) | Begun::Gone => Ok(Verdict::Done),
    }
}

/// Sends what is proven absent. An echo that came meanwhile wins: then there is nothing to begin.
async fn send_again(app: &App, delivery: &Delivery, message: &Message) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
    let now = app.clock.now_ms();
    app.outbound.requeue(tenant, conversation, &message.id, now).await?;
    match Box::pin(app.outbound.begin(tenant, conversation, &message.id, now)).await? {
        Begun::Started(message) => Attempt { app, delivery, message: &message }.run().await,
        Begun::Running(_) | Begun::Uncertain(..) | Begun::Settled(_) | Begun::Gone => Ok(Verdict::Done),
    }
}
