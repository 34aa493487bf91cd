//! Where the issuer has what: its discovery document.
//!
//! The function reads it and not the page, as issuers let pages read it only where somebody has allowed them to; and a page's
//! policy has to name the token endpoint, which is on another host than the issuer at many.
//!
//! Source: OpenID Connect Discovery 1.0 section 4.

use std::sync::OnceLock;
use std::time::Duration;

use edge::Clock;
use edge::telemetry::Chain;
use reqwest::{Client, Url, redirect};
use serde::Deserialize;
use tokio::sync::Mutex;
use tracing::error;

/// People wait for the page meanwhile, once for each execution environment.
const TIMEOUT: Duration = Duration::from_secs(2);
/// For so long the document is believed, in seconds.
const KNOWN_SECONDS: i64 = 60 * 60;
/// For so long an issuer that did not answer is not asked again, in seconds.
const PAUSE_SECONDS: i64 = 10;

/// Where people sign in, where codes are redeemed, and where the session ends. All are addresses of the web.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) end_session: Option<Url>,
}

/// The part of the document that is read.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    end_session_endpoint: Option<String>,
}

/// Why nobody can sign in.
#[derive(Debug, thiserror::Error)]
enum DiscoveryError {
    #[error("the issuer did not answer")]
    NoAnswer(#[source] reqwest::Error),
    #[error("the discovery document is of another issuer: `{0}`")]
    OtherIssuer(String),
    #[error("the discovery document names an address that is not of the web")]
    NoAddress,
}

/// The issuer's document, read when a page asks for it.
pub(crate) struct Discovery {
    issuer: String,
    clock: Clock,
    http: OnceLock<Client>,
    known: Mutex<Option<(Option<Endpoints>, i64)>>,
}

impl Discovery {
    pub(crate) fn new(issuer: &str, clock: Clock) -> Self {
        Self { issuer: issuer.to_owned(), clock, http: OnceLock::new(), known: Mutex::default() }
    }

    /// `None` where the issuer does not answer, or not as it should: said in the log, and by the page to whoever signs in.
    pub(crate) async fn endpoints(&self) -> Option<Endpoints> {
        let now = self.clock.now_ms().seconds().get();
        let mut known = self.known.lock().await;
        if let Some((endpoints, until)) = &*known
            && now < *until
        {
            return endpoints.clone();
        }
        let found = self.read().await.inspect_err(|error| error!(error = %Chain(error), "Nobody can sign in")).ok();
        let until = now + if found.is_some() { KNOWN_SECONDS } else { PAUSE_SECONDS };
        *known = Some((found.clone(), until));
        found
    }

    async fn read(&self) -> Result<Endpoints, DiscoveryError> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let answer = self.http.get_or_init(client).get(url).send().await.and_then(reqwest::Response::error_for_status);
        let document: Document =
            answer.map_err(DiscoveryError::NoAnswer)?.json().await.map_err(DiscoveryError::NoAnswer)?;
        if document.issuer != self.issuer {
            return Err(DiscoveryError::OtherIssuer(document.issuer));
        }
        Ok(Endpoints {
            authorization: address(&document.authorization_endpoint)?,
            token: address(&document.token_endpoint)?,
            end_session: document.end_session_endpoint.as_deref().map(address).transpose()?,
        })
    }
}

/// An address of the web: pages go there.
fn address(text: &str) -> Result<Url, DiscoveryError> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    url.ok_or(DiscoveryError::NoAddress)
}

fn client() -> Client {
    Client::builder().timeout(TIMEOUT).redirect(redirect::Policy::none()).build().expect("the TLS library starts")
}
