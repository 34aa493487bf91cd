//! Connections of all tenants, and looking after one of them now.

use accounts::{Occasion, UpkeepOutcome};
use domain::view::ConnectionView;
use domain::{Account, AccountId, Channel, Connection, TenantId, UnixSeconds, UserId};
use edge::http::{self, StatusCode};
use edge::{Caller, PageQuery, Role};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use store::Due;

use crate::app::App;
use crate::error::AdminError;

/// A connection and how it fares.
#[derive(Serialize)]
pub(crate) struct ConnectionHealth {
    tenant_id: TenantId,
    #[serde(flatten)]
    connection: ConnectionView,
    connected_by: UserId,
    /// When the token was issued or last renewed; `null` when there is none any more.
    token_refreshed_at: Option<String>,
    /// The same as an age.
    token_age_days: Option<i64>,
    /// How long Meta has delivered nothing; `null` when it never has.
    hours_since_webhook: Option<i64>,
}

impl ConnectionHealth {
    pub(crate) fn new(connection: &Connection, now: UnixSeconds) -> Self {
        let refreshed_at = connection.token.is_some().then_some(connection.token_refreshed_at);
        let since = |then: UnixSeconds| (now.get() - then.get()).max(0);
        Self {
            tenant_id: connection.tenant.clone(),
            connection: ConnectionView::from(connection),
            connected_by: connection.connected_by.clone(),
            token_refreshed_at: refreshed_at.map(UnixSeconds::rfc3339),
            token_age_days: refreshed_at.map(|at| since(at) / (24 * 60 * 60)),
            hours_since_webhook: connection.last_webhook_at.map(|at| since(at) / (60 * 60)),
        }
    }
}

/// A page of connections.
#[derive(Serialize)]
struct ConnectionsPage {
    connections: Vec<ConnectionHealth>,
    /// `null` on the last page.
    next_cursor: Option<String>,
}

/// What the upkeep of a connection came to.
#[derive(Serialize)]
struct UpkeepView {
    /// `renewed`: it has a new token. `checked`: it works (again), and needed none, or has none yet.
    outcome: &'static str,
    /// Why a token that was asked for is not there: `token_too_young`, Meta renews none of its first 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    connection: ConnectionHealth,
}

/// `GET /api/admin/connections`.
pub(crate) async fn list(app: &App, request: &Request) -> Result<Response<Body>, AdminError> {
    let page = PageQuery::of(request)?;
    let found = app.connector.connections.list_all(page.cursor, page.limit).await?;
    let now = app.clock.now();
    let connections = found.items.iter().map(|connection| ConnectionHealth::new(connection, now)).collect();
    Ok(http::json(StatusCode::OK, &ConnectionsPage { connections, next_cursor: found.cursor }))
}

/// `POST /api/admin/connections/{accountId}/refresh`.
pub(crate) async fn refresh(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, AdminError> {
    upkeep(app, request, caller, Occasion::Renewal).await
}

/// `POST /api/admin/connections/{accountId}/resubscribe`.
pub(crate) async fn resubscribe(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, AdminError> {
    upkeep(app, request, caller, Occasion::CheckUp).await
}

async fn upkeep(
    app: &App,
    request: &Request,
    caller: &Caller,
    occasion: Occasion,
) -> Result<Response<Body>, AdminError> {
    let found = find(app, request, caller).await?;
    // One that Meta has refused may work again: it is tried where somebody asks.
    if !found.counts() {
        return Err(AdminError::NotActive);
    }
    let due = Due { tenant: found.tenant.clone(), account: found.account.clone() };
    let now = app.clock.now_ms();
    let ended = app.connector.upkeep(&due, occasion, now).await?;
    let (outcome, reason) = match ended {
        UpkeepOutcome::Renewed => ("renewed", None),
        UpkeepOutcome::Checked => ("checked", None),
        UpkeepOutcome::TooYoung => ("checked", Some("token_too_young")),
        failed => return Err(AdminError::Upkeep(failed)),
    };
    app.connector.watch.works(found.login, now).await;
    let connection = app.connector.connections.find(&due.tenant, &due.account).await?;
    let connection = connection.ok_or(AdminError::NotFound)?;
    let connection = ConnectionHealth::new(&connection, app.clock.now());
    Ok(http::json(StatusCode::OK, &UpkeepView { outcome, reason, connection }))
}

/// The channel whose account is meant: equal ids of two channels are two accounts. Instagram's where none is named.
fn channel(request: &Request) -> Result<Channel, AdminError> {
    let word = http::query(request, "channel");
    word.map_or(Ok(Channel::Instagram), |word| word.parse().map_err(|_| AdminError::Parameter("channel")))
}

/// The connection that the path names: anybody's for an operator, the own for everybody else.
async fn find(app: &App, request: &Request, caller: &Caller) -> Result<Connection, AdminError> {
    let id = http::path(request, "accountId").and_then(|text| AccountId::try_from(text).ok());
    let account = Account::new(channel(request)?, id.ok_or(AdminError::NotFound)?);
    let connections = &app.connector.connections;
    let tenant = match caller.role {
        Role::Operator => connections.route(&account).await?.ok_or(AdminError::NotFound)?.tenant,
        Role::Agent | Role::Admin | Role::Service => caller.tenant.clone(),
    };
    connections.find(&tenant, &account).await?.ok_or(AdminError::NotFound)
}
