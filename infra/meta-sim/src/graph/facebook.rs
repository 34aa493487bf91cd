//! `graph.facebook.com`: the API of Facebook Login.

use http::Method;
use serde_json::json;

use super::{
    Answer,
    auth::{Actor, authenticate},
    call::GraphCall,
    fields::{self, Node},
    messaging, messenger, page, portfolio, subscriptions, token_info, unified,
};
use crate::{
    channel::Channel,
    errors::GraphError,
    media, oauth,
    sim::{Effect, Moment},
    webhooks::deliver::Callback,
    world::{
        World,
        tokens::{Token, TokenKind},
    },
};

const USER: Node = Node { kind: "User", fields: &["id", "name"] };
const INSTAGRAM_ACCOUNT: Node = Node {
    kind: "IGUser",
    fields: &[
        "id",
        "ig_id",
        "username",
        "name",
        "profile_picture_url",
        "followers_count",
        "follows_count",
        "media_count",
    ],
};

/// Answers a call of `graph.facebook.com`.
pub(crate) fn route(world: &mut World, call: &GraphCall, moment: Moment<'_>) -> Result<Answer, GraphError> {
    let segments = call.segments();
    match segments.as_slice() {
        ["oauth", "access_token"] => oauth::exchange::facebook(world, call, moment.now_ms),
        [app_id, "subscriptions"] if call.method == Method::GET => subscriptions::of_app(world, call, app_id),
        [page_id, "subscribed_apps"] if call.method == Method::DELETE && is_app_token(call) => {
            subscriptions::cut_by_app(world, call, page_id)
        }
        ["debug_token"] => token_info::debug_token(world, call, moment.now_ms),
        [id, rest @ ..] => {
            let token = authenticate(world, call, moment.now_ms)?;
            match token.kind {
                TokenKind::Page => as_page(world, call, &token, (id, rest), moment),
                TokenKind::SystemUser => unified::route(world, call, &token, (id, rest), moment),
                _ => as_person(world, call, &token, (id, rest), moment),
            }
        }
        [] => Err(GraphError::no_object(&call.method, "")),
    }
}

/// Whether an app calls with its own token, as one does whose Page's token is dead.
fn is_app_token(call: &GraphCall) -> bool {
    call.token.as_deref().is_some_and(|token| token.contains('|'))
}

/// Calls with the token of a person.
pub(super) fn as_person(
    world: &mut World,
    call: &GraphCall,
    token: &Token,
    (id, rest): (&str, &[&str]),
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let is_self = id == "me" || id == token.user_id();
    match (&call.method, rest) {
        (&Method::GET, []) if is_self => {
            let asked = fields::parse(call.param("fields").unwrap_or("id,name"));
            USER.check(&asked)?;
            let person = world.person(&token.holder).ok_or_else(|| GraphError::no_object(&call.method, id))?;
            let user = json!({ "id": token.user_id(), "name": person.name });
            Ok(Answer::of(fields::select(&user, &asked)))
        }
        (&Method::GET, ["permissions"]) if is_self => Ok(token_info::permissions(token)),
        (&Method::DELETE, ["permissions"]) if is_self => Ok(remove_app(world, token, moment)),
        (&Method::GET, ["accounts"]) if is_self => portfolio::accounts(world, call, token, moment),
        (&Method::GET, ["businesses"]) if is_self => portfolio::businesses(world, call, token, moment),
        (&Method::GET, [edge @ ("owned_pages" | "client_pages")]) => {
            portfolio::pages_of_business(world, call, token, (id, edge), moment)
        }
        (&Method::GET, []) if world.page(id).is_some() => portfolio::page(world, call, token, id, moment),
        (&Method::GET, []) if world.account(id).is_some() => account(world, call, token, id, moment),
        (_, ["subscribed_apps" | "messages" | "conversations"]) if world.page(id).is_some() => {
            Err(GraphError::token("A page access token is required to request this resource."))
        }
        _ => Err(GraphError::no_object(&call.method, id)),
    }
}

/// Calls with the token of a Page.
fn as_page(
    world: &mut World,
    call: &GraphCall,
    token: &Token,
    (id, rest): (&str, &[&str]),
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let page_id = token.page_id.clone().unwrap_or_default();
    let is_self = id == "me" || id == page_id;
    match (&call.method, rest) {
        (&Method::GET, []) if is_self => portfolio::page(world, call, token, &page_id, moment),
        (_, ["subscribed_apps"]) if is_self => {
            if !token.grants("pages_manage_metadata") {
                return Err(GraphError::permission(200, "pages_manage_metadata"));
            }
            world.check_tasks(&token.holder, &page_id, &["MODERATE", "CREATE_CONTENT", "MANAGE"])?;
            subscriptions::serve(world, call, token, &page_id)
        }
        (&Method::GET, []) if world.account(id).is_some() => account(world, call, token, id, moment),
        _ => {
            let path = (if is_self { "me" } else { id }, rest);
            match page::channel(world, call, &page_id, path) {
                Channel::Instagram => {
                    let actor = Actor::of(world, token, call, if is_self { "me" } else { page_id.as_str() })?;
                    messaging::route(world, call, &actor, token, path, moment)
                }
                Channel::Messenger => {
                    let actor = Actor::page(token, &page_id);
                    messenger::route(world, call, &actor, token, path, moment)
                }
            }
        }
    }
}

/// `GET /<IG_ID>`: the professional account behind a Page of the caller.
pub(super) fn account(
    world: &World,
    call: &GraphCall,
    token: &Token,
    id: &str,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let mine = |page: &str| token.page_id.as_deref().is_none_or(|own| own == page);
    let by_page =
        world.roles_of(&token.holder).any(|(page, _)| mine(&page.id) && page.instagram.as_deref() == Some(id));
    let visible = by_page || (token.kind == TokenKind::SystemUser && world.owns(&token.holder, id));
    let account = world.account(id).filter(|_| visible).ok_or_else(|| GraphError::no_object(&call.method, id))?;
    let asked = fields::parse(call.param("fields").unwrap_or("id"));
    INSTAGRAM_ACCOUNT.check(&asked)?;
    let all = json!({
        "id": account.id,
        "username": account.username,
        "name": account.name,
        "profile_picture_url": media::url(moment, &account.username),
        "followers_count": account.followers,
        "follows_count": account.follows,
        "media_count": account.media,
    });
    Ok(Answer::of(fields::select(&all, &asked)))
}

/// `DELETE /me/permissions`: the person's grant ends, as if they had removed the app.
pub(super) fn remove_app(world: &mut World, token: &Token, moment: Moment<'_>) -> Answer {
    world.remove_grant(Some(&token.app_id), &token.holder);
    let user_id = token.user_id();
    let callback = world.app(&token.app_id).and_then(|app| {
        let url = app.deauthorize_url.as_deref()?;
        Some(Effect::Callback(Callback::new(url, app, &user_id, moment.now_ms)))
    });
    Answer { effects: callback.into_iter().collect(), ..Answer::success() }
}
