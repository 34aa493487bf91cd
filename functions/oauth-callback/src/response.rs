//! What Meta's redirect says.

use domain::secret::AuthorizationCode;
use edge::http::query;
use lambda_http::Request;
use login::Nonce;

use crate::error::CallbackError;

/// How the person's visit to Meta ended, for one `state`.
pub struct AuthorizationResponse {
    /// Which authorization request it answers.
    pub state: Nonce,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a visit to Meta ended.
pub enum Outcome {
    /// Consent was given; the code proves it, once.
    Granted(AuthorizationCode),
    /// The person pressed cancel.
    Cancelled,
    /// Meta had a problem that passes.
    Unavailable,
    /// Any other error, or no code.
    Refused,
}

impl AuthorizationResponse {
    /// Reads the query string.
    ///
    /// # Errors
    ///
    /// [`CallbackError::StateUnknown`] without a `state` that could be ours.
    pub fn read(request: &Request) -> Result<Self, CallbackError> {
        let state = query(request, "state").and_then(Nonce::parse).ok_or(CallbackError::StateUnknown)?;
        Ok(Self { state, outcome: Outcome::of(query(request, "code"), query(request, "error")) })
    }
}

impl Outcome {
    /// `error` is a word of RFC 6749 section 4.1.2.1. Facebook's dialog also answers with other parameters of its own and
    /// without a code.
    fn of(code: Option<&str>, error: Option<&str>) -> Self {
        match (code, error) {
            (_, Some("access_denied")) => Self::Cancelled,
            (_, Some("server_error" | "temporarily_unavailable")) => Self::Unavailable,
            (Some(code), None) if !code.is_empty() => Self::Granted(AuthorizationCode::new(code.to_owned())),
            (_, Some(_) | None) => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_grant() {
        match Outcome::of(Some("AQB-code"), None) {
            Outcome::Granted(code) => assert_eq!(code.expose(), "AQB-code"),
            _ => panic!("a code is a grant"),
        }
    }

    #[test]
    fn cancelling_is_told_from_failing() {
        assert!(matches!(Outcome::of(None, Some("access_denied")), Outcome::Cancelled));
        assert!(matches!(Outcome::of(None, Some("temporarily_unavailable")), Outcome::Unavailable));
        assert!(matches!(Outcome::of(None, Some("invalid_scope")), Outcome::Refused));
    }

    #[test]
    fn without_a_code_nothing_was_granted() {
        for code in [None, Some("")] {
            assert!(matches!(Outcome::of(code, None), Outcome::Refused));
        }
    }

    #[test]
    fn an_error_outweighs_a_code() {
        assert!(matches!(Outcome::of(Some("AQB-code"), Some("access_denied")), Outcome::Cancelled));
    }
}
