//! Connections of all tenants.

use domain::Connection;

use super::ConnectionStore;
use crate::all;
use crate::cursor::Page;
use crate::error::StoreError;
use crate::item::readable;
use crate::key::ACCOUNT;

impl ConnectionStore {
    /// Connections of all tenants, revoked ones among them, in no particular order. Reads the table through: a
    /// connection, its route and the note of its person are three items, a few kilobytes together, so a thousand of
    /// them cost about 400 read units. A page may hold fewer than `limit` and still have a successor.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadCursor`], [`StoreError::Unavailable`].
    pub async fn list_all(&self, cursor: Option<&str>, limit: u32) -> Result<Page<Connection>, StoreError> {
        let page = all::scan(&self.client, &self.table, ACCOUNT, cursor, limit).await?;
        let items = page.items.into_iter().filter_map(|item| readable("connection", item)).collect();
        Ok(Page { items, cursor: page.cursor })
    }
}
