//! Comments on a Page's posts.

use serde_json::json;

use super::apply::{Done, Scene};
use crate::{ids, webhooks::event::Event};

pub(super) fn comment(scene: &mut Scene<'_>, text: String, parent_id: Option<&str>) -> Done {
    let post = ids::digits(&format!("post/{}", scene.account), "5", 15);
    let id = format!("{post}_{}", ids::object());
    let page_post = format!("{}_{post}", scene.account);
    let name = scene.world.contact(&scene.contact).map(|contact| contact.name.clone());
    let mut value = json!({
        "item": "comment",
        "verb": "add",
        "comment_id": id,
        "post_id": page_post,
        "parent_id": parent_id.unwrap_or(&page_post),
        "message": text,
        "created_time": scene.moment.now_ms / 1_000,
    });
    if scene.world.variants.feed_authors {
        value["from"] = json!({ "id": scene.contact_id(), "name": name });
    }
    scene.keep_comment(&id, text);
    let event = Event::change(scene.channel, &scene.account, "feed", scene.moment.now_ms, value);
    Done { id: Some(id), events: vec![event] }
}
