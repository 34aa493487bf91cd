//! Every token moves to the KMS key that seals now.

use domain::{Account, Connection, TenantId};
use store::StoreError;
use vault::VaultError;

use crate::connector::Connector;

/// Connections of one page.
const PAGE: u32 = 100;

/// What became of all tokens.
#[derive(Debug, Default)]
pub struct Rewrapped {
    /// So many were moved, or were there already.
    pub moved: usize,
    /// So many connections were changed meanwhile: what they have now may be under either key.
    pub changed: usize,
    /// Those that are still under another key.
    pub failed: Vec<(TenantId, Account, RewrapError)>,
}

/// Why a token was not moved. It opens as before.
#[derive(Debug, thiserror::Error)]
pub enum RewrapError {
    /// KMS did not move it.
    #[error("the token was not moved")]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error("the token was not stored")]
    Store(#[from] StoreError),
}

impl Rewrapped {
    /// Whether no token needs any other key.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.changed == 0 && self.failed.is_empty()
    }
}

impl Connector {
    /// Moves every token to the KMS key that `KMS_KEY_ID` names, inside KMS: no token becomes plain here. Doing it again is harmless.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: not all connections were read.
    pub async fn rewrap_all(&self) -> Result<Rewrapped, StoreError> {
        let (mut rewrapped, mut cursor) = (Rewrapped::default(), None);
        loop {
            let page = self.connections.list_all(cursor.as_deref(), PAGE).await?;
            for connection in page.items.into_iter().filter(|connection| connection.token.is_some()) {
                match self.rewrap(&connection).await {
                    Ok(true) => rewrapped.moved += 1,
                    Ok(false) => rewrapped.changed += 1,
                    Err(failure) => rewrapped.failed.push((connection.tenant, connection.account, failure)),
                }
            }
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(rewrapped);
            }
        }
    }

    /// Moves one token. `false`: the connection was changed meanwhile.
    async fn rewrap(&self, connection: &Connection) -> Result<bool, RewrapError> {
        let Some(sealed) = &connection.token else { return Ok(false) };
        let moved = self.vault.rewrap(&Self::token_context(connection), sealed).await?;
        Ok(self.connections.replace_token(connection, &moved).await?)
    }
}
