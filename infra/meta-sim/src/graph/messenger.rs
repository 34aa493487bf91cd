//! Messages of a Page: sending, conversations, profiles of people, what can be set about a Page's conversations.

use http::Method;
use serde_json::{Value, json};

use super::{
    Answer,
    auth::Actor,
    call::GraphCall,
    conversations,
    fields::{self, Node},
    page_profile,
};
use crate::{
    channel::Channel,
    clock::SECOND_MS,
    errors::GraphError,
    ids, media, send,
    sim::Moment,
    world::{World, people::Contact, tokens::Token},
};

const PERSON: Node = Node {
    kind: "User",
    fields: &["id", "name", "first_name", "last_name", "profile_pic", "locale", "timezone", "gender"],
};
const COMMENT: Node = Node { kind: "Comment", fields: &["id", "message", "can_reply_privately"] };

/// Answers a call about messages of a Page. `path` is the object's id, `me` for the Page itself, and the rest.
pub(crate) fn route(
    world: &mut World,
    call: &GraphCall,
    actor: &Actor,
    token: &Token,
    path: (&str, &[&str]),
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let (id, rest) = path;
    match (path, &call.method) {
        (("me", ["messages"]), &Method::POST) => {
            check(world, actor, token, &["pages_messaging"], &["MESSAGING"])?;
            send::send(world, actor, &call.as_json(), moment)
        }
        (("me", ["message_attachments"]), &Method::POST) => {
            check(world, actor, token, &["pages_messaging"], &["MESSAGING"])?;
            let (kind, url) = send::upload(&call.as_json(), actor.channel)?;
            let id = world.keep_upload(&actor.account, kind, url, moment.now_ms);
            Ok(Answer::of(json!({ "attachment_id": id })))
        }
        (("me", ["messenger_profile"]), _) => {
            check(world, actor, token, &["pages_messaging"], &["MESSAGING"])?;
            page_profile::serve(world, call, actor, moment.now_ms)
        }
        (("me", ["conversations"]), &Method::GET) => {
            read(world, actor, token, moment)?;
            conversations::list(world, call, actor, moment)
        }
        ((_, [] | ["messages"]), &Method::GET) if ids::is_conversation(id) => {
            read(world, actor, token, moment)?;
            if rest.is_empty() {
                conversations::conversation(world, call, actor, id, moment)
            } else {
                conversations::messages(world, call, actor, id, moment)
            }
        }
        ((_, []), &Method::GET) if ids::is_mid(id) => {
            read(world, actor, token, moment)?;
            conversations::message(world, call, actor, id, moment)
        }
        ((_, []), &Method::GET) if id.contains('_') => comment(world, call, actor, id, moment),
        ((_, []), &Method::GET) => person(world, call, actor, token, id, moment),
        _ => Err(GraphError::no_object(&call.method, id)),
    }
}

/// What each edge needs: permissions of the app, and one of some tasks of the person on the Page.
fn check(world: &World, actor: &Actor, token: &Token, scopes: &[&str], tasks: &[&str]) -> Result<(), GraphError> {
    if let Some(missing) = scopes.iter().find(|scope| !token.grants(scope)) {
        return Err(GraphError::permission(200, missing));
    }
    world.check_tasks(&token.holder, &actor.account, tasks)
}

/// Conversations are read with a limit of their own.
fn read(world: &mut World, actor: &Actor, token: &Token, moment: Moment<'_>) -> Result<(), GraphError> {
    let scopes = ["pages_messaging", "pages_manage_metadata", "pages_read_engagement"];
    check(world, actor, token, &scopes, &["MESSAGING", "MODERATE"])?;
    let most = world.variants.conversation_calls_per_second;
    let what = format!("conversations/{}", actor.account);
    if most > 0 && !world.is_within(&what, most, SECOND_MS, moment.now_ms) {
        return Err(send::too_many());
    }
    Ok(())
}

/// `GET /<PSID>`
///
/// # Errors
///
/// 100/2018001 for somebody else's PSID, 100/2018218 for an account that has a phone number only, 200 for a field with a
/// permission of its own. Nothing at all is told without access to profiles, or before the person wrote by themselves.
fn person(
    world: &World,
    call: &GraphCall,
    actor: &Actor,
    token: &Token,
    psid: &str,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    check(world, actor, token, &["pages_messaging"], &["MESSAGING"])?;
    let asked = fields::parse(call.param("fields").unwrap_or("first_name,last_name,profile_pic"));
    PERSON.check(&asked)?;
    if let Some(field) = asked.iter().find(|field| matches!(field.name.as_str(), "locale" | "timezone" | "gender")) {
        return Err(GraphError::permission(200, &format!("pages_user_{}", field.name)));
    }
    let contact = world.contact_by_id(Channel::Messenger, &actor.account, psid);
    let nobody = || GraphError::parameter("No matching user found").subcode(2_018_001);
    let contact = contact.ok_or_else(nobody)?;
    if contact.phone_number_only {
        return Err(GraphError::parameter("No profile available for this user.").subcode(2_018_218));
    }
    let wrote = world.thread(&actor.account, &contact.username).is_some_and(|thread| thread.consented);
    let switches = world.switches(&actor.app_id);
    let is_tester = switches.testers.contains(&contact.username);
    if !wrote || !(is_tester || (switches.profile_access && !switches.standard_access)) {
        return Ok(Answer::of(json!({})));
    }
    Ok(Answer::of(fields::select(&profile(contact, psid, moment), &asked)))
}

fn profile(contact: &Contact, psid: &str, moment: Moment<'_>) -> Value {
    let (first, last) = contact.name.split_once(' ').unwrap_or((&contact.name, ""));
    json!({
        "id": psid,
        "name": contact.name,
        "first_name": first,
        "last_name": last,
        "profile_pic": media::url(moment, &format!("{}onmessenger", contact.username)),
    })
}

/// `GET /<COMMENT_ID>`: above all whether it can be answered privately.
fn comment(world: &World, call: &GraphCall, actor: &Actor, id: &str, moment: Moment<'_>) -> Result<Answer, GraphError> {
    let asked = fields::parse(call.param("fields").unwrap_or("id,message"));
    COMMENT.check(&asked)?;
    let comment = world.comments.iter().find(|comment| comment.id == id && comment.account == actor.account);
    let comment = comment.ok_or_else(|| GraphError::no_object(&call.method, id))?;
    let can_reply = send::can_reply_privately(world, comment, moment.now_ms);
    let all = json!({ "id": comment.id, "message": comment.text, "can_reply_privately": can_reply });
    Ok(Answer::of(fields::select(&all, &asked)))
}
