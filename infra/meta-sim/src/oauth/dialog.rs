//! The dialogs: `www.instagram.com/oauth/authorize` and `www.facebook.com/v25.0/dialog/oauth`.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use tracing::info;
use url::Url;

use super::{
    consent_page,
    request::{AuthorizationRequest, Query, RequestError},
};
use crate::{
    Login, html, ids,
    sim::Sim,
    world::{World, tokens::Code},
};

/// What a person decided.
#[derive(Debug)]
enum Decision {
    Allow { holder: String, declined: Vec<String> },
    Cancel,
}

/// Opens the dialog. With `auto_user` the named person decides at once, without a page.
pub(crate) fn open(login: Login, State(sim): State<Arc<Sim>>, RawQuery(query): RawQuery) -> Response {
    let text = query.unwrap_or_default();
    let query = Query::parse(&text);
    let request = match AuthorizationRequest::check(&sim.world(), login, &query) {
        Ok(request) => request,
        Err(error) => return refuse(login, &error),
    };
    if query.get("auto_user").is_none() && query.get("auto_decision") != Some("cancel") {
        return consent_page::page(&sim.world(), &request, &text).into_response();
    }
    let cancelled = query.get("auto_decision") == Some("cancel");
    let declined = query.get("auto_deny_scopes").unwrap_or_default().split(',').map(str::to_owned).collect();
    decide(&sim, &request, query.get("auto_user"), cancelled, declined)
}

/// The dialog's first address, which Meta switched off in August 2026.
pub(crate) async fn switched_off() -> Response {
    html::error_page(StatusCode::NOT_FOUND, "Sorry, this page isn't available", "The link you followed may be broken.")
        .into_response()
}

/// Takes the decision that a person made on the page.
pub(crate) fn submit(login: Login, State(sim): State<Arc<Sim>>, RawQuery(query): RawQuery, form: &str) -> Response {
    let request = AuthorizationRequest::check(&sim.world(), login, &Query::parse(&query.unwrap_or_default()));
    let request = match request {
        Ok(request) => request,
        Err(error) => return refuse(login, &error),
    };
    let form = Query::parse(form);
    let granted: Vec<&str> = form.all("grant").collect();
    let declined = request.scopes.iter().filter(|scope| !granted.contains(&scope.as_str())).cloned().collect();
    decide(&sim, &request, form.get("user"), form.get("decision") == Some("cancel"), declined)
}

fn decide(
    sim: &Sim,
    request: &AuthorizationRequest,
    user: Option<&str>,
    cancelled: bool,
    declined: Vec<String>,
) -> Response {
    let mut world = sim.world_mut();
    let decision = if cancelled {
        Decision::Cancel
    } else {
        match user.and_then(|user| world.holder_of(request.login, user)) {
            Some(holder) => Decision::Allow { holder, declined },
            None => {
                return html::error_page(StatusCode::BAD_REQUEST, "Nobody chosen", "Choose who logs in.")
                    .into_response();
            }
        }
    };
    info!(app = %request.app_id, login = request.login.as_str(), cancelled, "a person decided at the dialog");
    redirect(&address(&mut world, request, decision, sim.clock.now_ms()))
}

/// Where the browser goes: a code, or the documented parameters of a cancellation.
fn address(world: &mut World, request: &AuthorizationRequest, decision: Decision, now_ms: i64) -> String {
    let Ok(mut url) = Url::parse(&request.redirect_uri) else { return request.redirect_uri.clone() };
    match decision {
        Decision::Allow { holder, declined } => {
            let code = issue_code(world, request, holder, &declined, now_ms);
            url.query_pairs_mut().append_pair("code", &code);
            url.set_fragment(Some("_"));
        }
        Decision::Cancel => {
            let description = match request.login {
                Login::Instagram => "The user denied your request",
                Login::Facebook => "Permissions error.",
            };
            url.query_pairs_mut()
                .append_pair("error", "access_denied")
                .append_pair("error_reason", "user_denied")
                .append_pair("error_description", description);
        }
    }
    if let Some(state) = &request.state {
        url.query_pairs_mut().append_pair("state", state);
    }
    url.into()
}

fn issue_code(
    world: &mut World,
    request: &AuthorizationRequest,
    holder: String,
    declined: &[String],
    now_ms: i64,
) -> String {
    let (declined, scopes) = request.scopes.iter().cloned().partition(|scope| declined.contains(scope));
    let code = ids::code();
    let grant = Code {
        app_id: request.app_id.clone(),
        login: request.login,
        holder,
        redirect_uri: request.redirect_uri.clone(),
        scopes,
        declined,
        issued_at_ms: now_ms,
        used: false,
    };
    world.codes.insert(code.clone(), grant);
    code
}

fn redirect(address: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(address) else {
        return html::error_page(StatusCode::BAD_REQUEST, "Invalid redirect URI", "No address to return to.")
            .into_response();
    };
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::FOUND, headers).into_response()
}

fn refuse(login: Login, error: &RequestError) -> Response {
    info!(login = login.as_str(), reason = error.title(), "the dialog refused a request");
    html::error_page(StatusCode::BAD_REQUEST, error.title(), &error.to_string()).into_response()
}
