//! Everything of one tenant.

use domain::erasure::{Origin, Scope, Task};
use domain::{Erasure, TenantId, UnixMillis, UserId};

use crate::code::random_code;
use crate::request::{Erasures, RequestError};

impl Erasures {
    /// Deletes a tenant whose accounts are disconnected: what it has until now, and nothing of what it may have once it
    /// comes back. Asking again is another deletion, which finds what the first one left.
    ///
    /// # Errors
    ///
    /// See [`RequestError`].
    pub async fn erase_tenant(&self, tenant: &TenantId, by: &UserId, now: UnixMillis) -> Result<Erasure, RequestError> {
        for connection in self.connections.list(tenant).await? {
            self.connections.note_erasure(tenant, &connection.account, now).await?;
        }
        let task = Task::new(tenant.clone(), Scope::Tenant);
        self.request(Erasure::new(random_code(), Origin::Operator, vec![task], now), Some(by)).await
    }
}
