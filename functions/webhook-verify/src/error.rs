//! Why a verification is refused, and the answers.

use edge::Problem;
use vault::SecretsError;

/// Why the challenge was not repeated.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Not `hub.mode=subscribe` with a token and a challenge.
    #[error("the request is not a verification")]
    NotAVerification,
    /// The challenge has other characters than Meta's have: repeating it could serve an attacker.
    #[error("the challenge has an unknown form")]
    UnknownChallenge,
    /// The token is of no registered app.
    #[error("the verify token is of no registered app")]
    WrongToken,
    /// The registered apps are not known.
    #[error("the registered apps could not be read")]
    Secrets(#[from] SecretsError),
}

impl From<&VerifyError> for Problem {
    fn from(error: &VerifyError) -> Self {
        use VerifyError::{NotAVerification, Secrets, UnknownChallenge, WrongToken};
        match error {
            NotAVerification => Self::new(400, "not-a-verification", "This is not a webhook verification"),
            UnknownChallenge => Self::new(400, "unknown-challenge", "The challenge has an unknown form"),
            WrongToken => Self::new(403, "wrong-verify-token", "The verify token is wrong"),
            Secrets(SecretsError::Unfilled) => Self::NOT_SET_UP,
            Secrets(error) => Self::failure(error.passes()),
        }
    }
}
