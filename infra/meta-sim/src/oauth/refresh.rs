//! The renewal of long-lived Instagram tokens.

use crate::{
    Login,
    errors::GraphError,
    graph::{self, Answer, call::GraphCall},
    world::{
        World,
        tokens::{LONG_LIFE_MS, MIN_REFRESH_AGE_MS},
    },
};

use super::exchange::token_body;

/// `GET https://graph.instagram.com/refresh_access_token`
///
/// # Errors
///
/// 190 for a token that does not work any more, 100 for one that is short-lived or younger than 24 hours, 10 for one
/// whose account took the profile permission back.
///
/// Source: <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login>
pub(crate) fn refresh(world: &mut World, call: &GraphCall, now_ms: i64) -> Result<Answer, GraphError> {
    if call.param("grant_type") != Some("ig_refresh_token") {
        return Err(GraphError::parameter("Param grant_type must be one of {ig_refresh_token}"));
    }
    let value = call.token.as_deref().ok_or_else(|| GraphError::parameter("The parameter access_token is required"))?;
    let token = graph::check(world, Login::Instagram, value, now_ms)?.clone();
    if world.switches(&token.app_id).outage {
        return Err(GraphError::unsupported_method(&call.method));
    }
    if !token.kind.is_long() {
        return Err(GraphError::parameter("Only a long-lived token can be refreshed"));
    }
    if now_ms < token.issued_at_ms + MIN_REFRESH_AGE_MS {
        return Err(GraphError::parameter("The access token must be at least 24 hours old to be refreshed"));
    }
    if !token.grants("instagram_business_basic") {
        return Err(GraphError::permission(10, "instagram_business_basic"));
    }
    let fresh = world.long_token(&token, now_ms);
    Ok(Answer::of(token_body(world, &fresh, LONG_LIFE_MS)))
}
