//! What happens on Messenger otherwise than on Instagram.

use serde_json::{Value, json};

use super::{
    action::Action,
    apply::{ActionError, Done, Scene},
    elements::{self, message_part},
    feed, page,
};
use crate::{
    ids, media,
    webhooks::{event::Place, receipt},
    world::threads::{Message, Opening},
};

/// A message can be edited so often.
const EDITS: u32 = 5;

pub(super) fn apply(scene: &mut Scene<'_>, action: Action) -> Result<Done, ActionError> {
    let moment = scene.moment;
    match action {
        Action::Text { text, reply_to } => scene.text(text, reply_to),
        Action::Media { media, url, count, text } => scene.media(&media, url.as_deref(), count, text),
        Action::Sticker { shape } => Ok(scene.attachments(vec![elements::sticker(moment, shape)])),
        Action::Attachments { attachments } => Ok(scene.attachments(attachments)),
        Action::Fallback { title, url, echo } => Ok(fallback(scene, title.as_deref(), url.as_deref(), echo)),
        Action::Share { .. } => Ok(scene.attachments(vec![elements::post(moment)])),
        Action::Reel { legacy } => Ok(scene.attachments(vec![elements::reel(legacy)])),
        Action::Template => Ok(scene.attachments(vec![json!({ "type": "template", "payload": {} })])),
        Action::QuickReply { text, payload } => Ok(scene.quick_reply(text, &payload)),
        Action::Postback { title, payload, reference, plugin } => {
            Ok(postback(scene, title, &payload, reference.as_deref(), plugin))
        }
        Action::Referral { reference } => Ok(referral(scene, &reference)),
        Action::AdMessage { text, reference, ad_id } => Ok(ad_message(scene, text, &reference, &ad_id)),
        Action::Lead { question, answer, ad_id } => Ok(lead(scene, &question, &answer, &ad_id)),
        Action::Reaction { mid, reaction, emoji } => {
            let done = scene.react(mid, &reaction, emoji)?;
            // A reaction opens the window here.
            scene.thread().open_window(moment.now_ms, Opening::Link);
            Ok(done)
        }
        Action::Unreact { mid } => scene.unreact(mid),
        Action::Seen { mid } => seen(scene, mid),
        Action::Delivered { mid } => delivered(scene, mid),
        Action::Edit { mid, text, num_edit_as_text } => {
            if scene.about(mid.clone(), false)?.edits == EDITS {
                return Err(ActionError::Edits);
            }
            scene.edit(mid, text, num_edit_as_text)
        }
        Action::Unsend { mid } => {
            let told = scene.world.variants.messenger_unsends;
            let done = scene.unsend(mid)?;
            Ok(if told { done } else { Done { events: vec![], ..done } })
        }
        Action::Standby { text, echo: false } => Ok(scene.standby(text)),
        Action::Standby { text, echo: true } => {
            let mut done = page::app_reply(scene, text, None, None);
            for event in &mut done.events {
                event.place = Place::Standby;
                "standby".clone_into(&mut event.field);
            }
            Ok(done)
        }
        Action::Comment { text, parent_id, .. } => Ok(feed::comment(scene, text, parent_id.as_deref())),
        other => page::apply(scene, other),
    }
}

/// A link without a preview of its own kind. What a contact sends has title and address inside of `payload`, what the Page
/// sends beside it; either may be missing.
fn fallback(scene: &mut Scene<'_>, title: Option<&str>, url: Option<&str>, echo: bool) -> Done {
    let mut facts = json!({});
    if let Some(title) = title {
        facts["title"] = title.into();
    }
    if let Some(url) = url {
        facts["url"] = url.into();
    }
    if !echo {
        return scene.attachments(vec![json!({ "type": "fallback", "payload": facts })]);
    }
    facts["type"] = "fallback".into();
    facts["payload"] = Value::Null;
    page::echo(scene, Message { attachments: vec![facts], ..Message::default() })
}

/// Where somebody came from; who is under the European or Japanese rules is not told by what.
fn origin(scene: &Scene<'_>, source: &str) -> Value {
    let mut origin = json!({ "type": "OPEN_THREAD" });
    if scene.world.variants.referral_sources {
        origin["source"] = source.into();
    }
    origin
}

fn postback(scene: &mut Scene<'_>, title: String, payload: &str, reference: Option<&str>, plugin: bool) -> Done {
    let message = scene.store(Message { text: Some(title), postback: true, ..Message::default() }, Opening::Contact);
    let mut part = json!({ "title": message.text, "payload": payload });
    if scene.world.variants.postback_mids {
        part["mid"] = message.mid.as_str().into();
    }
    if let Some(reference) = reference {
        part["referral"] = origin(scene, "SHORTLINK");
        part["referral"]["ref"] = reference.into();
    }
    let mut event = scene.event("messaging_postbacks", "postback", &part);
    if plugin {
        event.element["sender"] = json!({ "user_ref": ids::user_ref(&scene.account, &scene.contact) });
    }
    Done { id: Some(message.mid), events: vec![event] }
}

/// An `m.me` link into a known conversation.
fn referral(scene: &mut Scene<'_>, reference: &str) -> Done {
    let now_ms = scene.moment.now_ms;
    scene.thread().open_window(now_ms, Opening::Link);
    let mut part = origin(scene, "SHORTLINK");
    part["ref"] = reference.into();
    Done { id: None, events: vec![scene.event("messaging_referrals", "referral", &part)] }
}

fn ad_message(scene: &mut Scene<'_>, text: String, reference: &str, ad_id: &str) -> Done {
    let message = scene.store(Message { text: Some(text), ..Message::default() }, Opening::Ad);
    let mut part = message_part(&message);
    part["referral"] = origin(scene, "ADS");
    part["referral"]["ad_id"] = ad_id.into();
    if !reference.is_empty() {
        part["referral"]["ref"] = reference.into();
    }
    part["referral"]["ads_context_data"] = json!({
        "ad_title": "Autumn menu",
        "photo_url": media::url(scene.moment, "ad"),
        "post_id": ids::digits(&format!("post/{}", scene.account), "5", 15),
    });
    Done { id: Some(message.mid), events: vec![scene.event("messages", "message", &part)] }
}

/// A form of an ad was filled in; its time counts seconds. The summary that Meta writes is in no conversation.
fn lead(scene: &mut Scene<'_>, question: &str, answer: &str, ad_id: &str) -> Done {
    let now_ms = scene.moment.now_ms;
    scene.thread().open_window(now_ms, Opening::Ad);
    let mut part = json!({ "type": "LEAD_COMPLETE", "ad_id": ad_id });
    if scene.world.variants.referral_sources {
        part["source"] = "ADS".into();
    }
    let mut completed = scene.event("messaging_referrals", "referral", &part);
    completed.element["lead"] = json!({ "data": [{ "question": question, "answer": answer }] });
    completed.element["timestamp"] = (now_ms / 1_000).into();
    let mid = scene.world.new_mid(scene.channel, &scene.account, now_ms);
    let part = json!({ "mid": mid, "text": format!("{question} {answer}"), "hop_context": [] });
    let summary = scene.event("messages", "message", &part);
    Done { id: None, events: vec![completed, summary] }
}

/// The contact has read everything until a message, or until now.
fn seen(scene: &mut Scene<'_>, mid: Option<String>) -> Result<Done, ActionError> {
    let now_ms = scene.moment.now_ms;
    let until_ms = if mid.is_some() { scene.about(mid.clone(), true)?.at_ms } else { now_ms };
    let last = scene.about(mid, true)?.mid.clone();
    scene.thread().seen_mid = Some(last.clone());
    let event = receipt::read(scene.world, &scene.account, &scene.contact_id(), until_ms, now_ms);
    Ok(Done { id: Some(last), events: vec![event] })
}

/// The receipt of a message, once more.
fn delivered(scene: &mut Scene<'_>, mid: Option<String>) -> Result<Done, ActionError> {
    let mid = scene.about(mid, true)?.mid.clone();
    let mids = [mid.clone()];
    let event = receipt::delivered(scene.world, &scene.account, &scene.contact_id(), &mids, scene.moment.now_ms);
    Ok(Done { id: Some(mid), events: event.into_iter().collect() })
}
