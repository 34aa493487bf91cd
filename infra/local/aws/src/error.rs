//! What a service answers when it refuses.

use serde_json::{Map, Value, json};

use crate::store::StoreError;

/// An error answer of the AWS JSON protocols.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServiceError {
    /// The HTTP status: 400 for the caller's mistakes, 5xx for the service's.
    pub status: u16,
    /// The exception's name without a namespace.
    pub code: String,
    /// The name from the days of the query protocol, which SQS still sends in a header and the SDKs match on.
    pub query_code: Option<&'static str>,
    /// The whole JSON answer.
    pub body: Value,
}

/// What an operation of a service ends with.
pub(crate) type Answer = Result<Value, ServiceError>;

impl ServiceError {
    /// A refusal of the caller's request.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self::with_details(400, code, message, Map::new())
    }

    /// An answer with more than a message, such as the reasons of a cancelled transaction.
    pub(crate) fn with_details(
        status: u16,
        code: &str,
        message: impl Into<String>,
        mut details: Map<String, Value>,
    ) -> Self {
        details.insert("__type".into(), code.into());
        details.insert("message".into(), message.into().into());
        Self { status, code: code.to_owned(), query_code: None, body: Value::Object(details) }
    }

    /// A refusal with the name older clients know it by.
    pub(crate) fn legacy(code: &str, query_code: &'static str, message: impl Into<String>) -> Self {
        Self { query_code: Some(query_code), ..Self::new(code, message) }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    pub(crate) fn unknown_operation() -> Self {
        let code = "UnknownOperationException";
        Self { status: 400, code: code.to_owned(), query_code: None, body: json!({ "__type": code }) }
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, cause = ?std::error::Error::source(&error), "The state was not written");
        Self::with_details(500, "InternalError", "the state was not written", Map::new())
    }
}

/// Reads an operation's input; a missing or mistyped member is the caller's mistake.
pub(crate) fn input<T: serde::de::DeserializeOwned>(input: Value) -> Result<T, ServiceError> {
    serde_json::from_value(input).map_err(|error| ServiceError::validation(error.to_string()))
}
