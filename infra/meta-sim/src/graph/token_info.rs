//! What a token is: `debug_token`, `/me/permissions`.

use serde_json::{Value, json};

use super::{Answer, auth, call::GraphCall};
use crate::{
    Login,
    errors::GraphError,
    world::{
        World,
        people::Reach,
        tokens::{Token, TokenKind},
    },
};

/// `GET /debug_token?input_token=…` with the app's own token, `<APP_ID>|<APP_SECRET>`.
pub(crate) fn debug_token(world: &World, call: &GraphCall, now_ms: i64) -> Result<Answer, GraphError> {
    let app = auth::app_of_token(world, call)?;
    let value = call.required("input_token")?;
    let Some(token) = world.tokens.get(value).filter(|token| token.app_id == app.app_id) else {
        let message = "The App_id in the input_token did not match the Viewing App";
        return Err(GraphError::parameter(message));
    };
    Ok(Answer::of(json!({ "data": describe(world, token, value, now_ms) })))
}

fn describe(world: &World, token: &Token, value: &str, now_ms: i64) -> Value {
    let user_id = token.user_id();
    let mut data = json!({
        "app_id": token.app_id,
        "type": match token.kind {
            TokenKind::Page => "PAGE",
            TokenKind::SystemUser => "SYSTEM_USER",
            _ => "USER",
        },
        "application": "Simulated app",
        "expires_at": token.expires_at_ms.map_or(0, |at_ms| at_ms / 1_000),
        "data_access_expires_at": token.data_access_expires_at_ms / 1_000,
        "is_valid": true,
        "issued_at": token.issued_at_ms / 1_000,
        "scopes": token.scopes,
        "granular_scopes": granular_scopes(world, token),
        "user_id": user_id,
    });
    if let Some(page_id) = &token.page_id {
        data["profile_id"] = page_id.as_str().into();
    }
    if let Err(error) = auth::check(world, Login::Facebook, value, now_ms) {
        data["is_valid"] = false.into();
        let error = &error.body()["error"];
        data["error"] =
            json!({ "code": error["code"], "message": error["message"], "subcode": error["error_subcode"] });
    }
    data
}

/// The Pages that scopes were granted for. A portfolio's Pages were granted as "all current and future": no ids.
fn granular_scopes(world: &World, token: &Token) -> Vec<Value> {
    let pages: Vec<&str> = world
        .roles_of(&token.holder)
        .filter(|(_, role)| role.reach != Reach::Portfolio)
        .map(|(page, _)| page.id.as_str())
        .collect();
    let own = world.person(&token.holder).map_or(&[][..], |person| &person.accounts);
    let linked = pages.iter().filter_map(|id| world.page(id).and_then(|page| page.instagram.as_deref()));
    // A system user's accounts need no Page.
    let accounts: Vec<&str> = match token.kind {
        TokenKind::SystemUser => own.iter().map(String::as_str).collect(),
        _ => linked.collect(),
    };
    let of_scope = |scope: &String| {
        let targets = if scope.starts_with("pages_") {
            &pages
        } else if scope.starts_with("instagram_") {
            &accounts
        } else {
            return json!({ "scope": scope });
        };
        if targets.is_empty() { json!({ "scope": scope }) } else { json!({ "scope": scope, "target_ids": targets }) }
    };
    token.scopes.iter().map(of_scope).collect()
}

/// `GET /me/permissions`
pub(crate) fn permissions(token: &Token) -> Answer {
    let status = |scopes: &[String], status: &str| -> Vec<Value> {
        scopes.iter().map(|scope| json!({ "permission": scope, "status": status })).collect()
    };
    let mut data = status(&token.scopes, "granted");
    data.extend(status(&token.declined, "declined"));
    Answer::of(json!({ "data": data }))
}
