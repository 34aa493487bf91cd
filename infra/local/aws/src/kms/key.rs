//! A KMS key: its state, its versions of key material, and what that material does.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SystemRandom, fill};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::errors;
use crate::clock::seconds;
use crate::error::ServiceError;
use crate::{ACCOUNT, REGION};

/// The first byte of every ciphertext: the version of its layout.
const LAYOUT: u8 = 1;
const NONCE_BYTES: usize = 12;
/// Layout, key id, key version and nonce.
const HEADER_BYTES: usize = 1 + 16 + 4 + NONCE_BYTES;

/// What the caller binds a ciphertext to.
pub(super) type Context = BTreeMap<String, String>;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Usage {
    #[serde(rename = "ENCRYPT_DECRYPT")]
    Encrypt,
    #[serde(rename = "SIGN_VERIFY")]
    Sign,
    #[serde(rename = "GENERATE_VERIFY_MAC")]
    Mac,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    Enabled,
    Disabled,
    PendingDeletion,
}

/// One turn of a key's material.
#[derive(Clone, Serialize, Deserialize)]
struct Version {
    /// Base64 of 32 random bytes, or of the PKCS #8 form of a signing key.
    material: String,
    since_ms: i64,
}

/// A key as it is stored. The material of every version is kept, so that old ciphertexts open after a rotation.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Key {
    pub id: Uuid,
    pub usage: Usage,
    pub spec: String,
    pub description: String,
    pub state: State,
    pub created_ms: i64,
    pub deletion_ms: Option<i64>,
    /// Days between automatic rotations; nothing rotates by itself here.
    pub rotation_days: Option<u32>,
    versions: Vec<Version>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Key").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Key {
    /// Makes a key with fresh material.
    ///
    /// # Errors
    ///
    /// When the spec does not go with the usage or is not emulated.
    pub(super) fn create(usage: Usage, spec: String, description: String, now_ms: i64) -> Result<Self, ServiceError> {
        let material = match (usage, spec.as_str()) {
            (Usage::Encrypt, "SYMMETRIC_DEFAULT") | (Usage::Mac, "HMAC_256") => random_bytes(32)?,
            (Usage::Sign, "ECC_NIST_P256") => {
                let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
                document.map_err(|_| errors::internal())?.as_ref().to_vec()
            }
            _ => return Err(ServiceError::new("UnsupportedOperationException", "The key spec is not emulated.")),
        };
        Ok(Self {
            id: Uuid::new_v4(),
            usage,
            spec,
            description,
            state: State::Enabled,
            created_ms: now_ms,
            deletion_ms: None,
            rotation_days: None,
            versions: vec![Version { material: BASE64.encode(material), since_ms: now_ms }],
        })
    }

    pub(super) fn arn(&self) -> String {
        format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{}", self.id)
    }

    pub(super) fn metadata(&self) -> Value {
        let mut metadata = json!({
            "AWSAccountId": ACCOUNT,
            "KeyId": self.id,
            "Arn": self.arn(),
            "CreationDate": seconds(self.created_ms),
            "Enabled": self.state == State::Enabled,
            "Description": self.description,
            "KeyUsage": self.usage,
            "KeyState": self.state,
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": self.spec,
            "KeySpec": self.spec,
            "MultiRegion": false,
        });
        match self.usage {
            Usage::Encrypt => metadata["EncryptionAlgorithms"] = json!(["SYMMETRIC_DEFAULT"]),
            Usage::Sign => metadata["SigningAlgorithms"] = json!(["ECDSA_SHA_256"]),
            Usage::Mac => metadata["MacAlgorithms"] = json!(["HMAC_SHA_256"]),
        }
        if let Some(deletion_ms) = self.deletion_ms {
            metadata["DeletionDate"] = seconds(deletion_ms).into();
        }
        metadata
    }

    /// Lets only an enabled key of the right usage work.
    ///
    /// # Errors
    ///
    /// `DisabledException`, `KMSInvalidStateException` or `InvalidKeyUsageException`.
    pub(super) fn check(&self, usage: Usage) -> Result<(), ServiceError> {
        match self.state {
            State::Disabled => Err(ServiceError::new("DisabledException", format!("{} is disabled.", self.arn()))),
            State::PendingDeletion => Err(errors::invalid_state(&self.arn(), "is pending deletion")),
            State::Enabled if self.usage != usage => {
                let message = format!("{} key usage is not valid for this operation.", self.arn());
                Err(ServiceError::new("InvalidKeyUsageException", message))
            }
            State::Enabled => Ok(()),
        }
    }

    /// Puts fresh material into use; older material opens what it sealed.
    pub(super) fn rotate(&mut self, now_ms: i64) -> Result<(), ServiceError> {
        self.versions.push(Version { material: BASE64.encode(random_bytes(32)?), since_ms: now_ms });
        Ok(())
    }

    pub(super) fn rotations(&self) -> Vec<Value> {
        let rotations = self.versions.iter().skip(1);
        rotations
            .map(|version| {
                let rotated_at = seconds(version.since_ms);
                json!({ "KeyId": self.id, "RotationDate": rotated_at, "RotationType": "ON_DEMAND" })
            })
            .collect()
    }

    /// Seals bytes under the newest material, bound to the context.
    pub(super) fn encrypt(&self, plaintext: &[u8], context: &Context) -> Result<Vec<u8>, ServiceError> {
        let version = u32::try_from(self.versions.len() - 1).map_err(|_| errors::internal())?;
        let mut sealed = plaintext.to_vec();
        let nonce = self
            .cipher(version)?
            .seal_in_place_append_tag(Aad::from(self.associated_data(version, context)), &mut sealed)
            .map_err(|_| errors::internal())?;
        let mut ciphertext = Vec::with_capacity(HEADER_BYTES + sealed.len());
        ciphertext.push(LAYOUT);
        ciphertext.extend(self.id.as_bytes());
        ciphertext.extend(version.to_be_bytes());
        ciphertext.extend(nonce.as_ref());
        ciphertext.extend(sealed);
        Ok(ciphertext)
    }

    /// Opens what [`Key::encrypt`] made with the same context.
    ///
    /// # Errors
    ///
    /// `InvalidCiphertextException`, whatever is wrong with it.
    pub(super) fn decrypt(&self, ciphertext: &Ciphertext<'_>, context: &Context) -> Result<Vec<u8>, ServiceError> {
        let cipher = self.cipher(ciphertext.version).map_err(|_| errors::invalid_ciphertext())?;
        let nonce = Nonce::try_assume_unique_for_key(ciphertext.nonce).map_err(|_| errors::invalid_ciphertext())?;
        let mut sealed = ciphertext.sealed.to_vec();
        let associated_data = Aad::from(self.associated_data(ciphertext.version, context));
        let opened = cipher.open_in_place(nonce, associated_data, &mut sealed);
        opened.map(|plaintext| plaintext.to_vec()).map_err(|_| errors::invalid_ciphertext())
    }

    pub(super) fn mac(&self, message: &[u8]) -> Result<Vec<u8>, ServiceError> {
        Ok(hmac::sign(&self.mac_key()?, message).as_ref().to_vec())
    }

    pub(super) fn is_mac_of(&self, message: &[u8], mac: &[u8]) -> Result<bool, ServiceError> {
        Ok(hmac::verify(&self.mac_key()?, message, mac).is_ok())
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ServiceError> {
        let signature = self.signing_key()?.sign(&SystemRandom::new(), message);
        Ok(signature.map_err(|_| errors::internal())?.as_ref().to_vec())
    }

    pub(super) fn is_signature_of(&self, message: &[u8], signature: &[u8]) -> Result<bool, ServiceError> {
        let key = self.signing_key()?;
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_key().as_ref());
        Ok(public.verify(message, signature).is_ok())
    }

    fn material(&self, version: u32) -> Result<Vec<u8>, ServiceError> {
        let version =
            usize::try_from(version).ok().and_then(|at| self.versions.get(at)).ok_or_else(errors::internal)?;
        BASE64.decode(&version.material).map_err(|_| errors::internal())
    }

    fn cipher(&self, version: u32) -> Result<RandomizedNonceKey, ServiceError> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.material(version)?).map_err(|_| errors::internal())
    }

    fn mac_key(&self) -> Result<hmac::Key, ServiceError> {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &self.material(0)?))
    }

    fn signing_key(&self) -> Result<EcdsaKeyPair, ServiceError> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.material(0)?).map_err(|_| errors::internal())
    }

    /// Key, version and context; sorted and with lengths, so that no two contexts look alike.
    fn associated_data(&self, version: u32, context: &Context) -> Vec<u8> {
        let mut data = self.id.as_bytes().to_vec();
        data.extend(version.to_be_bytes());
        for part in context.iter().flat_map(|(name, value)| [name, value]) {
            data.extend(part.len().to_be_bytes());
            data.extend(part.as_bytes());
        }
        data
    }
}

/// A ciphertext taken apart.
pub(super) struct Ciphertext<'a> {
    pub key: Uuid,
    version: u32,
    nonce: &'a [u8],
    sealed: &'a [u8],
}

impl<'a> Ciphertext<'a> {
    /// # Errors
    ///
    /// `InvalidCiphertextException` when it was not made here.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ServiceError> {
        Self::split(bytes).ok_or_else(errors::invalid_ciphertext)
    }

    fn split(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[LAYOUT])?;
        let (key, rest) = rest.split_first_chunk::<16>()?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES)?;
        Some(Self { key: Uuid::from_bytes(*key), version: u32::from_be_bytes(*version), nonce, sealed })
    }
}

/// Bytes from the system's secure random number generator.
pub(super) fn random_bytes(count: usize) -> Result<Vec<u8>, ServiceError> {
    let mut bytes = vec![0; count];
    fill(&mut bytes).map_err(|_| errors::internal())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::create(Usage::Encrypt, "SYMMETRIC_DEFAULT".into(), String::new(), 0).unwrap()
    }

    fn context(pairs: &[(&str, &str)]) -> Context {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn contexts_that_read_alike_when_joined_do_not_open_each_others_ciphertexts() {
        let key = key();
        let sealed = key.encrypt(b"token", &context(&[("ab", "c")])).unwrap();

        let opened = key.decrypt(&Ciphertext::parse(&sealed).unwrap(), &context(&[("a", "bc")]));

        assert_eq!(opened.unwrap_err().code, "InvalidCiphertextException");
    }

    #[test]
    fn a_rotated_key_opens_what_it_sealed_before_and_after() {
        let mut key = key();
        let before = key.encrypt(b"before", &Context::new()).unwrap();
        key.rotate(1).unwrap();
        let after = key.encrypt(b"after", &Context::new()).unwrap();

        for (sealed, plaintext) in [(before, &b"before"[..]), (after, b"after")] {
            let opened = key.decrypt(&Ciphertext::parse(&sealed).unwrap(), &Context::new()).unwrap();
            assert_eq!(opened, plaintext);
        }
    }

    #[test]
    fn no_changed_byte_of_a_ciphertext_goes_unnoticed() {
        let key = key();
        let sealed = key.encrypt(b"token", &Context::new()).unwrap();

        for at in 0..sealed.len() {
            let mut tampered = sealed.clone();
            tampered[at] ^= 1;
            let opened = Ciphertext::parse(&tampered).and_then(|ciphertext| {
                let same_key = ciphertext.key == key.id;
                if same_key { key.decrypt(&ciphertext, &Context::new()) } else { Err(errors::invalid_ciphertext()) }
            });
            assert!(opened.is_err(), "byte {at}");
        }
    }
}
