//! `subscribed_apps` of an account (Instagram Login, Unified Login) or a Page (Facebook Login), and what apps have in the
//! dashboard.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, call::GraphCall};
use crate::{
    Login,
    channel::Channel,
    errors::GraphError,
    world::{
        World,
        apps::{ECHOES, UNIFIED_FIELDS},
        tokens::{Token, TokenKind},
        variants::EchoField,
    },
};

/// Fields of the object `instagram` for Instagram Login.
const ACCOUNT_FIELDS: &[&str] = &[
    "messages",
    "message_echoes",
    "message_edit",
    "message_reactions",
    "messaging_handover",
    "messaging_optins",
    "messaging_postbacks",
    "messaging_referral",
    "messaging_seen",
    "standby",
    "comments",
    "live_comments",
];

/// Fields of the object `page`. Those that only Instagram has are refused here.
const PAGE_FIELDS: &[&str] = &[
    "feed",
    "mention",
    "name",
    "picture",
    "category",
    "description",
    "conversations",
    "branded_camera",
    "leadgen",
    "live_videos",
    "messages",
    "message_deliveries",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "message_reads",
    "messaging_account_linking",
    "messaging_feedback",
    "messaging_handovers",
    "messaging_optins",
    "messaging_policy_enforcement",
    "messaging_postbacks",
    "messaging_referrals",
    "ratings",
    "response_feedback",
    "standby",
];

/// Answers GET, POST and DELETE for an account or a Page.
pub(crate) fn serve(world: &mut World, call: &GraphCall, token: &Token, object_id: &str) -> Result<Answer, GraphError> {
    match call.method {
        Method::GET => Ok(list(world, call, &token.app_id, object_id)),
        Method::POST => {
            let fields = asked_fields(world, call, token)?;
            fields.iter().try_for_each(|field| check_permission(token, field))?;
            let fields = without_dropped(world, fields);
            // The list replaces the one before, for all channels of a Page.
            world.subscribe(&token.app_id, object_id, fields);
            Ok(success(world))
        }
        Method::DELETE => {
            world.unsubscribe(&token.app_id, object_id);
            Ok(success(world))
        }
        _ => Err(GraphError::unsupported_method(&call.method)),
    }
}

/// `DELETE /<PAGE_ID>/subscribed_apps` with the app's own token.
///
/// # Errors
///
/// 190 for any other token, 100/33 for what is no Page.
pub(super) fn cut_by_app(world: &mut World, call: &GraphCall, page_id: &str) -> Result<Answer, GraphError> {
    let app_id = super::auth::app_of_token(world, call)?.app_id.clone();
    if world.page(page_id).is_none() {
        return Err(GraphError::no_object(&call.method, page_id));
    }
    world.unsubscribe(&app_id, page_id);
    Ok(success(world))
}

/// `GET /<APP_ID>/subscriptions` with the app's own token: what the dashboard delivers to the app, by object.
///
/// # Errors
///
/// 190 for any other token, 100/33 for another app's id.
pub(crate) fn of_app(world: &World, call: &GraphCall, app_id: &str) -> Result<Answer, GraphError> {
    let app = super::auth::app_of_token(world, call)?;
    if app.app_id != app_id {
        return Err(GraphError::no_object(&call.method, app_id));
    }
    let Some(url) = &app.webhook_url else { return Ok(Answer::of(json!({ "data": [] }))) };
    let switches = world.switches(app_id);
    let object = |channel: Channel, known: &[&str]| {
        let had = known.iter().filter(|field| switches.has_field(channel, field));
        let fields: Vec<Value> = had.map(|field| json!({ "name": field, "version": "v25.0" })).collect();
        json!({ "object": channel.object(), "callback_url": url, "active": true, "fields": fields })
    };
    let mut objects = vec![object(Channel::Instagram, ACCOUNT_FIELDS)];
    if app.login == Login::Facebook {
        objects.push(object(Channel::Messenger, PAGE_FIELDS));
    }
    Ok(Answer::of(json!({ "data": objects })))
}

fn list(world: &World, call: &GraphCall, app_id: &str, object_id: &str) -> Answer {
    let Some(fields) = world.subscribed_fields(app_id, object_id) else {
        return Answer::of(json!({ "data": [] }));
    };
    let mut app = json!({ "id": app_id, "subscribed_fields": fields });
    if call.host.login() == Login::Facebook {
        app["name"] = "Simulated app".into();
        app["link"] = "https://example.com/".into();
    }
    Answer::of(json!({ "data": [app] }))
}

fn asked_fields(world: &World, call: &GraphCall, token: &Token) -> Result<Vec<String>, GraphError> {
    let (known, has_echoes) = match token.kind {
        TokenKind::SystemUser => (UNIFIED_FIELDS, false),
        TokenKind::Page => (PAGE_FIELDS, world.variants.echoes != EchoField::Refused),
        _ => (ACCOUNT_FIELDS, world.variants.echoes != EchoField::Refused),
    };
    let known: Vec<&str> = known.iter().copied().filter(|field| *field != ECHOES || has_echoes).collect();
    let asked = call.required("subscribed_fields")?;
    let asked: Vec<String> = match serde_json::from_str::<Vec<String>>(asked) {
        Ok(list) => list,
        Err(_) => asked.split(',').map(|field| field.trim().to_owned()).collect(),
    };
    match asked.iter().position(|field| !known.contains(&field.as_str())) {
        None => Ok(asked),
        Some(index) => Err(GraphError::parameter(format!(
            "Param subscribed_fields[{index}] must be one of {{{}}}",
            known.join(", ")
        ))),
    }
}

/// What is kept of a list that was taken.
fn without_dropped(world: &mut World, fields: Vec<String>) -> Vec<String> {
    let dropped = &mut world.variants.dropped_fields;
    let is_kept = |field: &String| match dropped.get_mut(field).filter(|times| **times > 0) {
        Some(times) => {
            *times -= 1;
            false
        }
        None => true,
    };
    fields.into_iter().filter(is_kept).collect()
}

/// The first field that the token's permissions do not cover refuses the whole list.
fn check_permission(token: &Token, field: &str) -> Result<(), GraphError> {
    let is_comment = matches!(field, "comments" | "live_comments");
    let (code, status, needed) = match token.kind.login() {
        Login::Facebook if token.kind == TokenKind::SystemUser => {
            let needed = if is_comment { "instagram_manage_comments" } else { "instagram_manage_messages" };
            (200, StatusCode::FORBIDDEN, needed)
        }
        Login::Instagram if is_comment => (10, StatusCode::FORBIDDEN, "instagram_business_manage_comments"),
        Login::Instagram => (10, StatusCode::FORBIDDEN, "instagram_business_manage_messages"),
        Login::Facebook if field.starts_with("messag") || field == "standby" => {
            (200, StatusCode::FORBIDDEN, "pages_messaging")
        }
        Login::Facebook => (200, StatusCode::FORBIDDEN, "pages_manage_metadata"),
    };
    if token.grants(needed) {
        return Ok(());
    }
    let message = format!("(#{code}) To subscribe to the {field} field, one of these permissions is needed: {needed}");
    Err(GraphError::new(code, message).status(status))
}

fn success(world: &World) -> Answer {
    if world.variants.success_as_text { Answer::of(json!({ "success": "true" })) } else { Answer::success() }
}
