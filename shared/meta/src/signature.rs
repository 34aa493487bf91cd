//! The signature of a webhook: HMAC-SHA256 over the bytes as received.
//!
//! Source: <https://developers.facebook.com/docs/messenger-platform/webhooks#validate-payloads>

use domain::secret::AppSecret;

use crate::mac::{self, Tag};

/// The header that carries the signature, in lower case as HTTP/2 and the `http` crate write it.
pub const SIGNATURE_HEADER: &str = "x-hub-signature-256";

/// A webhook's body whose signature was checked: no parser runs on unsigned bytes.
#[derive(Clone, Copy)]
pub struct SignedPayload<'a> {
    body: &'a [u8],
}

/// Why a body is not trusted. Tells the kinds apart for metrics, and nothing about the expected value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No signature header.
    #[error("the signature is missing")]
    Missing,
    /// The header is not `sha256=` and 64 hexadecimal digits.
    #[error("the signature has another form")]
    Malformed,
    /// No secret that was tried made this signature.
    #[error("the signature is of another secret or other bytes")]
    Wrong,
}

impl SignatureError {
    /// A stable word for a metric's dimension.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Wrong => "wrong",
        }
    }
}

impl<'a> SignedPayload<'a> {
    /// Checks `header` (`sha256=<hex>`) against `body`, and tells whose secret signed it: each secret comes with its owner.
    ///
    /// All secrets are tried in constant time: those of both logins, and during a rotation the previous ones.
    ///
    /// # Errors
    ///
    /// [`SignatureError`]: the body must not be looked at.
    pub fn verify<'s, Owner>(
        body: &'a [u8],
        header: Option<&str>,
        secrets: impl Iterator<Item = (&'s AppSecret, Owner)>,
    ) -> Result<(Self, Owner), SignatureError> {
        let claimed = claimed_tag(header.ok_or(SignatureError::Missing)?)?;
        let signer = mac::signer(&claimed, body, secrets).ok_or(SignatureError::Wrong)?;
        Ok((Self { body }, signer))
    }

    /// The bytes as Meta signed them.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.body
    }
}

fn claimed_tag(header: &str) -> Result<Tag, SignatureError> {
    let digits = header.trim().strip_prefix("sha256=").ok_or(SignatureError::Malformed)?;
    let mut tag = Tag::default();
    hex::decode_to_slice(digits, &mut tag).map_err(|_| SignatureError::Malformed)?;
    Ok(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"object":"instagram","entry":[]}"#;

    fn secret(text: &str) -> AppSecret {
        AppSecret::new(text.to_owned())
    }

    fn header(secret: &AppSecret, body: &[u8]) -> String {
        format!("sha256={}", hex::encode(mac::tag(secret, body)))
    }

    fn verify(body: &[u8], header: Option<&str>, secrets: &[AppSecret]) -> Result<usize, SignatureError> {
        SignedPayload::verify(body, header, secrets.iter().zip(0..)).map(|(_, signer)| signer)
    }

    #[test]
    fn a_known_answer_is_accepted() {
        // RFC 4231, test case 2.
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(verify(b"what do ya want for nothing?", Some(expected), &[secret("Jefe")]), Ok(0));
    }

    #[test]
    fn each_registered_secret_is_tried_and_named() {
        let secrets = [secret("instagram"), secret("facebook"), secret("previous")];
        for (position, signer) in secrets.iter().enumerate() {
            assert_eq!(verify(BODY, Some(&header(signer, BODY)), &secrets), Ok(position));
        }
    }

    #[test]
    fn upper_case_digits_are_the_same_signature() {
        let secrets = [secret("s")];
        let shouted = header(&secrets[0], BODY).to_uppercase().replace("SHA256", "sha256");
        assert_eq!(verify(BODY, Some(&shouted), &secrets), Ok(0));
    }

    #[test]
    fn another_body_or_secret_is_wrong() {
        let signed = header(&secret("s"), BODY);
        assert_eq!(verify(b"{}", Some(&signed), &[secret("s")]), Err(SignatureError::Wrong));
        assert_eq!(verify(BODY, Some(&signed), &[secret("t")]), Err(SignatureError::Wrong));
        assert_eq!(verify(BODY, Some(&signed), &[]), Err(SignatureError::Wrong));
    }

    #[test]
    fn missing_and_malformed_headers_are_told_apart() {
        let secrets = [secret("s")];
        assert_eq!(verify(BODY, None, &secrets), Err(SignatureError::Missing));
        for header in ["", "sha256=", "sha1=00", "sha256=zz", &format!("sha256={}", "0".repeat(66))] {
            assert_eq!(verify(BODY, Some(header), &secrets), Err(SignatureError::Malformed), "{header}");
        }
    }
}
