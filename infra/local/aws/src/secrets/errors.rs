//! The refusals that more than one operation has.

use crate::error::ServiceError;

pub(super) fn not_found(what: &str) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", format!("Secrets Manager can't find the specified {what}"))
}

pub(super) fn already_exists(name: &str) -> ServiceError {
    let message = format!("The operation failed because the secret {name} already exists.");
    ServiceError::new("ResourceExistsException", message)
}

pub(super) fn invalid_request(reason: &str) -> ServiceError {
    let message = format!("You can't perform this operation on the secret because {reason}.");
    ServiceError::new("InvalidRequestException", message)
}
