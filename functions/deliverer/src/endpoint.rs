//! An endpoint that is called, and what each try makes of it.

use delivery::{Address, Trial};
use domain::endpoint::{Delivered, Endpoint, Health, OffReason, Try, TryError};
use domain::outbox::EndpointKey;
use domain::secret::WebhookSecret;
use domain::{AuditEvent, AuditKind, TenantId, UnixMillis};
use edge::telemetry::metric;
use futures::future::try_join_all;
use store::StoreError;
use tracing::{info, warn};
use vault::{TokenContext, VaultError};

use crate::app::App;

/// An endpoint with what it takes to call it.
pub(crate) struct Open<'a> {
    pub(crate) app: &'a App,
    pub(crate) endpoint: Endpoint,
    address: Option<Address>,
    secrets: Vec<WebhookSecret>,
}

impl<'a> Open<'a> {
    /// `None` where the endpoint is gone or off.
    pub(crate) async fn find(app: &'a App, key: &EndpointKey) -> Result<Option<Endpoint>, StoreError> {
        Ok(app.endpoints.find(key).await?.filter(|endpoint| endpoint.disabled_at.is_none()))
    }

    /// Opens the secrets. Data keys are kept for a few minutes, so most of the time this calls nobody.
    pub(crate) async fn new(app: &'a App, endpoint: Endpoint) -> Result<Self, VaultError> {
        let now = app.clock.now_ms();
        let context = TokenContext::webhook_secret(&endpoint.key);
        let secrets =
            endpoint.secrets(now).map(|sealed| app.vault.open_webhook_secret(&context, sealed, now.seconds()));
        let secrets = try_join_all(secrets).await?;
        // Its text is looked at again: what may be called is configuration, and may have changed.
        let address = Address::parse(&endpoint.url, &app.reach).ok();
        Ok(Self { app, endpoint, address, secrets })
    }

    /// Posts an event once; what is then known of its delivery.
    pub(crate) async fn post(&self, delivered: Delivered) -> Delivered {
        let event = &delivered.event;
        let tried = match &self.address {
            Some(address) => {
                let trial = Trial { address, id: event.id.as_str(), body: &event.body, secrets: &self.secrets };
                self.app.poster.post(&trial).await
            }
            None => Try { at: self.app.clock.now_ms(), status: None, duration_ms: 0, error: Some(TryError::Address) },
        };
        let outcome = if tried.is_success() { "delivered" } else { "not_taken" };
        metric("webhook_tries", 1, &[("outcome", outcome)]);
        metric("webhook_try_ms", u64::from(tried.duration_ms), &[]);
        delivered.after(tried, fastrand::u64(..))
    }

    pub(crate) fn rests(&self) -> bool {
        self.endpoint.health.rests(self.app.clock.now_ms())
    }

    /// Notes that the endpoint took something. Costs nothing where it takes everything.
    pub(crate) async fn took(&mut self) -> Result<(), StoreError> {
        if self.endpoint.health.is_failing() {
            self.app.endpoints.note_success(&self.endpoint.key).await?;
            let Health { waits, waited_at, next_at, .. } = self.endpoint.health;
            self.endpoint.health = Health { waits, waited_at, next_at, ..Health::default() };
        }
        Ok(())
    }

    /// Notes that the endpoint did not take something, which is due again then. Tells whether it is still to be called.
    pub(crate) async fn refused(&mut self, delivered: &Delivered) -> Result<bool, StoreError> {
        let (app, now) = (self.app, self.app.clock.now_ms());
        if delivered.tries.last().is_some_and(Try::is_gone) {
            self.switch_off(OffReason::Gone, now).await?;
            return Ok(false);
        }
        let due_at = delivered.due_at.unwrap_or(now);
        let Some(endpoint) = app.endpoints.note_failures(&self.endpoint, 1, due_at, now).await? else {
            return Ok(false);
        };
        self.endpoint = endpoint;
        if self.endpoint.health.is_given_up(now) {
            self.switch_off(OffReason::Failing, now).await?;
            return Ok(false);
        }
        let Some(rest_ms) = Health::rest_ms(self.endpoint.health.failures) else { return Ok(true) };
        let until = now.plus(rest_ms);
        app.endpoints.rest(&self.endpoint.key, until).await?;
        info!(endpoint = %self.endpoint.key, failures = self.endpoint.health.failures, "An endpoint rests");
        self.endpoint.health.rests_until = Some(until);
        self.endpoint.health.next_at = Some(until);
        Ok(false)
    }

    async fn switch_off(&mut self, reason: OffReason, now: UnixMillis) -> Result<(), StoreError> {
        let Self { app, endpoint, .. } = self;
        if !app.endpoints.disable(&endpoint.key, reason, now).await? {
            return Ok(());
        }
        endpoint.disabled_at = Some(now);
        warn!(endpoint = %endpoint.key, reason = reason.as_str(), "An endpoint was switched off");
        metric("webhooks_switched_off", 1, &[("reason", reason.as_str())]);
        let owner = endpoint.key.tenant.clone().unwrap_or_else(TenantId::operator);
        let event = AuditEvent::new(owner, AuditKind::EndpointOff, now)
            .with("endpoint_id", endpoint.key.id.as_str())
            .with("reason", reason.as_str());
        app.audit.record(event).await;
        Ok(())
    }
}
