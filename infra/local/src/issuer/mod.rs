//! An OpenID issuer with sample people, so that nobody needs an identity provider to try the API.

mod claims;
mod developer;
mod flow;
mod keys;
mod people;
mod session;
mod token;
mod vendor;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::{Origin, Url};

use self::{claims::Asked, flow::Codes, keys::SigningKey, token::Refreshes};
use crate::{assemble::Port, clock::StackClock};

pub(crate) use self::flow::AuthorizationRequest;
pub use self::{
    keys::KeyError,
    people::{PEOPLE, Person, find},
    vendor::Vendor,
};

/// The audience of every token, and the client id of every page.
pub const AUDIENCE: &str = "buzon-local";
/// How long a token lives.
const TOKEN_SECONDS: i64 = 3600;

/// The issuer and the developer's page beside it.
pub(crate) struct Issuer {
    /// The address of the issuer's port.
    url: String,
    /// Where people sign in and codes are redeemed.
    pages_url: String,
    vendor: Vendor,
    key: SigningKey,
    clock: StackClock,
    codes: Mutex<Codes>,
    refreshes: Mutex<Refreshes>,
    api_url: String,
    meta_url: String,
    http: reqwest::Client,
    /// Which claim of its tokens names the tenant.
    tenant_claim: String,
    /// Where a tunnel makes the pages reachable from outside.
    tunnel: Option<Origin>,
}

impl Issuer {
    /// Finds or makes the signing key in the data folder.
    pub(crate) fn new(
        data_dir: &Path,
        url: &str,
        api_url: &str,
        meta_url: &str,
        clock: StackClock,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            url: url.to_owned(),
            pages_url: url.to_owned(),
            vendor: Vendor::default(),
            key: SigningKey::load(&data_dir.join("issuer-key.pem"))?,
            clock,
            codes: Mutex::default(),
            refreshes: Mutex::default(),
            api_url: api_url.to_owned(),
            meta_url: meta_url.to_owned(),
            http: reqwest::Client::new(),
            tenant_claim: "tenant_id".to_owned(),
            tunnel: None,
        })
    }

    /// Names the tenant in a claim of another name.
    pub(crate) fn naming_tenants_in(mut self, claim: Option<&str>) -> Self {
        self.tenant_claim = claim.map_or(self.tenant_claim, str::to_owned);
        self
    }

    /// Behaves like this provider. Where that has its sign-in pages on another host, they are at this port.
    pub(crate) fn behaving_like(self, vendor: Vendor, sign_in: &Port) -> Self {
        let apart = sign_in.url.replace("127.0.0.1", "localhost");
        Self { pages_url: if vendor.paths().apart { apart } else { self.url.clone() }, vendor, ..self }
    }

    /// The template's parameters that its tokens ask for; `chosen` go before them.
    pub(crate) fn parameters(&self, chosen: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut parameters = self.vendor.parameters();
        parameters.insert("JwtIssuer".to_owned(), self.name());
        parameters.extend(chosen.clone());
        parameters
    }

    /// Lets people return to pages at this address as well: with the real Meta they come through a tunnel.
    pub(crate) fn trusting(self, address: Option<&str>) -> Self {
        let tunnel = address.and_then(|address| Url::parse(address).ok()).map(|address| address.origin());
        Self { tunnel, ..self }
    }

    /// On this machine any port and path: pages under development move.
    fn trusts(&self, redirect_uri: &str) -> bool {
        Url::parse(redirect_uri).is_ok_and(|uri| {
            let loopback = uri.scheme() == "http" && matches!(uri.host_str(), Some("127.0.0.1" | "localhost"));
            loopback || self.tunnel.as_ref() == Some(&uri.origin())
        })
    }

    /// The token of a person's that the API takes; lives for an hour of the stack's time, or as long as the provider's do.
    pub(crate) fn bearer(&self, person: &Person) -> Result<String, jsonwebtoken::errors::Error> {
        if self.vendor == Vendor::Auth0Opaque {
            return self.id_token(person, "");
        }
        self.access_token(person, Asked { scope: "openid api://buzon/access", resource: "" })
    }

    /// An access token, of those providers whose access tokens can be read.
    fn access_token(&self, person: &Person, asked: Asked<'_>) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = claims::access(self.vendor, person, asked, &self.name(), &self.tenant_claim);
        self.key.sign_access(&self.completed(claims, person))
    }

    fn id_token(&self, person: &Person, nonce: &str) -> Result<String, jsonwebtoken::errors::Error> {
        let mut claims = claims::id(self.vendor, person, &self.name(), &self.tenant_claim);
        if !nonce.is_empty() {
            claims.insert("nonce".to_owned(), nonce.into());
        }
        self.key.sign(&self.completed(claims, person))
    }

    /// Adds who issued the token, about whom, and when.
    fn completed(&self, mut claims: Map<String, Value>, person: &Person) -> Map<String, Value> {
        let now = self.clock.now_seconds();
        claims.insert("iss".to_owned(), self.name().into());
        claims.insert("sub".to_owned(), person.id.into());
        claims.insert("iat".to_owned(), now.into());
        claims.insert("exp".to_owned(), (now + self.vendor.token_seconds()).into());
        claims
    }

    /// The tokens' `iss`.
    pub(crate) fn name(&self) -> String {
        format!("{}{}", self.url, self.vendor.paths().issuer)
    }

    /// A token with any claims.
    #[cfg(test)]
    pub(crate) fn sign(&self, claims: &Map<String, Value>) -> Result<String, jsonwebtoken::errors::Error> {
        self.key.sign(claims)
    }

    fn codes(&self) -> MutexGuard<'_, Codes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refreshes(&self) -> MutexGuard<'_, Refreshes> {
        self.refreshes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service behind the issuer's port.
pub(crate) fn router(issuer: Arc<Issuer>) -> Router {
    let paths = issuer.vendor.paths();
    let discovery_path = format!("{}/.well-known/openid-configuration", paths.issuer.trim_end_matches('/'));
    let router = Router::new()
        .route("/", get(developer::home))
        .route("/sign-in", post(developer::sign_in))
        .route("/connect", post(developer::connect))
        .route("/embed", get(developer::embed))
        .route("/token/sample", post(sample))
        .route(&discovery_path, get(discovery))
        .route(paths.keys, get(jwks));
    let router = if paths.apart { router } else { with_pages(router, issuer.vendor) };
    router.with_state(issuer)
}

/// The service behind the address of the sign-in pages, of providers that have them elsewhere.
pub(crate) fn pages_router(issuer: Arc<Issuer>) -> Router {
    with_pages(Router::new(), issuer.vendor).with_state(issuer)
}

fn with_pages(router: Router<Arc<Issuer>>, vendor: Vendor) -> Router<Arc<Issuer>> {
    let paths = vendor.paths();
    let router =
        router.route(paths.authorize, get(flow::authorize).post(flow::choose)).route(paths.token, post(token::token));
    match paths.logout {
        Some(logout) => router.route(logout, get(session::end)),
        None => router,
    }
}

/// Pages of any origin sign people in.
const OPEN_TO_PAGES: [(HeaderName, &str); 2] =
    [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (header::CACHE_CONTROL, "no-store")];

/// Providers let pages read it only where somebody has allowed them to, so it is for servers.
async fn discovery(State(issuer): State<Arc<Issuer>>) -> Response {
    let (url, pages_url, paths) = (&issuer.url, &issuer.pages_url, issuer.vendor.paths());
    let mut document = json!({
        "issuer": issuer.name(),
        "authorization_endpoint": format!("{pages_url}{}", paths.authorize),
        "token_endpoint": format!("{pages_url}{}", paths.token),
        "jwks_uri": format!("{url}{}", paths.keys),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": ["openid", "profile", "offline_access"],
    });
    if let Some(logout) = paths.logout {
        document["end_session_endpoint"] = format!("{pages_url}{logout}").into();
    }
    Json(document).into_response()
}

async fn jwks(State(issuer): State<Arc<Issuer>>) -> Response {
    (OPEN_TO_PAGES, Json(issuer.key.public())).into_response()
}

#[derive(Debug, Deserialize)]
struct Sample {
    person: String,
}

/// A token for the command line, without a browser, and what renews it where the provider gives that.
async fn sample(State(issuer): State<Arc<Issuer>>, Json(Sample { person }): Json<Sample>) -> Response {
    let Some(person) = find(&person) else {
        let known: Vec<&str> = PEOPLE.iter().map(|person| person.id).collect();
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "unknown person", "people": known }))).into_response();
    };
    match issuer.bearer(person) {
        Ok(token) => Json(json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "refresh_token": issuer.sample_refresh(person),
        }))
        .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests;
