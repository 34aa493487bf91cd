//! That Meta tells an account nothing about its contacts.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::Connection;
use domain::connection::ProfilesRefused;
use domain::outbox::LastChange;

use super::ConnectionStore;
use crate::error::StoreError;
use crate::item::{Written, number, text, to_value, written};
use crate::told::Telling as _;

impl ConnectionStore {
    /// Notes that Meta refuses the account every profile, or that it still does. Tells whether that is news: of all who find out
    /// at the same time, to one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn set_profiles_refused(&self, used: &Connection, refused: &ProfilesRefused) -> Result<bool, StoreError> {
        let update = self
            .beside(used)
            .update_expression("SET profiles_refused = :refused")
            .telling(LastChange::Kept)
            .expression_attribute_values(":refused", to_value(refused)?)
            .return_values(ReturnValue::AllOld);
        Ok(match written(update.send().await, |output| output.attributes)? {
            Written::Done(before) => before.is_some_and(|item| !item.contains_key("profiles_refused")),
            Written::Refused(_) => false,
        })
    }

    /// Takes the note of [`Self::set_profiles_refused`] back.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn clear_profiles_refused(&self, used: &Connection) -> Result<(), StoreError> {
        let update = self.beside(used).update_expression("REMOVE profiles_refused").telling(LastChange::Kept);
        written(update.send().await, |_| None)?;
        Ok(())
    }

    /// An update of what concerns nobody else who changes the connection, so that its version stays. What was found out with
    /// one token says nothing of the next, which may be another login's.
    fn beside(&self, used: &Connection) -> UpdateItemFluentBuilder {
        self.update_item(&used.tenant, &used.account)
            .condition_expression("#status <> :revoked AND token_refreshed_at = :of_token")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":revoked", text("revoked"))
            .expression_attribute_values(":of_token", number(used.token_refreshed_at.get()))
    }
}
