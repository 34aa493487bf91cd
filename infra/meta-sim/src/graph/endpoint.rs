//! Names for what calls are for: faults and the call log use them.

use super::{
    call::{GraphCall, Host},
    page,
};
use crate::{channel::Channel, ids, world::World};

/// The name of a call's endpoint.
pub(crate) fn name(call: &GraphCall, world: &World) -> &'static str {
    let segments = call.segments();
    match (call.host, segments.as_slice()) {
        (Host::InstagramApi, ["oauth", "access_token"]) => "token",
        (Host::FacebookGraph, ["oauth", "access_token"]) => match call.param("grant_type") {
            Some("fb_exchange_token") => "exchange",
            _ => "token",
        },
        (_, ["access_token"]) => "exchange",
        (_, ["refresh_access_token"]) => "refresh",
        (_, ["debug_token"]) => "debug_token",
        (_, ["me"]) => "me",
        (_, [_, "accounts"]) => "accounts",
        (_, [_, "businesses"]) => "businesses",
        (_, [_, "owned_pages"]) => "owned_pages",
        (_, [_, "client_pages"]) => "client_pages",
        (_, [_, "permissions"]) => "permissions",
        (_, [_, "subscribed_apps"]) => "subscribed_apps",
        (_, [_, "subscriptions"]) => "subscriptions",
        (_, [id, "messages"]) if ids::is_conversation(id) => "conversation",
        (_, [_, "messages"]) => "messages",
        (_, [_, "message_attachments"]) => "message_attachments",
        (_, [_, "messenger_profile"]) => "messenger_profile",
        (_, [_, "conversations"]) => "conversations",
        (_, [id]) if ids::is_conversation(id) => "conversation",
        (_, [id]) if ids::is_mid(id) => "message",
        (_, [id]) if world.page(id).is_some() => "page",
        (_, [id]) if world.account(id).is_some() => "account",
        (_, [id]) if id.bytes().all(|byte| byte.is_ascii_digit()) => "profile",
        _ => "other",
    }
}

/// The app that a call is of, as far as one can tell.
pub(crate) fn app_of(call: &GraphCall, world: &World) -> Option<String> {
    if let Some(client_id) = call.param("client_id") {
        return Some(client_id.to_owned());
    }
    let token = call.token.as_deref().or_else(|| call.param("fb_exchange_token"))?;
    let by_token = world.tokens.get(token).map(|token| token.app_id.clone());
    by_token.or_else(|| token.split_once('|').map(|(app_id, _)| app_id.to_owned()))
}

/// Whose messages a call is about: those of an account, or those of a Page.
pub(crate) fn channel(call: &GraphCall, world: &World) -> Channel {
    let token = call.token.as_deref().and_then(|token| world.tokens.get(token));
    match (token.and_then(|token| token.page_id.as_deref()), call.segments().as_slice()) {
        (Some(page_id), [id, rest @ ..]) => page::channel(world, call, page_id, (id, rest)),
        _ => Channel::Instagram,
    }
}

/// Everything the account of a call is known by: `IG_ID`, username, Page id.
pub(crate) fn account_names(call: &GraphCall, world: &World) -> Vec<String> {
    let token = call.token.as_deref().and_then(|token| world.tokens.get(token));
    let by_token = token.map(|token| token.page_id.clone().unwrap_or_else(|| token.holder.clone()));
    let mut names: Vec<String> = call.segments.first().cloned().into_iter().chain(by_token).collect();
    for name in names.clone() {
        let linked = world.page(&name).and_then(|page| page.instagram.as_deref());
        if let Some(account) = world.account(linked.unwrap_or(&name)) {
            names.push(account.id.clone());
            names.push(account.username.clone());
        }
    }
    names
}
