//! The HTTP server: one port for all of Meta's hosts, the pages and the control API.

use std::{
    convert::Infallible,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use http::StatusCode;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tower::ServiceExt;
use tracing::{debug, warn};

use crate::{
    Clock, Login,
    clock::SECOND_MS,
    control,
    graph::{self, call::Host},
    html, media,
    oauth::dialog,
    phone,
    sim::Sim,
};

/// Raw webhook bodies of load tests are larger than axum's default.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A connection to an API host that idles for longer is reset by its next request.
const IDLE_MS: i64 = 5 * SECOND_MS;

/// Marks a response that is not to be sent: the connection breaks instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutConnection;

impl CutConnection {
    pub(crate) fn response() -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        response.extensions_mut().insert(Self);
        response
    }
}

impl fmt::Display for CutConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection is cut on demand")
    }
}

impl std::error::Error for CutConnection {}

/// All routes.
pub(crate) fn router(sim: &Arc<Sim>) -> Router {
    let dialog = |login: Login| {
        get(async move |state, query| dialog::open(login, state, query))
            .post(async move |state, query, form: String| dialog::submit(login, state, query, &form))
    };
    let host = |host: Host| any(move |state, request| graph::serve(host, state, request));
    Router::new()
        .route("/www.instagram.com/oauth/authorize", dialog(Login::Instagram))
        .route("/api.instagram.com/oauth/authorize", get(dialog::switched_off))
        .route("/www.facebook.com/dialog/oauth", dialog(Login::Facebook))
        .route("/www.facebook.com/{version}/dialog/oauth", dialog(Login::Facebook))
        .route("/api.instagram.com/{*path}", host(Host::InstagramApi))
        .route("/graph.instagram.com/{*path}", host(Host::InstagramGraph))
        .route("/graph.facebook.com/{*path}", host(Host::FacebookGraph))
        .route("/lookaside.fbsbx.com/ig_messaging_cdn/", get(media::serve))
        .route("/assets/{name}", get(html::asset))
        .merge(phone::router())
        .nest("/control", control::router())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::map_response(async |response: Response| html::secure(response)))
        .with_state(Arc::clone(sim))
}

/// Accepts connections until it is dropped; so are its connections then.
pub(crate) async fn serve(listener: TcpListener, router: Router, clock: Clock) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, router.clone(), clock.clone()));
                while connections.try_join_next().is_some() {}
            }
            Err(error) => warn!(%error, "could not accept a connection"),
        }
    }
}

async fn connection(stream: TcpStream, router: Router, clock: Clock) {
    let rest = Arc::new(Rest { clock, since_ms: AtomicI64::new(i64::MAX) });
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        answer(router.clone(), Arc::clone(&rest), request.map(Body::new))
    });
    let served = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        debug!(%error, "a connection ended early");
    }
}

async fn answer(router: Router, rest: Arc<Rest>, request: Request) -> Result<Response, CutConnection> {
    if rest.was_too_long() && is_api(request.uri().path()) {
        return Err(CutConnection);
    }
    let response = router.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
    rest.begin();
    if response.extensions().get::<CutConnection>().is_some() { Err(CutConnection) } else { Ok(response) }
}

/// How long a connection has carried nothing, in simulated time.
///
/// The API hosts forget a connection that idles, without a word: whoever uses it again learns that by a reset. A caller
/// that is frozen meanwhile, as a function between two invocations, cannot know by its own timers.
struct Rest {
    clock: Clock,
    since_ms: AtomicI64,
}

impl Rest {
    fn begin(&self) {
        self.since_ms.store(self.clock.now_ms(), Ordering::SeqCst);
    }

    fn was_too_long(&self) -> bool {
        self.clock.now_ms().saturating_sub(self.since_ms.load(Ordering::SeqCst)) > IDLE_MS
    }
}

fn is_api(path: &str) -> bool {
    [Host::InstagramApi, Host::InstagramGraph, Host::FacebookGraph]
        .iter()
        .any(|host| path.strip_prefix('/').is_some_and(|path| path.starts_with(host.name())))
}
