//! What Meta signs: webhooks, callbacks; and what it wants proven: `appsecret_proof`.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// `X-Hub-Signature-256`.
pub(crate) fn sha256_header(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex::encode(hmac_sha256(secret, body)))
}

/// `X-Hub-Signature`, the legacy header.
pub(crate) fn sha1_header(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha1={}", hex::encode(mac.finalize().into_bytes()))
}

/// Whether an `appsecret_proof` belongs to a token.
///
/// Source: <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
pub(crate) fn is_proof(secret: &str, token: &str, proof: &str) -> bool {
    same(&hex::encode(hmac_sha256(secret, token.as_bytes())), proof)
}

/// Compares secrets in constant time.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// A `signed_request` about a person, valid for an hour.
///
/// Source: <https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback>
pub(crate) fn signed_request(secret: &str, user_id: &str, now_ms: i64) -> String {
    let issued_at = now_ms / 1_000;
    let payload = json!({
        "algorithm": "HMAC-SHA256",
        "expires": issued_at + 3_600,
        "issued_at": issued_at,
        "user_id": user_id,
    });
    let payload = BASE64_URL_SAFE_NO_PAD.encode(payload.to_string());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac_sha256(secret, payload.as_bytes()));
    format!("{signature}.{payload}")
}

/// Writes JSON as Meta sends it: everything beyond ASCII as `\uXXXX` with lowercase hex digits, and slashes as `\/`.
pub(crate) fn escaped_json(value: &Value) -> String {
    escaped(&value.to_string())
}

fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '/' {
            text.push_str("\\/"); // which can stand in texts only, where it means the same
        } else if character.is_ascii() {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str("\\u");
                text.push_str(&hex::encode(unit.to_be_bytes()));
            }
        }
    }
    text
}

fn hmac_sha256(secret: &str, message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_rfc_4231() {
        // Test case 2 of RFC 4231.
        let header = sha256_header("Jefe", b"what do ya want for nothing?");
        assert_eq!(header, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn the_legacy_signature_is_that_of_rfc_2202() {
        // Test case 2 of RFC 2202.
        let header = sha1_header("Jefe", b"what do ya want for nothing?");
        assert_eq!(header, "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }

    #[test]
    fn unicode_is_escaped_in_lowercase_and_in_surrogates_and_slashes_are_escaped() {
        assert_eq!(escaped_json(&json!({ "text": "äöå 🎉" })), r#"{"text":"\u00e4\u00f6\u00e5 \ud83c\udf89"}"#);
        assert_eq!(escaped_json(&json!({ "url": "https://e.example" })), r#"{"url":"https:\/\/e.example"}"#);
    }
}
