//! What happens to a socket.

use std::collections::HashMap;
use std::convert::Infallible;

use edge::telemetry::{Chain, metric};
use lambda_runtime::LambdaEvent;
use login::Nonce;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::StoreError;
use tracing::{error, info, warn};

use crate::app::App;

/// An event of a WebSocket API.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketEvent {
    request_context: Context,
    #[serde(default)]
    query_string_parameters: Option<HashMap<String, String>>,
    #[serde(default)]
    body: Option<String>,
}

/// What a browser says, as its `action`, to find out whether its socket lives and to keep it from idling away; nothing else is read.
const PING: &str = "ping";

/// What it is answered: the route has a route response, so API Gateway sends the browser what the function answers.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html>
const PONG: &str = r#"{"type":"pong"}"#;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    event_type: Kind,
    connection_id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Connect,
    Disconnect,
    #[serde(other)]
    Message,
}

/// What API Gateway is answered; any other status than 200 to a socket that wants to open keeps it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SocketAnswer {
    /// The HTTP status.
    #[serde(rename = "statusCode")]
    status_code: u16,
    /// What the browser is sent, where it has sent something.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'static str>,
}

impl SocketAnswer {
    const fn status(status_code: u16) -> Self {
        Self { status_code, body: None }
    }
}

/// A person has a few tabs; who has more than these is a page that has gone wrong.
const SOCKETS_OF_A_USER: usize = 30;

/// Why a socket was not opened.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    /// There is no ticket, or none that is known: used, too old, never given out.
    #[error("the ticket lets nobody in")]
    Ticket,
    /// The same person has too many.
    #[error("there are too many sockets of one person")]
    TooMany,
    /// The database did not do its part.
    #[error("the socket was not stored")]
    Store(#[from] StoreError),
}

impl Refusal {
    const fn status(&self) -> u16 {
        match self {
            Self::Ticket => 401,
            Self::TooMany => 429,
            Self::Store(_) => 503,
        }
    }
}

/// Lets a browser in, or forgets it.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, event: LambdaEvent<SocketEvent>) -> Result<SocketAnswer, Infallible> {
    let SocketEvent { request_context: Context { event_type, connection_id }, query_string_parameters, body } =
        event.payload;
    Ok(match event_type {
        Kind::Connect => {
            let ticket = query_string_parameters.as_ref().and_then(|query| query.get("ticket"));
            match open(app, connection_id, ticket.map(String::as_str)).await {
                Ok(()) => SocketAnswer::status(200),
                Err(refusal) => {
                    refuse(&refusal);
                    SocketAnswer::status(refusal.status())
                }
            }
        }
        Kind::Disconnect => {
            // Its time is over soon in any case.
            if let Err(failure) = app.listeners.close_socket(&connection_id).await {
                warn!(error = %Chain(&failure), "A browser that has left was not forgotten");
            }
            SocketAnswer::status(200)
        }
        Kind::Message => answer(body.as_deref().unwrap_or_default()),
    })
}

fn answer(said: &str) -> SocketAnswer {
    let said: Value = serde_json::from_str(said).unwrap_or_default();
    let body = (said["action"] == PING).then_some(PONG);
    SocketAnswer { status_code: 200, body }
}

async fn open(app: &App, connection_id: String, ticket: Option<&str>) -> Result<(), Refusal> {
    let nonce = ticket.and_then(Nonce::parse).ok_or(Refusal::Ticket)?;
    let ticket = app.listeners.claim(&nonce.hash()).await?.ok_or(Refusal::Ticket)?;
    let socket = ticket.open(connection_id, app.clock.now());
    let others = app.listeners.of(&socket.tenant).await?.sockets;
    if others.iter().filter(|other| other.user == socket.user).count() >= SOCKETS_OF_A_USER {
        return Err(Refusal::TooMany);
    }
    app.listeners.open_socket(&socket).await?;
    info!(tenant = %socket.tenant, "A browser is told live");
    metric("sockets_opened", 1, &[]);
    Ok(())
}

fn refuse(refusal: &Refusal) {
    match refusal {
        Refusal::Store(_) => error!(error = %Chain(refusal), "A browser was not let in"),
        Refusal::Ticket | Refusal::TooMany => info!(reason = %refusal, "A browser was not let in"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_is_answered_and_nothing_else() {
        assert_eq!(answer(r#"{"action":"ping"}"#).body, Some(PONG));
        for said in ["", "ping", "{}", r#"{"action":"pong"}"#, r#"["ping"]"#, r#"{"action":7}"#] {
            assert_eq!(answer(said).body, None, "{said}");
        }
    }

    #[test]
    fn the_samples_are_events_of_each_kind() {
        for (sample, kind) in [
            (include_str!("../../../events/live-connect.json"), Kind::Connect),
            (include_str!("../../../events/live-message.json"), Kind::Message),
            (include_str!("../../../events/live-disconnect.json"), Kind::Disconnect),
        ] {
            let event: SocketEvent = serde_json::from_str(sample).expect("an event");
            assert_eq!(event.request_context.event_type, kind);
        }
    }
}
