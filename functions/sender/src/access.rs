//! Accounts that answers go out over, opened for calls.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use accounts::{Connector, OpenAccount, OpenError};
use domain::message::SendFailure;
use domain::{Account, Connection, TenantId, UnixMillis, UnixSeconds};
use meta::graph::AccountProblem;
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
pub(crate) struct Accounts {
    connector: Connector,
    remembered: Mutex<HashMap<(TenantId, Account), Remembered>>,
}

struct Remembered {
    connection: Connection,
    read_at: UnixSeconds,
}

impl Accounts {
    pub(crate) fn new(connector: Connector) -> Self {
        Self { connector, remembered: Mutex::default() }
    }

    /// Opens a tenant's account. Usually without any call: connection and data key are in memory.
    pub(crate) async fn open(
        &self,
        tenant: &TenantId,
        account: &Account,
        now: UnixSeconds,
    ) -> Result<OpenAccount<'_>, AccessError> {
        let found = self.find(tenant, account, now).await?;
        if let Some(failure) =
            failures::of_connection(account.channel, found.as_ref().map(|connection| connection.status))
        {
            return Err(AccessError::Unusable(failure));
        }
        let unusable = || AccessError::Unusable(failures::reconnect_needed(account.channel));
        let connection = found.ok_or_else(unusable)?;
        self.connector.open_account(connection, now).await.map_err(|failure| match failure {
            OpenError::NoToken => unusable(),
            failure => AccessError::Open(failure),
        })
    }

    /// Until when Meta wants no calls for the account, as far as is known. Reads what [`Self::open`] reads.
    pub(crate) async fn throttled_until(
        &self,
        tenant: &TenantId,
        account: &Account,
        now: UnixSeconds,
    ) -> Result<Option<UnixMillis>, StoreError> {
        let found = self.find(tenant, account, now).await?;
        Ok(found.filter(Connection::is_active).and_then(|connection| connection.throttled_until))
    }

    /// Notes how long Meta wants no calls for the account, for every lane of it.
    pub(crate) async fn leave_alone(&self, account: &OpenAccount<'_>, seconds: Option<u32>, now: UnixMillis) {
        if seconds.is_some() {
            self.forget(&account.connection);
        }
        self.connector.leave_alone(&account.connection, seconds, now).await;
    }

    /// Notes that Meta refuses the connection. Tells whether it still was the one that was used: somebody may have connected
    /// again, or another message found out first.
    pub(crate) async fn mark_broken(
        &self,
        account: &OpenAccount<'_>,
        problem: AccountProblem,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.forget(&account.connection);
        self.connector.mark_broken(&account.connection, problem, now).await
    }

    /// Has the connection read anew for the next call.
    fn forget(&self, connection: &Connection) {
        self.remembered().remove(&(connection.tenant.clone(), connection.account.clone()));
    }

    async fn find(
        &self,
        tenant: &TenantId,
        account: &Account,
        now: UnixSeconds,
    ) -> Result<Option<Connection>, StoreError> {
        let key = (tenant.clone(), account.clone());
        let fresh = |known: &&Remembered| (known.read_at..known.read_at.plus(FRESH_SECONDS)).contains(&now);
        if let Some(known) = self.remembered().get(&key).filter(fresh) {
            return Ok(Some(known.connection.clone()));
        }
        let found = self.connector.connections.find(tenant, account).await?;
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        // One that is of no use is read anew each time: whoever has just connected again wants to answer.
        let is_usable = |status| failures::of_connection(account.channel, Some(status)).is_none();
        match found.as_ref().filter(|connection| is_usable(connection.status)) {
            Some(connection) => {
                remembered.insert(key, Remembered { connection: connection.clone(), read_at: now });
            }
            None => {
                remembered.remove(&key);
            }
        }
        Ok(found)
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<(TenantId, Account), Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
