//! The token endpoint: codes and refresh tokens become tokens.
//!
//! Source: RFC 6749 sections 4.1.3 and 6, RFC 7636 section 4.5.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Form, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::flow::{AuthorizationRequest, Code};
use super::vendor::Refreshing;
use super::{Asked, Issuer, OPEN_TO_PAGES, Person, Vendor};

/// An access token that only the provider can read: an encrypted one, with five parts.
const OPAQUE: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..c29tZXRoaW5n.ZW5jcnlwdGVk.dGFn";

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
    #[serde(default)]
    refresh_token: String,
}

/// Who may have new tokens, and for what, by refresh token.
pub(super) type Refreshes = HashMap<String, Refresh>;

#[derive(Clone, Debug)]
pub(super) struct Refresh {
    request: AuthorizationRequest,
    person: &'static Person,
}

/// Redeems a code, once, or a refresh token.
pub(super) async fn token(State(issuer): State<Arc<Issuer>>, Form(asked): Form<TokenRequest>) -> Response {
    if issuer.vendor == Vendor::Google {
        return refused("invalid_request", "client_secret is missing.");
    }
    match asked.grant_type.as_str() {
        "authorization_code" => {
            let code = issuer.codes().remove(&asked.code);
            match code.filter(|code| issuer.clock.now_seconds() < code.expires_at && code.fits(&asked)) {
                Some(Code { request, person, .. }) => issuer.grant(Refresh { request, person }, None),
                None => refused("invalid_grant", "the code is unknown, used or not yours"),
            }
        }
        "refresh_token" => {
            let known = issuer.refreshes().get(&asked.refresh_token).cloned();
            match known.filter(|known| known.request.client_id == asked.client_id) {
                Some(known) => issuer.grant(known, Some(&asked.refresh_token)),
                None => refused("invalid_grant", "the refresh token is unknown or used"),
            }
        }
        _ => refused("unsupported_grant_type", "only codes and refresh tokens"),
    }
}

impl Issuer {
    fn grant(&self, granted: Refresh, used: Option<&str>) -> Response {
        let Refresh { request, person } = &granted;
        let asked = Asked { scope: &request.scope, resource: &request.resource };
        let is_opaque = matches!(self.vendor, Vendor::Auth0 | Vendor::Auth0Opaque) && request.audience.is_empty();
        let access = if is_opaque { Ok(OPAQUE.to_owned()) } else { self.access_token(person, asked) };
        let nonce = if used.is_some() { "" } else { &request.nonce };
        let (Ok(access_token), Ok(id_token)) = (access, self.id_token(person, nonce)) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let mut answer = json!({
            "access_token": access_token,
            "id_token": id_token,
            "token_type": "Bearer",
            "expires_in": self.vendor.token_seconds(),
            "scope": request.scope,
        });
        if let Some(refresh) = self.refresh_token(granted, used) {
            answer["refresh_token"] = refresh.into();
        }
        (OPEN_TO_PAGES, Json(answer)).into_response()
    }

    /// What a sign-in of this person's would have left to renew tokens with.
    pub(super) fn sample_refresh(&self, person: &'static Person) -> Option<String> {
        self.refresh_token(Refresh { request: AuthorizationRequest::sample(self.vendor), person }, None)
    }

    /// A new refresh token, where the provider gives one now.
    fn refresh_token(&self, granted: Refresh, used: Option<&str>) -> Option<String> {
        let asked = granted.request.scope.split(' ').any(|scope| scope == "offline_access");
        match (self.vendor.refreshing(), used) {
            (Refreshing::Always, None) => {}
            (Refreshing::RotatingWhenAsked, used) if asked => {
                used.map(|used| self.refreshes().remove(used));
            }
            _ => return None,
        }
        let fresh = Uuid::new_v4().simple().to_string();
        self.refreshes().insert(fresh.clone(), granted);
        Some(fresh)
    }
}

impl Code {
    fn fits(&self, asked: &TokenRequest) -> bool {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(asked.code_verifier.as_bytes()));
        challenge == self.request.code_challenge
            && asked.redirect_uri == self.request.redirect_uri
            && asked.client_id == self.request.client_id
    }
}

fn refused(error: &'static str, description: &'static str) -> Response {
    let answer = Json(json!({ "error": error, "error_description": description }));
    (StatusCode::BAD_REQUEST, OPEN_TO_PAGES, answer).into_response()
}
