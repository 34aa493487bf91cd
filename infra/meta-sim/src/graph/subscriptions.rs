//! `subscribed_apps` of an account (Instagram Login) or a Page (Facebook Login).

use http::Method;
use serde_json::json;

use super::{Answer, call::GraphCall};
use crate::{Login, errors::GraphError, world::World};

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
    "messaging_postbacks",
    "messaging_referrals",
    "ratings",
    "standby",
];

/// Answers GET, POST and DELETE for an account or a Page.
pub(crate) fn serve(world: &mut World, call: &GraphCall, app_id: &str, object_id: &str) -> Result<Answer, GraphError> {
    match call.method {
        Method::GET => Ok(list(world, call, app_id, object_id)),
        Method::POST => {
            let fields = asked_fields(call)?;
            world.subscribe(app_id, object_id, fields);
            Ok(success(world))
        }
        Method::DELETE => {
            world.unsubscribe(app_id, object_id);
            Ok(success(world))
        }
        _ => Err(GraphError::unsupported_method(&call.method)),
    }
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

fn asked_fields(call: &GraphCall) -> Result<Vec<String>, GraphError> {
    let known = match call.host.login() {
        Login::Instagram => ACCOUNT_FIELDS,
        Login::Facebook => PAGE_FIELDS,
    };
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

fn success(world: &World) -> Answer {
    if world.variants.success_as_text { Answer::of(json!({ "success": "true" })) } else { Answer::success() }
}
