//! What the phone's script asks for.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    actions,
    channel::Channel,
    html, media,
    sim::Sim,
    world::{
        World,
        people::AccountKind,
        threads::{Message, Thread},
    },
};

/// Contacts, professional accounts and Pages; those that an app listens to come first.
pub(super) async fn directory(State(sim): State<Arc<Sim>>) -> Json<Value> {
    let world = sim.world();
    let mut accounts: Vec<Value> = world
        .accounts
        .iter()
        .filter(|account| account.kind != AccountKind::Personal)
        .map(|account| {
            let connected = !world.receivers(&account.id, "messages").is_empty();
            let detail = format!("@{}", account.username);
            face(&account.username, &account.name, &json!({ "connected": connected, "detail": detail }))
        })
        .collect();
    accounts.sort_by_key(|account| account["connected"] != true);
    let mut pages: Vec<Value> = world
        .pages
        .iter()
        .map(|page| {
            let connected = !world.page_receivers(&page.id, "messages").is_empty();
            face(&page.id, &page.name, &json!({ "connected": connected, "detail": "Facebook Page" }))
        })
        .collect();
    pages.sort_by_key(|page| page["connected"] != true);
    let contacts: Vec<Value> =
        world.contacts.iter().map(|contact| face(&contact.username, &contact.name, &json!({}))).collect();
    Json(json!({ "contacts": contacts, "accounts": accounts, "pages": pages }))
}

fn face(username: &str, name: &str, more: &Value) -> Value {
    let mut face = json!({
        "username": username,
        "name": name,
        "initials": html::initials(name),
        "hue": media::hue(username) / 30,
    });
    if let (Some(face), Some(more)) = (face.as_object_mut(), more.as_object()) {
        face.extend(more.clone());
    }
    face
}

/// Whose conversation to show.
#[derive(Debug, Deserialize)]
pub(super) struct Between {
    contact: String,
    account: String,
    #[serde(default)]
    channel: Option<Channel>,
}

/// A conversation as the contact sees it.
pub(super) async fn thread(
    State(sim): State<Arc<Sim>>,
    Query(between): Query<Between>,
) -> Result<Json<Value>, StatusCode> {
    let world = sim.world();
    let party = actions::party(&world, between.channel, &between.account);
    let (channel, account) = party.map_err(|_| StatusCode::NOT_FOUND)?;
    let contact = world.contact(&between.contact).ok_or(StatusCode::NOT_FOUND)?;
    let listeners = match channel {
        Channel::Instagram => world.receivers(&account, "messages"),
        Channel::Messenger => world.page_receivers(&account, "messages"),
    };
    let connected = !listeners.is_empty();
    let now_ms = sim.clock.now_ms();
    let Some(thread) = world.thread(&account, &contact.username) else {
        return Ok(Json(json!({ "connected": connected, "now_ms": now_ms, "messages": [], "typing": false })));
    };
    let messages: Vec<Value> = thread.messages.iter().map(|message| shown(&world, thread, message)).collect();
    Ok(Json(json!({
        "connected": connected,
        "now_ms": now_ms,
        "messages": messages,
        "typing": thread.typing_until_ms > now_ms,
        "seen_mid": thread.seen_mid,
        "business_seen_mid": thread.business_seen_mid,
    })))
}

fn shown(world: &World, thread: &Thread, message: &Message) -> Value {
    let quoted = message.reply_to.as_ref().map(|reply_to| match reply_to["mid"].as_str() {
        Some(mid) => thread.message(mid).map_or_else(|| "a message".to_owned(), summary),
        None => "your story".to_owned(),
    });
    let owner = world.name_of(&thread.account);
    json!({
        "mid": message.mid,
        "mine": !message.outbound,
        "from": if message.outbound { owner } else { thread.contact.as_str() },
        "at_ms": message.at_ms,
        "text": message.text,
        "attachments": message.attachments,
        "quick_replies": message.quick_replies,
        "quoted": quoted,
        "deleted": message.deleted,
        "unsupported": message.unsupported,
        "postback": message.postback,
        "edited": message.edits > 0,
        "my_reaction": message.contact_reaction,
        "their_reaction": message.business_reaction,
    })
}

fn summary(message: &Message) -> String {
    match (&message.text, message.deleted) {
        (_, true) => "a message that was unsent".to_owned(),
        (Some(text), _) => text.chars().take(80).collect(),
        (None, _) => "an attachment".to_owned(),
    }
}
