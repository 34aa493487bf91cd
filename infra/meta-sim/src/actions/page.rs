//! What a Page, its other apps and Meta itself do to a conversation on Messenger.

use serde_json::{Map, Value, json};

use super::{
    action::Action,
    apply::{ActionError, Done, Scene},
    system,
};
use crate::{
    ids, send,
    webhooks::event::Event,
    world::threads::{Message, Opening},
};

/// Meta's own inbox of Pages.
const PAGE_INBOX: &str = "263902037430900";

pub(super) fn apply(scene: &mut Scene<'_>, action: Action) -> Result<Done, ActionError> {
    match action {
        Action::AppReply { text, metadata, app_id } => Ok(app_reply(scene, text, metadata, app_id)),
        Action::Optin { payload, reference } => Ok(optin(scene, &payload, reference)),
        Action::AccountLinking { status } => {
            let mut part = json!({ "status": status });
            if status == "linked" {
                part["authorization_code"] = ids::trace().into();
            }
            Ok(Done { id: None, events: vec![scene.event("messaging_account_linking", "account_linking", &part)] })
        }
        Action::PolicyEnforcement { action, reason } => {
            let part = json!({ "action": action, "reason": reason });
            Ok(about_page(scene, "messaging_policy_enforcement", "policy_enforcement", &part))
        }
        Action::AppRoles => {
            let apps = scene.world.page_receivers(&scene.account, "messaging_handovers");
            let roles: Map<String, Value> =
                apps.iter().map(|app| (app.app_id.clone(), json!(["primary_receiver"]))).collect();
            Ok(about_page(scene, "messaging_handovers", "app_roles", &Value::Object(roles)))
        }
        Action::ThreadControl { change, other_app, metadata } => {
            let ours = scene.world.page_receivers(&scene.account, "messaging_handovers");
            let ours = ours.first().map(|app| app.app_id.clone()).unwrap_or_default();
            Ok(system::thread_control(scene, change, &other_app, &ours, &metadata))
        }
        Action::ResponseFeedback { good } => system::response_feedback(scene, good),
        // What is left happens on Instagram only.
        _ => Err(ActionError::Elsewhere),
    }
}

/// An event of the Page itself: nobody sent it.
fn about_page(scene: &Scene<'_>, field: &str, name: &str, part: &Value) -> Done {
    let mut event = scene.event(field, name, part);
    if let Some(element) = event.element.as_object_mut() {
        element.remove("sender");
    }
    Done { id: None, events: vec![event] }
}

/// Another app of the Page answers, or somebody in Meta's own inbox.
pub(super) fn app_reply(scene: &mut Scene<'_>, text: String, metadata: Option<String>, app_id: Option<String>) -> Done {
    echo(scene, Message { text: Some(text), metadata, app_id, ..Message::default() })
}

/// The Page sends a message past our app.
pub(super) fn echo(scene: &mut Scene<'_>, message: Message) -> Done {
    let now_ms = scene.moment.now_ms;
    let mid = scene.world.new_mid(scene.channel, &scene.account, now_ms);
    let app_id = message.app_id.clone().or_else(|| Some(PAGE_INBOX.to_owned()));
    let message = Message { mid: mid.clone(), outbound: true, at_ms: now_ms, app_id, ..message };
    let element = send::echo(scene.world, scene.channel, &scene.account, &scene.contact_id(), &message);
    let thread = scene.thread();
    thread.general = true;
    thread.messages.push(message);
    let event = Event::messaging(scene.channel, &scene.account, "messages", now_ms, element);
    Done { id: Some(mid), events: vec![event] }
}

/// The contact wants notification messages, or ticked a plugin's box on a website.
fn optin(scene: &mut Scene<'_>, payload: &str, reference: Option<String>) -> Done {
    let now_ms = scene.moment.now_ms;
    let Some(reference) = reference else {
        scene.thread().opted_in = true;
        let mut part = json!({
            "type": "notification_messages",
            "notification_messages_token": ids::notification_token(&scene.account, &scene.contact),
        });
        if !payload.is_empty() {
            part["payload"] = payload.into();
        }
        return Done { id: None, events: vec![scene.event("messaging_optins", "optin", &part)] };
    };
    scene.thread().open_window(now_ms, Opening::Link);
    let mut event = scene.event("messaging_optins", "optin", &json!({ "ref": reference }));
    event.element["sender"] = json!({ "user_ref": ids::user_ref(&scene.account, &scene.contact) });
    Done { id: None, events: vec![event] }
}
