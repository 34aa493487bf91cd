//! The authorization code flow with PKCE, as a web page would use it.
//!
//! Source: RFC 6749 section 4.1, RFC 7636, OpenID Connect Core section 3.1.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Form, Json,
    extract::{Query, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use super::{Issuer, TOKEN_SECONDS, people};
use crate::pages;

/// A code is redeemed at once or never.
const CODE_SECONDS: i64 = 60;

/// What the application asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
}

/// The same, with the person who was chosen on the sign-in page.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    person: String,
    #[serde(flatten)]
    request: AuthorizationRequest,
}

/// A code that waits to be redeemed.
#[derive(Debug)]
pub(super) struct Code {
    request: AuthorizationRequest,
    person: &'static people::Person,
    expires_at: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct TokenRequest {
    grant_type: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    code_verifier: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    client_id: String,
}

impl AuthorizationRequest {
    /// The fields that the sign-in page hands on.
    pub(crate) fn fields(&self) -> [(&'static str, &str); 8] {
        [
            ("response_type", &self.response_type),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.scope),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
        ]
    }

    /// Why the request is refused. Without a trusted address there is nowhere to redirect to.
    fn refusal(&self, issuer: &Issuer) -> Option<&'static str> {
        if self.response_type != "code" {
            Some("response_type must be code")
        } else if self.client_id != issuer.audience {
            Some("client_id is unknown")
        } else if !issuer.trusts(&self.redirect_uri) {
            Some("redirect_uri must be on this machine")
        } else if self.code_challenge_method != "S256" || self.code_challenge.is_empty() {
            Some("PKCE with S256 is required")
        } else {
            None
        }
    }
}

/// The sign-in page.
pub(super) async fn authorize(
    State(issuer): State<Arc<Issuer>>,
    Query(request): Query<AuthorizationRequest>,
) -> Response {
    match request.refusal(&issuer) {
        Some(reason) => (StatusCode::BAD_REQUEST, reason).into_response(),
        None => pages::sign_in(&request),
    }
}

/// A person was chosen: back to the application with a code.
pub(super) async fn choose(State(issuer): State<Arc<Issuer>>, Form(choice): Form<Choice>) -> Response {
    let Choice { person, request } = choice;
    let target = Url::parse(&request.redirect_uri);
    let (None, Some(person), Ok(mut target)) = (request.refusal(&issuer), people::find(&person), target) else {
        return (StatusCode::BAD_REQUEST, "the request is not one of this page").into_response();
    };
    let code = Uuid::new_v4().simple().to_string();
    target.query_pairs_mut().append_pair("code", &code).append_pair("iss", &issuer.url);
    if !request.state.is_empty() {
        target.query_pairs_mut().append_pair("state", &request.state);
    }
    let expires_at = issuer.clock.now_seconds() + CODE_SECONDS;
    issuer.codes().insert(code, Code { request, person, expires_at });
    Redirect::to(target.as_str()).into_response()
}

/// Redeems a code, once.
pub(super) async fn token(State(issuer): State<Arc<Issuer>>, Form(asked): Form<TokenRequest>) -> Response {
    if asked.grant_type != "authorization_code" {
        return refused("unsupported_grant_type");
    }
    let code = issuer.codes().remove(&asked.code);
    let Some(code) = code.filter(|code| issuer.clock.now_seconds() < code.expires_at && code.fits(&asked)) else {
        return refused("invalid_grant");
    };
    let nonce = Some(code.request.nonce.as_str()).filter(|nonce| !nonce.is_empty());
    let (Ok(access_token), Ok(id_token)) = (issuer.token(code.person, None), issuer.token(code.person, nonce)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let answer = json!({
        "access_token": access_token,
        "id_token": id_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": code.request.scope,
    });
    (OPEN_TO_PAGES, Json(answer)).into_response()
}

impl Code {
    fn fits(&self, asked: &TokenRequest) -> bool {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(asked.code_verifier.as_bytes()));
        challenge == self.request.code_challenge
            && asked.redirect_uri == self.request.redirect_uri
            && asked.client_id == self.request.client_id
    }
}

/// Codes that nobody redeemed.
pub(super) type Codes = HashMap<String, Code>;

/// Pages of any origin sign people in.
pub(super) const OPEN_TO_PAGES: [(HeaderName, &str); 2] =
    [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (header::CACHE_CONTROL, "no-store")];

fn refused(error: &'static str) -> Response {
    (StatusCode::BAD_REQUEST, OPEN_TO_PAGES, Json(json!({ "error": error }))).into_response()
}
