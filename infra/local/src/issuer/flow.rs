//! The authorization code flow with PKCE, as a web page would use it.
//!
//! Source: RFC 6749 section 4.1, RFC 7636, OpenID Connect Core section 3.1.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::{AUDIENCE, Issuer, Vendor, people, session};
use crate::pages;

/// A code is redeemed at once or never.
const CODE_SECONDS: i64 = 60;

/// What the application asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    response_type: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    #[serde(default)]
    pub(super) scope: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    pub(super) nonce: String,
    #[serde(default)]
    pub(super) code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
    /// Auth0: whom the access token shall be for.
    #[serde(default)]
    pub(super) audience: String,
    /// Cognito, Entra v1: the same.
    #[serde(default)]
    pub(super) resource: String,
    /// `login`: the person is asked, whoever is signed in.
    #[serde(default)]
    prompt: String,
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
    pub(super) request: AuthorizationRequest,
    pub(super) person: &'static people::Person,
    pub(super) expires_at: i64,
}

impl AuthorizationRequest {
    /// What the pages of a deployment with this provider ask for.
    pub(super) fn sample(vendor: Vendor) -> Self {
        let parameters = vendor.parameters();
        let asked = |name: &str| parameters.get(name).cloned().unwrap_or_default();
        Self {
            response_type: "code".to_owned(),
            client_id: AUDIENCE.to_owned(),
            redirect_uri: String::new(),
            scope: asked("OidcScope"),
            state: String::new(),
            nonce: String::new(),
            code_challenge: String::new(),
            code_challenge_method: String::new(),
            audience: asked("OidcAudience"),
            resource: asked("OidcResource"),
            prompt: String::new(),
        }
    }

    /// The fields that the sign-in page hands on.
    pub(crate) fn fields(&self) -> [(&'static str, &str); 10] {
        [
            ("response_type", &self.response_type),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.scope),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
            ("audience", &self.audience),
            ("resource", &self.resource),
        ]
    }

    /// Why the request is refused. Without a trusted address there is nowhere to redirect to.
    fn refusal(&self, issuer: &Issuer) -> Option<&'static str> {
        if self.response_type != "code" {
            Some("response_type must be code")
        } else if self.client_id != AUDIENCE {
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

/// The sign-in page, or the way back for who is signed in already.
pub(super) async fn authorize(
    State(issuer): State<Arc<Issuer>>,
    headers: HeaderMap,
    Query(request): Query<AuthorizationRequest>,
) -> Response {
    if let Some(reason) = request.refusal(&issuer) {
        return (StatusCode::BAD_REQUEST, reason).into_response();
    }
    match session::signed_in(&headers).filter(|_| request.prompt != "login") {
        Some(person) => issuer.send_back(request, person),
        None => pages::sign_in(&request),
    }
}

/// A person was chosen.
pub(super) async fn choose(State(issuer): State<Arc<Issuer>>, Form(choice): Form<Choice>) -> Response {
    let Choice { person, request } = choice;
    let (None, Some(person)) = (request.refusal(&issuer), people::find(&person)) else {
        return (StatusCode::BAD_REQUEST, "the request is not one of this page").into_response();
    };
    ([(header::SET_COOKIE, session::cookie(person))], issuer.send_back(request, person)).into_response()
}

impl Issuer {
    /// Back to the application with a code.
    fn send_back(&self, request: AuthorizationRequest, person: &'static people::Person) -> Response {
        let Ok(mut target) = Url::parse(&request.redirect_uri) else {
            return (StatusCode::BAD_REQUEST, "redirect_uri is no address").into_response();
        };
        let code = Uuid::new_v4().simple().to_string();
        target.query_pairs_mut().append_pair("code", &code).append_pair("iss", &self.name());
        if !request.state.is_empty() {
            target.query_pairs_mut().append_pair("state", &request.state);
        }
        let expires_at = self.clock.now_seconds() + CODE_SECONDS;
        self.codes().insert(code, Code { request, person, expires_at });
        Redirect::to(target.as_str()).into_response()
    }
}

/// Codes that nobody redeemed.
pub(super) type Codes = HashMap<String, Code>;
