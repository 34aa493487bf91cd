//! What the business and Meta themselves do to a conversation.

use serde_json::json;

use super::{
    action::{Action, ControlChange},
    apply::{ActionError, Done, Scene},
};
use crate::{clock::DAY_MS, ids, send, webhooks::event::Event, world::threads::Message};

pub(super) fn apply(scene: &mut Scene<'_>, action: Action) -> Result<Done, ActionError> {
    let now_ms = scene.moment.now_ms;
    match action {
        Action::AppReply { text, .. } => Ok(app_reply(scene, text)),
        Action::SelfMessage { text } => Ok(self_message(scene, &text)),
        Action::ThreadControl { change, other_app, metadata } => {
            let ours = scene.world.receivers(&scene.account, "messaging_handover");
            let ours = ours.first().map(|app| app.app_id.clone()).unwrap_or_default();
            Ok(thread_control(scene, change, &other_app, &ours, &metadata))
        }
        Action::Optin { payload, .. } => {
            let part = json!({
                "type": "notification_messages",
                "payload": payload,
                "notification_messages_token": ids::trace(),
                "notification_messages_frequency": "DAILY",
                "notification_messages_timezone": "UTC",
                "token_expiry_timestamp": (now_ms + 180 * DAY_MS).to_string(),
                "user_token_status": "NOT_REFRESHED",
                "notification_messages_status": "RESUME_NOTIFICATIONS",
                "title": "News",
            });
            Ok(Done { id: None, events: vec![scene.event("messaging_optins", "optin", &part)] })
        }
        Action::PolicyEnforcement { action, reason } => {
            let part = json!({ "action": action, "reason": reason });
            let event = scene.event("messaging_policy_enforcement", "policy_enforcement", &part);
            Ok(Done { id: None, events: vec![event] })
        }
        Action::StoryInsights => {
            let value =
                json!({ "media_id": ids::object(), "impressions": 444, "reach": 44, "taps_forward": 4, "replies": 3 });
            Ok(Done {
                id: None,
                events: vec![Event::change(scene.channel, &scene.account, "story_insights", now_ms, value)],
            })
        }
        Action::ResponseFeedback { good } => response_feedback(scene, good),
        // What is left happens on Messenger only.
        _ => Err(ActionError::Elsewhere),
    }
}

pub(super) fn response_feedback(scene: &mut Scene<'_>, good: bool) -> Result<Done, ActionError> {
    let last = scene.thread().messages.iter().rev().find(|message| message.outbound);
    let mid = last.map(|message| message.mid.clone()).ok_or(ActionError::NoMessage)?;
    let feedback = if good { "Good response" } else { "Bad response" };
    let part = json!({ "feedback": feedback, "mid": mid });
    Ok(Done { id: Some(mid), events: vec![scene.event("response_feedback", "response_feedback", &part)] })
}

fn app_reply(scene: &mut Scene<'_>, text: String) -> Done {
    let message = Message {
        mid: ids::mid(&scene.account),
        outbound: true,
        at_ms: scene.moment.now_ms,
        text: Some(text),
        ..Message::default()
    };
    let element = send::echo(scene.world, scene.channel, &scene.account, &scene.contact_id(), &message);
    let mid = message.mid.clone();
    let thread = scene.thread();
    thread.general = true;
    thread.messages.push(message);
    let event = Event::messaging(scene.channel, &scene.account, "messages", scene.moment.now_ms, element);
    Done { id: Some(mid), events: vec![event] }
}

fn self_message(scene: &Scene<'_>, text: &str) -> Done {
    let mid = ids::mid(&scene.account);
    let element = json!({
        "sender": { "id": scene.account },
        "recipient": { "id": scene.account },
        "timestamp": scene.moment.now_ms,
        "message": { "mid": mid, "text": text, "is_echo": true, "is_self": true },
    });
    let event = Event::messaging(scene.channel, &scene.account, "messages", scene.moment.now_ms, element);
    Done { id: Some(mid), events: vec![event] }
}

/// Another app passes the thread to ours, takes it from ours, or asks ours for it.
pub(super) fn thread_control(
    scene: &mut Scene<'_>,
    change: ControlChange,
    other: &str,
    ours: &str,
    metadata: &str,
) -> Done {
    let handovers = scene.channel.fields().handovers;
    // Messenger names no owner where a thread had none.
    let previous = if other.is_empty() { json!(null) } else { json!(other) };
    let (name, part) = match change {
        ControlChange::Pass => {
            scene.thread().owner_app = None;
            let part = json!({ "previous_owner_app_id": previous, "new_owner_app_id": ours, "metadata": metadata });
            ("pass_thread_control", part)
        }
        ControlChange::Take => {
            scene.thread().owner_app = Some(other.to_owned());
            let part = json!({ "previous_owner_app_id": ours, "new_owner_app_id": other, "metadata": metadata });
            ("take_thread_control", part)
        }
        ControlChange::Request => {
            ("request_thread_control", json!({ "requested_owner_app_id": other, "metadata": metadata }))
        }
    };
    Done { id: None, events: vec![scene.event(handovers, name, &part)] }
}
