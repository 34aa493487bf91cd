//! Secrets at rest: the tenants' access tokens under KMS, the Meta apps' own secrets from Secrets Manager.
//!
//! # The envelope of a token
//!
//! [`Vault::seal`] asks KMS for a data key (AES-256) under an encryption context of tenant, provider, account and purpose,
//! and encrypts the token with AES-256-GCM, a random 96-bit nonce and the same context as associated data. The sealed form
//! carries its version, the KMS key's id, the wrapped data key, the nonce and the ciphertext. It opens only in its own
//! context, and twice over: KMS refuses to unwrap the data key in another one, and the cipher refuses the token.
//!
//! Each token has a data key of its own, so a nonce never meets the same key twice.
//!
//! The associated data does not contain the KMS key's id or the wrapped data key. That is what lets [`Vault::rewrap`] move a
//! token to another KMS key inside KMS (`ReEncrypt`), without its plain text or its data key ever leaving there. Both are
//! protected all the same: KMS authenticates the wrapped key together with its context, and the key that KMS says it used has
//! to be the one that the envelope names. Which KMS keys may unwrap anything is the function's IAM policy to say.
//!
//! What the envelope cannot tell is an older token of the same account put back in place of the newer one: it is genuine.
//!
//! # Why not the AWS Encryption SDK
//!
//! The AWS Encryption SDK for Rust does the same and more, and weighs accordingly: with `aws-esdk` 1.2.4 a function's release
//! `bootstrap` was 19.5 MB instead of 8.8 MB and spent 26 ms of CPU before its first answer instead of 4 ms. The AEAD that
//! is used here is in every function anyway, as part of the AWS SDK's TLS. The envelope around it is 100 lines, versioned,
//! and fixed by known answers in its tests.

mod app_secrets;
mod context;
mod data_key;
mod envelope;
mod key_cache;
mod meta_apps;
mod vault;

pub use app_secrets::{AppSecrets, Secrets, SecretsError};
pub use context::{Purpose, TokenContext};
pub use meta_apps::{InvalidMetaApps, MetaApp, MetaApps};
pub use vault::{Vault, VaultError};
