//! Identifiers: each checks its rule once, when it is made.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::channel::Account;
use crate::time::UnixMillis;

/// Says the rule and never the value, so it may be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseIdError(&'static str);

impl ParseIdError {
    pub(crate) const fn new(rule: &'static str) -> Self {
        Self(rule)
    }
}

/// Reads an id that Meta writes as a JSON string in one place and as a number in the next.
///
/// The number can exceed 2^53; it never passes through a float.
fn string_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(u64),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Text(text) => text,
        Either::Number(number) => number.to_string(),
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(ParseIdError($rule)) }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = ParseIdError;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::try_from(text.to_owned())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::try_from(string_or_number(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Decimal digits, as every numeric id of Meta's; 64 are far more than any has.
fn digits(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Text that may stand in a key: printable ASCII without the separator `#`.
fn key_part(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

id!(
    /// Our customer: the business whose inbox it is. Comes from the caller's JWT, never from a body.
    TenantId,
    "a tenant id is 1 to 128 printable ASCII characters without '#'",
    key_part
);
id!(
    /// A person of a tenant's: the JWT's `sub`.
    UserId,
    "a user id is 1 to 128 printable ASCII characters without '#'",
    key_part
);
id!(
    /// An account's id on its channel. Whose it is says only the [`Account`], which has the channel.
    AccountId,
    "an account id is 1 to 64 decimal digits",
    digits
);
id!(
    /// One person, as seen by one account.
    ///
    /// The same person has another id towards every account: it is a key only with the [`Account`].
    ContactId,
    "a contact id is 1 to 64 decimal digits",
    digits
);
id!(
    /// A Facebook Page, which an account of Facebook Login is linked to.
    PageId,
    "a Page id is 1 to 64 decimal digits",
    digits
);
id!(
    /// The connecting person as one Meta app sees them. Deauthorize and deletion callbacks name this id.
    AppScopedId,
    "an app-scoped id is 1 to 64 decimal digits",
    digits
);
id!(
    /// A message's id at the provider (Meta: `mid`). Opaque: compared bytewise, never decoded.
    Mid,
    "a mid is 1 to 1024 characters without control characters",
    |text| (1..=1024).contains(&text.len()) && !text.chars().any(char::is_control)
);
id!(
    /// A thread between one account and one contact, in one tenant's inbox: 32 hexadecimal digits.
    ConversationId,
    "a conversation id is 32 hexadecimal digits",
    |text| text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
);
id!(
    /// A message's id here, which sorts by time: 13 digits of milliseconds, `-`, 16 hexadecimal digits.
    MessageId,
    "a message id is 13 digits, '-' and 16 hexadecimal digits",
    |text| {
        let bytes = text.as_bytes();
        bytes.len() == 30
            && bytes[13] == b'-'
            && bytes[..13].iter().all(u8::is_ascii_digit)
            && bytes[14..].iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }
);

impl From<&PageId> for AccountId {
    /// A Page's id is its account's on Messenger.
    fn from(page: &PageId) -> Self {
        Self(page.0.clone())
    }
}

impl From<&AccountId> for PageId {
    fn from(account: &AccountId) -> Self {
        Self(account.0.clone())
    }
}

impl TenantId {
    /// Whoever operates this installation, as the owner of an audit log. No token names it: see [`Self::of_customer`].
    #[must_use]
    pub fn operator() -> Self {
        Self("~operator".to_owned())
    }

    /// A customer's tenant, as a token or an operator names it.
    ///
    /// # Errors
    ///
    /// [`ParseIdError`] as by `try_from`, and for names that begin with `~`: they are the installation's own.
    pub fn of_customer(text: impl Into<String>) -> Result<Self, ParseIdError> {
        let tenant = Self::try_from(text.into())?;
        if tenant.0.starts_with('~') {
            Err(ParseIdError("a tenant id that begins with '~' is reserved"))
        } else {
            Ok(tenant)
        }
    }
}

impl ConversationId {
    /// The one thread of this contact: derived, so that two first messages at once cannot make two threads. The account brings
    /// its channel along.
    #[must_use]
    pub fn derive(tenant: &TenantId, account: &Account, contact: &ContactId) -> Self {
        let digest = Sha256::new()
            .chain_update(tenant.as_str())
            .chain_update("#")
            .chain_update(account.to_string())
            .chain_update("#")
            .chain_update(contact.as_str())
            .finalize();
        Self(hex::encode(&digest[..16]))
    }
}

/// How many digits the time of a message id has.
const TIME_DIGITS: usize = 13;

impl MessageId {
    /// The id of a message the provider told us about, at the time that this delivery has.
    #[must_use]
    pub fn derive(at: UnixMillis, mid: &Mid) -> Self {
        Self::new(at, short_digest(mid.as_str().as_bytes()))
    }

    /// The id of an event that the provider gave no mid: derived from what its JSON says, however that is escaped.
    #[must_use]
    pub fn derive_from_json(at: UnixMillis, json: &str) -> Self {
        let said = serde_json::from_str(json).map(|value: serde_json::Value| value.to_string());
        Self::new(at, short_digest(said.as_deref().unwrap_or(json).as_bytes()))
    }

    /// An id from a time and 64 bits, random for a message that is made here.
    #[must_use]
    pub fn new(at: UnixMillis, unique: [u8; 8]) -> Self {
        Self(format!("{:013}-{}", at.get().clamp(0, 9_999_999_999_999), hex::encode(unique)))
    }

    /// Whether it is the same message, whatever time each of the two deliveries had: the mid decides, the time only sorts.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.0[TIME_DIGITS..] == other.0[TIME_DIGITS..]
    }

    /// What stands for the mid, or for the event's own bytes, in the id: 16 hexadecimal digits.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.0[TIME_DIGITS + 1..]
    }

    /// The time that the message sorts by.
    #[must_use]
    pub fn at(&self) -> UnixMillis {
        UnixMillis::new(self.0[..TIME_DIGITS].parse().unwrap_or_default())
    }
}

impl Mid {
    /// 64 bits that stand for the mid where 170 characters would cost a write unit.
    #[must_use]
    pub fn digest(&self) -> [u8; 8] {
        short_digest(self.0.as_bytes())
    }
}

/// The first 64 bits of SHA-256: a collision needs four thousand million messages in one conversation.
fn short_digest(bytes: &[u8]) -> [u8; 8] {
    let digest = Sha256::digest(bytes);
    let mut short = [0; 8];
    short.copy_from_slice(&digest[..8]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Channel;

    #[test]
    fn a_customer_has_no_name_of_the_installations_own() {
        assert!(TenantId::of_customer("acme").is_ok());
        for text in ["~operator", "~", "", "a#b"] {
            assert!(TenantId::of_customer(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_id_is_read_from_a_string_and_from_a_number_beyond_2_to_the_53() {
        let text: AccountId = serde_json::from_str("\"17841405726653026\"").expect("a string is an id");
        let number: AccountId = serde_json::from_str("17841405726653026").expect("a number is an id");
        assert_eq!(text, number);
        assert_eq!(number.as_str(), "17841405726653026");
    }

    #[test]
    fn an_id_that_breaks_its_rule_is_refused_without_showing_it() {
        let refusal = ContactId::try_from("12#34").expect_err("'#' is no digit");
        assert!(!refusal.to_string().contains("12#34"));
        assert!(TenantId::try_from("a#b").is_err());
        assert!(ConversationId::try_from("0123").is_err());
    }

    #[test]
    fn equal_ids_of_two_channels_make_two_conversations() {
        let tenant = TenantId::try_from("acme").expect("a tenant");
        let contact = ContactId::try_from("43").expect("a contact id");
        let [first, second] = Channel::ALL.map(|channel| {
            let account = Account::new(channel, AccountId::try_from("17841").expect("an account id"));
            ConversationId::derive(&tenant, &account, &contact)
        });
        assert_ne!(first, second);
    }

    #[test]
    fn message_ids_sort_by_time_and_name_it() {
        let mid = Mid::try_from("aWdf1").expect("a mid");
        let early = MessageId::derive(UnixMillis::new(999), &mid);
        let late = MessageId::derive(UnixMillis::new(1_752_834_910_447), &mid);
        assert!(early < late);
        assert_eq!(late.at(), UnixMillis::new(1_752_834_910_447));
        assert_eq!(MessageId::try_from(late.as_str()), Ok(late));
    }
}
