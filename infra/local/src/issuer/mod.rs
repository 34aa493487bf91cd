//! An OpenID issuer with sample people, so that nobody needs an identity provider to try the API.

mod developer;
mod flow;
mod keys;
mod people;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::{Origin, Url};

use self::{
    flow::{Codes, OPEN_TO_PAGES},
    keys::SigningKey,
};
use crate::clock::StackClock;

pub(crate) use self::flow::AuthorizationRequest;
pub use self::{
    keys::KeyError,
    people::{PEOPLE, Person, find},
};

/// The audience of every token, and the client id of every page.
pub const AUDIENCE: &str = "buzon-local";
/// How long a token lives.
const TOKEN_SECONDS: i64 = 3600;

/// The issuer and the developer's page beside it.
pub(crate) struct Issuer {
    url: String,
    audience: &'static str,
    key: SigningKey,
    clock: StackClock,
    codes: Mutex<Codes>,
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
            audience: AUDIENCE,
            key: SigningKey::load(&data_dir.join("issuer-key.pem"))?,
            clock,
            codes: Mutex::default(),
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

    /// A token of a person's that lives for an hour of the stack's time.
    pub(crate) fn token(&self, person: &Person, nonce: Option<&str>) -> Result<String, jsonwebtoken::errors::Error> {
        let now = self.clock.now_seconds();
        let claims = json!({
            "iss": self.url,
            "aud": self.audience,
            "sub": person.id,
            "name": person.name,
            (&self.tenant_claim): person.tenant,
            "tenant_name": person.tenant_name,
            "role": person.role,
            "plan": person.plan,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
        });
        let mut claims: Map<String, Value> = claims.as_object().cloned().unwrap_or_default();
        if let Some(nonce) = nonce {
            claims.insert("nonce".to_owned(), Value::from(nonce));
        }
        self.key.sign(&claims)
    }

    /// Where it is; the tokens' `iss`.
    #[cfg(test)]
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A token with any claims.
    #[cfg(test)]
    pub(crate) fn sign(&self, claims: &Map<String, Value>) -> Result<String, jsonwebtoken::errors::Error> {
        self.key.sign(claims)
    }

    fn codes(&self) -> MutexGuard<'_, Codes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service behind the issuer's port.
pub(crate) fn router(issuer: Arc<Issuer>) -> Router {
    Router::new()
        .route("/", get(developer::home))
        .route("/sign-in", post(developer::sign_in))
        .route("/connect", post(developer::connect))
        .route("/embed", get(developer::embed))
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/.well-known/jwks.json", get(jwks))
        .route("/authorize", get(flow::authorize).post(flow::choose))
        .route("/token", post(flow::token))
        .route("/token/sample", post(sample))
        .with_state(issuer)
}

async fn discovery(State(issuer): State<Arc<Issuer>>) -> Response {
    let url = &issuer.url;
    let document = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/.well-known/jwks.json"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": ["openid", "profile"],
    });
    (OPEN_TO_PAGES, Json(document)).into_response()
}

async fn jwks(State(issuer): State<Arc<Issuer>>) -> Response {
    (OPEN_TO_PAGES, Json(issuer.key.public())).into_response()
}

#[derive(Debug, Deserialize)]
struct Sample {
    person: String,
}

/// A token for the command line, without a browser.
async fn sample(State(issuer): State<Arc<Issuer>>, Json(Sample { person }): Json<Sample>) -> Response {
    let Some(person) = find(&person) else {
        let known: Vec<&str> = PEOPLE.iter().map(|person| person.id).collect();
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "unknown person", "people": known }))).into_response();
    };
    match issuer.token(person, None) {
        Ok(token) => {
            Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS })).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests;
