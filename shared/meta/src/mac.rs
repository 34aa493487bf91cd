//! HMAC-SHA256 under an app secret: webhooks, signed requests and `appsecret_proof` are all made of it.

use domain::secret::AppSecret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// A MAC that was computed here or claimed by somebody else.
pub(crate) type Tag = [u8; 32];

/// The MAC of `bytes` under `secret`.
pub(crate) fn tag(secret: &AppSecret, bytes: &[u8]) -> Tag {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

/// Whose secret made `claimed`: each secret comes with its owner.
///
/// Every secret is tried and each comparison takes constant time, so the time tells how many secrets
/// there are and nothing about them or the expected value.
pub(crate) fn signer<'a, Owner>(
    claimed: &Tag,
    bytes: &[u8],
    secrets: impl Iterator<Item = (&'a AppSecret, Owner)>,
) -> Option<Owner> {
    let mut signer = None;
    for (secret, owner) in secrets {
        let equal = bool::from(tag(secret, bytes).ct_eq(claimed));
        signer = signer.or(equal.then_some(owner));
    }
    signer
}
