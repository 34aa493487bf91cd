//! What a sealed token is bound to.

use std::collections::HashMap;

use domain::outbox::EndpointKey;
use domain::{Account, TenantId};

/// What a sealed value is for. A value sealed for one purpose does not open for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Calling Meta for the account.
    AccessToken,
    /// Signing what an endpoint is told.
    WebhookSecret,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::WebhookSecret => "webhook_secret",
        }
    }
}

/// What a secret belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Account(Account),
    /// An endpoint, by its id.
    Endpoint(String),
}

impl Holder {
    const fn provider(&self) -> &'static str {
        match self {
            Self::Account(account) => account.channel.provider(),
            Self::Endpoint(_) => "webhook",
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Account(account) => account.id.as_str(),
            Self::Endpoint(id) => id,
        }
    }
}

/// Whose token or secret it is and what for. In another context it does not open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenContext {
    tenant: TenantId,
    holder: Holder,
    purpose: Purpose,
}

impl TokenContext {
    /// The context of an account's access token.
    #[must_use]
    pub const fn access_token(tenant: TenantId, account: Account) -> Self {
        Self { tenant, holder: Holder::Account(account), purpose: Purpose::AccessToken }
    }

    /// The context of what signs for an endpoint.
    #[must_use]
    pub fn webhook_secret(endpoint: &EndpointKey) -> Self {
        let tenant = endpoint.tenant.clone().unwrap_or_else(TenantId::operator);
        Self { tenant, holder: Holder::Endpoint(endpoint.id.clone()), purpose: Purpose::WebhookSecret }
    }

    fn fields(&self) -> [(&'static str, &str); 4] {
        [
            ("tenant", self.tenant.as_str()),
            ("provider", self.holder.provider()),
            ("account", self.holder.id()),
            ("purpose", self.purpose.as_str()),
        ]
    }

    /// For KMS, whose audit trail shows it: nothing secret is in it.
    pub(crate) fn encryption_context(&self) -> HashMap<String, String> {
        self.fields().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// For the cipher: version, then each name and value after its length (32 bits, big-endian), in a fixed order.
    ///
    /// Lengths make it unambiguous: no two contexts have the same bytes.
    pub(crate) fn associated_data(&self) -> Vec<u8> {
        let mut bytes = b"buzon token v1".to_vec();
        for text in self.fields().into_iter().flat_map(|(name, value)| [name, value]) {
            let length = u32::try_from(text.len()).expect("an id has at most 128 characters");
            bytes.extend(length.to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn context(tenant: &str, account: &str) -> TokenContext {
        TokenContext::access_token(
            TenantId::try_from(tenant).expect("a tenant id"),
            Account::instagram(account.try_into().expect("an account id")),
        )
    }

    #[test]
    fn the_associated_data_is_fixed_to_the_byte() {
        let expected = [
            b"buzon token v1".as_slice(),
            b"\0\0\0\x06tenant\0\0\0\x04acme",
            b"\0\0\0\x08provider\0\0\0\x0emeta_instagram",
            b"\0\0\0\x07account\0\0\0\x0517841",
            b"\0\0\0\x07purpose\0\0\0\x0caccess_token",
        ]
        .concat();
        assert_eq!(context("acme", "17841").associated_data(), expected);
    }

    #[test]
    fn kms_is_told_tenant_provider_account_and_purpose() {
        let expected =
            [("tenant", "acme"), ("provider", "meta_instagram"), ("account", "17841"), ("purpose", "access_token")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(context("acme", "17841").encryption_context(), HashMap::from(expected));
    }

    #[test]
    fn equal_ids_of_two_channels_are_two_contexts() {
        let on_instagram = context("acme", "17841");
        let account = Account::messenger(&"17841".try_into().expect("a Page"));
        let on_messenger = TokenContext::access_token(on_instagram.tenant.clone(), account);
        assert_eq!(on_messenger.encryption_context()["provider"], "meta_messenger");
        assert_ne!(on_instagram.associated_data(), on_messenger.associated_data());
    }

    #[test]
    fn the_secret_of_an_endpoint_is_bound_to_the_endpoint_and_to_signing() {
        let endpoint = |tenant: Option<&str>| EndpointKey {
            tenant: tenant.map(|tenant| tenant.try_into().expect("a tenant")),
            id: "ep_1".to_owned(),
        };
        let bound = TokenContext::webhook_secret(&endpoint(Some("acme"))).encryption_context();
        let expected =
            [("tenant", "acme"), ("provider", "webhook"), ("account", "ep_1"), ("purpose", "webhook_secret")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(bound, HashMap::from(expected));
        assert_eq!(TokenContext::webhook_secret(&endpoint(None)).encryption_context()["tenant"], "~operator");
    }

    #[test]
    fn characters_that_move_from_one_field_to_the_next_make_another_context() {
        assert_ne!(context("acme1", "7841").associated_data(), context("acme", "17841").associated_data());
    }
}
