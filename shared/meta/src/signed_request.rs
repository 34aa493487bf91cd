//! What Meta posts to the deauthorize and data-deletion callbacks.
//!
//! Source: <https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback>

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use domain::id::AppScopedId;
use domain::secret::AppSecret;
use domain::time::UnixSeconds;
use serde::Deserialize;

use crate::mac;

/// Meta writes no padding; other senders of the same format do.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A checked `signed_request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// Whose data or authorization it is about: the person as the signing Meta app sees them.
    pub user_id: AppScopedId,
    /// When Meta signed it.
    pub issued_at: Option<UnixSeconds>,
}

/// Why a `signed_request` is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedRequestError {
    /// Not two base64url parts with a dot between them.
    #[error("the signed request has another form")]
    Malformed,
    /// No secret that was tried made this signature.
    #[error("the signature is of another secret or another payload")]
    WrongSignature,
    /// Signed, but with an algorithm other than HMAC-SHA256, or without a usable user id.
    #[error("the signed payload is not one that we know")]
    UnknownPayload,
}

#[derive(Deserialize)]
struct Payload {
    algorithm: String,
    issued_at: Option<UnixSeconds>,
    user_id: AppScopedId,
}

/// Checks and reads a `signed_request`, and tells whose secret signed it: each secret comes with its owner. All `secrets`
/// are tried in constant time.
///
/// # Errors
///
/// [`SignedRequestError`]: nothing in it may be believed.
pub fn verify<'a, Owner>(
    text: &str,
    secrets: impl Iterator<Item = (&'a AppSecret, Owner)>,
) -> Result<(SignedRequest, Owner), SignedRequestError> {
    let (signature, payload) = text.split_once('.').ok_or(SignedRequestError::Malformed)?;
    let claimed = decode(signature)?.try_into().map_err(|_| SignedRequestError::Malformed)?;
    // Meta signs the payload as encoded, not the JSON inside.
    let signer = mac::signer(&claimed, payload.as_bytes(), secrets).ok_or(SignedRequestError::WrongSignature)?;
    let payload: Payload = serde_json::from_slice(&decode(payload)?).map_err(|_| SignedRequestError::UnknownPayload)?;
    if !payload.algorithm.eq_ignore_ascii_case("HMAC-SHA256") {
        return Err(SignedRequestError::UnknownPayload);
    }
    Ok((SignedRequest { user_id: payload.user_id, issued_at: payload.issued_at }, signer))
}

fn decode(part: &str) -> Result<Vec<u8>, SignedRequestError> {
    BASE64URL.decode(part).map_err(|_| SignedRequestError::Malformed)
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};

    use super::*;

    fn secrets() -> [AppSecret; 2] {
        ["instagram", "facebook"].map(|text| AppSecret::new(text.to_owned()))
    }

    fn signed(engine: &GeneralPurpose, payload: &str, secret: &AppSecret) -> String {
        let payload = engine.encode(payload);
        format!("{}.{payload}", engine.encode(mac::tag(secret, payload.as_bytes())))
    }

    fn verify(text: &str) -> Result<(SignedRequest, usize), SignedRequestError> {
        super::verify(text, secrets().iter().zip(0..))
    }

    #[test]
    fn a_request_is_read_with_and_without_padding_and_with_either_secret() {
        let payload = r#"{"algorithm":"HMAC-SHA256","expires":1291840400,"issued_at":1291836800,"user_id":"218471"}"#;
        for engine in [BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD] {
            for (position, secret) in secrets().iter().enumerate() {
                let (request, signer) = verify(&signed(&engine, payload, secret)).expect("the request is valid");
                assert_eq!(request.user_id.as_str(), "218471");
                assert_eq!(request.issued_at, Some(UnixSeconds::new(1_291_836_800)));
                assert_eq!(signer, position);
            }
        }
    }

    #[test]
    fn a_number_as_user_id_and_a_lower_case_algorithm_are_read() {
        let payload = r#"{"algorithm":"hmac-sha256","user_id":27640875392278831}"#;
        let (request, _) =
            verify(&signed(&BASE64_URL_SAFE_NO_PAD, payload, &secrets()[0])).expect("the request is valid");
        assert_eq!(request.user_id.as_str(), "27640875392278831");
    }

    #[test]
    fn a_request_of_another_secret_or_with_a_changed_payload_is_refused() {
        let payload = r#"{"algorithm":"HMAC-SHA256","user_id":"1"}"#;
        let forged = signed(&BASE64_URL_SAFE_NO_PAD, payload, &AppSecret::new("guess".to_owned()));
        assert_eq!(verify(&forged), Err(SignedRequestError::WrongSignature));
        let genuine = signed(&BASE64_URL_SAFE_NO_PAD, payload, &secrets()[0]);
        let (signature, _) = genuine.split_once('.').expect("two parts");
        let other = BASE64_URL_SAFE_NO_PAD.encode(r#"{"algorithm":"HMAC-SHA256","user_id":"2"}"#);
        assert_eq!(verify(&format!("{signature}.{other}")), Err(SignedRequestError::WrongSignature));
    }

    #[test]
    fn another_form_algorithm_or_payload_is_refused() {
        for text in ["", "one", "a.b", "!!.e30", &format!("{}.e30", "A".repeat(44))] {
            assert_eq!(verify(text), Err(SignedRequestError::Malformed), "{text}");
        }
        for payload in [r#"{"algorithm":"none","user_id":"1"}"#, r#"{"algorithm":"HMAC-SHA256"}"#, "[]", "text"] {
            let text = signed(&BASE64_URL_SAFE_NO_PAD, payload, &secrets()[0]);
            assert_eq!(verify(&text), Err(SignedRequestError::UnknownPayload), "{payload}");
        }
    }
}
