//! Repeats the challenge for whoever knows a verify token.

use std::convert::Infallible;

use edge::telemetry::Chain;
use edge::{Problem, http};
use lambda_http::http::{HeaderValue, header};
use lambda_http::{Body, Request, Response};
use subtle::{Choice, ConstantTimeEq};
use tracing::{error, info};
use vault::{MetaApp, Secrets};

use crate::app::App;
use crate::error::VerifyError;

/// Answers the raw challenge as plain text, or a problem document.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let outcome = verify(app, &request).await;
    let outcome = outcome.map(plain_text).map_err(|failure| refuse(&failure));
    Ok(http::answer(http::request_id(&request), outcome))
}

/// The challenge, once the token is known to be one of ours.
async fn verify(app: &App, request: &Request) -> Result<String, VerifyError> {
    let asked = |name| http::query(request, name).ok_or(VerifyError::NotAVerification);
    if asked("hub.mode")? != "subscribe" {
        return Err(VerifyError::NotAVerification);
    }
    let token = asked("hub.verify_token")?;
    let challenge = asked("hub.challenge")?;
    if !is_challenge(challenge) {
        return Err(VerifyError::UnknownChallenge);
    }
    if !knows_token(app, token).await? {
        return Err(VerifyError::WrongToken);
    }
    Ok(challenge.to_owned())
}

/// Meta's challenges are numbers so far. Markup would be repeated on our own domain.
fn is_challenge(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Whether the token is of a registered app, perhaps one that was registered a moment ago.
async fn knows_token(app: &App, token: &str) -> Result<bool, VerifyError> {
    let registered = |secrets: &Secrets| is_registered(secrets, token).then_some(());
    Ok(app.secrets.find(app.clock.now(), registered).await?.is_some())
}

/// Compares with every registered token in constant time: the time tells nothing about a match.
fn is_registered(secrets: &Secrets, token: &str) -> bool {
    let matches = |app: &MetaApp| app.verify_token.expose().as_bytes().ct_eq(token.as_bytes());
    secrets.apps.iter().map(matches).fold(Choice::from(0), |any, one| any | one).into()
}

fn plain_text(challenge: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(challenge));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refuse(failure: &VerifyError) -> Problem {
    if matches!(failure, VerifyError::Secrets(_)) {
        error!(error = %Chain(failure), "A webhook verification could not be answered");
    } else {
        info!(reason = %failure, "Refused a webhook verification");
    }
    Problem::from(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_digits_dashes_and_underscores_are_repeated() {
        for challenge in ["1158201444", "a-B_9"] {
            assert!(is_challenge(challenge), "{challenge}");
        }
        for challenge in ["", "<script>", "1 2", "1\n", "é", "a.b", "%41"] {
            assert!(!is_challenge(challenge), "{challenge}");
        }
    }
}
