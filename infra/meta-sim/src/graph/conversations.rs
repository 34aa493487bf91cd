//! The Conversations API: what was said, for those who missed a webhook.

use serde_json::{Value, json};

use super::{
    Answer,
    auth::Actor,
    call::GraphCall,
    fields::{self, Field, Node},
    paging,
};
use crate::{
    channel::Channel,
    clock::{DAY_MS, graph_time},
    errors::GraphError,
    ids, media,
    sim::Moment,
    world::{
        World,
        threads::{Message, Thread},
    },
};

/// Threads in the Requests folder that rest for longer are left out.
const REQUESTS_MS: i64 = 30 * DAY_MS;

const CONVERSATION: Node = Node { kind: "UnifiedThread", fields: &["id", "updated_time", "participants", "messages"] };
const MESSAGE: Node = Node {
    kind: "Message",
    fields: &[
        "id",
        "created_time",
        "from",
        "to",
        "message",
        "attachments",
        "is_unsupported",
        "reply_to",
        "shares",
        "story",
        "reactions",
        "is_owner",
        "sticker",
    ],
};

/// `GET /<IG_ID or PAGE_ID>/conversations`; `platform` says which of a Page's.
pub(crate) fn list(world: &World, call: &GraphCall, actor: &Actor, moment: Moment<'_>) -> Result<Answer, GraphError> {
    let known: &[&str] = match actor.channel {
        Channel::Instagram => &["instagram"],
        Channel::Messenger => &["instagram", "messenger"],
    };
    if call.param("platform").is_some_and(|platform| !known.contains(&platform)) {
        let known = known.join(", ");
        return Err(GraphError::parameter(format!("Param platform must be one of {{{known}}}")));
    }
    let asked = fields::parse(call.param("fields").unwrap_or("id,updated_time"));
    CONVERSATION.check(&asked)?;
    let visible = |thread: &&Thread| {
        let of_user = call.param("user_id").is_none_or(|id| id == thread.contact_id);
        let rests = actor.channel == Channel::Instagram
            && !thread.general
            && thread.updated_at_ms() + REQUESTS_MS < moment.now_ms;
        thread.account == actor.account && !thread.messages.is_empty() && of_user && !rests
    };
    let mut threads: Vec<&Thread> = world.threads.iter().filter(visible).collect();
    threads.sort_by_key(|thread| std::cmp::Reverse(thread.updated_at_ms()));
    let described: Result<Vec<Value>, _> =
        threads.iter().map(|thread| describe(world, call, thread, &asked, moment)).collect();
    Ok(Answer::of(paging::page(
        call,
        moment.base,
        world.variants.page_cap.max(20),
        world.variants.empty_pages,
        &described?,
    )?))
}

/// `GET /<CONVERSATION_ID>`
pub(crate) fn conversation(
    world: &World,
    call: &GraphCall,
    actor: &Actor,
    id: &str,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let thread = find(world, call, actor, id)?;
    let asked = fields::parse(call.param("fields").unwrap_or("id,updated_time"));
    CONVERSATION.check(&asked)?;
    Ok(Answer::of(describe(world, call, thread, &asked, moment)?))
}

/// `GET /<CONVERSATION_ID>/messages`: where the nested list's `next` leads.
pub(crate) fn messages(
    world: &World,
    call: &GraphCall,
    actor: &Actor,
    id: &str,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let thread = find(world, call, actor, id)?;
    let asked = fields::parse(call.param("fields").unwrap_or("id,created_time"));
    MESSAGE.check(&asked)?;
    let all = told(world, thread, &asked, moment);
    Ok(Answer::of(paging::page(call, moment.base, DETAILED_PAGE, world.variants.empty_pages, &all)?))
}

/// `GET /<MESSAGE_ID>`
///
/// # Errors
///
/// 9000001 when it was unsent, or is not among the newest 20 of its conversation.
pub(crate) fn message(
    world: &World,
    call: &GraphCall,
    actor: &Actor,
    mid: &str,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let asked = fields::parse(call.param("fields").unwrap_or("id,created_time"));
    MESSAGE.check(&asked)?;
    let (thread, message) = named(world, actor, mid)
        .filter(|(thread, _)| thread.account == actor.account)
        .ok_or_else(|| GraphError::no_object(&call.method, mid))?;
    if message.deleted || !thread.is_recent(&message.mid) {
        return Err(GraphError::new(
            9_000_001,
            "(#9000001) This message has been deleted by the user or the business.",
        ));
    }
    Ok(Answer::of(fields::select(&detail(world, thread, message, moment), &asked)))
}

/// A message by the id that this API has for it.
fn named<'a>(world: &'a World, actor: &Actor, id: &str) -> Option<(&'a Thread, &'a Message)> {
    if actor.channel == Channel::Instagram || !world.variants.listed_mids {
        return world.message(id);
    }
    let is_meant = |message: &&Message| ids::listed_mid(&message.mid) == id;
    let threads = world.threads.iter().filter(|thread| thread.account == actor.account);
    threads.rev().find_map(|thread| Some((thread, thread.messages.iter().rev().find(is_meant)?)))
}

const DETAILED_PAGE: usize = 25;

fn find<'a>(world: &'a World, call: &GraphCall, actor: &Actor, id: &str) -> Result<&'a Thread, GraphError> {
    let thread = world.threads.iter().find(|thread| thread.id == id && thread.account == actor.account);
    thread.ok_or_else(|| GraphError::no_object(&call.method, id))
}

fn describe(
    world: &World,
    call: &GraphCall,
    thread: &Thread,
    asked: &[Field],
    moment: Moment<'_>,
) -> Result<Value, GraphError> {
    let mut all = json!({
        "id": thread.id,
        "updated_time": graph_time(thread.updated_at_ms()),
        "participants": { "data": [
            business(world, thread),
            person(world, thread),
        ] },
    });
    if let Some(field) = asked.iter().find(|field| field.name == "messages") {
        MESSAGE.check(&field.inner)?;
        let mut inner = field.inner.clone();
        if inner.is_empty() {
            inner = fields::parse("id,created_time");
        }
        let nested = nested_call(call, thread, field, &inner);
        all["messages"] = paging::page(
            &nested,
            moment.base,
            DETAILED_PAGE,
            world.variants.empty_pages,
            &told(world, thread, &inner, moment),
        )?;
    }
    Ok(fields::select(&all, asked))
}

/// The call that a nested list of messages stands for: its own edge, its own limit.
fn nested_call(call: &GraphCall, thread: &Thread, field: &Field, inner: &[Field]) -> GraphCall {
    let names: Vec<&str> = inner.iter().map(|field| field.name.as_str()).collect();
    let limit = field.limit.unwrap_or(DETAILED_PAGE).to_string();
    let mut nested = call.clone();
    let version = call.path.split('/').nth(1).filter(|first| Some(*first) != call.segments.first().map(String::as_str));
    let prefix = version.map(|version| format!("/{version}")).unwrap_or_default();
    nested.path = format!("{prefix}/{}/messages", thread.id);
    nested.query.retain(|(name, _)| name == "access_token" || name == "appsecret_proof");
    nested.query.push(("fields".into(), names.join(",")));
    nested.query.push(("limit".into(), limit.clone()));
    nested.params = [("limit".to_owned(), limit)].into();
    nested
}

/// The messages of a thread, newest first, with the asked fields where Meta still tells details.
fn told(world: &World, thread: &Thread, asked: &[Field], moment: Moment<'_>) -> Vec<Value> {
    let bare = world.variants.bare_messages;
    let is_listed = |message: &&Message| (bare || !message.deleted) && message.appears_at_ms <= moment.now_ms;
    let present = thread.messages.iter().rev().filter(is_listed);
    present
        .map(|message| {
            let all = detail(world, thread, message, moment);
            if thread.is_recent(&message.mid) && !bare {
                fields::select(&all, asked)
            } else {
                fields::select(&all, &fields::parse("id,created_time"))
            }
        })
        .collect()
}

/// Addresses of media are made anew with every read.
fn detail(world: &World, thread: &Thread, message: &Message, moment: Moment<'_>) -> Value {
    let (business, person) = (business(world, thread), person(world, thread));
    let (from, to) = if message.outbound { (business, person) } else { (person, business) };
    let mut all = json!({
        "id": if thread.channel == Channel::Messenger && world.variants.listed_mids {
            ids::listed_mid(&message.mid)
        } else {
            message.mid.clone()
        },
        "created_time": graph_time(message.at_ms),
        "from": from,
        "to": { "data": [to] },
        "message": message.text.as_deref().unwrap_or_default(),
        "is_owner": message.outbound,
    });
    if message.unsupported {
        all["is_unsupported"] = true.into();
    }
    if let Some(reply_to) = &message.reply_to {
        all["reply_to"] = reply_to.clone();
    }
    let media: Vec<Value> = message.attachments.iter().filter_map(|value| attachment(value, moment)).collect();
    if !media.is_empty() {
        all["attachments"] = json!({ "data": media });
    }
    let mention = message.attachments.iter().find(|attachment| attachment["type"] == "story_mention");
    if let Some(mention) = mention {
        all["story"] = json!({ "mention": { "link": link(mention, moment), "id": "" } });
    }
    let sticker = message.attachments.iter().find(|attachment| attachment["type"] == "sticker");
    if let Some(sticker) = sticker.filter(|_| thread.channel == Channel::Messenger) {
        all["sticker"] = link(sticker, moment).into();
    }
    all["reactions"] = reactions(message, &thread.contact_id, &thread.account);
    all
}

/// Media as the Conversations API tells it, unlike webhooks.
fn attachment(value: &Value, moment: Moment<'_>) -> Option<Value> {
    let url = link(value, moment)?;
    match value["type"].as_str()? {
        "image" | "media" => Some(json!({ "image_data": { "url": url, "preview_url": url } })),
        "video" => Some(json!({ "video_data": { "url": url, "preview_url": url } })),
        "audio" | "file" => Some(json!({ "file_url": url })),
        _ => None,
    }
}

fn link(value: &Value, moment: Moment<'_>) -> Option<String> {
    value["payload"]["url"].as_str().map(|address| media::renewed(moment, address))
}

fn reactions(message: &Message, igsid: &str, account: &str) -> Value {
    let all = [(&message.contact_reaction, igsid), (&message.business_reaction, account)];
    let all = all.into_iter().filter_map(|(reaction, id)| {
        let reaction = reaction.as_ref()?;
        Some(json!({ "reaction": reaction, "users": [{ "id": id }] }))
    });
    json!({ "data": all.collect::<Vec<_>>() })
}

fn business(world: &World, thread: &Thread) -> Value {
    party(thread.channel, &thread.account, world.name_of(&thread.account))
}

fn person(world: &World, thread: &Thread) -> Value {
    let name = match thread.channel {
        Channel::Instagram => world.handle(&thread.contact),
        Channel::Messenger => world.contact(&thread.contact).map_or("", |contact| contact.name.as_str()),
    };
    party(thread.channel, &thread.contact_id, name)
}

/// One side of a conversation.
fn party(channel: Channel, id: &str, name: &str) -> Value {
    match channel {
        Channel::Instagram => json!({ "id": id, "username": name }),
        Channel::Messenger => json!({ "id": id, "name": name, "email": format!("{id}@facebook.com") }),
    }
}
