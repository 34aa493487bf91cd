//! Who is signed in at the issuer in this browser, and the end of it.
//!
//! Source: OpenID Connect RP-Initiated Logout section 2; Amazon Cognito, "logout endpoint".

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use url::Url;

use super::{AUDIENCE, Issuer, Person, Vendor, find};

/// Remembers who clicked. Cookies know no ports, so the API's pages on this host would see it as well.
const PERSON_COOKIE: &str = "local_person";

/// The cookie of a session at the issuer.
pub(super) fn cookie(person: &Person) -> String {
    format!("{PERSON_COOKIE}={}; Path=/; HttpOnly; SameSite=Lax", person.id)
}

pub(super) fn signed_in(headers: &HeaderMap) -> Option<&'static Person> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split("; ")).filter_map(|cookie| cookie.split_once('='));
    pairs.find_map(|(name, value)| (name == PERSON_COOKIE).then(|| find(value)).flatten())
}

#[derive(Debug, Deserialize)]
pub(super) struct Logout {
    #[serde(default)]
    id_token_hint: String,
    #[serde(default)]
    post_logout_redirect_uri: String,
    #[serde(default)]
    client_id: String,
    /// Cognito's name for it.
    #[serde(default, rename = "logout_uri")]
    cognitos_uri: String,
}

/// Ends the session and goes back to the application.
pub(super) async fn end(State(issuer): State<Arc<Issuer>>, Query(asked): Query<Logout>) -> Response {
    let (known, back) = match issuer.vendor {
        Vendor::Cognito => (asked.client_id == AUDIENCE, asked.cognitos_uri),
        _ => (asked.id_token_hint.split('.').count() == 3, asked.post_logout_redirect_uri),
    };
    if !known || !issuer.trusts(&back) || Url::parse(&back).is_err() {
        return (StatusCode::BAD_REQUEST, "the logout names no client or no address of its").into_response();
    }
    let ended = format!("{PERSON_COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    ([(header::SET_COOKIE, ended)], Redirect::to(&back)).into_response()
}
