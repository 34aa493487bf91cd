//! How an account is disconnected.

use domain::{Account, Connection, ConnectionStatus, TenantId, UnixMillis, UnixSeconds, UserId};
use edge::telemetry::Chain;
use futures::future::try_join_all;
use store::StoreError;
use tracing::{info, warn};

use crate::audit_events;
use crate::connector::Connector;
use crate::error::DisconnectError;

impl Connector {
    /// Disconnects an account: here first, so that nothing flows any more even when Meta does not answer, then at Meta.
    ///
    /// Answers the revoked connection, also when it was revoked before.
    ///
    /// # Errors
    ///
    /// See [`DisconnectError`].
    pub async fn disconnect(
        &self,
        tenant: &TenantId,
        account: &Account,
        user: &UserId,
        now: UnixMillis,
    ) -> Result<Connection, DisconnectError> {
        let found = self.connections.find(tenant, account).await?.ok_or(DisconnectError::NotConnected)?;
        if found.status == ConnectionStatus::Revoked {
            return Ok(found);
        }
        let revoked = self.connections.revoke(tenant, account, now.seconds()).await?;
        let revoked = revoked.ok_or(DisconnectError::NotConnected)?;
        self.audit.record(audit_events::disconnected(&revoked, user, now)).await;
        self.plans.make_room(tenant, now).await;
        match self.unsubscribe(&found, now.seconds()).await {
            Ok(()) => info!(%tenant, %account, "Disconnected account {account}"),
            Err(failure) => warn!(
                %tenant, %account, error = %Chain(&failure),
                "Disconnected account {account}; Meta was not told"
            ),
        }
        Ok(revoked)
    }

    /// Disconnects every account of a tenant that is to be deleted, here and then at Meta, which need not answer. Nobody
    /// gets the places that are left.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: do it again, which goes on with those that are left.
    pub async fn disconnect_all(&self, tenant: &TenantId, now: UnixMillis) -> Result<(), StoreError> {
        let connections = self.connections.list(tenant).await?;
        let open = connections.iter().filter(|connection| connection.status != ConnectionStatus::Revoked);
        let ended = open.map(|connection| self.end(connection, now.seconds()));
        try_join_all(ended).await.map(|_| ())
    }

    async fn end(&self, connection: &Connection, now: UnixSeconds) -> Result<(), StoreError> {
        let Connection { tenant, account, .. } = connection;
        self.connections.revoke(tenant, account, now).await?;
        if let Err(failure) = self.unsubscribe(connection, now).await {
            warn!(
                %tenant, %account, error = %Chain(&failure),
                "Disconnected account {account} of a tenant that is deleted; Meta was not told"
            );
        }
        Ok(())
    }
}
