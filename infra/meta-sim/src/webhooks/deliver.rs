//! The tasks that carry webhooks out, and Meta's other calls to an app: verification handshake and callbacks.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use http::header;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::{debug, info, warn};

use super::outbox::{Attempt, Parcel};
use crate::{
    App,
    signing::{sha1_header, sha256_header, signed_request},
    sim::Sim,
};

/// Version of the webhook payloads; Meta names it in a header.
const PAYLOAD_VERSION: &str = "v25.0";
const USER_AGENT: &str = "facebookexternalua";

/// Carries parcels out until the simulation stops. Each app has a queue of its own, worked off in order: an app that
/// hangs delays nobody else.
pub(crate) async fn dispatch(sim: Arc<Sim>) {
    let mut queues: HashMap<String, UnboundedSender<Parcel>> = HashMap::new();
    loop {
        sim.outbox.wake.notified().await;
        let window = sim.outbox.options().batch_window_ms;
        if window > 0 && !sim.outbox.holds() {
            tokio::time::sleep(Duration::from_millis(window)).await;
        }
        hand_out(&sim, &mut queues, sim.outbox.collect(false));
    }
}

fn hand_out(sim: &Arc<Sim>, queues: &mut HashMap<String, UnboundedSender<Parcel>>, parcels: Vec<Parcel>) {
    for parcel in parcels {
        let queue = queues.entry(parcel.app_id.clone()).or_insert_with(|| {
            let (sender, receiver) = unbounded_channel();
            sim.spawn(work(Arc::clone(sim), receiver, sender.clone()));
            sender
        });
        if queue.send(parcel).is_err() {
            warn!("a webhook queue ended early");
        }
    }
}

async fn work(sim: Arc<Sim>, mut queue: UnboundedReceiver<Parcel>, again: UnboundedSender<Parcel>) {
    while let Some(parcel) = queue.recv().await {
        let attempt = attempt(&sim, &parcel).await;
        debug!(app = %parcel.app_id, delivery = parcel.delivery, status = attempt.status, "webhook");
        let Some(delay) = sim.outbox.settle(&parcel, attempt) else { continue };
        let again = again.clone();
        sim.spawn(async move {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            let retry = Parcel { attempt: parcel.attempt + 1, ..parcel };
            if again.send(retry).is_err() {
                warn!("a webhook queue ended early");
            }
        });
    }
}

async fn attempt(sim: &Sim, parcel: &Parcel) -> Attempt {
    let started = Instant::now();
    let target = {
        let world = sim.world();
        world.app(&parcel.app_id).and_then(|app| Some((app.webhook_url.clone()?, app.app_secret.clone())))
    };
    let (status, error) = match target {
        None => (None, Some("the app has no webhook")),
        Some((url, secret)) => post_signed(sim, &url, &secret, &parcel.body).await,
    };
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Attempt { at_ms: sim.clock.now_ms(), took_ms, status, error }
}

async fn post_signed(sim: &Sim, url: &str, secret: &str, body: &str) -> (Option<u16>, Option<&'static str>) {
    let answer = sim
        .http
        .post(url)
        .timeout(Duration::from_millis(sim.outbox.options().timeout_ms))
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header("Facebook-API-Version", PAYLOAD_VERSION)
        .header("X-Hub-Signature", sha1_header(secret, body.as_bytes()))
        .header("X-Hub-Signature-256", sha256_header(secret, body.as_bytes()))
        .body(body.to_owned())
        .send()
        .await;
    match answer {
        Ok(answer) => (Some(answer.status().as_u16()), None),
        Err(error) if error.is_timeout() => (None, Some("no answer in time")),
        Err(error) if error.is_connect() => (None, Some("no connection")),
        Err(_) => (None, Some("the connection broke")),
    }
}

/// Why a webhook address was not verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("the app has no webhook address")]
    NoAddress,
    #[error("the address did not answer")]
    Unreachable(#[source] reqwest::Error),
    #[error("the address answered {0}, not 200")]
    Status(u16),
    #[error("the answer is not the challenge")]
    WrongChallenge,
}

/// Meta's handshake when an address is saved in the dashboard: it has to answer the challenge, and nothing else.
pub(crate) async fn handshake(sim: &Sim, app: &App) -> Result<(), HandshakeError> {
    let url = app.webhook_url.as_deref().ok_or(HandshakeError::NoAddress)?;
    let challenge = format!("{}", rand::random::<u32>());
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.challenge", challenge.as_str()),
        ("hub.verify_token", app.verify_token.as_deref().unwrap_or_default()),
    ];
    let request = sim.http.get(url).query(&query).header(header::USER_AGENT, USER_AGENT);
    let answer = request.send().await.map_err(|error| HandshakeError::Unreachable(error.without_url()))?;
    if answer.status() != 200 {
        return Err(HandshakeError::Status(answer.status().as_u16()));
    }
    let body = answer.text().await.map_err(|error| HandshakeError::Unreachable(error.without_url()))?;
    if body == challenge { Ok(()) } else { Err(HandshakeError::WrongChallenge) }
}

/// A callback that tells an app about a person: deauthorization, or a request to delete data.
#[derive(Clone)]
pub(crate) struct Callback {
    pub(crate) url: String,
    pub(crate) signed_request: String,
}

impl Callback {
    pub(crate) fn new(url: &str, app: &App, user_id: &str, now_ms: i64) -> Self {
        Self { url: url.to_owned(), signed_request: signed_request(&app.app_secret, user_id, now_ms) }
    }

    /// Posts it; the status and the body of the answer.
    pub(crate) async fn post(&self, sim: &Sim) -> Result<(u16, String), reqwest::Error> {
        let form = [("signed_request", self.signed_request.as_str())];
        let request = sim.http.post(&self.url).form(&form).header(header::USER_AGENT, USER_AGENT);
        let answer = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status().as_u16();
        info!(status, "called the app back");
        Ok((status, answer.text().await.map_err(reqwest::Error::without_url)?))
    }
}
