//! Checks JWTs as an HTTP API's authorizer does.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::http::HeaderMap;
use bytes::Bytes;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tokio::sync::Mutex;

use crate::{clock::StackClock, template::JwtAuthorizer};

/// How long fetched keys are used, in seconds of the stack's time. A key that is not among them stays unknown as long.
const KEYS_LIVE_SECONDS: i64 = 2 * 60 * 60;
/// How long discovery and keys may take, each.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const FETCH_TIMEOUT: Duration = Duration::from_millis(1500);
/// The most that the keys may be. Same source.
const MAX_KEYS_BYTES: usize = 150_000;
/// API Gateway takes no other algorithms.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];

/// Why a request may not come in. The text goes into `WWW-Authenticate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("no token")]
    NoToken,
    #[error("the token is malformed")]
    Malformed,
    #[error("the token is signed with an unknown key or an unsupported algorithm")]
    UnknownKey,
    #[error("the signature does not match")]
    Signature,
    #[error("the token is from another issuer")]
    Issuer,
    #[error("the token is for another audience")]
    Audience,
    #[error("the token is expired or not yet valid")]
    Time,
    #[error("the issuer's keys could not be fetched")]
    NoKeys,
    /// The only one that is a 403.
    #[error("the token lacks the scope")]
    Scope,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the issuer did not answer in time, or with an error")]
    NoAnswer(#[from] reqwest::Error),
    #[error("the issuer's document is not readable")]
    Unreadable(#[from] serde_json::Error),
    #[error("the issuer has too many keys")]
    TooLarge,
}

/// One authorizer of the template, with its issuer's keys.
#[derive(Debug)]
pub(super) struct Authorizer {
    settings: JwtAuthorizer,
    clock: StackClock,
    http: reqwest::Client,
    keys: Mutex<Option<Keys>>,
}

#[derive(Clone, Debug)]
struct Keys {
    set: Arc<JwkSet>,
    fetched_at: i64,
}

#[derive(Deserialize)]
struct Discovery {
    jwks_uri: String,
}

impl Authorizer {
    pub(super) fn new(settings: JwtAuthorizer, clock: StackClock, http: reqwest::Client) -> Self {
        Self { settings, clock, http, keys: Mutex::default() }
    }

    /// The claims of an accepted token, as functions see them.
    pub(super) async fn admit(&self, headers: &HeaderMap, scopes: &[String]) -> Result<Map<String, Json>, Refusal> {
        let token = self.token(headers).ok_or(Refusal::NoToken)?;
        let claims = self.verified(token).await?;
        self.check(&claims)?;
        if !scopes.is_empty() && scopes.iter().all(|scope| !granted(&claims).contains(scope.as_str())) {
            return Err(Refusal::Scope);
        }
        Ok(claims.into_iter().map(|(name, value)| (name, Json::String(claim_text(&value)))).collect())
    }

    fn token<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let name = self.settings.identity_source.strip_prefix("$request.header.")?;
        let text = headers.get(name.to_ascii_lowercase())?.to_str().ok()?;
        let token = text.strip_prefix("Bearer ").or_else(|| text.strip_prefix("bearer ")).unwrap_or(text).trim();
        (!token.is_empty()).then_some(token)
    }

    async fn verified(&self, token: &str) -> Result<Map<String, Json>, Refusal> {
        let header = decode_header(token).map_err(|_| Refusal::Malformed)?;
        let key_id = header.kid.ok_or(Refusal::UnknownKey)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Refusal::UnknownKey);
        }
        let key = self.key(&key_id).await?;
        let mut validation = Validation::new(header.alg);
        // The stack's clock decides about times, which the library cannot read; the rest is checked beside them.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let decoded = decode::<Map<String, Json>>(token, &key, &validation).map_err(|_| Refusal::Signature)?;
        Ok(decoded.claims)
    }

    fn check(&self, claims: &Map<String, Json>) -> Result<(), Refusal> {
        if claims.get("iss").and_then(Json::as_str) != Some(&self.settings.issuer) {
            return Err(Refusal::Issuer);
        }
        let audience = claims.get("aud").or_else(|| claims.get("client_id"));
        if !audience.is_some_and(|audience| self.is_meant(audience)) {
            return Err(Refusal::Audience);
        }
        let now = self.clock.now_seconds();
        let time = |name: &str| claims.get(name).map(Json::as_i64);
        let lives = matches!(time("exp"), Some(Some(expires)) if now < expires);
        let began = ["nbf", "iat"].into_iter().all(|name| time(name).is_none_or(|at| at.is_some_and(|at| at <= now)));
        if lives && began { Ok(()) } else { Err(Refusal::Time) }
    }

    fn is_meant(&self, audience: &Json) -> bool {
        let known =
            |name: &Json| name.as_str().is_some_and(|name| self.settings.audience.iter().any(|own| own == name));
        audience.as_array().map_or_else(|| known(audience), |names| names.iter().any(known))
    }

    async fn key(&self, key_id: &str) -> Result<DecodingKey, Refusal> {
        let mut keys = self.keys.lock().await;
        let now = self.clock.now_seconds();
        if keys.as_ref().is_none_or(|known| now - known.fetched_at >= KEYS_LIVE_SECONDS) {
            let set = self.fetch().await.map_err(|error| {
                tracing::warn!(error = %edge::telemetry::Chain(&error), "The issuer's keys could not be fetched");
                Refusal::NoKeys
            })?;
            *keys = Some(Keys { set: Arc::new(set), fetched_at: now });
        }
        let jwk = keys.as_ref().and_then(|known| known.set.find(key_id)).ok_or(Refusal::UnknownKey)?;
        DecodingKey::from_jwk(jwk).map_err(|_| Refusal::UnknownKey)
    }

    async fn fetch(&self) -> Result<JwkSet, FetchError> {
        let issuer = self.settings.issuer.trim_end_matches('/');
        let discovery = self.read(&format!("{issuer}/.well-known/openid-configuration")).await?;
        let Discovery { jwks_uri } = serde_json::from_slice(&discovery)?;
        let keys = self.read(&jwks_uri).await?;
        if keys.len() > MAX_KEYS_BYTES {
            return Err(FetchError::TooLarge);
        }
        Ok(serde_json::from_slice(&keys)?)
    }

    async fn read(&self, url: &str) -> Result<Bytes, FetchError> {
        let answer = self.http.get(url).timeout(FETCH_TIMEOUT).send().await?.error_for_status()?;
        Ok(answer.bytes().await?)
    }
}

fn granted(claims: &Map<String, Json>) -> BTreeSet<&str> {
    let texts = ["scope", "scp"].into_iter().filter_map(|name| claims.get(name));
    let words = texts.flat_map(|value| match value {
        Json::Array(words) => words.iter().filter_map(Json::as_str).collect::<Vec<_>>(),
        other => other.as_str().unwrap_or_default().split(' ').collect(),
    });
    words.collect()
}

/// Claims reach a function as text, whatever they were: a list as `[a b]`, an object as nothing that JSON could read.
fn claim_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => format!("[{}]", items.iter().map(claim_text).collect::<Vec<_>>().join(" ")),
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}:{}", claim_text(value)));
            format!("map[{}]", members.collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}
