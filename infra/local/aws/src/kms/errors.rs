//! The refusals of KMS that more than one operation has.

use serde_json::Map;

use crate::error::ServiceError;

pub(super) fn not_found(id: &str) -> ServiceError {
    ServiceError::new("NotFoundException", format!("Key '{id}' does not exist"))
}

/// Says nothing of the cause, as the real one does.
pub(super) fn invalid_ciphertext() -> ServiceError {
    ServiceError::new("InvalidCiphertextException", "The ciphertext is invalid.")
}

pub(super) fn invalid_state(arn: &str, state: &str) -> ServiceError {
    ServiceError::new("KMSInvalidStateException", format!("{arn} {state}."))
}

pub(super) fn internal() -> ServiceError {
    ServiceError::with_details(500, "KMSInternalException", "the cryptographic library refused", Map::new())
}
