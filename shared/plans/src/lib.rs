//! What a tenant's plan allows, and keeping its connections to it.

use domain::seats::{Rearrangement, arrange};
use domain::{
    Account, AuditEvent, AuditKind, Catalogue, Channel, Connection, EffectivePlan, PlanRefusal, TenantId,
    TenantProfile, UnixMillis, UserId,
};
use edge::telemetry::Chain;
use edge::{Caller, ClaimNames, ConfigError, Setup};
use store::{Allowance, ConnectionStore, StoreError, Tables, TenantStore, Terms};
use tracing::{info, warn};

use audit::AuditLog;

/// How often connections are arranged anew while others change them.
const ROUNDS: usize = 5;

/// The plans of all tenants.
#[derive(Clone, Debug)]
pub struct Plans {
    /// The catalogue.
    pub catalogue: Catalogue,
    /// The tenants.
    pub tenants: TenantStore,
    claims: ClaimNames,
    connections: ConnectionStore,
    audit: AuditLog,
}

/// Why something was not allowed.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The plan does not allow it.
    #[error("the plan does not allow it")]
    Refused(PlanRefusal),
    /// It is not known what the plan allows.
    #[error("the plan was not read")]
    Store(#[from] StoreError),
}

impl From<PlanRefusal> for PlanError {
    fn from(refusal: PlanRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Plans {
    /// Reads the configuration; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the catalogue cannot be used.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let tables = Tables::from(&setup.env);
        let client = store::client(&setup.aws);
        Ok(Self {
            catalogue: Catalogue::deployed().map_err(|error| ConfigError::invalid("plans.json", error))?,
            claims: ClaimNames::new(&setup.env)?,
            tenants: TenantStore::new(client.clone(), &tables),
            connections: ConnectionStore::new(client, &tables),
            audit: AuditLog::new(setup),
        })
    }

    /// What is known of a tenant, in one read; of one that nobody knows yet, what holds for it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn profile(&self, tenant: &TenantId) -> Result<TenantProfile, StoreError> {
        let found = self.tenants.profile(tenant).await?;
        Ok(found.unwrap_or_else(|| TenantProfile::new(tenant.clone())))
    }

    /// What is known of a caller's tenant. What the caller's token says of its plan is kept when it is news, for those
    /// who come without a token, as the redirect from Meta does.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn profile_of(&self, caller: &Caller, now: UnixMillis) -> Result<TenantProfile, StoreError> {
        let profile = self.profile(&caller.tenant).await?;
        let news = caller.plan_claim(Some(&profile), &self.claims).filter(|claim| {
            let known = profile.claimed.as_ref().is_some_and(|kept| kept.key == claim.key);
            !known && self.catalogue.plans.contains_key(&claim.key)
        });
        let Some(claim) = news else { return Ok(profile) };
        let Some(taken) = self.tenants.take_claim(&caller.tenant, claim, now).await? else {
            // Somebody with a later token was faster.
            return self.profile(&caller.tenant).await;
        };
        // The first word on a tenant is no change.
        if profile.version > 0 {
            self.note_change(&profile, &taken, None, now).await;
        }
        Ok(taken)
    }

    /// The plan that holds for a tenant.
    #[must_use]
    pub fn plan<'a>(&'a self, profile: &'a TenantProfile) -> EffectivePlan<'a> {
        self.catalogue.effective(Some(profile), profile.claimed.as_ref().filter(|_| self.claims.tell_plans()))
    }

    /// What the store checks when a connection to a channel takes its place.
    #[must_use]
    pub fn allowance(&self, profile: &TenantProfile, channel: Channel) -> Allowance {
        Allowance { max_connections: self.plan(profile).max_connections(channel), plan_version: Some(profile.version) }
    }

    /// Whether one of these accounts of a channel can be connected. An account that counts already can, since it takes no further
    /// room; the connections are read only where the plan has none left.
    ///
    /// # Errors
    ///
    /// [`PlanError`].
    pub async fn check_accounts(
        &self,
        tenant: &TenantId,
        channel: Channel,
        accounts: &[Account],
    ) -> Result<(), PlanError> {
        let among = |connection: &Connection| connection.counts() && accounts.contains(&connection.account);
        self.check(&self.profile(tenant).await?, channel, among).await
    }

    /// Whether a login for a channel makes sense: there is room for an account, or one has to be connected again, or the one that is named
    /// counts already.
    ///
    /// # Errors
    ///
    /// [`PlanError`].
    pub async fn check_login(
        &self,
        profile: &TenantProfile,
        channel: Channel,
        again: Option<&Account>,
    ) -> Result<(), PlanError> {
        let is_named = |connection: &Connection| connection.counts() && again == Some(&connection.account);
        let wants = |connection: &Connection| connection.account.channel == channel && connection.wants_reconnect();
        self.check(profile, channel, |connection| wants(connection) || is_named(connection)).await
    }

    async fn check(
        &self,
        profile: &TenantProfile,
        channel: Channel,
        again: impl Fn(&Connection) -> bool,
    ) -> Result<(), PlanError> {
        let plan = self.plan(profile);
        plan.check_channel(channel)?;
        let Err(refusal) = plan.check_connection(channel, profile.connected()) else { return Ok(()) };
        if self.connections.list(&profile.tenant).await?.iter().any(again) { Ok(()) } else { Err(refusal.into()) }
    }

    /// Notes in the tenant's audit log that the plan did not allow something.
    pub async fn note_refusal(&self, tenant: &TenantId, user: &UserId, refusal: &PlanRefusal, now: UnixMillis) {
        self.audit.record(refused(tenant, user, refusal, now)).await;
    }

    /// Sets what the operator wants for a tenant, and has its connections follow.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when `expected` is not the profile's version; [`StoreError`]. When only the connections
    /// did not follow, they do when their status is asked for next.
    pub async fn set_terms(
        &self,
        tenant: &TenantId,
        terms: &Terms,
        expected: u64,
        by: &UserId,
        now: UnixMillis,
    ) -> Result<TenantProfile, StoreError> {
        let before = self.profile(tenant).await?;
        let after = self.tenants.set_terms(tenant, terms, expected, now).await?;
        self.note_change(&before, &after, Some(by), now).await;
        self.settle(tenant, now).await?;
        self.profile(tenant).await
    }

    /// Whether a tenant's connections are as its plan says, and counted rightly.
    #[must_use]
    pub fn is_settled(&self, profile: &TenantProfile, connections: &[Connection]) -> bool {
        self.arrange(profile, connections).is_empty() && is_counted(profile, connections)
    }

    /// Has a tenant's connections follow its plan: those over the limit wait, the oldest stay; where there is room again,
    /// the oldest that wait come back. Does nothing where all is settled.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: to be done again, which starts from what has been reached.
    pub async fn settle(&self, tenant: &TenantId, now: UnixMillis) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            let profile = self.profile(tenant).await?;
            let connections = self.connections.list(tenant).await?;
            let rearrangement = self.arrange(&profile, &connections);
            if rearrangement.is_empty() {
                if !is_counted(&profile, &connections) {
                    self.tenants.recount(&profile, count(&connections)).await?;
                }
                return Ok(());
            }
            self.follow(&profile, &rearrangement, now).await?;
        }
        Err(StoreError::Conflict)
    }

    /// The place that a connection has left goes to the oldest that waits for one. Where that fails, it is made up for
    /// when the status is asked for next.
    pub async fn make_room(&self, tenant: &TenantId, now: UnixMillis) {
        if let Err(failure) = self.settle(tenant, now).await {
            warn!(%tenant, error = %Chain(&failure), "Connections that wait for a place did not get it yet");
        }
    }

    fn arrange<'a>(&self, profile: &TenantProfile, connections: &'a [Connection]) -> Rearrangement<'a> {
        arrange(connections, &self.plan(profile).limits)
    }

    async fn follow(
        &self,
        profile: &TenantProfile,
        rearrangement: &Rearrangement<'_>,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        for connection in &rearrangement.pause {
            if let Some(paused) = self.connections.pause(connection, now.seconds()).await? {
                self.note_move(AuditKind::Paused, &paused, profile, now).await;
            }
        }
        for connection in &rearrangement.resume {
            let allowance = self.allowance(profile, connection.account.channel);
            if let Some(resumed) = self.connections.resume(connection, &allowance, now.seconds()).await? {
                self.note_move(AuditKind::Resumed, &resumed, profile, now).await;
            }
        }
        let days = self.plan(profile).limits.retention_days;
        for connection in &rearrangement.retain {
            self.connections.set_retention(connection, days).await?;
        }
        Ok(())
    }

    async fn note_move(&self, kind: AuditKind, connection: &Connection, profile: &TenantProfile, now: UnixMillis) {
        info!(
            tenant = %connection.tenant, account = %connection.account, status = ?connection.status,
            "The plan moved account {}", connection.account
        );
        let event = AuditEvent::new(connection.tenant.clone(), kind, now)
            .with("plan", self.plan(profile).limits.name)
            .about(&connection.account)
            .with("account_name", connection.name.as_str());
        self.audit.record(event).await;
    }

    async fn note_change(&self, before: &TenantProfile, after: &TenantProfile, by: Option<&UserId>, now: UnixMillis) {
        let (old, new) = (self.plan(before), self.plan(after));
        let event = AuditEvent::new(after.tenant.clone(), AuditKind::PlanChanged, now)
            .with("from", old.key)
            .with("to", new.key)
            .with("max_connections", new.limits.max_connections)
            .with("monthly_messages", new.limits.monthly_messages)
            .with("retention_days", new.limits.retention_days);
        self.audit.record(by.map_or(event.clone(), |user| event.by(user.clone()))).await;
    }
}

/// The audit event of something that a plan did not allow.
#[must_use]
pub fn refused(tenant: &TenantId, user: &UserId, refusal: &PlanRefusal, now: UnixMillis) -> AuditEvent {
    AuditEvent::new(tenant.clone(), AuditKind::Refused, now)
        .by(user.clone())
        .with("reason", refusal.reason())
        .with("plan", refusal.plan.as_str())
        .with("limit", refusal.limit)
        .with("required_plan", refusal.required.as_deref())
}

fn count(connections: &[Connection]) -> u32 {
    u32::try_from(connections.iter().filter(|connection| connection.counts()).count()).unwrap_or(u32::MAX)
}

/// A count that deletions or an earlier version left wrong is put right when somebody looks.
fn is_counted(profile: &TenantProfile, connections: &[Connection]) -> bool {
    profile.connections == i64::from(count(connections))
}
