//! The developer's page: sign in as a sample person and connect an account by clicking, without any script.

use std::sync::Arc;

use axum::{
    Form,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::Channel;
use serde::Deserialize;
use serde_json::{Value, json};

use super::session::{cookie, signed_in};
use super::{Issuer, find};
use crate::pages;

#[derive(Debug, Deserialize)]
pub(super) struct SignIn {
    person: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Connect {
    channel: Channel,
    login: String,
}

pub(super) async fn home(State(issuer): State<Arc<Issuer>>, headers: HeaderMap) -> Response {
    let person = signed_in(&headers);
    let token = person.and_then(|person| issuer.bearer(person).ok());
    pages::developer(person.zip(token.as_deref()), &issuer.api_url, &issuer.meta_url)
}

pub(super) async fn sign_in(Form(SignIn { person }): Form<SignIn>) -> Response {
    let Some(person) = find(&person) else { return StatusCode::BAD_REQUEST.into_response() };
    ([(header::SET_COOKIE, cookie(person))], Redirect::to("/")).into_response()
}

/// Starts the round trip as the product's page would, and hands the API's cookie to the browser.
pub(super) async fn connect(
    State(issuer): State<Arc<Issuer>>,
    headers: HeaderMap,
    Form(Connect { channel, login }): Form<Connect>,
) -> Response {
    let Some(token) = token(&issuer, &headers) else { return Redirect::to("/").into_response() };
    let url = format!("{}/api/integrations/meta/{channel}/start", issuer.api_url);
    let asked = issuer.http.post(url).bearer_auth(token).json(&json!({ "login": login })).send().await;
    let Ok(answer) = asked else { return unreachable_api() };
    let cookies: Vec<HeaderValue> = answer.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
    let body: Value = answer.json().await.unwrap_or_default();
    let Some(target) = body["authUrl"].as_str() else { return pages::answer("The API did not start the login", &body) };
    let mut response = Redirect::to(target).into_response();
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A plain page of another origin than the API's that embeds the web components.
pub(super) async fn embed() -> Html<&'static str> {
    Html(include_str!("../../embed/index.html"))
}

fn token(issuer: &Issuer, headers: &HeaderMap) -> Option<String> {
    issuer.bearer(signed_in(headers)?).ok()
}

fn unreachable_api() -> Response {
    (StatusCode::BAD_GATEWAY, "the API did not answer").into_response()
}
