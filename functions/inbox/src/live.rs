//! A ticket lets the caller's browser be told live what has changed.

use domain::live::{TICKET_SECONDS, Ticket};
use edge::Caller;
use edge::http::{self, StatusCode};
use lambda_http::{Body, Request, Response};
use login::Nonce;
use serde::Serialize;

use crate::app::App;
use crate::error::InboxError;

/// How a socket is opened: `url?ticket=…`, within half a minute, once.
#[derive(Serialize)]
struct TicketView {
    url: String,
    ticket: String,
    /// The ticket is good for so many seconds.
    expires_in: i64,
    /// The socket that it opens ends after so many: with the token that asks, at the latest after two hours.
    socket_seconds: i64,
}

pub(crate) async fn ticket(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, InboxError> {
    let url = app.live_url.clone().ok_or(InboxError::LiveOff)?;
    let now = app.clock.now();
    let ticket = Ticket {
        tenant: caller.tenant.clone(),
        user: caller.user.clone(),
        token_ends_at: Caller::token_ends_at(request),
    };
    let nonce = Nonce::random();
    app.listeners.issue(&nonce.hash(), &ticket, now.plus(TICKET_SECONDS)).await?;
    let socket_seconds = ticket.open(String::new(), now).ends_at.get() - now.get();
    let view = TicketView { url, ticket: nonce.as_str().to_owned(), expires_in: TICKET_SECONDS, socket_seconds };
    Ok(http::json(StatusCode::CREATED, &view))
}
