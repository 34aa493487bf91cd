use axum::body::Body;
use http::{Request, StatusCode, header};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;
use tower::ServiceExt;
use url::{Url, form_urlencoded};

use super::*;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// RFC 7636, appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const PAGE: &str = "http://127.0.0.1:9400/settings/integrations";

fn issuer() -> (Arc<Issuer>, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = StackClock::default();
    let issuer = Issuer::new(folder.path(), "http://issuer", "http://api", "http://meta", clock).expect("an issuer");
    (Arc::new(issuer), folder)
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

async fn post(issuer: &Arc<Issuer>, path: &str, pairs: &[(&str, &str)]) -> http::Response<Body> {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = request.body(Body::from(form(pairs))).expect("a request");
    router(Arc::clone(issuer)).oneshot(request).await.expect("an answer")
}

async fn code(issuer: &Arc<Issuer>) -> String {
    let choice = [
        ("person", "ana"),
        ("response_type", "code"),
        ("client_id", AUDIENCE),
        ("redirect_uri", PAGE),
        ("state", "s-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let answer = post(issuer, "/authorize", &choice).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let target = Url::parse(answer.headers()[header::LOCATION].to_str().expect("text")).expect("an address");
    assert!(target.as_str().starts_with(PAGE));
    let pairs: std::collections::HashMap<_, _> = target.query_pairs().into_owned().collect();
    assert_eq!(pairs["state"], "s-1");
    pairs["code"].clone()
}

async fn redeem(issuer: &Arc<Issuer>, code: &str, verifier: &str) -> (StatusCode, Value) {
    let asked = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("code_verifier", verifier),
        ("redirect_uri", PAGE),
        ("client_id", AUDIENCE),
    ];
    let answer = post(issuer, "/token", &asked).await;
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), 65_536).await.expect("a body");
    (status, serde_json::from_slice(&body).expect("JSON"))
}

#[tokio::test]
async fn a_code_is_redeemed_once_for_a_token_of_the_chosen_person() {
    let (issuer, _folder) = issuer();
    let code = code(&issuer).await;
    let (status, answer) = redeem(&issuer, &code, VERIFIER).await;
    assert_eq!(status, StatusCode::OK);
    let key = DecodingKey::from_jwk(&issuer.key.public().keys[0]).expect("a key");
    let mut validation = Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&[AUDIENCE]);
    let token = answer["access_token"].as_str().expect("a token");
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).expect("a valid token").claims;
    assert_eq!((claims["sub"].as_str(), claims["tenant_id"].as_str()), (Some("ana"), Some("luna")));
    assert_eq!(redeem(&issuer, &code, VERIFIER).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_code_is_worth_nothing_without_its_verifier() {
    let (issuer, _folder) = issuer();
    let code = code(&issuer).await;
    let (status, answer) = redeem(&issuer, &code, "another verifier").await;
    assert_eq!((status, answer["error"].as_str()), (StatusCode::BAD_REQUEST, Some("invalid_grant")));
}

#[tokio::test]
async fn people_are_sent_to_this_machine_only() {
    let (issuer, _folder) = issuer();
    let query = form(&[
        ("response_type", "code"),
        ("client_id", AUDIENCE),
        ("redirect_uri", "https://evil.example/"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let request = Request::get(format!("/authorize?{query}")).body(Body::empty()).expect("a request");
    let answer = router(issuer).oneshot(request).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[test]
fn the_key_of_the_last_run_is_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key.pem");
    let first = SigningKey::load(&file).expect("a new key");
    let second = SigningKey::load(&file).expect("the same key");
    assert_eq!(first.public(), second.public());
}
