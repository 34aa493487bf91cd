//! A person wants to connect an account: remember it, and name the page where Meta asks them.

use std::convert::Infallible;

use domain::connection::{AUTHORIZATION_SECONDS, AuthorizationPhase};
use domain::view::NamedAccount;
use domain::{Account, AccountId, AuditEvent, AuditKind, AuthorizationRequest, Channel, Login, PageId, UnixMillis};
use edge::http::{self, StatusCode};
use edge::telemetry::{Chain, metric};
use edge::{Caller, Problem};
use lambda_http::http::header;
use lambda_http::{Body, Request, Response};
use login::{BrowserCookie, Nonce};
use plans::PlanError;
use serde::Deserialize;
use serde_json::json;
use tracing::{error, info};

use crate::app::App;
use crate::error::StartError;
use crate::return_to;

const MAX_BODY_BYTES: usize = 8 * 1024;
/// Names of browsers have no limit of their own; the audit log has.
const MAX_USER_AGENT_CHARS: usize = 256;

/// What the caller asks for; all of it may be absent.
#[derive(Deserialize)]
struct StartRequest {
    login: Option<Login>,
    return_to: Option<String>,
    /// The account that is to be connected again, which takes no further place in the plan: on Instagram …
    ig_user_id: Option<AccountId>,
    /// … and on Messenger.
    page_id: Option<PageId>,
}

impl StartRequest {
    fn again(&self, channel: Channel) -> Option<Account> {
        NamedAccount { ig_user_id: self.ig_user_id.clone(), page_id: self.page_id.clone() }.on(channel)
    }
}

/// Where to send the browser, and what it has to keep until it comes back.
struct Started {
    auth_url: String,
    cookie: String,
}

/// Answers `{"authUrl"}` and the cookie that binds the request to this browser, or a problem document.
///
/// # Errors
///
/// Never: every failure has its answer.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let outcome = start(app, &request).await;
    let result = if outcome.is_ok() { "started" } else { "refused" };
    metric("oauth_start", 1, &[("channel", http::channel_word(&request)), ("outcome", result)]);
    let answer = outcome.map(|started| answer(&started)).map_err(|failure| refuse(&failure));
    Ok(http::answer(http::request_id(&request), answer))
}

async fn start(app: &App, request: &Request) -> Result<Started, StartError> {
    let caller = Caller::admit(request, &app.claims)?;
    let asked: StartRequest = http::body_json(request, MAX_BODY_BYTES)?;
    let channel = http::channel(request)?;
    if asked.login.is_some_and(|login| !login.leads_to(channel)) {
        return Err(StartError::OtherChannels);
    }
    let again = asked.again(channel);
    let return_to = asked.return_to.map(return_to::check).transpose()?;
    let now = app.clock.now_ms();
    check_plan(app, &caller, channel, again.as_ref(), now).await?;

    let registrations = app.registrations.current(now.seconds()).await?;
    let login = asked.login.or_else(|| registrations.default_login(channel)).ok_or(StartError::NotConfigured)?;
    let redirect_uri = app.redirect_uris.of(channel, request).ok_or(StartError::NoRedirectUri)?;
    let cookie = BrowserCookie::for_redirect_uri(&redirect_uri);
    // The browser's own value is kept, so that a second tab does not end the authorization of the first.
    let browser = http::cookie(request, cookie.name()).and_then(Nonce::parse).unwrap_or_else(Nonce::random);
    let state = Nonce::random();
    let auth_url = registrations.authorize_url(login, channel, &redirect_uri, &state)?;

    let authorization = AuthorizationRequest {
        state_hash: state.hash(),
        tenant: caller.tenant,
        user: caller.user,
        channel,
        login,
        browser_hash: browser.hash(),
        return_to,
        source_ip: http::source_ip(request).map(str::to_owned),
        user_agent: user_agent(request),
        phase: AuthorizationPhase::Started,
        created_at: now.seconds(),
        expires_at: now.seconds().plus(AUTHORIZATION_SECONDS),
    };
    app.authorizations.insert(&authorization).await?;
    app.audit.record(started(&authorization, now)).await;
    info!(tenant = %authorization.tenant, login = login.as_str(), "Started an authorization");
    Ok(Started { auth_url, cookie: cookie.set(&browser) })
}

/// Nobody is sent to Meta for an account that the plan has no room for. What the token says of the plan is kept: the
/// redirect from Meta comes without one.
async fn check_plan(
    app: &App,
    caller: &Caller,
    channel: Channel,
    again: Option<&Account>,
    now: UnixMillis,
) -> Result<(), StartError> {
    let profile = app.plans.profile_of(caller, now).await?;
    let outcome = app.plans.check_login(&profile, channel, again).await;
    if let Err(PlanError::Refused(refusal)) = &outcome {
        app.plans.note_refusal(&caller.tenant, &caller.user, refusal, now).await;
    }
    Ok(outcome?)
}

fn user_agent(request: &Request) -> Option<String> {
    let name = http::header(request, header::USER_AGENT.as_str())?;
    Some(name.chars().take(MAX_USER_AGENT_CHARS).collect())
}

fn started(authorization: &AuthorizationRequest, now: UnixMillis) -> AuditEvent {
    AuditEvent::new(authorization.tenant.clone(), AuditKind::AuthorizationStarted, now)
        .by(authorization.user.clone())
        .with("channel", authorization.channel.as_str())
        .with("login", authorization.login.as_str())
        .with("source_ip", authorization.source_ip.clone())
        .with("user_agent", authorization.user_agent.clone())
}

fn answer(started: &Started) -> Response<Body> {
    let mut response = http::json(StatusCode::OK, &json!({ "authUrl": started.auth_url }));
    let cookie = started.cookie.parse().expect("base64url and attributes are a header value");
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

fn refuse(failure: &StartError) -> Problem {
    let problem = Problem::from(failure);
    if problem.status() >= 500 {
        error!(error = %Chain(failure), "An authorization could not be started");
    } else {
        info!(kind = problem.kind(), "An authorization was not started: {failure}");
    }
    problem
}
