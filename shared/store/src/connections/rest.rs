//! How long Meta has asked to leave an account alone.

use domain::outbox::LastChange;
use domain::{Account, TenantId, UnixMillis};

use super::ConnectionStore;
use crate::error::StoreError;
use crate::item::{Written, number, written};
use crate::told::Telling as _;

/// Meta counts in minutes: an end that moves by less is no news.
const NEWS_MS: i64 = 60_000;

impl ConnectionStore {
    /// Notes until when Meta wants no calls for the account. An earlier end than the known one changes nothing; the
    /// connection's version stays, since no decision about the connection hangs on it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn throttle(&self, tenant: &TenantId, account: &Account, until: UnixMillis) -> Result<(), StoreError> {
        let update = self
            .update_item(tenant, account)
            .update_expression("SET throttled_until = :until")
            .telling(LastChange::Kept)
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(throttled_until) OR throttled_until <= :news)",
            )
            .expression_attribute_values(":until", number(until.get()))
            .expression_attribute_values(":news", number(until.plus(-NEWS_MS).get()));
        let (Written::Done(_) | Written::Refused(_)) = written(update.send().await, |_| None)?;
        Ok(())
    }
}
