//! What it takes to call Meta for an account: its connection, its token, the app it was connected through.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use accounts::registrations::Registered;
use accounts::{Connector, RegistrationError};
use domain::message::SendFailure;
use domain::{AccessToken, AccountId, Connection, TenantId, UnixMillis, UnixSeconds};
use meta::{AccountAccess, GraphClient};
use store::StoreError;
use vault::VaultError;

use crate::failures;

/// How long a connection is taken from memory: long enough for a burst of answers, short enough for a disconnect.
const FRESH_SECONDS: i64 = 10;

/// Connections that are remembered at once.
const REMEMBERED: usize = 1000;

/// Why Meta cannot be called for an account.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    /// Not until somebody does something about the connection.
    #[error("the connection cannot be used: {}", .0.reason)]
    Unusable(SendFailure),
    #[error("the connection was not read")]
    Store(#[from] StoreError),
    #[error("the token was not opened")]
    Vault(#[source] VaultError),
    #[error("no Meta app can be used")]
    Registration(#[from] RegistrationError),
}

/// All that a call needs.
pub(crate) struct Access<'a> {
    pub(crate) connection: Connection,
    token: AccessToken,
    registered: Registered<'a>,
}

/// Opens accounts for calls, and remembers connections for a moment.
#[derive(Default)]
pub(crate) struct Accounts(Mutex<HashMap<(TenantId, AccountId), Remembered>>);

struct Remembered {
    connection: Connection,
    read_at: UnixSeconds,
}

impl Accounts {
    /// Opens a tenant's account. Usually without any call: connection and data key are in memory.
    pub(crate) async fn open<'a>(
        &self,
        connector: &'a Connector,
        tenant: &TenantId,
        account: &AccountId,
        now: UnixSeconds,
    ) -> Result<Access<'a>, AccessError> {
        let found = self.find(connector, tenant, account, now).await?;
        if let Some(failure) = failures::of_connection(found.as_ref().map(|connection| connection.status)) {
            return Err(AccessError::Unusable(failure));
        }
        let unusable = || AccessError::Unusable(failures::reconnect_needed());
        let connection = found.ok_or_else(unusable)?;
        let sealed = connection.token.as_ref().ok_or_else(unusable)?;
        let token = connector.open(tenant, account, sealed, now).await.map_err(AccessError::Vault)?;
        let registered = connector.registrations.current(now).await?;
        registered.graph(connection.login)?;
        Ok(Access { connection, token, registered })
    }

    /// Until when Meta wants no calls for the account, as far as is known. Reads what [`Self::open`] reads.
    pub(crate) async fn throttled_until(
        &self,
        connector: &Connector,
        tenant: &TenantId,
        account: &AccountId,
        now: UnixSeconds,
    ) -> Result<Option<UnixMillis>, StoreError> {
        let found = self.find(connector, tenant, account, now).await?;
        Ok(found.filter(Connection::is_active).and_then(|connection| connection.throttled_until))
    }

    /// Reads the connection anew for the next call.
    pub(crate) fn forget(&self, tenant: &TenantId, account: &AccountId) {
        self.remembered().remove(&(tenant.clone(), account.clone()));
    }

    async fn find(
        &self,
        connector: &Connector,
        tenant: &TenantId,
        account: &AccountId,
        now: UnixSeconds,
    ) -> Result<Option<Connection>, StoreError> {
        let key = (tenant.clone(), account.clone());
        let fresh = |known: &&Remembered| (known.read_at..known.read_at.plus(FRESH_SECONDS)).contains(&now);
        if let Some(known) = self.remembered().get(&key).filter(fresh) {
            return Ok(Some(known.connection.clone()));
        }
        let found = connector.connections.find(tenant, account).await?;
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        // One that is of no use is read anew each time: whoever has just connected again wants to answer.
        match found.as_ref().filter(|connection| failures::of_connection(Some(connection.status)).is_none()) {
            Some(connection) => {
                remembered.insert(key, Remembered { connection: connection.clone(), read_at: now });
            }
            None => {
                remembered.remove(&key);
            }
        }
        Ok(found)
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<(TenantId, AccountId), Remembered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Access<'_> {
    /// A client of the app that the account was connected through.
    pub(crate) fn graph(&self) -> GraphClient<'_> {
        self.registered.graph(self.connection.login).expect("an account is opened only where its login is registered")
    }

    /// Whether a person may answer with the tag: Meta has approved the app for it.
    pub(crate) fn human_agent(&self) -> bool {
        self.registered.human_agent(self.connection.login)
    }

    /// Whom to call for, and with which token.
    pub(crate) fn account(&self) -> AccountAccess<'_> {
        let Connection { ig_user_id, page_id, .. } = &self.connection;
        AccountAccess { ig_user_id, page_id: page_id.as_ref(), token: &self.token }
    }
}
