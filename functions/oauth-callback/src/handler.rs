//! The browser comes back from Meta: end what `oauth-start` began, and send the browser on.

use std::convert::Infallible;
use std::time::Duration;

use accounts::{Choice, ConnectError, Refusal};
use domain::connection::{AUTHORIZATION_SECONDS, Grant, Offer, UnlinkedPage};
use domain::secret::AuthorizationCode;
use domain::{Account, AuditEvent, AuditKind, AuthorizationRequest, Channel, ConnectionStatus, TenantId, UnixMillis};
use edge::http;
use edge::stamp::stamp;
use edge::telemetry::{Chain, metric};
use lambda_http::http::{HeaderValue, header};
use lambda_http::{Body, Request, Response};
use login::{BrowserCookie, Nonce};
use meta::graph::{DiscoveredAccount, Discovery};
use plans::PlanError;
use store::Claim;
use tokio::time::timeout;
use tracing::{error, info};

use crate::app::App;
use crate::candidates;
use crate::error::CallbackError;
use crate::landing::Landing;
use crate::response::{AuthorizationResponse, Outcome};

/// How long everything may take after the claim. API Gateway waits 30 s.
const PATIENCE: Duration = Duration::from_secs(26);
/// How long Meta may take of it to tell token and accounts, so that storing and subscribing have their time.
const LOGIN_PATIENCE: Duration = Duration::from_secs(17);

/// Sends the browser to the page that says what came of the login.
///
/// # Errors
///
/// Never: every failure has its page.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let now = app.clock.now_ms();
    // The address may serve both channels: which of them it was is known by the login, where that is known.
    let asked = http::channel(&request).unwrap_or(Channel::Instagram);
    let (channel, return_to, landing) = match claim(app, &request, asked, now).await {
        Ok(claimed) => {
            let outcome = finish_in_time(app, &claimed, now).await;
            let landing = outcome.unwrap_or_else(|failure| fail(&failure, Some(&claimed.authorization.tenant)));
            (claimed.authorization.channel, claimed.authorization.return_to, landing)
        }
        Err(failure) => (asked, None, fail(&failure, None)),
    };
    metric("oauth_callback", 1, &[("channel", channel.as_str()), ("outcome", landing.word())]);
    Ok(redirect(&request, &landing.address(channel, &app.web_url, return_to.as_deref())))
}

/// An authorization request that was claimed, with its answer.
struct Claimed {
    authorization: AuthorizationRequest,
    response: AuthorizationResponse,
    /// As it was when the login began: Meta compares it bytewise.
    redirect_uri: String,
}

/// Takes the authorization request that the `state` names: for this browser, and once.
async fn claim(app: &App, request: &Request, asked: Channel, now: UnixMillis) -> Result<Claimed, CallbackError> {
    let response = AuthorizationResponse::read(request)?;
    let redirect_uri = |channel| app.redirect_uris.of(channel, request).ok_or(CallbackError::NoRedirectUri);
    let cookie = BrowserCookie::for_redirect_uri(&redirect_uri(asked)?);
    // Who comes without the cookie is another browser, and anybody can: nothing is read or written for them.
    let browser = http::cookie(request, cookie.name()).and_then(Nonce::parse).ok_or(CallbackError::OtherBrowser)?;
    match app.authorizations.claim(&response.state.hash(), &browser.hash(), now.seconds()).await? {
        Claim::Claimed(authorization) => {
            let redirect_uri = redirect_uri(authorization.channel)?;
            Ok(Claimed { authorization: *authorization, response, redirect_uri })
        }
        Claim::Unknown => Err(CallbackError::StateUnknown),
        Claim::Used => Err(CallbackError::StateUsed),
        Claim::Expired => Err(CallbackError::StateExpired),
        Claim::OtherBrowser => Err(CallbackError::OtherBrowser),
    }
}

/// Ends the authorization before API Gateway gives up on the answer, and notes in the audit log what failed.
async fn finish_in_time(app: &App, claimed: &Claimed, now: UnixMillis) -> Result<Landing, CallbackError> {
    let outcome = timeout(PATIENCE, finish(app, claimed, now)).await.unwrap_or(Err(CallbackError::OutOfTime));
    if let Err(failure) = &outcome
        && let Some(event) = failed(&claimed.authorization, failure, now)
    {
        app.connector.audit.record(event).await;
    }
    outcome
}

async fn finish(app: &App, claimed: &Claimed, now: UnixMillis) -> Result<Landing, CallbackError> {
    let Claimed { authorization, response, redirect_uri } = claimed;
    let code = match &response.outcome {
        Outcome::Granted(code) => code,
        Outcome::Cancelled => return Err(CallbackError::Cancelled),
        Outcome::Unavailable => return Err(CallbackError::MetaUnavailable),
        Outcome::Refused => return Err(CallbackError::Refused),
    };
    let login = log_in(app, authorization, code, redirect_uri, now);
    let brought = timeout(LOGIN_PATIENCE, login).await.map_err(|_| CallbackError::OutOfTime)??;
    let usable: Vec<&DiscoveredAccount> =
        brought.accounts.iter().filter(|account| account.unavailable.is_none()).collect();
    match usable.as_slice() {
        [] if brought.accounts.is_empty() => Err(CallbackError::NoAccounts(authorization.channel)),
        [] => Err(CallbackError::NoUsableAccount),
        [account] if brought.is_plain() => connect(app, authorization, &brought.grant, account, now).await,
        [_, ..] => offer(app, authorization, &brought, &response.state, now).await,
    }
}

/// What a login brought.
struct Brought {
    grant: Grant,
    accounts: Vec<DiscoveredAccount>,
    unlinked_pages: Vec<UnlinkedPage>,
    complete: bool,
}

impl Brought {
    /// Whether there is nothing to choose: what is here is all that the person can have meant.
    fn is_plain(&self) -> bool {
        self.complete && self.accounts.len() == 1 && self.unlinked_pages.is_empty()
    }
}

/// From the code to what it gives access to.
async fn log_in(
    app: &App,
    authorization: &AuthorizationRequest,
    code: &AuthorizationCode,
    redirect_uri: &str,
    now: UnixMillis,
) -> Result<Brought, CallbackError> {
    let registered = app.connector.registrations.current(now.seconds()).await?;
    let graph = registered.graph(authorization.login)?;
    let short_lived = graph.exchange_code(code, redirect_uri, &[authorization.channel], now.seconds()).await?;
    let login = graph.long_lived(short_lived, now.seconds()).await?;
    let Discovery { accounts, unlinked_pages, complete } = graph.accounts(&login).await?;
    let accounts = candidates::arrange(accounts);
    let mut grant = login.shared(authorization.login);
    if grant.app_scoped_user_id.is_none() {
        grant.app_scoped_user_id = accounts.first().and_then(|account| account.app_scoped_user_id.clone());
    }
    Ok(Brought { grant, accounts, unlinked_pages: candidates::fitting(unlinked_pages), complete })
}

async fn connect(
    app: &App,
    authorization: &AuthorizationRequest,
    grant: &Grant,
    account: &DiscoveredAccount,
    now: UnixMillis,
) -> Result<Landing, CallbackError> {
    let candidate = candidates::seal(&app.connector, &authorization.tenant, account, now.seconds()).await?;
    let choice = Choice {
        tenant: &authorization.tenant,
        user: &authorization.user,
        login: authorization.login,
        grant,
        candidate: &candidate,
        token: &account.token,
    };
    match app.connector.connect(&choice, now).await?.status {
        ConnectionStatus::Pending => Ok(Landing::Failed(Refusal::SUBSCRIPTION_FAILED)),
        _ => Ok(Landing::Connected),
    }
}

async fn offer(
    app: &App,
    authorization: &AuthorizationRequest,
    brought: &Brought,
    state: &Nonce,
    now: UnixMillis,
) -> Result<Landing, CallbackError> {
    let Brought { grant, accounts, unlinked_pages, .. } = brought;
    let offered: Vec<Account> = accounts.iter().map(|account| account.account.clone()).collect();
    app.connector.plans.check_accounts(&authorization.tenant, authorization.channel, &offered).await?;
    let candidates = candidates::seal_all(&app.connector, &authorization.tenant, accounts, now.seconds()).await?;
    let offer = Offer { candidates, unlinked_pages: unlinked_pages.clone(), grant: grant.clone() };
    let expires_at = app.clock.now().plus(AUTHORIZATION_SECONDS);
    if app.authorizations.offer(&authorization.state_hash, &offer, expires_at).await? {
        Ok(Landing::Choosing(state.clone()))
    } else {
        Err(CallbackError::StateUsed)
    }
}

/// What the audit log says of a login that led to nothing. What was refused while connecting was noted there.
fn failed(authorization: &AuthorizationRequest, failure: &CallbackError, now: UnixMillis) -> Option<AuditEvent> {
    let kind = match failure {
        CallbackError::Connect(ConnectError::TakenElsewhere | ConnectError::Plan(_)) => return None,
        CallbackError::Plan(PlanError::Refused(_)) => AuditKind::Refused,
        CallbackError::Cancelled => AuditKind::AuthorizationCancelled,
        _ => AuditKind::AuthorizationFailed,
    };
    let event = AuditEvent::new(authorization.tenant.clone(), kind, now)
        .by(authorization.user.clone())
        .with("channel", authorization.channel.as_str())
        .with("login", authorization.login.as_str())
        .with("reason", Refusal::from(failure).reason);
    Some(event)
}

/// Logs a failure, once, and leads to the page that tells it.
fn fail(failure: &CallbackError, tenant: Option<&TenantId>) -> Landing {
    let reason = Refusal::from(failure).reason;
    let tenant = tenant.map(TenantId::as_str);
    if failure.is_ours() {
        error!(tenant, reason, error = %Chain(failure), "A login could not be finished");
    } else {
        info!(tenant, reason, error = %Chain(failure), "A login led to no connection: {failure}");
    }
    Landing::from(failure)
}

/// Without a referrer: the callback's own address holds a code.
fn redirect(request: &Request, address: &str) -> Response<Body> {
    let mut response = http::found(address);
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    stamp(response, http::request_id(request))
}
