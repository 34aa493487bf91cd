//! What the card shows, for one channel or for all of them.

use std::collections::BTreeMap;
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

/// The route that asks for all channels.
const ALL_CHANNELS: &str = "GET /api/integrations/status";

/// The route that connects an account by its id and a token.
const BY_HAND: &str = "POST /api/admin/connections";

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
    let answer = if http::route_key(&request) == ALL_CHANNELS {
        all(app, &request).await.map(|cards| http::json_with_etag(&request, &cards))
    } else {
        one(app, &request).await.map(|card| http::json_with_etag(&request, &card))
    };
    let answer = match answer {
        Ok(answer) => Ok(answer),
        Err(failure) => Err(refuse(&failure)),
    };
    Ok(http::answer(http::request_id(&request), answer))
}

/// The card of every channel.
async fn all(app: &App, request: &Request) -> Result<BTreeMap<Channel, Card>, StatusError> {
    let standing = Standing::read(app, request).await?;
    Ok(Channel::ALL.into_iter().map(|channel| (channel, standing.card(app, channel))).collect())
}

/// The card of the channel that the route names.
async fn one(app: &App, request: &Request) -> Result<Card, StatusError> {
    let channel = http::channel(request)?;
    Ok(Standing::read(app, request).await?.card(app, channel))
}

/// Who asks, and what their tenant has.
struct Standing {
    caller: Caller,
    profile: TenantProfile,
    connections: Vec<Connection>,
}

impl Standing {
    async fn read(app: &App, request: &Request) -> Result<Self, StatusError> {
        let caller = Caller::admit(request, &app.claims)?;
        let (profile, connections) = settled(app, &caller, app.clock.now_ms()).await?;
        Ok(Self { caller, profile, connections })
    }

    fn card(&self, app: &App, channel: Channel) -> Card {
        let Self { caller, profile, connections } = self;
        let plan = app.plans.plan(profile);
        let debug = caller.debug || profile.settings.integration_debug;
        let admits = |route: &str| access(route).is_some_and(|access| access.admits(caller.role, debug));
        // The route that connects another account.
        let can_manage = admits(&format!("POST /api/integrations/meta/{channel}/start"));
        Card {
            can_manage,
            can_connect: can_manage && plan.check_connection(channel, profile.connected()).is_ok(),
            can_connect_by_hand: admits(BY_HAND),
            plan: PlanView::new(&plan, channel, profile.connected()),
            status: ChannelStatus::of(channel, connections.clone()),
        }
    }
}

/// The tenant and its connections, as the plan says. Where they are not, as after a token has told of another plan, they
/// follow now; a status can be told all the same when that fails.
async fn settled(app: &App, caller: &Caller, now: UnixMillis) -> Result<(TenantProfile, Vec<Connection>), StoreError> {
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

fn refuse(failure: &StatusError) -> Problem {
    let problem = Problem::from(failure);
    if problem.status() >= 500 {
        error!(error = %Chain(failure), "The status could not be told");
    }
    problem
}
