//! What Meta says about an account's conduct.

use domain::connection::Enforcement;
use domain::outbox::LastChange;
use domain::{Account, TenantId};

use super::ConnectionStore;
use crate::error::StoreError;
use crate::item::{Written, number, text, to_value, written};
use crate::told::Telling as _;

impl ConnectionStore {
    /// Notes what Meta says about an account's conduct, unless it has said something since. Concerns nobody else who changes the
    /// connection, so its version stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn set_enforcement(
        &self,
        tenant: &TenantId,
        account: &Account,
        told: &Enforcement,
    ) -> Result<(), StoreError> {
        let update = self
            .update_item(tenant, account)
            .update_expression("SET enforcement = :told")
            .telling(LastChange::Kept)
            .condition_expression(
                "attribute_exists(pk) AND #status <> :revoked \
                 AND (attribute_not_exists(enforcement) OR enforcement.#at < :at)",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":revoked", text("revoked"))
            .expression_attribute_values(":told", to_value(told)?)
            .expression_attribute_values(":at", number(told.at.get()));
        let (Written::Done(_) | Written::Refused(_)) = written(update.send().await, |_| None)?;
        Ok(())
    }
}
