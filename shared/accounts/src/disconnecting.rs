//! How an account is disconnected.

use domain::{Account, AccountId, Connection, ConnectionStatus, Login, TenantId, UnixMillis, UnixSeconds, UserId};
use edge::telemetry::Chain;
use futures::future::try_join_all;
use store::StoreError;
use tracing::{info, warn};

use crate::connector::Connector;
use crate::error::DisconnectError;
use crate::open::OpenError;
use crate::subscription::SubscriptionError;
use crate::{audit_events, subscription};

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

    /// Tells Meta to deliver nothing more for a connection that has ended, with the token that it had.
    pub(crate) async fn unsubscribe(&self, ended: &Connection, now: UnixSeconds) -> Result<(), UnsubscribeError> {
        if ended.token.is_none() || self.is_still_used(ended).await? {
            return Ok(());
        }
        let account = self.open_account(ended.clone(), now).await?;
        Ok(subscription::end(&account.graph(), account.access()).await?)
    }

    /// A Page's subscription serves every connection that uses the Page, whatever its channel and whoever's it is, and an account
    /// may have been connected again meanwhile.
    async fn is_still_used(&self, ended: &Connection) -> Result<bool, StoreError> {
        let connections = self.connections.list(&ended.tenant).await?;
        if connections.iter().any(|other| other.is_active() && subscriber(other) == subscriber(ended)) {
            return Ok(true);
        }
        match ended.acting_page() {
            Some(page) => self.connections.serves_others(&page, &ended.tenant).await,
            None => Ok(false),
        }
    }
}

/// What Meta's subscription of a connection is of: the Page where there is one, else the account.
fn subscriber(connection: &Connection) -> (Login, AccountId) {
    let page = connection.acting_page();
    (connection.login, page.as_ref().map_or_else(|| connection.account.id.clone(), AccountId::from))
}

/// Why Meta was not told that an account is disconnected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnsubscribeError {
    #[error("it is not known whether the subscription serves another connection")]
    Store(#[from] StoreError),
    #[error("the account was not opened")]
    Open(#[from] OpenError),
    #[error("the subscription did not end")]
    Subscription(#[from] SubscriptionError),
}
