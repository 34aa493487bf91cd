//! Calls over HTTP to a Meta of a few lines.

mod accounts;
mod failures;
mod login;
mod messages;
mod messenger;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::HeaderMap;
use domain::channel::Account;
use domain::connection::Login;
use domain::id::{ContactId, MessageId, PageId};
use domain::secret::{AccessToken, AppSecret};
use domain::time::UnixSeconds;
use hmac::{Hmac, KeyInit, Mac};
use meta::{AccountAccess, AppCredentials, GraphClient, Hosts, Pool};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const NOW: UnixSeconds = UnixSeconds::new(1_795_000_000);
pub(crate) const TOKEN: &str = "IGAAsecrettoken";
/// The Page of all samples.
pub(crate) const PAGE: &str = "134895793791914";
pub(crate) const APP_ID: &str = "990";
pub(crate) const APP_SECRET: &str = "appsecret";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// `GET /graph.instagram.com/v25.0/me`
    pub(crate) line: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}

/// An answer: status, headers, body.
pub(crate) type Reply = (u16, Vec<(&'static str, String)>, String);

/// A success with this body.
pub(crate) fn ok(body: &Value) -> Reply {
    (200, Vec::new(), body.to_string())
}

type Script = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

/// Meta, as far as one test needs it.
pub(crate) struct FakeMeta {
    pub(crate) hosts: Hosts,
    seen: Arc<Mutex<Vec<Seen>>>,
    server: JoinHandle<()>,
}

impl Drop for FakeMeta {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl FakeMeta {
    /// Answers every request as `script` says.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: Script = Arc::new(script);
        let router = Router::new().fallback(answer).with_state((script, Arc::clone(&seen)));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("the server runs") });
        Self { hosts: Hosts::new(&format!("http://{address}/")), seen, server }
    }

    /// What arrived so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panicked").clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

async fn answer(
    State((script, seen)): State<(Script, Arc<Mutex<Vec<Seen>>>)>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let request = Seen {
        line: format!("{} {}", parts.method, parts.uri.path()),
        query,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).expect("UTF-8"),
    };
    let (status, headers, body) = script(&request);
    seen.lock().expect("no test panicked").push(request);
    let mut response = axum::response::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(body.into()).expect("a response")
}

/// Runs `work` with a client of this login.
pub(crate) async fn with_client<T>(hosts: &Hosts, login: Login, work: impl AsyncFnOnce(GraphClient<'_>) -> T) -> T {
    let app_secret = AppSecret::new(APP_SECRET.to_owned());
    let app = AppCredentials { login, app_id: APP_ID, app_secret: &app_secret, version: "v25.0" };
    let pool = Pool::default();
    work(GraphClient::new(&pool, hosts, app)).await
}

/// An account with a Page, and its token.
pub(crate) struct Access {
    account: Account,
    page_id: Option<PageId>,
    token: AccessToken,
}

impl Access {
    pub(crate) fn new() -> Self {
        Self { account: crate::util::account(), page_id: PageId::try_from(PAGE).ok(), token: token() }
    }

    /// A Page of Messenger, which is its own account.
    pub(crate) fn of_page() -> Self {
        Self { account: Account::messenger(&PAGE.try_into().expect("digits")), page_id: None, token: token() }
    }

    pub(crate) const fn get(&self) -> AccountAccess<'_> {
        AccountAccess { account: &self.account, page_id: self.page_id.as_ref(), token: &self.token }
    }
}

pub(crate) fn token() -> AccessToken {
    AccessToken::new(TOKEN.to_owned())
}

pub(crate) fn contact() -> ContactId {
    crate::util::contact()
}

/// Our id of every message that is sent.
pub(crate) fn id() -> MessageId {
    MessageId::new(NOW.millis(), [7; 8])
}

/// The proof that Meta expects for a token.
pub(crate) fn proof(token: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(APP_SECRET.as_bytes()).expect("any key");
    mac.update(token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
