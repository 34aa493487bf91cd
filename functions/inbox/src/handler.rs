//! Finds what a route asks for, for the caller's own tenant.

use std::convert::Infallible;

use domain::conversation::{Conversation, ConversationState};
use domain::view::ConversationView;
use domain::{ConversationId, MessageId};
use edge::http::{self, StatusCode};
use edge::telemetry::Chain;
use edge::{Caller, PageQuery, Problem};
use lambda_http::{Body, Request, Response};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use tracing::{error, info};

use crate::answer::{AuditPage, ConversationsPage, MessagesPage};
use crate::app::App;
use crate::error::InboxError;
use crate::{live, query};

/// Far above any change of a conversation.
const MAX_BODY_BYTES: usize = 4 * 1024;

/// Answers JSON, 304 where the caller has it already, or a problem document.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let outcome = respond(app, &request).await.map_err(|failure| refuse(&failure));
    Ok(http::answer(http::request_id(&request), outcome))
}

async fn respond(app: &App, request: &Request) -> Result<Response<Body>, InboxError> {
    let caller = Caller::admit(request, &app.claims)?;
    caller.owns(http::path(request, "tenantId").unwrap_or_default())?;
    match http::route_key(request) {
        "GET /api/tenants/{tenantId}/conversations" => list(app, request, &caller).await,
        "GET /api/tenants/{tenantId}/conversations/{conversationId}" => show(app, request, &caller).await,
        "GET /api/tenants/{tenantId}/conversations/{conversationId}/messages" => messages(app, request, &caller).await,
        "POST /api/tenants/{tenantId}/conversations/{conversationId}/read" => mark_read(app, request, &caller).await,
        "PATCH /api/tenants/{tenantId}/conversations/{conversationId}" => change(app, request, &caller).await,
        "POST /api/tenants/{tenantId}/live/tickets" => live::ticket(app, request, &caller).await,
        "GET /api/tenants/{tenantId}/events" => audit_log(app, request, &caller).await,
        _ => Err(InboxError::NotFound),
    }
}

async fn list(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, InboxError> {
    let page = PageQuery::of(request)?;
    let filter = query::filter(|name| http::query(request, name))?;
    let found = app.inbox.conversations(&caller.tenant, page.cursor, page.limit, filter).await?;
    Ok(http::json_with_etag(request, &ConversationsPage::new(found, app.clock.now_ms())))
}

async fn show(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, InboxError> {
    let conversation = find(app, caller, &conversation_id(request)?).await?;
    Ok(http::json_with_etag(request, &ConversationView::new(&conversation, app.clock.now_ms())))
}

/// The conversation comes along: it says until when one may answer, and which messages the contact has read. Its first page is
/// what somebody sees who opens it.
async fn messages(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, InboxError> {
    let id = conversation_id(request)?;
    let page = PageQuery::of(request)?;
    let found = app.inbox.messages(&caller.tenant, &id, page.cursor, page.limit);
    let (conversation, found) = tokio::join!(find(app, caller, &id), found);
    let (conversation, now) = (conversation?, app.clock.now_ms());
    if page.cursor.is_none() {
        app.profiles.opened(&caller.tenant, &conversation, now).await;
    }
    Ok(http::json_with_etag(request, &MessagesPage::new(found?, &conversation, now)))
}

/// What somebody has read: `read_up_to` of the page that they saw; everything, where no message is named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    up_to: Option<MessageId>,
}

async fn mark_read(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, InboxError> {
    let id = conversation_id(request)?;
    let Reading { up_to } = http::body_json(request, MAX_BODY_BYTES)?;
    let marked = app.inbox.mark_read(&caller.tenant, &id, up_to.as_ref()).await?;
    let conversation = marked.ok_or(InboxError::NotFound)?;
    Ok(http::json(StatusCode::OK, &ConversationView::new(&conversation, app.clock.now_ms())))
}

/// What can be changed about a conversation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConversationChange {
    #[serde(deserialize_with = "known_state")]
    state: ConversationState,
}

/// Only the database may hold a state that this version does not know.
fn known_state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ConversationState, D::Error> {
    match ConversationState::deserialize(deserializer)? {
        ConversationState::Other(_) => Err(D::Error::custom("a state is open or closed")),
        state => Ok(state),
    }
}

async fn change(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, InboxError> {
    let id = conversation_id(request)?;
    let change: ConversationChange = http::body_json(request, MAX_BODY_BYTES)?;
    let changed = app.inbox.set_state(&caller.tenant, &id, change.state).await?;
    let conversation = changed.ok_or(InboxError::NotFound)?;
    Ok(http::json(StatusCode::OK, &ConversationView::new(&conversation, app.clock.now_ms())))
}

async fn audit_log(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, InboxError> {
    let page = PageQuery::of(request)?;
    let found = app.audit.list(&caller.tenant, page.cursor, page.limit).await?;
    Ok(http::json_with_etag(request, &AuditPage::from(found)))
}

/// A text that is no conversation id names no conversation.
fn conversation_id(request: &Request) -> Result<ConversationId, InboxError> {
    let text = http::path(request, "conversationId").unwrap_or_default();
    ConversationId::try_from(text).map_err(|_| InboxError::NotFound)
}

async fn find(app: &App, caller: &Caller, id: &ConversationId) -> Result<Conversation, InboxError> {
    app.inbox.conversation(&caller.tenant, id).await?.ok_or(InboxError::NotFound)
}

fn refuse(failure: &InboxError) -> Problem {
    let problem = Problem::from(failure);
    if problem.status() >= 500 {
        error!(error = %Chain(failure), "A request about the inbox failed");
    } else {
        info!(kind = problem.kind(), "Refused a request about the inbox");
    }
    problem
}
