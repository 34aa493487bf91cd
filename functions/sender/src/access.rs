//! Accounts that answers go out over, opened for calls.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use accounts::{Connector, OpenAccount, OpenError};
use domain::message::SendFailure;
use domain::{AccountId, Connection, TenantId, UnixMillis, UnixSeconds};
use store::StoreError;

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
    #[error("the account was not opened")]
    Open(#[source] OpenError),
}

/// Opens accounts for calls, and remembers their connections for a moment.
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
    ) -> Result<OpenAccount<'a>, AccessError> {
        let found = self.find(connector, tenant, account, now).await?;
        if let Some(failure) = failures::of_connection(found.as_ref().map(|connection| connection.status)) {
            return Err(AccessError::Unusable(failure));
        }
        let unusable = || AccessError::Unusable(failures::reconnect_needed());
        let connection = found.ok_or_else(unusable)?;
        connector.open_account(connection, now).await.map_err(|failure| match failure {
            OpenError::NoToken => unusable(),
            failure => AccessError::Open(failure),
        })
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
