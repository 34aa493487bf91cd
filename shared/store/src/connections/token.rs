//! The sealed token of a connection takes another form.

use domain::outbox::LastChange;
use domain::{Connection, SealedToken};

use super::ConnectionStore;
use crate::error::StoreError;
use crate::item::{Written, number, text, written};
use crate::told::Telling as _;

impl ConnectionStore {
    /// Puts another form of the same token in its place, as after it was moved to another KMS key. `false` when the connection
    /// has changed since it was read; nothing is written then.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn replace_token(&self, used: &Connection, token: &SealedToken) -> Result<bool, StoreError> {
        let update = self
            .update_item(&used.tenant, &used.account)
            .update_expression("SET #token = :token ADD #version :one")
            .telling(LastChange::Kept)
            .condition_expression("#version = :version AND attribute_exists(#token)")
            .expression_attribute_names("#token", "token")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":token", text(token.as_str()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":version", number(used.version));
        Ok(matches!(written(update.send().await, |_| None)?, Written::Done(_)))
    }
}
