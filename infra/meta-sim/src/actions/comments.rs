//! Comments and mentions.

use serde_json::json;

use super::{
    action::CommentShape,
    apply::{Done, Scene},
};
use crate::{
    ids,
    webhooks::event::{Event, Place},
};

pub(super) fn comment(
    scene: &mut Scene<'_>,
    text: String,
    shape: CommentShape,
    live: bool,
    parent_id: Option<&str>,
) -> Done {
    let id = ids::object();
    let media = ids::digits(&format!("media/{}", scene.account), "179", 17);
    let mut value = json!({
        "from": { "id": scene.contact_id(), "username": scene.world.handle(&scene.contact) },
        "text": text,
        "media": { "id": media, "media_product_type": if live { "LIVE" } else { "FEED" } },
    });
    let name = if shape == CommentShape::Facebook { "comment_id" } else { "id" };
    value[name] = id.as_str().into();
    if let Some(parent_id) = parent_id {
        value["parent_id"] = parent_id.into();
    }
    let field = if live { "live_comments" } else { "comments" };
    let mut event = Event::change(scene.channel, &scene.account, field, scene.moment.now_ms, value);
    if shape == CommentShape::Flat {
        event.place = Place::Flat;
    }
    scene.keep_comment(&id, text);
    Done { id: Some(id), events: vec![event] }
}

pub(super) fn mention(scene: &Scene<'_>, caption: bool) -> Done {
    let mut value = json!({ "media_id": ids::object() });
    if !caption {
        value["comment_id"] = ids::object().into();
    }
    let event = Event::change(scene.channel, &scene.account, "mentions", scene.moment.now_ms, value);
    Done { id: None, events: vec![event] }
}
