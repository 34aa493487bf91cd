//! One call of an endpoint.

use std::error::Error;
use std::time::{Duration, Instant};

use domain::UnixMillis;
use domain::endpoint::{Try, TryError};
use domain::secret::WebhookSecret;
use edge::Clock;
use pool::Pool;
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::{Response, StatusCode};

use crate::address::Address;
use crate::names::{Names, Unreachable};
use crate::signing::signature;

/// How long an endpoint may take, its whole answer included.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Answers mean nothing but their status: so much of one is read, so that the connection serves again.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// Who calls.
const AGENT: &str = concat!("Buzon/", env!("CARGO_PKG_VERSION"), " (Standard Webhooks)");

/// An event to post.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// Where to.
    pub address: &'a Address,
    /// The event's id: the same at every try.
    pub id: &'a str,
    /// What is posted, byte for byte.
    pub body: &'a str,
    /// Signs; two while a rotation is under way.
    pub secrets: &'a [WebhookSecret],
}

/// Calls endpoints.
#[derive(Debug)]
pub struct Poster {
    pool: Pool,
    clock: Clock,
}

impl Poster {
    /// Connections that lead where `names` leads. None is opened. No proxy of the environment's is used: it would look names up by itself.
    #[must_use]
    pub fn new(names: &Names, clock: &Clock) -> Self {
        let (names, time) = (names.clone(), clock.clone());
        let pool = Pool::new(move || time.now_ms())
            .with_call_timeout(TIMEOUT)
            .with_setting(move |builder| builder.no_proxy().dns_resolver(names.clone()));
        Self { pool, clock: clock.clone() }
    }

    /// The same with another limit for a whole call.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { pool: self.pool.with_call_timeout(timeout), ..self }
    }

    /// Posts an event, once. Whatever comes of it is the answer.
    pub async fn post(&self, trial: &Trial<'_>) -> Try {
        let (at, begun) = (self.clock.now_ms(), Instant::now());
        let outcome = self.call(trial, at).await;
        let duration_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        let (status, error) = match outcome {
            Ok(status) => (Some(status.as_u16()), (!status.is_success()).then_some(TryError::Status)),
            Err(error) => (None, Some(error)),
        };
        Try { at, status, duration_ms, error }
    }

    async fn call(&self, trial: &Trial<'_>, at: UnixMillis) -> Result<StatusCode, TryError> {
        let Trial { address, id, body, secrets } = *trial;
        let signature = signature(secrets, id, at.seconds(), body).map_err(|_| TryError::Unsigned)?;
        let request = self
            .pool
            .client()
            .post(address.url())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT)
            .header("webhook-id", id)
            .header("webhook-timestamp", at.seconds().get())
            .header("webhook-signature", signature)
            .body(body.to_owned());
        let response = request.send().await.map_err(|error| reason(&error))?;
        let status = response.status();
        read(response).await;
        Ok(status)
    }
}

/// The status has said all: what goes wrong from here on changes nothing.
async fn read(mut response: Response) {
    let mut length = 0;
    while length <= MAX_ANSWER_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        length += chunk.len();
    }
}

fn reason(error: &reqwest::Error) -> TryError {
    if let Some(unreachable) = unreachable(error) {
        return match unreachable {
            Unreachable::Unknown => TryError::Name,
            Unreachable::NotPublic => TryError::Address,
        };
    }
    if error.is_timeout() {
        TryError::Timeout
    } else if error.is_connect() {
        TryError::Connection
    } else {
        TryError::Answer
    }
}

fn unreachable(error: &reqwest::Error) -> Option<Unreachable> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<Unreachable>() {
            return Some(*found);
        }
        cause = error.source();
    }
    None
}
