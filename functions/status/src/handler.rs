//! What the card shows, for one channel or for all of them.

use std::convert::Infallible;

use domain::view::{ChannelStatus, PlanView};
use domain::{Channel, Connection, TenantProfile, UnixMillis};
use edge::access::access;
use edge::telemetry::Chain;
use edge::{Caller, Problem, http};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use store::StoreError;
use tracing::{error, warn};

use crate::app::App;
use crate::error::StatusError;

/// The end of the path that asks for all channels; the other one's is `/instagram/status`.
const ALL_CHANNELS: &str = "/integrations/status";

/// The route that connects another account.
const START: &str = "POST /api/integrations/meta/instagram/start";

/// The route that connects an account by its id and a token.
const BY_HAND: &str = "POST /api/admin/connections";

/// Every channel by its name.
#[derive(Serialize)]
struct Channels {
    instagram: Card,
}

/// What is connected, and whether the caller can connect more: at Meta, or by hand.
#[derive(Serialize)]
struct Card {
    #[serde(flatten)]
    status: ChannelStatus,
    can_manage: bool,
    can_connect: bool,
    can_connect_by_hand: bool,
    plan: PlanView,
}

/// Answers the status with its `ETag`, or a problem document.
///
/// # Errors
///
/// Never: every failure has its answer.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let answer = if asks_for_all(&request) {
        let card = card(app, &request, Channel::Instagram).await;
        card.map(|instagram| http::json_with_etag(&request, &Channels { instagram }))
    } else {
        one(app, &request).await.map(|card| http::json_with_etag(&request, &card))
    };
    let answer = match answer {
        Ok(answer) => Ok(answer),
        Err(failure) => Err(refuse(&failure)),
    };
    Ok(http::answer(http::request_id(&request), answer))
}

/// The card of the channel that the route names.
async fn one(app: &App, request: &Request) -> Result<Card, StatusError> {
    card(app, request, http::channel(request)?).await
}

async fn card(app: &App, request: &Request, channel: Channel) -> Result<Card, StatusError> {
    let caller = Caller::admit(request, &app.claims)?;
    let (profile, connections) = standing(app, &caller, app.clock.now_ms()).await?;
    let plan = app.plans.plan(&profile);
    let debug = caller.debug || profile.settings.integration_debug;
    let admits = |route| access(route).is_some_and(|access| access.admits(caller.role, debug));
    Ok(Card {
        can_manage: admits(START),
        can_connect: admits(START) && plan.check_connection(channel, profile.connected()).is_ok(),
        can_connect_by_hand: admits(BY_HAND),
        plan: PlanView::new(&plan, channel, profile.connected()),
        status: ChannelStatus::of(channel, connections),
    })
}

/// The tenant and its connections, as the plan says. Where they are not, as after a token has told of another plan, they
/// follow now; a status can be told all the same when that fails.
async fn standing(app: &App, caller: &Caller, now: UnixMillis) -> Result<(TenantProfile, Vec<Connection>), StoreError> {
    let tenant = &caller.tenant;
    let (profile, connections) = tokio::try_join!(app.plans.profile_of(caller, now), app.connections.list(tenant))?;
    if app.plans.is_settled(&profile, &connections) {
        return Ok((profile, connections));
    }
    if let Err(failure) = app.plans.settle(tenant, now).await {
        warn!(%tenant, error = %Chain(&failure), "Connections do not follow the plan yet");
    }
    tokio::try_join!(app.plans.profile(tenant), app.connections.list(tenant))
}

fn asks_for_all(request: &Request) -> bool {
    request.uri().path().ends_with(ALL_CHANNELS)
}

fn refuse(failure: &StatusError) -> Problem {
    let problem = Problem::from(failure);
    if problem.status() >= 500 {
        error!(error = %Chain(failure), "The status could not be told");
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> Request {
        let mut request = Request::default();
        *request.uri_mut() = path.parse().expect("a path is a URI");
        request
    }

    #[test]
    fn the_two_paths_are_told_apart() {
        assert!(asks_for_all(&request("/api/integrations/status")));
        assert!(asks_for_all(&request("/prod/api/integrations/status")));
        assert!(!asks_for_all(&request("/api/integrations/meta/instagram/status")));
    }
}
