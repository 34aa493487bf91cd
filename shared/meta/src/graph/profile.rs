//! Who a contact is.

use domain::channel::{Channel, ContactId};
use reqwest::Method;
use serde::de::DeserializeOwned;

use super::call::Call;
use super::person::Profile;
use super::transport::execute;
use super::{AccountAccess, GraphClient, GraphError};
use crate::{instagram, messenger};

impl GraphClient<'_> {
    /// A contact's profile. Meta shows it only of people who wrote to the account.
    ///
    /// # Errors
    ///
    /// * [`GraphError::ProfilesHidden`]: Meta shows this app nobody's profile (Messenger).
    /// * any other [`GraphError`]; codes 230, 9010 and 100 are everyday, and no reason to lose a message.
    pub async fn profile(&self, access: AccountAccess<'_>, contact: &ContactId) -> Result<Profile, GraphError> {
        match access.account.channel {
            Channel::Instagram => self.person(access, contact, instagram::profile::FIELDS).await,
            Channel::Messenger => {
                let person: messenger::profile::Person =
                    self.person(access, contact, messenger::profile::FIELDS).await?;
                person.profile().ok_or(GraphError::ProfilesHidden)
            }
        }
    }

    async fn person<T: DeserializeOwned>(
        &self,
        access: AccountAccess<'_>,
        contact: &ContactId,
        fields: &str,
    ) -> Result<T, GraphError> {
        let request = self.request(Method::GET, contact.as_str(), access.token).query(&[("fields", fields)]);
        Ok(execute(Call::Read, request).await?.body)
    }
}
