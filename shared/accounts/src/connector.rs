//! What connecting and disconnecting need.

use domain::{AccessToken, Account, Connection, SealedToken, TenantId, UnixMillis, UnixSeconds};
use edge::telemetry::Chain;
use edge::{ConfigError, Setup};
use store::{ConnectionStore, Tables};
use tracing::{info, warn};
use vault::{TokenContext, Vault, VaultError};

use crate::fields::AppFields;
use crate::registrations::Registrations;
use crate::watch::AppWatch;
use audit::AuditLog;
use plans::Plans;

/// Connects and disconnects accounts.
pub struct Connector {
    /// Our registrations at Meta.
    pub registrations: Registrations,
    pub(crate) vault: Vault,
    /// The connections.
    pub connections: ConnectionStore,
    /// The tenants' plans.
    pub plans: Plans,
    /// The audit log.
    pub audit: AuditLog,
    /// The watch over our apps at Meta.
    pub watch: AppWatch,
    /// What Meta's dashboard delivers to our apps.
    pub fields: AppFields,
}

impl Connector {
    /// Reads the configuration; calls nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a variable is missing or the catalogue of plans cannot be used.
    pub fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let tables = Tables::from(&setup.env);
        Ok(Self {
            registrations: Registrations::new(setup)?,
            vault: Vault::new(aws_sdk_kms::Client::new(&setup.aws), setup.env.required("KMS_KEY_ID")?),
            connections: ConnectionStore::new(store::client(&setup.aws), &tables),
            plans: Plans::new(setup)?,
            audit: AuditLog::new(setup),
            watch: AppWatch::new(setup),
            fields: AppFields::new(setup),
        })
    }

    /// Notes how long Meta wants no calls for the account, where it says so: for whoever calls for it. A failure is logged, never
    /// fatal: each of them finds out itself then.
    pub async fn leave_alone(&self, connection: &Connection, seconds: Option<u32>, now: UnixMillis) {
        let Some(seconds) = seconds else { return };
        let Connection { tenant, account, .. } = connection;
        let until = now.plus(i64::from(seconds) * 1000);
        match self.connections.throttle(tenant, account, until).await {
            Ok(()) => info!(account = %account, seconds, "Meta wants an account to be left alone"),
            Err(failure) => warn!(error = %Chain(&failure), "A limit of an account was not noted"),
        }
    }

    /// Seals an account's token for the tenant.
    ///
    /// # Errors
    ///
    /// See [`Vault::seal`].
    pub async fn seal(
        &self,
        tenant: &TenantId,
        account: &Account,
        token: &AccessToken,
        now: UnixSeconds,
    ) -> Result<SealedToken, VaultError> {
        self.vault.seal(&TokenContext::access_token(tenant.clone(), account.clone()), token, now).await
    }

    /// Opens an account's token, which only the tenant's own does.
    ///
    /// # Errors
    ///
    /// See [`Vault::open`].
    pub async fn open(
        &self,
        tenant: &TenantId,
        account: &Account,
        sealed: &SealedToken,
        now: UnixSeconds,
    ) -> Result<AccessToken, VaultError> {
        self.vault.open(&TokenContext::access_token(tenant.clone(), account.clone()), sealed, now).await
    }

    /// What a connection's token is bound to.
    pub(crate) fn token_context(connection: &Connection) -> TokenContext {
        TokenContext::access_token(connection.tenant.clone(), connection.account.clone())
    }
}
