//! A data key, and the cipher it is for.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use zeroize::{Zeroize as _, Zeroizing};

pub(crate) const KEY_BYTES: usize = 32;
pub(crate) const NONCE_BYTES: usize = NONCE_LEN;
pub(crate) const TAG_BYTES: usize = 16;

/// A plain data key; wiped when dropped.
///
/// The cipher's own form of it is made for each use: it would not be wiped, and costs under a microsecond.
pub(crate) struct DataKey(Zeroizing<[u8; KEY_BYTES]>);

impl DataKey {
    /// Takes the key over from KMS's answer and wipes that. `None` for any other length.
    pub(crate) fn from_answer(answer: Vec<u8>) -> Option<Self> {
        let answer = Zeroizing::new(answer);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        (answer.len() == KEY_BYTES).then(|| {
            key.copy_from_slice(&answer);
            Self(key)
        })
    }

    /// Encrypts; the tag is at the end. The nonce must be new to this key.
    pub(crate) fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        text: &str,
    ) -> Result<Vec<u8>, Unspecified> {
        let plain = text.as_bytes();
        // Room for the tag from the start: growing would leave a copy of the plain text behind.
        let mut buffer = Vec::with_capacity(plain.len() + TAG_BYTES);
        buffer.extend_from_slice(plain);
        self.cipher()?.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(associated_data),
            &mut buffer,
        )?;
        Ok(buffer)
    }

    /// Decrypts what [`DataKey::seal`] encrypted with the same nonce and associated data; anything else is an error.
    pub(crate) fn open(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        mut ciphertext: Vec<u8>,
    ) -> Result<String, Unspecified> {
        let length = self
            .cipher()?
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(associated_data), &mut ciphertext)?
            .len();
        ciphertext.truncate(length);
        String::from_utf8(ciphertext).map_err(|error| {
            error.into_bytes().zeroize();
            Unspecified
        })
    }

    fn cipher(&self) -> Result<LessSafeKey, Unspecified> {
        UnboundKey::new(&AES_256_GCM, self.0.as_slice()).map(LessSafeKey::new)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn key(byte: u8) -> DataKey {
        DataKey::from_answer(vec![byte; KEY_BYTES]).expect("32 bytes are a key")
    }

    /// Case 16 of the GCM specification, in its revision of 2005: the AEAD does what its name says.
    #[test]
    fn the_cipher_is_aes_256_gcm() {
        let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
        let key = DataKey::from_answer(hex::decode(key).expect("is hexadecimal")).expect("32 bytes are a key");
        let nonce = hex::decode("cafebabefacedbaddecaf888").expect("is hexadecimal");
        let associated_data = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").expect("is hexadecimal");
        let mut buffer = hex::decode(concat!(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        ))
        .expect("is hexadecimal");

        key.cipher()
            .expect("a key of the right length")
            .seal_in_place_append_tag(
                Nonce::try_assume_unique_for_key(&nonce).expect("12 bytes"),
                Aad::from(associated_data),
                &mut buffer,
            )
            .expect("sealing does not fail");

        assert_eq!(
            hex::encode(buffer),
            concat!(
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa",
                "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
                "76fc6ece0f4e1768cddf8853bb2d551b",
            )
        );
    }

    #[test]
    fn a_token_opens_under_its_own_key_nonce_and_context_only() {
        let nonce = [7; NONCE_BYTES];
        let sealed = key(1).seal(nonce, b"acme", "IGAAtoken").expect("seals");

        let opened = key(1).open(nonce, b"acme", sealed.clone()).expect("opens");
        assert_eq!(opened, "IGAAtoken");
        assert!(key(2).open(nonce, b"acme", sealed.clone()).is_err());
        assert!(key(1).open([8; NONCE_BYTES], b"acme", sealed.clone()).is_err());
        assert!(key(1).open(nonce, b"other", sealed).is_err());
    }

    #[test]
    fn bytes_of_another_length_are_no_key() {
        assert!(DataKey::from_answer(vec![1; 16]).is_none());
        assert!(DataKey::from_answer(Vec::new()).is_none());
    }
}
