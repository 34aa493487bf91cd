//! From a code to a short-lived token, and from that to a long-lived one.

use http::Method;
use serde_json::{Value, json};

use crate::{
    App, Login,
    errors::GraphError,
    graph::{self, Answer, Refusal, call::GraphCall},
    ids, signing,
    world::{
        World,
        tokens::{CODE_LIFE_MS, Code, LONG_LIFE_MS, SHORT_LIFE_MS, TokenKind},
        variants::{PermissionsShape, UserIdShape},
    },
};

/// `POST https://api.instagram.com/oauth/access_token`
pub(crate) fn instagram(world: &mut World, call: &GraphCall, now_ms: i64) -> Result<Answer, Refusal> {
    if call.segments() != ["oauth", "access_token"] || call.method != Method::POST {
        return Err(GraphError::unsupported_method(&call.method).into());
    }
    let app = call.param("client_id").and_then(|id| world.app(id)).filter(|app| app.login == Login::Instagram);
    let app = app.cloned().ok_or_else(|| platform_error("Invalid platform app"))?;
    if world.switches(&app.app_id).outage {
        return Err(GraphError::unsupported_method(&call.method).into());
    }
    if !is_secret_of(&app, call.param("client_secret")) {
        return Err(platform_error("Error validating client secret."));
    }
    if call.param("grant_type") != Some("authorization_code") {
        return Err(platform_error("Invalid grant_type: authorization_code expected"));
    }
    let redirect_uri = call.param("redirect_uri").unwrap_or_default();
    if !app.redirect_uris.iter().any(|known| known == redirect_uri) {
        return Err(platform_error("Invalid redirect_uri"));
    }
    let code = match claim(world, &app, call.param("code"), redirect_uri, now_ms) {
        Ok(code) => code,
        Err(CodeError::RedirectUri) => {
            return Err(platform_error(
                "Error validating verification code. Please make sure your redirect_uri is identical to the one you \
                 used in the OAuth dialog request",
            ));
        }
        Err(CodeError::Unknown | CodeError::Used | CodeError::Expired) => {
            return Err(platform_error("Matching code was not found or was already used"));
        }
    };
    let token = world.token_for_code(&code, now_ms);
    Ok(Answer::of(instagram_body(world, &code, &token)))
}

/// The answer in whichever of its observed and documented shapes is in force.
fn instagram_body(world: &World, code: &Code, token: &str) -> Value {
    let user_id = ids::app_scoped(&code.app_id, &code.holder);
    let user_id: Value = match (world.variants.token_user_id, user_id.parse::<u64>()) {
        (UserIdShape::Number, Ok(number)) => number.into(),
        _ => user_id.into(),
    };
    let mut body = json!({ "access_token": token, "user_id": user_id });
    match world.variants.token_permissions {
        PermissionsShape::Array => body["permissions"] = code.scopes.clone().into(),
        PermissionsShape::String => body["permissions"] = code.scopes.join(",").into(),
        PermissionsShape::Absent => {}
    }
    if world.variants.token_wrapped { json!({ "data": [body] }) } else { body }
}

/// `GET https://graph.instagram.com/access_token`
pub(crate) fn instagram_long(world: &mut World, call: &GraphCall, now_ms: i64) -> Result<Answer, GraphError> {
    if call.param("grant_type") != Some("ig_exchange_token") {
        return Err(GraphError::parameter("Param grant_type must be one of {ig_exchange_token}"));
    }
    let secret = call.required("client_secret")?;
    let value = call.token.as_deref().ok_or_else(|| GraphError::parameter("The parameter access_token is required"))?;
    let token = graph::check(world, Login::Instagram, value, now_ms)?.clone();
    let app = world.app(&token.app_id).ok_or_else(|| GraphError::dead_token(467, None))?;
    if world.switches(&app.app_id).outage {
        return Err(GraphError::unsupported_method(&call.method));
    }
    if !is_secret_of(app, Some(secret)) {
        return Err(GraphError::new(100, "Error validating client secret."));
    }
    if token.kind.is_long() {
        return Err(GraphError::parameter("Only a short-lived token can be exchanged"));
    }
    let long = world.long_token(&token, now_ms);
    Ok(Answer::of(token_body(world, &long, LONG_LIFE_MS)))
}

/// `GET https://graph.facebook.com/v25.0/oauth/access_token`: a code, or a short-lived token to exchange.
pub(crate) fn facebook(world: &mut World, call: &GraphCall, now_ms: i64) -> Result<Answer, GraphError> {
    if call.method != Method::GET && call.method != Method::POST {
        return Err(GraphError::no_object(&call.method, "oauth"));
    }
    let app = call.param("client_id").and_then(|id| world.app(id)).filter(|app| app.login == Login::Facebook);
    let unknown = || GraphError::new(101, "Error validating application. Invalid application ID.");
    let app = app.cloned().ok_or_else(unknown)?;
    if world.switches(&app.app_id).outage {
        return Err(GraphError::unsupported_method(&call.method));
    }
    if !is_secret_of(&app, call.param("client_secret")) {
        return Err(GraphError::new(101, "Error validating client secret."));
    }
    match call.param("grant_type") {
        None | Some("authorization_code") => facebook_code(world, call, &app, now_ms),
        Some("fb_exchange_token") => facebook_long(world, call, &app, now_ms),
        Some(_) => Err(GraphError::parameter("Param grant_type is not supported")),
    }
}

fn facebook_code(world: &mut World, call: &GraphCall, app: &App, now_ms: i64) -> Result<Answer, GraphError> {
    let redirect_uri = call.required("redirect_uri")?;
    let code = call.required("code")?;
    let code = claim(world, app, Some(code), redirect_uri, now_ms).map_err(|error| match error {
        CodeError::Used => GraphError::new(100, "This authorization code has been used.").subcode(36_009),
        CodeError::Expired => GraphError::new(100, "This authorization code has expired.").subcode(36_007),
        CodeError::Unknown => GraphError::new(100, "Invalid verification code format."),
        CodeError::RedirectUri => GraphError::new(
            100,
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used \
             in the OAuth dialog request",
        )
        .subcode(36_008),
    })?;
    let token = world.token_for_code(&code, now_ms);
    if world.switches(&app.app_id).unified {
        return Ok(Answer::of(json!({ "access_token": token, "token_type": "bearer" })));
    }
    Ok(Answer::of(token_body(world, &token, SHORT_LIFE_MS)))
}

fn facebook_long(world: &mut World, call: &GraphCall, app: &App, now_ms: i64) -> Result<Answer, GraphError> {
    let value = call.required("fb_exchange_token")?;
    let token = graph::check(world, Login::Facebook, value, now_ms)?.clone();
    if token.app_id != app.app_id || token.page_id.is_some() || token.kind == TokenKind::SystemUser {
        return Err(GraphError::token("Error validating access token: The token belongs to another application."));
    }
    let long = world.long_token(&token, now_ms);
    Ok(Answer::of(token_body(world, &long, LONG_LIFE_MS)))
}

pub(super) fn token_body(world: &World, token: &str, life_ms: i64) -> Value {
    let mut body = json!({ "access_token": token, "token_type": "bearer" });
    if !world.variants.omit_expires_in {
        body["expires_in"] = (life_ms / 1_000).into();
    }
    body
}

fn is_secret_of(app: &App, secret: Option<&str>) -> bool {
    secret.is_some_and(|secret| signing::same(&app.app_secret, secret))
}

/// Why a code gives no token.
enum CodeError {
    Unknown,
    Used,
    Expired,
    RedirectUri,
}

/// Takes a code, once.
fn claim(world: &mut World, app: &App, code: Option<&str>, redirect_uri: &str, now_ms: i64) -> Result<Code, CodeError> {
    let value = code.ok_or(CodeError::Unknown)?;
    let known = world.codes.get_mut(value).filter(|known| known.app_id == app.app_id).ok_or(CodeError::Unknown)?;
    if known.used {
        return Err(CodeError::Used);
    }
    if now_ms >= known.issued_at_ms + CODE_LIFE_MS {
        return Err(CodeError::Expired);
    }
    if known.redirect_uri != redirect_uri {
        return Err(CodeError::RedirectUri);
    }
    known.used = true;
    Ok(known.clone())
}

/// The error object of `api.instagram.com`, unlike the Graph API's.
fn platform_error(message: &str) -> Refusal {
    Refusal::Platform(json!({ "error_type": "OAuthException", "code": 400, "error_message": message }))
}
