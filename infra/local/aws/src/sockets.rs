//! API Gateway's management of WebSocket connections: what is posted to one goes to whoever holds it.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::error::{Answer, ServiceError};

/// The most that one post may have.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
const MAX_MESSAGE_BYTES: usize = 128 * 1024;

/// What a connection is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Send this to the client.
    Send(Bytes),
    /// Close.
    Close,
}

/// Who is at the other end of a connection, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The client's address.
    pub source_ip: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// When the connection was opened.
    pub connected_ms: i64,
}

#[derive(Debug)]
struct Open {
    orders: mpsc::UnboundedSender<Order>,
    peer: Peer,
    active_ms: i64,
}

/// A handle to the open connections; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Sockets(Arc<Mutex<BTreeMap<String, Open>>>);

impl Sockets {
    /// From now on a connection can be posted to.
    #[must_use]
    pub fn open(&self, id: &str, peer: Peer) -> mpsc::UnboundedReceiver<Order> {
        let (orders, received) = mpsc::unbounded_channel();
        let active_ms = peer.connected_ms;
        self.with(|open| open.insert(id.to_owned(), Open { orders, peer, active_ms }));
        received
    }

    /// Something has come or gone over a connection.
    pub fn moved(&self, id: &str, at_ms: i64) {
        self.with(|open| {
            if let Some(open) = open.get_mut(id) {
                open.active_ms = at_ms;
            }
        });
    }

    /// A connection is gone.
    pub fn forget(&self, id: &str) {
        self.with(|open| open.remove(id));
    }

    /// How many are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.with(|open| open.len())
    }

    /// Carries out a call. A post that is `lost` is answered as any other: it is promised at most once.
    pub(crate) fn call(&self, operation: &str, input: &Value, body: &Bytes, lost: bool) -> Answer {
        let id = input["ConnectionId"].as_str().unwrap_or_default();
        let (orders, about) = self
            .with(|open| {
                let open = open.get(id).filter(|open| !open.orders.is_closed())?;
                Some((open.orders.clone(), open.about()))
            })
            .ok_or_else(gone)?;
        match operation {
            "PostToConnection" if body.len() > MAX_MESSAGE_BYTES => {
                return Err(ServiceError::with_details(413, "PayloadTooLargeException", "too large", Map::new()));
            }
            "PostToConnection" if lost => {}
            "PostToConnection" => orders.send(Order::Send(body.clone())).map_err(|_| gone())?,
            "DeleteConnection" => orders.send(Order::Close).map_err(|_| gone())?,
            "GetConnection" => return Ok(about),
            _ => return Err(ServiceError::unknown_operation()),
        }
        Ok(json!({}))
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Open>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Open {
    fn about(&self) -> Value {
        let time = |ms| jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_string();
        json!({
            "connectedAt": time(self.peer.connected_ms),
            "lastActiveAt": time(self.active_ms),
            "identity": {"sourceIp": self.peer.source_ip, "userAgent": self.peer.user_agent.as_deref().unwrap_or_default()},
        })
    }
}

fn gone() -> ServiceError {
    ServiceError::with_details(410, "GoneException", "the connection is gone", Map::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(sockets: &Sockets, id: &str, text: &'static str, lost: bool) -> Answer {
        sockets.call("PostToConnection", &json!({"ConnectionId": id}), &Bytes::from_static(text.as_bytes()), lost)
    }

    #[test]
    fn what_is_posted_goes_to_who_holds_the_connection_and_to_nobody_once_it_is_gone() {
        let sockets = Sockets::default();
        assert_eq!(post(&sockets, "A", "x", false).expect_err("nobody").status, 410);
        let mut held = sockets.open("A", Peer::default());
        post(&sockets, "A", "one", false).expect("is posted");
        post(&sockets, "A", "two", true).expect("is said to be posted");
        sockets.call("DeleteConnection", &json!({"ConnectionId": "A"}), &Bytes::new(), false).expect("is closed");
        assert_eq!(held.try_recv(), Ok(Order::Send(Bytes::from_static(b"one"))));
        assert_eq!(held.try_recv(), Ok(Order::Close));
        drop(held);
        assert_eq!(post(&sockets, "A", "x", false).expect_err("it is gone").code, "GoneException");
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let sockets = Sockets::default();
        let _held = sockets.open("A", Peer::default());
        let body = Bytes::from(vec![b'x'; MAX_MESSAGE_BYTES + 1]);
        let refused = sockets.call("PostToConnection", &json!({"ConnectionId": "A"}), &body, false);
        assert_eq!(refused.expect_err("too large").status, 413);
    }
}
