//! The HTTP server: one port for all of Meta's hosts, the pages and the control API.

use std::{convert::Infallible, fmt, sync::Arc};

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
    Login, control,
    graph::{self, call::Host},
    html, media,
    oauth::dialog,
    phone,
    sim::Sim,
};

/// Raw webhook bodies of load tests are larger than axum's default.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

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
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, router.clone()));
                while connections.try_join_next().is_some() {}
            }
            Err(error) => warn!(%error, "could not accept a connection"),
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| answer(router.clone(), request.map(Body::new)));
    let served = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        debug!(%error, "a connection ended early");
    }
}

async fn answer(router: Router, request: Request) -> Result<Response, CutConnection> {
    let response = router.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
    if response.extensions().get::<CutConnection>().is_some() { Err(CutConnection) } else { Ok(response) }
}
