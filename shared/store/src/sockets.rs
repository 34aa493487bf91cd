//! Tickets, and the sockets that they open.

use aws_sdk_dynamodb::types::{Delete, Put, ReturnValue};
use domain::live::{Socket, Ticket};
use domain::{TenantId, UnixSeconds};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::expiry;
use crate::item::{Keyed, from_item};
use crate::key::Key;
use crate::listeners::ListenerStore;
use crate::transaction::{self, Part as _};

/// Whose socket it is.
#[derive(Serialize, Deserialize)]
struct Owner {
    tenant: TenantId,
}

impl ListenerStore {
    /// Stores a ticket under its digest, until it is used or `ends_at`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn issue(&self, digest: &str, ticket: &Ticket, ends_at: UnixSeconds) -> Result<(), StoreError> {
        let key = Key::ticket(digest);
        let item = Keyed::new(&key, ticket).expiring(ends_at).item()?;
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// Takes a ticket away; answers what it lets in. `None` where there is none: it was used, is too old, or never was. Of two who
    /// bring the same ticket one gets it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn claim(&self, digest: &str) -> Result<Option<Ticket>, StoreError> {
        let key = Key::ticket(digest).attributes();
        let call = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        let taken = call.return_values(ReturnValue::AllOld).send().await?.attributes;
        let living = taken.filter(|item| expiry::living(item, expiry::now(&self.client)));
        living.map(|item| from_item("ticket", item)).transpose()
    }

    /// Stores an open socket.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Conflict`].
    pub async fn open_socket(&self, socket: &Socket) -> Result<(), StoreError> {
        let keys = [Key::socket(&socket.tenant, &socket.connection_id), Key::socket_owner(&socket.connection_id)];
        let owner = Owner { tenant: socket.tenant.clone() };
        let items = [
            Keyed::new(&keys[0], socket).expiring(socket.ends_at).item()?,
            Keyed::new(&keys[1], &owner).expiring(socket.ends_at).item()?,
        ];
        let put = |item| Put::builder().table_name(&self.table).set_item(Some(item)).part();
        let writes = items.into_iter().map(put).collect::<Result<Vec<_>, _>>()?;
        // There is no condition that could refuse it.
        transaction::write(&self.client, writes).await?.map_err(|_| StoreError::Conflict)
    }

    /// Forgets a socket, whosever it was.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Conflict`], [`StoreError::Shape`].
    pub async fn close_socket(&self, connection_id: &str) -> Result<(), StoreError> {
        let key = Key::socket_owner(connection_id).attributes();
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key));
        let Some(item) = read.consistent_read(true).send().await?.item else { return Ok(()) };
        let owner: Owner = from_item("socket", item)?;
        self.forget_socket(&owner.tenant, connection_id).await
    }

    /// Forgets a socket of a tenant.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Conflict`].
    pub async fn forget_socket(&self, tenant: &TenantId, connection_id: &str) -> Result<(), StoreError> {
        let delete = |key: Key| Delete::builder().table_name(&self.table).set_key(Some(key.attributes())).part();
        let writes = vec![delete(Key::socket(tenant, connection_id))?, delete(Key::socket_owner(connection_id))?];
        transaction::write(&self.client, writes).await?.map_err(|_| StoreError::Conflict)
    }
}
