//! Secrets that wipe their memory and never print themselves.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the secret text over.
            #[must_use]
            pub const fn new(text: String) -> Self {
                Self(text)
            }

            /// The plain text, for the one call that needs it.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(concat!(stringify!($name), "([REDACTED])"))
            }
        }
    };
}

secret!(
    /// An access token of Meta's, of either login.
    AccessToken
);
secret!(
    /// A Meta app's secret: signs webhooks and proves who exchanges a code.
    AppSecret
);
secret!(
    /// The token that Meta repeats when it verifies a webhook address.
    VerifyToken
);
secret!(
    /// What signs the events for one of the integrator's endpoints: `whsec_` and base64.
    WebhookSecret
);
secret!(
    /// An authorization code (RFC 6749 section 4.1.2): single use.
    AuthorizationCode
);

/// An access token under a data key: what the database holds. Opens only in its own context.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedToken(String);

impl SealedToken {
    /// Wraps the envelope's text form.
    #[must_use]
    pub const fn new(envelope: String) -> Self {
        Self(envelope)
    }

    /// The envelope's text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SealedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealedToken([SEALED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        assert_eq!(format!("{:?}", AccessToken::new("IGAAsecret".to_owned())), "AccessToken([REDACTED])");
        assert!(!format!("{:?}", SealedToken::new("v1.abc".to_owned())).contains("abc"));
    }
}
