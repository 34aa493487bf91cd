//! Hints to open browsers: which conversations have changed, and what about them. Lost ones do no harm.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use domain::TenantId;
use domain::live::{Hint, Socket};
use edge::Setup;
use edge::telemetry::{Chain, metric};
use futures::StreamExt as _;
use futures::stream;
use tracing::{info, warn};

use crate::app::App;
use crate::batch::Entry;
use crate::listeners::Listeners;

/// So many sockets are written to at once.
const AT_ONCE: usize = 25;

/// A hint that takes longer is not worth waiting for: the next batch of the shard waits as well.
const PATIENCE: Duration = Duration::from_secs(2);

/// The way to the sockets.
#[derive(Clone, Debug)]
pub(crate) struct Sockets(Client);

impl Sockets {
    /// Through the API that `LIVE_API_URL` names; `None` where it is not set.
    pub(crate) fn new(setup: &Setup) -> Option<Self> {
        let url = setup.env.optional("LIVE_API_URL")?;
        let config = aws_sdk_apigatewaymanagement::config::Builder::from(&setup.aws).endpoint_url(url).build();
        Some(Self(Client::from_conf(config)))
    }
}

/// Tells the open browsers of each tenant what to ask for.
pub(crate) async fn tell(app: &App, entries: &[Entry], listeners: &Listeners) {
    let Some(sockets) = &app.sockets else { return };
    let mut hints: BTreeMap<&TenantId, Hint> = BTreeMap::new();
    for Entry { news, .. } in entries {
        let hint = hints.entry(&news.tenant).or_default();
        match news.conversation() {
            Some(id) => hint.conversation(id, &news.changes),
            None => hint.connection(),
        }
    }
    let mut posts = Vec::new();
    for (tenant, hint) in &hints {
        let frames = hint.frames();
        posts.extend(listeners.sockets(tenant).iter().map(|socket| post(app, sockets, socket, frames.clone())));
    }
    let told: Vec<bool> = stream::iter(posts).buffer_unordered(AT_ONCE).collect().await;
    let told = told.into_iter().filter(|told| *told).count();
    metric("hints", u64::try_from(told).unwrap_or(u64::MAX), &[]);
}

/// Whether a browser was told. One that is gone is forgotten; one that is about to open asks for itself then.
async fn post(app: &App, sockets: &Sockets, socket: &Socket, frames: Vec<String>) -> bool {
    for frame in frames {
        let call = sockets.0.post_to_connection().connection_id(&socket.connection_id).data(Blob::new(frame));
        match tokio::time::timeout(PATIENCE, call.send()).await {
            Ok(Ok(_)) => {}
            Ok(Err(failure)) if failure.as_service_error().is_some_and(PostToConnectionError::is_gone_exception) => {
                forget(app, socket).await;
                return false;
            }
            Ok(Err(failure)) => {
                warn!(tenant = %socket.tenant, error = %Chain(&failure), "A browser was not told");
                return false;
            }
            Err(_) => {
                warn!(tenant = %socket.tenant, "A browser was not told in time");
                return false;
            }
        }
    }
    true
}

async fn forget(app: &App, socket: &Socket) {
    if !socket.has_opened(app.clock.now()) {
        return;
    }
    info!(tenant = %socket.tenant, "A browser is gone");
    if let Err(failure) = app.listeners.forget_socket(&socket.tenant, &socket.connection_id).await {
        warn!(tenant = %socket.tenant, error = %Chain(&failure), "A browser that is gone was not forgotten");
    }
}
