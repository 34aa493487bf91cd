//! Seals access tokens and opens them again.

use std::error::Error;
use std::sync::Arc;

use aws_lc_rs::rand;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use domain::secret::WebhookSecret;
use domain::{AccessToken, SealedToken, UnixSeconds};

use crate::context::TokenContext;
use crate::data_key::{DataKey, NONCE_BYTES};
use crate::envelope::{Envelope, EnvelopeError};
use crate::key_cache::{KeyCache, WrappedKey};

/// Why a token was not sealed or opened. Says nothing of the token.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A newer version of this program wrote it.
    #[error("the sealed token has a version that this program does not know")]
    UnknownVersion,
    /// It was altered or cut off, or it is another tenant's, another account's or for another purpose: the cipher cannot
    /// tell these apart.
    #[error("the sealed token was altered, or does not belong to this tenant, account and purpose")]
    Tampered,
    /// KMS did not answer, or may not or cannot use the key. Nothing was changed; a later attempt may succeed.
    #[error("KMS did not provide the data key")]
    Kms(#[source] Box<dyn Error + Send + Sync>),
    /// The random number generator or the cipher failed.
    #[error("the token could not be encrypted")]
    Cipher,
}

impl VaultError {
    /// Whether the same may well work a moment later.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Kms(_))
    }
}

impl From<EnvelopeError> for VaultError {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::UnknownVersion => Self::UnknownVersion,
            EnvelopeError::Malformed => Self::Tampered,
        }
    }
}

/// Seals and opens under one KMS key; tokens under earlier keys still open.
pub struct Vault {
    kms: Client,
    key_id: String,
    keys: KeyCache,
}

impl Vault {
    /// `key_id` is the id, ARN or alias of the KMS key that new tokens go under.
    #[must_use]
    pub fn new(kms: Client, key_id: String) -> Self {
        Self { kms, key_id, keys: KeyCache::default() }
    }

    /// Encrypts a token for its context. One call to KMS, `GenerateDataKey`.
    ///
    /// The data key also goes to where [`Vault::open`] looks first.
    ///
    /// # Errors
    ///
    /// * [`VaultError::Kms`]: there is no data key.
    /// * [`VaultError::Cipher`]: this machine's randomness or cipher failed.
    pub async fn seal(
        &self,
        context: &TokenContext,
        token: &AccessToken,
        now: UnixSeconds,
    ) -> Result<SealedToken, VaultError> {
        self.seal_text(context, token.expose(), now).await
    }

    /// As [`Vault::seal`], of what signs for an endpoint.
    ///
    /// # Errors
    ///
    /// As [`Vault::seal`].
    pub async fn seal_webhook_secret(
        &self,
        context: &TokenContext,
        secret: &WebhookSecret,
        now: UnixSeconds,
    ) -> Result<SealedToken, VaultError> {
        self.seal_text(context, secret.expose(), now).await
    }

    async fn seal_text(&self, context: &TokenContext, text: &str, now: UnixSeconds) -> Result<SealedToken, VaultError> {
        let fresh = self.generate(context).await?;
        let nonce = random_nonce()?;
        let ciphertext = fresh.key.seal(nonce, &context.associated_data(), text).map_err(|_| VaultError::Cipher)?;
        let envelope = Envelope { key_id: fresh.key_id, wrapped_key: fresh.wrapped_key, nonce, ciphertext };
        self.keys.insert(WrappedKey::of(&envelope, context), Arc::new(fresh.key), now);
        envelope.to_sealed().ok_or(VaultError::Cipher)
    }

    /// Decrypts a token that was sealed in this context. At most one call to KMS, `Decrypt`; none while the data key is held,
    /// for up to 5 minutes.
    ///
    /// # Errors
    ///
    /// * [`VaultError::UnknownVersion`], [`VaultError::Tampered`]: no later attempt helps.
    /// * [`VaultError::Kms`]: a later one may.
    pub async fn open(
        &self,
        context: &TokenContext,
        sealed: &SealedToken,
        now: UnixSeconds,
    ) -> Result<AccessToken, VaultError> {
        self.open_text(context, sealed, now).await.map(AccessToken::new)
    }

    /// As [`Vault::open`], of what signs for an endpoint.
    ///
    /// # Errors
    ///
    /// As [`Vault::open`].
    pub async fn open_webhook_secret(
        &self,
        context: &TokenContext,
        sealed: &SealedToken,
        now: UnixSeconds,
    ) -> Result<WebhookSecret, VaultError> {
        self.open_text(context, sealed, now).await.map(WebhookSecret::new)
    }

    async fn open_text(
        &self,
        context: &TokenContext,
        sealed: &SealedToken,
        now: UnixSeconds,
    ) -> Result<String, VaultError> {
        let envelope = Envelope::parse(sealed)?;
        let key = self.key_of(&envelope, context, now).await?;
        key.open(envelope.nonce, &context.associated_data(), envelope.ciphertext).map_err(|_| VaultError::Tampered)
    }

    /// Moves a sealed token to the current KMS key, inside KMS: neither token nor data key becomes plain here. One call,
    /// `ReEncrypt`.
    ///
    /// The data key itself stays the same; a token's next renewal gives it another.
    ///
    /// # Errors
    ///
    /// As [`Vault::open`]; the old form stays valid.
    pub async fn rewrap(&self, context: &TokenContext, sealed: &SealedToken) -> Result<SealedToken, VaultError> {
        let envelope = Envelope::parse(sealed)?;
        let answer = self
            .kms
            .re_encrypt()
            .ciphertext_blob(Blob::new(envelope.wrapped_key.clone()))
            .source_key_id(&envelope.key_id)
            .set_source_encryption_context(Some(context.encryption_context()))
            .destination_key_id(&self.key_id)
            .set_destination_encryption_context(Some(context.encryption_context()))
            .send()
            .await
            .map_err(refused_or_unavailable)?;
        check_key(&envelope.key_id, answer.source_key_id.as_deref())?;
        let (Some(wrapped_key), Some(key_id)) = (answer.ciphertext_blob, answer.key_id) else {
            return Err(incomplete());
        };
        Envelope { key_id, wrapped_key: wrapped_key.into_inner(), ..envelope }.to_sealed().ok_or(VaultError::Cipher)
    }

    async fn generate(&self, context: &TokenContext) -> Result<FreshKey, VaultError> {
        let answer = self
            .kms
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context.encryption_context()))
            .send()
            .await
            .map_err(|error| VaultError::Kms(Box::new(error)))?;
        let key = answer.plaintext.and_then(|plain| DataKey::from_answer(plain.into_inner()));
        let (Some(key), Some(wrapped_key), Some(key_id)) = (key, answer.ciphertext_blob, answer.key_id) else {
            return Err(incomplete());
        };
        Ok(FreshKey { key, wrapped_key: wrapped_key.into_inner(), key_id })
    }

    async fn key_of(
        &self,
        envelope: &Envelope,
        context: &TokenContext,
        now: UnixSeconds,
    ) -> Result<Arc<DataKey>, VaultError> {
        let name = WrappedKey::of(envelope, context);
        if let Some(key) = self.keys.find(&name, now) {
            return Ok(key);
        }
        let key = Arc::new(self.unwrap_key(envelope, context).await?);
        self.keys.insert(name, Arc::clone(&key), now);
        Ok(key)
    }

    async fn unwrap_key(&self, envelope: &Envelope, context: &TokenContext) -> Result<DataKey, VaultError> {
        let answer = self
            .kms
            .decrypt()
            .key_id(&envelope.key_id)
            .ciphertext_blob(Blob::new(envelope.wrapped_key.clone()))
            .set_encryption_context(Some(context.encryption_context()))
            .send()
            .await
            .map_err(refused_or_unavailable)?;
        check_key(&envelope.key_id, answer.key_id.as_deref())?;
        answer.plaintext.and_then(|plain| DataKey::from_answer(plain.into_inner())).ok_or_else(incomplete)
    }
}

struct FreshKey {
    key: DataKey,
    wrapped_key: Vec<u8>,
    key_id: String,
}

fn random_nonce() -> Result<[u8; NONCE_BYTES], VaultError> {
    let mut nonce = [0; NONCE_BYTES];
    rand::fill(&mut nonce).map_err(|_| VaultError::Cipher)?;
    Ok(nonce)
}

/// KMS checks wrapped key, KMS key and context together: these two codes say that they do not belong together.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
fn refused_or_unavailable<E>(error: SdkError<E>) -> VaultError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    match error.code() {
        Some("InvalidCiphertextException" | "IncorrectKeyException") => VaultError::Tampered,
        _ => VaultError::Kms(Box::new(error)),
    }
}

/// The key that KMS has used must be the one that the envelope names, to the letter.
fn check_key(named: &str, used: Option<&str>) -> Result<(), VaultError> {
    if used == Some(named) { Ok(()) } else { Err(VaultError::Tampered) }
}

fn incomplete() -> VaultError {
    VaultError::Kms("the answer has no data key of 32 bytes".into())
}

#[cfg(test)]
mod tests;
