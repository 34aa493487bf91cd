//! The refusals of SQS, each with its name in both protocols.
//!
//! Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html>

use crate::error::ServiceError;

pub(super) fn no_such_queue() -> ServiceError {
    ServiceError::legacy(
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    )
}

pub(super) fn queue_exists(attribute: &str) -> ServiceError {
    let message = format!("A queue already exists with the same name and a different value for attribute {attribute}");
    ServiceError::legacy("QueueNameExists", "QueueAlreadyExists", message)
}

pub(super) fn invalid_parameter(message: impl Into<String>) -> ServiceError {
    ServiceError::legacy("InvalidParameterValueException", "InvalidParameterValue", message)
}

pub(super) fn missing_parameter(message: impl Into<String>) -> ServiceError {
    ServiceError::legacy("MissingRequiredParameterException", "MissingParameter", message)
}

pub(super) fn invalid_attribute(name: &str) -> ServiceError {
    let message = format!("Invalid value for the parameter {name}.");
    ServiceError::legacy("InvalidAttributeValue", "InvalidAttributeValue", message)
}

pub(super) fn unknown_attribute(name: &str) -> ServiceError {
    ServiceError::legacy("InvalidAttributeName", "InvalidAttributeName", format!("Unknown Attribute {name}."))
}

pub(super) fn not_in_flight() -> ServiceError {
    ServiceError::legacy(
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
        "The message referred to is not in flight.",
    )
}

pub(super) fn hidden_too_long(seconds: i64) -> ServiceError {
    invalid_parameter(format!(
        "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is \
         beyond the limit [43200 seconds]."
    ))
}

pub(super) fn expired_handle() -> ServiceError {
    invalid_parameter("Value for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.")
}

pub(super) fn empty_batch() -> ServiceError {
    ServiceError::legacy(
        "EmptyBatchRequest",
        "AWS.SimpleQueueService.EmptyBatchRequest",
        "There should be at least one entry in the request.",
    )
}

pub(super) fn too_many_entries(count: usize) -> ServiceError {
    ServiceError::legacy(
        "TooManyEntriesInBatchRequest",
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        format!("Maximum number of entries per request are 10. You have sent {count}."),
    )
}

pub(super) fn repeated_id(id: &str) -> ServiceError {
    ServiceError::legacy(
        "BatchEntryIdsNotDistinct",
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        format!("Id {id} repeated."),
    )
}

pub(super) fn invalid_id() -> ServiceError {
    ServiceError::legacy(
        "InvalidBatchEntryId",
        "AWS.SimpleQueueService.InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores, and at most 80 of them.",
    )
}

pub(super) fn batch_too_long(bytes: usize) -> ServiceError {
    ServiceError::legacy(
        "BatchRequestTooLong",
        "AWS.SimpleQueueService.BatchRequestTooLong",
        format!("Batch requests cannot be longer than 1048576 bytes. You have sent {bytes} bytes."),
    )
}
