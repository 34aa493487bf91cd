//! A browser that is told live: the ticket, and the socket that it opens.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::Browser;

/// How long a story waits for what is to come. Far more than it takes; nothing is asserted about it.
const AT_MOST: Duration = Duration::from_mins(1);

/// An open socket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// The server has closed it, with this code; none where the line was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed(pub Option<u16>);

impl Browser<'_> {
    /// Asks for a ticket.
    pub async fn ticket(&self) -> Value {
        let answer = self.post(&format!("/api/tenants/{}/live/tickets", self.tenant()), json!({})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }

    /// Opens a socket with a ticket of its own.
    pub async fn socket(&self) -> Socket {
        Socket::open(&self.ticket().await).await.expect("the ticket opens a socket")
    }
}

impl Socket {
    /// Opens a socket.
    ///
    /// # Errors
    ///
    /// The status with which it is refused.
    pub async fn open(ticket: &Value) -> Result<Self, u16> {
        let [url, ticket] = ["url", "ticket"].map(|name| ticket[name].as_str().expect("a ticket says it"));
        Self::connect(&format!("{url}?ticket={ticket}")).await
    }

    /// Connects to an address of sockets.
    ///
    /// # Errors
    ///
    /// The status with which it is refused.
    pub async fn connect(address: &str) -> Result<Self, u16> {
        match connect_async(address).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(refused)) => Err(refused.status().as_u16()),
            Err(failure) => panic!("nobody answers at {address}: {failure}"),
        }
    }

    /// Says something.
    pub async fn say(&mut self, message: impl Into<Message>) {
        self.0.send(message.into()).await.expect("the line stands");
    }

    /// The next thing that it is told.
    ///
    /// # Errors
    ///
    /// [`Closed`].
    pub async fn told(&mut self) -> Result<Value, Closed> {
        let next = timeout(AT_MOST, self.0.next()).await.expect("something comes");
        match next {
            Some(Ok(Message::Text(text))) => Ok(serde_json::from_str(&text).expect("JSON")),
            Some(Ok(Message::Close(frame))) => Err(Closed(frame.map(|frame| frame.code.into()))),
            Some(Ok(other)) => panic!("an unexpected message: {other:?}"),
            None | Some(Err(_)) => Err(Closed(None)),
        }
    }

    /// Everything that it was told up to now: what follows the answer to a ping was not told before it.
    pub async fn heard(&mut self) -> Vec<Value> {
        self.say(r#"{"action":"ping"}"#).await;
        let mut heard = Vec::new();
        loop {
            let told = self.told().await.expect("the socket is open");
            if told["type"] == "pong" {
                return heard;
            }
            heard.push(told);
        }
    }
}
