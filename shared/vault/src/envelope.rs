//! The sealed form, as text for the database.
//!
//! `v1.` and then, in base64url without padding: the KMS key's id after its length, the wrapped data key after its length
//! (16 bits, big-endian, both), 12 bytes of nonce, and the ciphertext with its tag of 16 bytes up to the end.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::SealedToken;

use crate::data_key::{NONCE_BYTES, TAG_BYTES};

const VERSION: &str = "v1";

/// A sealed token, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The KMS key that wrapped the data key: its ARN.
    pub(crate) key_id: String,
    /// The data key as KMS wrapped it.
    pub(crate) wrapped_key: Vec<u8>,
    /// What the cipher was started with.
    pub(crate) nonce: [u8; NONCE_BYTES],
    /// The token under the data key, and the tag.
    pub(crate) ciphertext: Vec<u8>,
}

/// Why a text is no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnvelopeError {
    /// Written by another version of this program.
    UnknownVersion,
    /// Cut off, or never one.
    Malformed,
}

impl Envelope {
    pub(crate) fn parse(sealed: &SealedToken) -> Result<Self, EnvelopeError> {
        let (version, text) = sealed.as_str().split_once('.').ok_or(EnvelopeError::Malformed)?;
        if version != VERSION {
            return Err(EnvelopeError::UnknownVersion);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| EnvelopeError::Malformed)?;
        Self::from_bytes(&bytes).ok_or(EnvelopeError::Malformed)
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (key_id, rest) = split_prefixed(bytes)?;
        let (wrapped_key, rest) = split_prefixed(rest)?;
        let (nonce, ciphertext) = rest.split_first_chunk()?;
        (ciphertext.len() >= TAG_BYTES).then_some(())?;
        Some(Self {
            key_id: std::str::from_utf8(key_id).ok()?.to_owned(),
            wrapped_key: wrapped_key.to_vec(),
            nonce: *nonce,
            ciphertext: ciphertext.to_vec(),
        })
    }

    /// `None` when a part is longer than its length can say; KMS has no such ids and keys.
    pub(crate) fn to_sealed(&self) -> Option<SealedToken> {
        let mut bytes = Vec::new();
        for part in [self.key_id.as_bytes(), &self.wrapped_key] {
            bytes.extend(u16::try_from(part.len()).ok()?.to_be_bytes());
            bytes.extend(part);
        }
        bytes.extend(self.nonce);
        bytes.extend(&self.ciphertext);
        Some(SealedToken::new(format!("{VERSION}.{}", URL_SAFE_NO_PAD.encode(bytes))))
    }
}

fn split_prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn envelope() -> Envelope {
        Envelope {
            key_id: "arn".to_owned(),
            wrapped_key: vec![0xAA; 4],
            nonce: [0xBB; NONCE_BYTES],
            ciphertext: vec![0xCC; 18],
        }
    }

    const KNOWN: &str = "v1.AANhcm4ABKqqqqq7u7u7u7u7u7u7u7vMzMzMzMzMzMzMzMzMzMzMzMw";

    #[test]
    fn the_text_form_is_fixed_to_the_byte() {
        assert_eq!(envelope().to_sealed().expect("is short").as_str(), KNOWN);
        assert_eq!(Envelope::parse(&SealedToken::new(KNOWN.to_owned())), Ok(envelope()));
    }

    #[test]
    fn a_version_of_the_future_is_named_as_such() {
        let sealed = SealedToken::new(KNOWN.replace("v1.", "v2."));
        assert_eq!(Envelope::parse(&sealed), Err(EnvelopeError::UnknownVersion));
    }

    #[test]
    fn a_text_that_was_cut_off_anywhere_is_no_envelope() {
        let enough = KNOWN.len() - 3;
        for end in 0..enough {
            let sealed = SealedToken::new(KNOWN[..end].to_owned());
            assert!(Envelope::parse(&sealed).is_err(), "{end} characters");
        }
    }

    proptest! {
        #[test]
        fn what_was_put_together_comes_apart_the_same(
            key_id in "[ -~]{0,80}",
            wrapped_key in proptest::collection::vec(any::<u8>(), 0..200),
            nonce in any::<[u8; NONCE_BYTES]>(),
            ciphertext in proptest::collection::vec(any::<u8>(), TAG_BYTES..300),
        ) {
            let envelope = Envelope { key_id, wrapped_key, nonce, ciphertext };
            let sealed = envelope.to_sealed().expect("is short");
            prop_assert_eq!(Envelope::parse(&sealed), Ok(envelope));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "(v1\\.)?[A-Za-z0-9_-]{0,80}") {
            let _ = Envelope::parse(&SealedToken::new(text));
        }
    }
}
