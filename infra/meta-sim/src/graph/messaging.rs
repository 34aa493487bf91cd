//! What all logins share once the professional account is known: sending, conversations, profiles, menus.

use http::Method;
use serde_json::{Map, Value, json};

use super::{Answer, auth::Actor, call::GraphCall, conversations, profile};
use crate::{
    Login,
    errors::GraphError,
    ids, send,
    sim::Moment,
    world::{World, tokens::Token},
};

const ICE_BREAKERS: usize = 4;

/// Answers a call about messages of an account. `path` is the object's id, `me` for the account itself, and the rest.
pub(crate) fn route(
    world: &mut World,
    call: &GraphCall,
    actor: &Actor,
    token: &Token,
    path: (&str, &[&str]),
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    check_permissions(call, actor.login, token, path)?;
    match (path, &call.method) {
        (("me", ["messages"]), &Method::POST) => send::send(world, actor, &call.as_json(), moment),
        (("me", ["message_attachments"]), &Method::POST) => upload(world, call, actor, moment.now_ms),
        (("me", ["messenger_profile"]), _) => messenger_profile(world, call, actor),
        (("me", ["conversations"]), &Method::GET) => conversations::list(world, call, actor, moment),
        ((id, ["messages"]), &Method::GET) if ids::is_conversation(id) => {
            conversations::messages(world, call, actor, id, moment)
        }
        ((id, []), &Method::GET) if ids::is_conversation(id) => {
            conversations::conversation(world, call, actor, id, moment)
        }
        ((id, []), &Method::GET) if ids::is_mid(id) => conversations::message(world, call, actor, id, moment),
        ((id, []), &Method::GET) if id.bytes().all(|byte| byte.is_ascii_digit()) => {
            profile::profile(world, call, actor, id, moment)
        }
        (("me", ["messages" | "message_attachments" | "conversations"]), _) if actor.login == Login::Instagram => {
            Err(GraphError::unsupported_method(&call.method))
        }
        ((id, _), _) => Err(GraphError::no_object(&call.method, id)),
    }
}

/// What each edge needs. A private reply needs the comments' permission beside the messages'.
fn check_permissions(call: &GraphCall, login: Login, token: &Token, path: (&str, &[&str])) -> Result<(), GraphError> {
    let is_reply_to_comment = path.1 == ["messages"]
        && call.method == Method::POST
        && call.as_json()["recipient"].get("comment_id").is_some();
    let is_profile = path.1.is_empty() && path.0.bytes().all(|byte| byte.is_ascii_digit());
    let needed: &[&str] = match login {
        Login::Instagram if is_reply_to_comment => {
            &["instagram_business_manage_messages", "instagram_business_manage_comments"]
        }
        Login::Instagram if is_profile => &["instagram_business_basic", "instagram_business_manage_messages"],
        Login::Instagram => &["instagram_business_manage_messages"],
        Login::Facebook if is_reply_to_comment => {
            &["instagram_manage_messages", "instagram_manage_comments", "pages_messaging"]
        }
        Login::Facebook if is_profile => &["instagram_basic", "instagram_manage_messages"],
        Login::Facebook => &["instagram_manage_messages"],
    };
    match needed.iter().find(|scope| !token.grants(scope)) {
        Some(missing) => Err(GraphError::permission(200, missing)),
        None => Ok(()),
    }
}

fn upload(world: &mut World, call: &GraphCall, actor: &Actor, now_ms: i64) -> Result<Answer, GraphError> {
    let body = call.as_json();
    let (kind, url) = send::upload(&body, actor.channel)?;
    let id = world.keep_upload(&actor.account, kind, url, now_ms);
    Ok(Answer::of(json!({ "attachment_id": id })))
}

/// Ice breakers and persistent menu.
fn messenger_profile(world: &mut World, call: &GraphCall, actor: &Actor) -> Result<Answer, GraphError> {
    let profile = world.messenger_profiles.entry(actor.account.clone()).or_default();
    match call.method {
        Method::GET => {
            let data = if profile.is_empty() { json!([]) } else { json!([profile]) };
            Ok(Answer::of(json!({ "data": data })))
        }
        Method::POST => {
            profile.extend(menu_parts(&call.as_json())?);
            Ok(Answer::of(json!({ "result": "success" })))
        }
        Method::DELETE => {
            let body = call.as_json();
            for field in body["fields"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                profile.remove(field);
            }
            Ok(Answer::of(json!({ "result": "success" })))
        }
        _ => Err(GraphError::unsupported_method(&call.method)),
    }
}

fn menu_parts(body: &Value) -> Result<Map<String, Value>, GraphError> {
    let mut parts = Map::new();
    for name in ["ice_breakers", "persistent_menu"] {
        if let Some(Value::Array(list)) = body.get(name) {
            let actions = list.iter().map(|entry| entry["call_to_actions"].as_array().map_or(1, Vec::len));
            if name == "ice_breakers" && actions.sum::<usize>() > ICE_BREAKERS {
                return Err(GraphError::parameter("Param ice_breakers must hold up to 4 questions"));
            }
            parts.insert(name.to_owned(), Value::Array(list.clone()));
        }
    }
    if parts.is_empty() {
        return Err(GraphError::parameter("One of ice_breakers and persistent_menu is required"));
    }
    Ok(parts)
}
