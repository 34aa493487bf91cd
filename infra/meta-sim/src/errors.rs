//! The Graph API's error object. Codes and texts are those of Meta's error references:
//! <https://developers.facebook.com/docs/graph-api/guides/error-handling> and the Messenger Platform's page of common
//! error codes.

use http::StatusCode;
use serde_json::{Value, json};

use crate::ids;

/// A refusal of the Graph API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GraphError {
    pub(crate) status: StatusCode,
    pub(crate) code: i64,
    subcode: Option<u32>,
    message: String,
    kind: &'static str,
    transient: bool,
    user: Option<(&'static str, &'static str)>,
}

impl GraphError {
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            subcode: None,
            message: message.into(),
            kind: "OAuthException",
            transient: false,
            user: None,
        }
    }

    /// Error 100: something about the request is wrong.
    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::new(100, format!("(#100) {}", message.into()))
    }

    /// Error 100/2534015: the message cannot be sent as it is.
    pub(crate) fn message_data(message: impl Into<String>) -> Self {
        Self::parameter(message).subcode(2_534_015)
    }

    /// Error 190: the token. Without a subcode when Meta never issued it.
    pub(crate) fn token(message: impl Into<String>) -> Self {
        Self::new(190, message)
    }

    /// Error 190 with the text Meta has for a subcode.
    pub(crate) fn dead_token(subcode: u32, times: Option<(String, String)>) -> Self {
        let reason = match (subcode, times) {
            (463, Some((expired_at, now))) => {
                format!("Session has expired on {expired_at}. The current time is {now}.")
            }
            (458, _) => "The user has not authorized application.".into(),
            (459, _) => "The session is invalid, because the account is in a checkpoint.".into(),
            (460, _) => {
                "The session has been invalidated because the user changed their password or Facebook has changed the \
                 session for security reasons."
                    .into()
            }
            (463, None) => "Session has expired.".into(),
            (464, _) => "Sessions for the user are not allowed because the user is not a confirmed user.".into(),
            (492, _) => "The session is invalid: the user lost the role on the Page.".into(),
            _ => "The access token is invalid.".into(),
        };
        Self::token(format!("Error validating access token: {reason}")).subcode(subcode)
    }

    /// What Instagram answers to a wrong verb, and to every call of an app that lost its access.
    pub(crate) fn unsupported_method(method: &http::Method) -> Self {
        let message = format!("Unsupported request - method type: {}", method.as_str().to_lowercase());
        Self::new(100, message).kind("IGApiException")
    }

    /// Error 100/33: no such object, or none that this token may see.
    pub(crate) fn no_object(method: &http::Method, id: &str) -> Self {
        let verb = method.as_str().to_lowercase();
        Self::new(
            100,
            format!(
                "Unsupported {verb} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
                 permissions, or does not support this operation"
            ),
        )
        .subcode(33)
        .kind("GraphMethodException")
    }

    /// Error 200 or 10: a permission is missing.
    pub(crate) fn permission(code: i64, scope: &str) -> Self {
        Self::new(code, format!("(#{code}) Requires {scope} permission to manage the object"))
    }

    pub(crate) fn subcode(mut self, subcode: u32) -> Self {
        self.subcode = Some(subcode);
        self
    }

    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) fn transient(mut self) -> Self {
        self.transient = true;
        self
    }

    pub(crate) fn user_text(mut self, title: &'static str, message: &'static str) -> Self {
        self.user = Some((title, message));
        self
    }

    /// Names the exception as `graph.instagram.com` does. Token errors are `OAuthException` everywhere.
    pub(crate) fn on_instagram(self) -> Self {
        if self.code == 190 { self } else { self.kind("IGApiException") }
    }

    pub(crate) fn body(&self) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "is_transient": self.transient,
            "fbtrace_id": ids::trace(),
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        if let Some((title, message)) = self.user {
            error["error_user_title"] = title.into();
            error["error_user_msg"] = message.into();
        }
        json!({ "error": error })
    }
}
