//! Signatures of Standard Webhooks.
//!
//! Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::UnixSeconds;
use domain::secret::WebhookSecret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How the text of a secret begins.
const PREFIX: &str = "whsec_";

/// A text is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is whsec_ and base64")]
pub struct BadSecret;

/// The secret with this key.
#[must_use]
pub fn new_secret(key: &[u8; 32]) -> WebhookSecret {
    WebhookSecret::new(format!("{PREFIX}{}", STANDARD.encode(key)))
}

/// The header `webhook-signature`: a signature for each secret, apart by spaces.
///
/// # Errors
///
/// [`BadSecret`].
pub fn signature(secrets: &[WebhookSecret], id: &str, at: UnixSeconds, body: &str) -> Result<String, BadSecret> {
    let signed = |secret: &WebhookSecret| {
        let key = secret.expose().strip_prefix(PREFIX).and_then(|key| STANDARD.decode(key).ok());
        let key = key.filter(|key| !key.is_empty()).ok_or(BadSecret)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| BadSecret)?;
        mac.update(format!("{id}.{}.{body}", at.get()).as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    Ok(secrets.iter().map(signed).collect::<Result<Vec<_>, _>>()?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let secret = WebhookSecret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let (id, at) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", UnixSeconds::new(1_614_265_330));
        let one = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(std::slice::from_ref(&secret), id, at, r#"{"test": 2432232314}"#).as_deref(), Ok(one));
        let two = signature(&[secret, new_secret(&[7; 32])], id, at, r#"{"test": 2432232314}"#).expect("two");
        assert!(two.starts_with(&format!("{one} v1,")), "{two}");
    }

    #[test]
    fn what_is_no_secret_signs_nothing() {
        for text in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%"] {
            let secret = WebhookSecret::new(text.to_owned());
            let signed = signature(&[secret], "id", UnixSeconds::new(1), "");
            assert!(signed.is_err(), "{text}");
        }
    }
}
