//! Reads the request, asks the rules, stores the message, hands it over.

use std::convert::Infallible;
use std::time::Duration;

use domain::message::ReplyTo;
use domain::view::MessageView;
use domain::{
    AuditEvent, AuditKind, Author, Channel, Conversation, ConversationId, Dispatch, EffectivePlan, Message, MessageId,
    Mid, Status, TraceId,
};
use edge::http::{self, StatusCode};
use edge::telemetry::{Chain, metric};
use edge::{Caller, Problem};
use lambda_http::http::{HeaderValue, header};
use lambda_http::{Body, Request, RequestExt, Response};
use outbound::{EnqueueError, Order};
use store::{Draft, Earlier, QueueError, Queued, SendContext};
use tokio::time::timeout;
use tracing::{error, info};

use crate::app::App;
use crate::error::SendError;
use crate::policy;
use crate::request::{self, MAX_BODY_BYTES, SendRequest};

/// Among so many of the newest messages one is found by the provider's id: one read.
const REPLY_TARGETS: u32 = 100;

/// An accepted answer.
struct Accepted {
    message: Message,
    conversation: Conversation,
    /// It was accepted before, under the same key.
    replayed: bool,
}

/// Answers 202 with the message, or a problem document.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let outcome = send(app, &request).await;
    let outcome = outcome.map(|accepted| answer(&request, &accepted)).map_err(|failure| refuse(&failure));
    Ok(http::answer(http::request_id(&request), outcome))
}

async fn send(app: &App, request: &Request) -> Result<Accepted, SendError> {
    let caller = Caller::admit(request, &app.claims)?;
    caller.owns(http::path(request, "tenantId").unwrap_or_default())?;
    let asked: SendRequest = http::body_json(request, MAX_BODY_BYTES)?;
    let key = request::idempotency_key(request.headers().get("idempotency-key"))?;
    let channel = http::channel(request)?;
    let accepted = accept(app, &caller, channel, &asked, key).await;
    if let Err(failure) = &accepted
        && failure.is_policy()
    {
        note_refusal(app, &caller, &asked, failure).await;
    }
    accepted
}

/// Asks the rules in their order and queues the message. A replay is answered before: its message was accepted then.
async fn accept(
    app: &App,
    caller: &Caller,
    channel: Channel,
    asked: &SendRequest,
    key: Option<&str>,
) -> Result<Accepted, SendError> {
    let now = app.clock.now_ms();
    let id = ConversationId::try_from(asked.conversation.as_str()).map_err(|_| SendError::UnknownConversation)?;
    let context = app.outbound.context(&caller.tenant, &id, key, now).await?;
    let of_channel = context.filter(|context| context.conversation.account.channel == channel);
    let context = of_channel.ok_or(SendError::UnknownConversation)?;
    let draft = draft(app, caller, asked, key, &context).await?;
    match context.earlier(&draft)? {
        Some(Earlier::Same(message)) => return Ok(replay(app, context, *message).await),
        Some(Earlier::Other) => return Err(SendError::KeyReused),
        None => {}
    }
    let connection = policy::usable(context.connection.as_ref())?;
    let asks_for_tag = asked.asks_for_tag(draft.author)?;
    let tag = policy::tag(app, &context, connection, draft.author, asks_for_tag, now).await?;
    asked.check_content(channel)?;
    queue(app, caller, context, &Draft { tag, ..draft }).await
}

/// Answers what was accepted before. While it is queued it is handed over again: the function that accepted it may have died
/// before it did. The queue drops what it has already.
async fn replay(app: &App, context: SendContext, message: Message) -> Accepted {
    if message.status == Status::Queued {
        hand_over(app, &context, &message).await;
    }
    Accepted { message, conversation: context.conversation, replayed: true }
}

/// Spends the quota and stores the message, both or neither; then hands it over.
async fn queue(app: &App, caller: &Caller, context: SendContext, draft: &Draft) -> Result<Accepted, SendError> {
    let plan = plan(app, caller, &context);
    if draft.author == Author::Automation {
        plan.check_automation()?;
    }
    let queued = app.outbound.queue(&context, draft, plan.limits.monthly_messages, app.clock.now_ms()).await;
    let (message, replayed) = match queued {
        Ok(Queued::New(message)) => {
            hand_over(app, &context, &message).await;
            (*message, false)
        }
        Ok(Queued::Replayed(message)) => (*message, true),
        Err(QueueError::QuotaExceeded) => return Err(plan.no_message_left().into()),
        Err(QueueError::KeyReuse) => return Err(SendError::KeyReused),
        Err(QueueError::ConversationEnded) => return Err(SendError::UnknownConversation),
        Err(QueueError::Store(failure)) => return Err(failure.into()),
    };
    Ok(Accepted { message, conversation: context.conversation, replayed })
}

/// How long the queue may take: somebody waits, and the sweep hands over what it did not get.
const QUEUE_PATIENCE: Duration = Duration::from_secs(3);

/// Hands an accepted message to the queue. A failure is only logged: the message is stored, so the sender finds it before the
/// next answer of the conversation, or the sweep does.
async fn hand_over(app: &App, context: &SendContext, message: &Message) {
    let dispatch = Dispatch::new(context.tenant.clone(), &context.conversation, message);
    let order = Order { dispatch, trace: message.trace_id.clone() };
    let enqueued = timeout(QUEUE_PATIENCE, app.queue.enqueue(&order)).await;
    if let Err(failure) = enqueued.unwrap_or(Err(EnqueueError::Late)) {
        error!(message_id = %message.id, error = %Chain(&failure), "An accepted message waits for the sweep");
        metric("enqueue_failed", 1, &[]);
    }
}

/// The plan that holds now. No further read: the profile came with what decides about the answer.
fn plan<'a>(app: &'a App, caller: &'a Caller, context: &'a SendContext) -> EffectivePlan<'a> {
    let profile = context.profile.as_ref();
    app.catalogue.effective(profile, caller.plan_claim(profile, &app.claims))
}

async fn draft(
    app: &App,
    caller: &Caller,
    asked: &SendRequest,
    key: Option<&str>,
    context: &SendContext,
) -> Result<Draft, SendError> {
    Ok(Draft {
        author: policy::author(caller.role),
        sent_by: Some(caller.user.clone()),
        text: asked.text.clone(),
        attachments: asked.attachments(),
        reply_to: match asked.reply_to.as_deref() {
            Some(target) => Some(reply_to(app, context, target).await?),
            None => None,
        },
        tag: None,
        idempotency_key: key.map(str::to_owned),
        trace_id: context.conversation.trace_id.clone(),
    })
}

/// Finds the message to reply to: by our id, or by the provider's among the newest of the conversation. What is not there, or
/// has not reached the provider, cannot be replied to.
async fn reply_to(app: &App, context: &SendContext, target: &str) -> Result<ReplyTo, SendError> {
    let SendContext { tenant, conversation, .. } = context;
    let found = if let Ok(id) = MessageId::try_from(target) {
        app.inbox.message(tenant, &conversation.id, &id).await?
    } else {
        let newest = app.inbox.messages(tenant, &conversation.id, None, REPLY_TARGETS).await?.items;
        let is_target = |mid: &Mid| mid.as_str() == target;
        newest.into_iter().find(|message| message.provider_message_id.as_ref().is_some_and(is_target))
    };
    let mid = found.and_then(|message| message.provider_message_id).ok_or(SendError::UnknownReplyTarget)?;
    Ok(ReplyTo::Message { mid })
}

/// A refusal stands whether or not its event can be stored.
async fn note_refusal(app: &App, caller: &Caller, asked: &SendRequest, failure: &SendError) {
    let problem = Problem::from(failure);
    let event = AuditEvent::new(caller.tenant.clone(), AuditKind::Refused, app.clock.now_ms())
        .by(caller.user.clone())
        .with("reason", problem.kind())
        .with("conversation_id", asked.conversation.as_str());
    let event = match failure {
        SendError::Plan(refusal) => event
            .with("plan", refusal.plan.as_str())
            .with("limit", refusal.limit)
            .with("required_plan", refusal.required.as_deref()),
        _ => event,
    };
    app.audit.record(event).await;
}

fn answer(request: &Request, accepted: &Accepted) -> Response<Body> {
    let Accepted { message, conversation, replayed } = accepted;
    let trace_id = message.trace_id.as_ref().map(TraceId::as_str);
    info!(message_id = %message.id, conversation_id = %conversation.id, trace_id, replayed, "Accepted a message");
    metric("messages_accepted", 1, &[("replayed", if *replayed { "true" } else { "false" })]);
    let mut response = http::json(StatusCode::ACCEPTED, &MessageView::new(message, conversation));
    let headers = response.headers_mut();
    if let Some(location) = location(request, conversation) {
        headers.insert(header::LOCATION, location);
    }
    if *replayed {
        headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// Where to watch what becomes of the message: the newest of its conversation.
fn location(request: &Request, conversation: &Conversation) -> Option<HeaderValue> {
    let route = format!("/{}/messages/send", conversation.account.channel);
    let base = request.raw_http_path().strip_suffix(&route)?;
    HeaderValue::from_str(&format!("{base}/conversations/{}/messages", conversation.id)).ok()
}

fn refuse(failure: &SendError) -> Problem {
    let problem = Problem::from(failure);
    metric("messages_refused", 1, &[("reason", problem.kind())]);
    if problem.status() >= 500 {
        error!(error = %Chain(failure), "An answer was not accepted");
    } else {
        info!(kind = problem.kind(), "Refused an answer");
    }
    problem
}
