//! Tenants and their plans.

use std::collections::BTreeSet;

use domain::tenant::{Limit, Overrides, TenantSettings};
use domain::{Channel, EffectivePlan, ErasureCode, Plan, PlanSource, TenantId, TenantProfile};
use edge::http::{self, StatusCode};
use edge::{Caller, PageQuery, Role};
use lambda_http::{Body, Request, Response};
use serde::{Deserialize, Serialize};
use store::{Terms, Usage};

use crate::app::App;
use crate::error::AdminError;

const MAX_BODY_BYTES: usize = 8 * 1024;

/// A tenant as administrators see it.
#[derive(Serialize)]
struct TenantView {
    tenant_id: TenantId,
    /// The plan that holds.
    plan: PlanInForce,
    /// What the operator has set, which a token's word may go before.
    terms: TermsView,
    /// The plan that a token named last, where one did.
    claimed_plan: Option<String>,
    /// Connections that count against the limit.
    connections: u32,
    /// This month's; `null` in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    /// To be sent along with a change.
    version: u64,
    /// Last change of plan, overrides or settings; `null` where there was none.
    updated_at: Option<String>,
}

#[derive(Serialize)]
struct PlanInForce {
    key: String,
    source: PlanSource,
    /// With the overrides.
    #[serde(flatten)]
    limits: Plan,
}

#[derive(Serialize)]
struct TermsView {
    plan: Option<String>,
    overrides: Overrides,
    settings: TenantSettings,
}

impl TenantView {
    fn new(profile: &TenantProfile, plan: EffectivePlan<'_>, usage: Option<Usage>) -> Self {
        Self {
            tenant_id: profile.tenant.clone(),
            plan: PlanInForce { key: plan.key.to_owned(), source: plan.source, limits: plan.limits },
            terms: TermsView {
                plan: profile.plan.clone(),
                overrides: profile.overrides.clone(),
                settings: profile.settings,
            },
            claimed_plan: profile.claimed.as_ref().map(|claim| claim.key.clone()),
            connections: profile.connected(),
            usage,
            version: profile.version,
            updated_at: (profile.version > 0).then(|| profile.updated_at.rfc3339()),
        }
    }
}

/// A page of tenants.
#[derive(Serialize)]
struct TenantsPage {
    tenants: Vec<TenantView>,
    /// `null` on the last page.
    next_cursor: Option<String>,
}

/// What the deletion of a tenant is known by.
#[derive(Serialize)]
struct TenantErasure {
    url: String,
    confirmation_code: ErasureCode,
}

/// The body of a change: it replaces everything that the operator has set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantChange {
    #[serde(default)]
    plan: Option<String>,
    #[serde(default)]
    overrides: OverridesChange,
    #[serde(default)]
    settings: SettingsChange,
    /// The version that the caller has read; absent: whatever is there.
    version: Option<u64>,
}

/// [`Overrides`] as an operator types them: a misspelt one is refused, where a stored one that is unknown is left alone.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OverridesChange {
    channels: Option<BTreeSet<Channel>>,
    #[serde(default, deserialize_with = "Limit::stated")]
    max_connections: Option<Limit>,
    #[serde(default, deserialize_with = "Limit::stated")]
    monthly_messages: Option<Limit>,
    #[serde(default, deserialize_with = "Limit::stated")]
    retention_days: Option<Limit>,
    auto_reply: Option<bool>,
    #[serde(default, deserialize_with = "Limit::stated")]
    endpoints: Option<Limit>,
}

impl From<OverridesChange> for Overrides {
    fn from(change: OverridesChange) -> Self {
        let OverridesChange { channels, max_connections, monthly_messages, retention_days, auto_reply, endpoints } =
            change;
        Self { channels, max_connections, monthly_messages, retention_days, auto_reply, endpoints }
    }
}

/// [`TenantSettings`] as an operator types them.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsChange {
    #[serde(default)]
    integration_debug: bool,
}

impl From<SettingsChange> for TenantSettings {
    fn from(SettingsChange { integration_debug }: SettingsChange) -> Self {
        Self { integration_debug }
    }
}

/// `GET /api/admin/tenants`: those who have connected something or were set up.
pub(crate) async fn list(app: &App, request: &Request) -> Result<Response<Body>, AdminError> {
    let page = PageQuery::of(request)?;
    let plans = &app.connector.plans;
    let found = plans.tenants.list_all(page.cursor, page.limit).await?;
    let tenants = found.items.iter().map(|profile| TenantView::new(profile, plans.plan(profile), None)).collect();
    Ok(http::json_with_etag(request, &TenantsPage { tenants, next_cursor: found.cursor }))
}

/// `GET /api/admin/tenants/{tenantId}`. A tenant that nobody knows yet is shown with what would hold for it.
pub(crate) async fn show(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, AdminError> {
    let tenant = tenant_in_path(request, caller)?;
    let profile = app.connector.plans.profile(&tenant).await?;
    Ok(http::json_with_etag(request, &view(app, &profile).await?))
}

/// `PUT /api/admin/tenants/{tenantId}`: from now on these terms hold. Connections over a new limit wait, others come back.
pub(crate) async fn set(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, AdminError> {
    let tenant = tenant_in_path(request, caller)?;
    let tenant = TenantId::of_customer(tenant.as_str()).map_err(|_| AdminError::NotFound)?;
    let change: TenantChange = http::body_json(request, MAX_BODY_BYTES)?;
    let plans = &app.connector.plans;
    let known = &plans.catalogue.plans;
    if change.plan.as_ref().is_some_and(|plan| !known.contains_key(plan)) {
        return Err(AdminError::UnknownPlan(known.keys().cloned().collect()));
    }
    let expected = match change.version {
        Some(version) => version,
        None => plans.profile(&tenant).await?.version,
    };
    let terms = Terms { plan: change.plan, overrides: change.overrides.into(), settings: change.settings.into() };
    let profile = plans.set_terms(&tenant, &terms, expected, &caller.user, app.clock.now_ms()).await?;
    Ok(http::json(StatusCode::OK, &view(app, &profile).await?))
}

/// `DELETE /api/admin/tenants/{tenantId}`: disconnects its accounts now, and deletes everything of it that there is by now.
/// A tenant that comes back begins anew.
pub(crate) async fn erase(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, AdminError> {
    let tenant = tenant_in_path(request, caller)?;
    if tenant == TenantId::operator() {
        return Err(AdminError::NotFound);
    }
    app.connector.disconnect_all(&tenant, app.clock.now_ms()).await?;
    let erasure = app.erasures.erase_tenant(&tenant, &caller.user, app.clock.now_ms()).await?;
    let url = app.erasures.page_url(request, &erasure.code);
    Ok(http::json(StatusCode::ACCEPTED, &TenantErasure { url, confirmation_code: erasure.code }))
}

async fn view(app: &App, profile: &TenantProfile) -> Result<TenantView, AdminError> {
    let plans = &app.connector.plans;
    let usage = plans.tenants.usage(&profile.tenant, app.clock.now_ms()).await?;
    Ok(TenantView::new(profile, plans.plan(profile), Some(usage)))
}

/// The tenant in the path: any for an operator, for everybody else their own.
pub(crate) fn tenant_in_path(request: &Request, caller: &Caller) -> Result<TenantId, AdminError> {
    let named = http::path(request, "tenantId").unwrap_or_default();
    if caller.role != Role::Operator {
        caller.owns(named)?;
    }
    TenantId::try_from(named).map_err(|_| AdminError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_with_a_misspelt_limit_is_refused() {
        let read = |json: &str| serde_json::from_str::<TenantChange>(json).is_ok();
        assert!(read(r#"{"plan": "pro", "overrides": {"max_connections": null}}"#));
        assert!(!read(r#"{"plan": "pro", "overrides": {"max_conections": 5}}"#));
        assert!(!read(r#"{"plan": "pro", "override": {}}"#));
        assert!(!read(r#"{"overrides": {"channels": ["whatsapp"]}}"#));
        assert!(!read(r#"{"settings": {"debug": true}}"#));
    }
}
