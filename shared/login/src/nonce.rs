//! Values nobody can guess.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// 256 random bits in base64url: an authorization request's `state`, or what the browser's cookie holds.
///
/// It has no `Debug`: who knows a `state` may end the authorization, so it belongs into no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    const BYTES: usize = 32;

    /// A new one.
    ///
    /// # Panics
    ///
    /// When the operating system has no random bytes, without which nothing here is safe to answer.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0; Self::BYTES];
        rand::fill(&mut bytes).expect("the operating system provides random bytes");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The one that this text is; `None` for a text that was never one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == Self::BYTES).then(|| Self(text.to_owned()))
    }

    /// The text that travels.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// SHA-256 in hexadecimal: what is stored, so that who reads the database cannot forge the value.
    #[must_use]
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_read_back_from_its_text_and_is_never_the_same() {
        let nonce = Nonce::random();
        assert!(Nonce::parse(nonce.as_str()).is_some_and(|read| read == nonce));
        assert!(nonce != Nonce::random());
    }

    #[test]
    fn a_text_of_another_length_or_alphabet_was_never_a_nonce() {
        let padded = format!("{}=", Nonce::random().as_str());
        for text in ["", "short", &"+".repeat(43), &"A".repeat(44), &padded] {
            assert!(Nonce::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_stored_hash_does_not_show_the_value() {
        let nonce = Nonce::random();
        assert_eq!(nonce.hash().len(), 64);
        assert!(!nonce.hash().contains(nonce.as_str()));
    }
}
