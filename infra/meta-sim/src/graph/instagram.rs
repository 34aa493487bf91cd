//! `graph.instagram.com`: the API of Instagram Login.

use http::Method;
use serde_json::{Value, json};

use super::{
    Answer,
    auth::{Actor, authenticate},
    call::GraphCall,
    fields::{self, Node},
    messaging, subscriptions,
};
use crate::{
    errors::GraphError,
    ids, media, oauth,
    sim::Moment,
    world::{World, people::Account, tokens::Token},
};

const USER: Node = Node {
    kind: "IGUser",
    fields: &[
        "id",
        "user_id",
        "username",
        "name",
        "account_type",
        "profile_picture_url",
        "followers_count",
        "follows_count",
        "media_count",
    ],
};

/// Answers a call of `graph.instagram.com`.
pub(crate) fn route(world: &mut World, call: &GraphCall, moment: Moment<'_>) -> Result<Answer, GraphError> {
    let segments = call.segments();
    match segments.as_slice() {
        ["access_token"] if call.method == Method::GET => oauth::exchange::instagram_long(world, call, moment.now_ms),
        ["refresh_access_token"] if call.method == Method::GET => oauth::refresh::refresh(world, call, moment.now_ms),
        [app_id, "subscriptions"] if call.method == Method::GET => subscriptions::of_app(world, call, app_id),
        [] | ["access_token" | "refresh_access_token"] => Err(GraphError::unsupported_method(&call.method)),
        [id, rest @ ..] => {
            let token = authenticate(world, call, moment.now_ms)?;
            object(world, call, &token, id, rest, moment)
        }
    }
}

fn object(
    world: &mut World,
    call: &GraphCall,
    token: &Token,
    id: &str,
    rest: &[&str],
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let is_self = id == "me" || id == token.holder || id == token.user_id();
    match (rest, &call.method) {
        ([], &Method::GET) if is_self => user(world, call, token, moment),
        (["subscribed_apps"], _) if is_self => subscriptions::serve(world, call, token, &token.holder),
        _ => {
            let id = if is_self { "me" } else { id };
            let actor = Actor::of(world, token, call, "me")?;
            messaging::route(world, call, &actor, token, (id, rest), moment)
        }
    }
}

fn user(world: &World, call: &GraphCall, token: &Token, moment: Moment<'_>) -> Result<Answer, GraphError> {
    if !token.grants("instagram_business_basic") {
        return Err(GraphError::permission(10, "instagram_business_basic"));
    }
    let account = world.account(&token.holder).ok_or_else(|| GraphError::no_object(&call.method, &token.holder))?;
    let asked = fields::parse(call.param("fields").unwrap_or("id"));
    USER.check(&asked)?;
    let all = describe(world, account, &token.app_id, moment);
    let user = fields::select(&all, &asked);
    let wrapped = world.variants.me_wrapped;
    Ok(Answer::of(if wrapped { json!({ "data": [user] }) } else { user }))
}

fn describe(world: &World, account: &Account, app_id: &str, moment: Moment<'_>) -> Value {
    let kind = account.kind;
    json!({
        "id": ids::app_scoped(app_id, &account.id),
        "user_id": account.id,
        "username": account.username,
        "name": account.name,
        "account_type": if world.variants.documented_account_type { kind.documented() } else { kind.observed() },
        "profile_picture_url": media::url(moment, &account.username),
        "followers_count": account.followers,
        "follows_count": account.follows,
        "media_count": account.media,
    })
}
