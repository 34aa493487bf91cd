//! The person sees the accounts of their login, and chooses.

use std::convert::Infallible;

use accounts::{Choice, Refusal};
use domain::connection::{AuthorizationPhase, Offer, UnlinkedPage};
use domain::view::{self, AccountNames, ChannelStatus};
use domain::{Account, AuthorizationRequest, Candidate, Channel, Connection, UnixMillis};
use edge::http::{self, StatusCode};
use edge::telemetry::{Chain, metric};
use edge::{Caller, Problem};
use futures::future::join_all;
use lambda_http::http::Method;
use lambda_http::{Body, Request, Response};
use login::Nonce;
use plans::PlanError;
use serde::Serialize;
use tracing::{error, info, warn};

use crate::app::App;
use crate::error::{RefusedAccount, SelectError, names};
use crate::selection::{SelectRequest, pick};

const MAX_BODY_BYTES: usize = 16 * 1024;

/// An account to choose.
#[derive(Serialize)]
struct Asset {
    #[serde(flatten)]
    names: AccountNames,
    picture_url: Option<String>,
    selectable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<Candidate> for Asset {
    fn from(candidate: Candidate) -> Self {
        Self {
            names: names(&candidate),
            picture_url: view::web_address(candidate.picture_url.as_deref()),
            selectable: candidate.unavailable.is_none(),
            reason: candidate.unavailable,
        }
    }
}

impl Asset {
    /// Shown, so that a person sees why theirs cannot be chosen.
    fn of_page(channel: Channel, page: UnlinkedPage) -> Self {
        let UnlinkedPage { page_id, page_name, reason } = page;
        let names = AccountNames::of_page(channel, page_id, page_name);
        Self { names, picture_url: None, selectable: false, reason: Some(reason) }
    }
}

/// What came of a choice.
#[derive(Serialize)]
struct Selected {
    #[serde(flatten)]
    status: ChannelStatus,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<RefusedAccount>,
}

/// A choice that waits: the authorization with what it offers.
struct Waiting {
    authorization: AuthorizationRequest,
    offer: Offer,
}

impl Waiting {
    /// `None` when the authorization is in another phase.
    fn of(authorization: AuthorizationRequest) -> Option<Self> {
        let AuthorizationPhase::Choosing(offer) = authorization.phase.clone() else { return None };
        Some(Self { authorization, offer })
    }
}

/// Answers the accounts to choose from, or what came of the choice, or a problem document.
///
/// # Errors
///
/// Never: every failure has its answer.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let outcome = if request.method() == Method::GET {
        assets(app, &request).await.map(|assets| http::json(StatusCode::OK, &assets))
    } else {
        let selected = select(app, &request).await;
        let result = if selected.is_ok() { "connected" } else { "refused" };
        metric("oauth_select", 1, &[("channel", http::channel_word(&request)), ("outcome", result)]);
        selected.map(|selected| http::json(StatusCode::OK, &selected))
    };
    let answer = outcome.map_err(|failure| refuse(&failure));
    Ok(http::answer(http::request_id(&request), answer))
}

async fn assets(app: &App, request: &Request) -> Result<Vec<Asset>, SelectError> {
    let caller = Caller::admit(request, &app.claims)?;
    let waiting = waiting(app, request, &caller, http::query(request, "state")).await?;
    let Waiting { authorization, offer: Offer { candidates, unlinked_pages, .. } } = waiting;
    let of_page = |page| Asset::of_page(authorization.channel, page);
    Ok(candidates.into_iter().map(Asset::from).chain(unlinked_pages.into_iter().map(of_page)).collect())
}

async fn select(app: &App, request: &Request) -> Result<Selected, SelectError> {
    let caller = Caller::admit(request, &app.claims)?;
    let asked: SelectRequest = http::body_json(request, MAX_BODY_BYTES)?;
    let waiting = waiting(app, request, &caller, Some(&asked.state)).await?;
    let chosen = pick(&waiting.offer.candidates, &asked.accounts(waiting.authorization.channel)?)?;
    let now = app.clock.now_ms();
    check_plan(app, &caller, waiting.authorization.channel, &chosen, now).await?;
    let state_hash = &waiting.authorization.state_hash;
    if app.authorizations.choose(state_hash, &caller.tenant, now.seconds()).await?.is_none() {
        return Err(SelectError::AlreadyChosen);
    }
    let (connected, refused) = connect_all(app, &waiting, &chosen, now).await;
    if connected.is_empty() {
        reopen(app, &waiting, now).await;
        return Err(SelectError::AllRefused(refused));
    }
    Ok(Selected { status: ChannelStatus::of(waiting.authorization.channel, connected), refused })
}

/// A choice that the plan has no room for is not used up: the person may upgrade and choose again.
async fn check_plan(
    app: &App,
    caller: &Caller,
    channel: Channel,
    chosen: &[&Candidate],
    now: UnixMillis,
) -> Result<(), SelectError> {
    let accounts: Vec<Account> = chosen.iter().map(|candidate| candidate.account.clone()).collect();
    let plans = &app.connector.plans;
    let outcome = plans.check_accounts(&caller.tenant, channel, &accounts).await;
    if let Err(PlanError::Refused(refusal)) = &outcome {
        plans.note_refusal(&caller.tenant, &caller.user, refusal, now).await;
    }
    Ok(outcome?)
}

/// A choice that led to nothing can be made again: the person may take another account, or free this one first.
async fn reopen(app: &App, waiting: &Waiting, now: UnixMillis) {
    let Waiting { authorization, offer } = waiting;
    let outcome = app.authorizations.reopen(&authorization.state_hash, offer, now.seconds()).await;
    if let Err(failure) = outcome {
        warn!(error = %Chain(&failure), "A choice that led to nothing is used up");
    }
}

/// The choice that waits for this very person, on the channel of the route.
async fn waiting(app: &App, request: &Request, caller: &Caller, state: Option<&str>) -> Result<Waiting, SelectError> {
    let channel = http::channel(request)?;
    let state = state.and_then(Nonce::parse).ok_or(SelectError::UnknownState)?;
    let now = app.clock.now();
    let found = app.authorizations.choosing(&state.hash(), &caller.tenant, &caller.user, now).await?;
    let found = found.filter(|authorization| authorization.channel == channel);
    found.and_then(Waiting::of).ok_or(SelectError::UnknownState)
}

/// Connects the accounts at the same time: none has to wait for another's webhooks. Those that the plan has no room for are
/// refused.
async fn connect_all(
    app: &App,
    waiting: &Waiting,
    chosen: &[&Candidate],
    now: UnixMillis,
) -> (Vec<Connection>, Vec<RefusedAccount>) {
    let outcomes = join_all(chosen.iter().map(|candidate| connect(app, waiting, candidate, now))).await;
    let (mut connected, mut refused) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(connection) => connected.push(connection),
            Err(account) => refused.push(account),
        }
    }
    (connected, refused)
}

async fn connect(
    app: &App,
    waiting: &Waiting,
    candidate: &Candidate,
    now: UnixMillis,
) -> Result<Connection, RefusedAccount> {
    let Waiting { authorization, offer: Offer { grant, .. } } = waiting;
    let tenant = &authorization.tenant;
    let opened = app.connector.open(tenant, &candidate.account, &candidate.token, now.seconds()).await;
    let token = opened.map_err(|failure| {
        error!(%tenant, account = %candidate.account, error = %Chain(&failure), "A token was not opened");
        RefusedAccount::new(candidate, Refusal::failure(failure.passes()))
    })?;
    let choice =
        Choice { tenant, user: &authorization.user, login: authorization.login, grant, candidate, token: &token };
    app.connector.connect(&choice, now).await.map_err(|failure| {
        info!(
            %tenant, account = %candidate.account, error = %Chain(&failure),
            "Account {} was not connected", candidate.account
        );
        RefusedAccount::not_connected(candidate, &failure)
    })
}

fn refuse(failure: &SelectError) -> Problem {
    let problem = Problem::from(failure);
    if problem.status() >= 500 {
        error!(error = %Chain(failure), "A choice of accounts failed");
    } else {
        info!(kind = problem.kind(), "A choice of accounts was refused: {failure}");
    }
    problem
}
